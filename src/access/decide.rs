//! The exact decision about one request.

use std::net::IpAddr;

use super::{BasicGrant, Condition, Effect, Rule, Rules};
use crate::identity::Identity;
use crate::route::{Class, Method, Readings, Target};

/// A request in a product, as far as rules are about it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: Method,
    /// All paths in the product that the request's path may mean.
    pub readings: &'a Readings<'a>,
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum Requester<'a> {
    /// A verified caller.
    Verified(&'a Identity),
    /// Whoever sent Basic credentials, which Atlassian will check.
    Basic(BasicGrant),
}

/// What each rule means to one caller. There are few of these, whatever the number of callers.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Grant {
    /// For each rule, in their order.
    pub(super) standings: Vec<Standing>,
    /// How Basic credentials are passed through, for these alone.
    pub(super) basic: Option<BasicGrant>,
    /// Only what reads.
    pub(super) read_only: bool,
    /// The credential is for other products.
    pub(super) other_product: bool,
}

/// What a rule means to a caller.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Standing {
    /// It allows its routes.
    Allows,
    /// It denies them; by `only`, for want of this.
    Denies(Option<Condition>),
    /// It says nothing, for want of this.
    Idle(Condition),
}

/// What is decided about a request. Rules are named by their places.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ruling {
    /// It is allowed, by this rule; `None` where there are no rules, or by a path of Basic auth.
    Allowed(Option<usize>),
    /// A rule denies it; by `only`, for want of this.
    Denied(usize, Option<Condition>),
    /// A rule would allow it, but for what the caller lacks.
    Lacking(usize, Condition),
    /// No rule names it.
    Unnamed,
    /// The credential is for what reads alone.
    ReadOnly,
    /// The credential is for other products.
    OtherProduct,
}

impl Grant {
    /// Whether the credential itself may not do all that its caller may.
    pub const fn is_limited(&self) -> bool {
        self.read_only || self.other_product || self.basic.is_some()
    }
}

impl Ruling {
    /// Whether the request may go on.
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The rule that decided, or that would have.
    pub const fn rule(self) -> Option<usize> {
        match self {
            Self::Allowed(rule) => rule,
            Self::Denied(rule, _) | Self::Lacking(rule, _) => Some(rule),
            Self::Unnamed | Self::ReadOnly | Self::OtherProduct => None,
        }
    }

    /// What the caller lacks of that rule's conditions.
    pub const fn lacks(self) -> Option<Condition> {
        match self {
            Self::Denied(_, lacks) => lacks,
            Self::Lacking(_, lacks) => Some(lacks),
            _ => None,
        }
    }
}

impl Rules {
    /// The decision: what the rules of the product of this name make of a request from an address.
    pub fn decide(
        &self,
        product: &str,
        asked: Asked<'_>,
        requester: Requester<'_>,
        source: Option<&str>,
    ) -> Ruling {
        self.ruling(asked, &self.grant(product, requester, source))
    }

    /// What each rule of the product of this name means to a caller.
    pub fn grant(&self, product: &str, requester: Requester<'_>, source: Option<&str>) -> Grant {
        let (identity, basic) = match requester {
            Requester::Verified(identity) => (Some(identity), None),
            Requester::Basic(grant) => (None, Some(grant)),
        };
        let source = source.filter(|_| self.depend_on_source());
        let source = source.and_then(|address| address.parse::<IpAddr>().ok());
        // An IPv4 address may be written as an IPv6 one.
        let source = source.map(|address| address.to_canonical());
        let limits = identity.map(|identity| &identity.limits);
        let rules = self.list.iter().flatten();
        Grant {
            standings: rules
                .map(|rule| Standing::of(rule, identity, source))
                .collect(),
            basic,
            read_only: limits.is_some_and(|limits| limits.read_only),
            other_product: limits.is_some_and(|limits| !limits.allow_product(product)),
        }
    }

    /// What these meanings make of a request.
    pub fn ruling(&self, asked: Asked<'_>, grant: &Grant) -> Ruling {
        if grant.other_product {
            return Ruling::OtherProduct;
        }
        if let Some((rule, lacks)) = self.denial(asked, grant) {
            return Ruling::Denied(rule, lacks);
        }
        let mut first = None;
        for path in asked.readings.iter() {
            match self.allowance(asked.method, path, grant) {
                allowed @ Ruling::Allowed(_) => first = first.or(Some(allowed)),
                refused => return refused,
            }
        }
        let reads = |path: &str| Class::of(self.kind, asked.method, path) == Class::Read;
        if grant.read_only && !asked.readings.iter().all(reads) {
            return Ruling::ReadOnly;
        }
        // A request has one reading at the least.
        first.unwrap_or(Ruling::Unnamed)
    }

    /// The rule that denies one of a request's readings.
    fn denial(&self, asked: Asked<'_>, grant: &Grant) -> Option<(usize, Option<Condition>)> {
        self.by_standing(grant)
            .find_map(|(index, rule, standing)| match standing {
                Standing::Denies(lacks) if rule.denies(self, asked) => Some((index, lacks)),
                _ => None,
            })
    }

    /// What allows one reading, or what is in the way.
    fn allowance(&self, method: Method, path: &str, grant: &Grant) -> Ruling {
        let is_of = |target: &Target| target.is_allowed(self.kind, method, path);
        if grant.basic == Some(BasicGrant::OnSomePaths) {
            return if self.basic.iter().any(is_of) {
                Ruling::Allowed(None)
            } else {
                Ruling::Unnamed
            };
        }
        if self.list.is_none() {
            return Ruling::Allowed(None);
        }
        let mut near = Ruling::Unnamed;
        for (index, rule, standing) in self.by_standing(grant) {
            match standing {
                Standing::Allows if rule.targets.iter().any(is_of) => {
                    return Ruling::Allowed(Some(index));
                }
                Standing::Idle(lacks)
                    if near == Ruling::Unnamed && rule.targets.iter().any(is_of) =>
                {
                    near = Ruling::Lacking(index, lacks);
                }
                _ => {}
            }
        }
        near
    }

    pub(super) fn by_standing<'r>(
        &'r self,
        grant: &'r Grant,
    ) -> impl Iterator<Item = (usize, &'r Rule, Standing)> {
        let rules = self.list.iter().flatten().enumerate();
        let standings = grant.standings.iter().copied();
        rules
            .zip(standings)
            .map(|((index, rule), standing)| (index, rule, standing))
    }
}

impl Rule {
    /// Whether what it denies is one of a request's readings.
    fn denies(&self, rules: &Rules, asked: Asked<'_>) -> bool {
        let is_of = |path: &str| {
            let mut targets = self.denied.iter();
            targets.any(|target| target.is_denied(rules.kind, asked.method, path))
        };
        asked.readings.iter().any(is_of)
    }
}

impl Standing {
    /// Of what is not known of a caller, nothing allows and everything denies.
    fn of(rule: &Rule, identity: Option<&Identity>, source: Option<IpAddr>) -> Self {
        let hold = |unknown| rule.conditions.hold(identity, source, unknown);
        match rule.effect {
            Effect::Allow => hold(false).map_or_else(Self::Idle, |()| Self::Allows),
            Effect::Deny => hold(true).map_or_else(Self::Idle, |()| Self::Denies(None)),
            Effect::Only => {
                hold(false).map_or_else(|lacks| Self::Denies(Some(lacks)), |()| Self::Allows)
            }
        }
    }
}
