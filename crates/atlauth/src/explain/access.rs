//! What the access rules say of a request and of a caller, for a tool that explains it.

use std::net::IpAddr;

use atlassian_authorizer::access::{Asked, BasicGrant, Effect, Requester, Rule, Rules, Ruling};
use atlassian_authorizer::authorizer::Caller;
use atlassian_authorizer::event::Request;
use atlassian_authorizer::identity::Identity;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::route::{Class, Method, Readings, Target};
use serde::Serialize;

/// What a product's rules say of one request of a caller.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Access {
    /// The product's name in the settings.
    pub(crate) product: String,
    /// How the product learns who is calling.
    pub(crate) upstream: &'static str,
    /// Its rules; `None` where it has none, and every verified caller may use all of it.
    pub(crate) rules: Option<Vec<RuleReport>>,
    /// All paths in the product that the request's path may mean.
    pub(crate) readings: Vec<String>,
    /// Why there is no telling what path is asked for.
    pub(crate) unreadable: Option<String>,
    /// The credential is for other products.
    pub(crate) other_product: bool,
    /// The credential is for what reads alone.
    pub(crate) read_only: bool,
    /// The address that the request comes from; `None` where the event has none.
    pub(crate) source_ip: Option<String>,
    /// How Basic credentials are passed through; `None` for all others.
    #[serde(skip)]
    pub(crate) basic: Option<BasicGrant>,
    /// What the rules say; `None` where nobody is known whom they could be about.
    #[serde(skip)]
    pub(crate) ruling: Option<Ruling>,
}

/// What one rule says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RuleReport {
    /// `allow`, `deny` or `only`.
    pub(crate) effect: &'static str,
    /// The rule's routes, as the settings have them.
    pub(crate) routes: Vec<String>,
    /// Those of them that match the request.
    pub(crate) matching: Vec<String>,
    /// The caller needs one of these, if there are any.
    pub(crate) scopes: Vec<String>,
    /// The caller needs to be in one of these, if there are any.
    pub(crate) groups: Vec<String>,
    /// The caller needs to come by one of these, if there are any.
    pub(crate) providers: Vec<String>,
    /// The caller needs to be one of these, if there are any.
    pub(crate) users: Vec<String>,
    /// The request needs to come from one of these, if there are any.
    pub(crate) networks: Vec<String>,
    /// Whether the caller has what the rule wants; `None` where nobody was verified.
    pub(crate) applies: Option<bool>,
}

/// What a caller may do in a product. Each says whether some of the set is allowed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EffectiveAccess {
    /// The product's name in the settings.
    pub(crate) product: String,
    /// The product's path.
    pub(crate) path: String,
    /// Something of `@read`.
    pub(crate) read: bool,
    /// Something of `@write`.
    pub(crate) write: bool,
    /// Something of `@admin`; `None` for products of no known kind.
    pub(crate) admin: Option<bool>,
}

impl Access {
    /// What the rules of a product say of a request.
    pub(super) fn of(
        product: &Product,
        caller: Option<&Caller>,
        request: &Request<'_>,
        ruling: Option<Ruling>,
    ) -> Self {
        let identity = caller.and_then(Caller::identity);
        let requester = caller.map(|caller| match caller {
            Caller::Verified { identity, .. } => Requester::Verified(identity),
            Caller::Unverified(grant) => Requester::Basic(*grant),
        });
        let basic = requester.and_then(|requester| match requester {
            Requester::Verified(_) => None,
            Requester::Basic(grant) => Some(grant),
        });
        let others = request.paths.iter().map(AsRef::as_ref);
        let readings = Readings::of(product.path(), request.arn.path(), others);
        let source = request.source_ip.as_deref();
        let asked = RuleInput {
            method: Method::of(request.arn.method()),
            readings: readings.as_ref().ok(),
            // An IPv4 address may be written as an IPv6 one.
            source: source
                .and_then(|address| address.parse::<IpAddr>().ok())
                .map(|address| address.to_canonical()),
            identity,
            basic,
        };
        let rules = product.access();
        // A decision that ended for another reason keeps no ruling.
        let ruling = ruling.or_else(|| {
            let readings = asked.readings?;
            let method = asked.method;
            Some(rules.decide(product.id(), Asked { method, readings }, requester?, source))
        });
        let limits = identity.map(|identity| &identity.limits);
        let all = rules.rules().map(|all| {
            all.iter()
                .map(|rule| RuleReport::of(rules, rule, asked))
                .collect()
        });
        Self {
            product: product.id().to_owned(),
            upstream: product.upstream().mode(),
            rules: all,
            unreadable: readings.as_ref().err().map(ToString::to_string),
            readings: readings
                .map(|readings| readings.iter().map(str::to_owned).collect())
                .unwrap_or_default(),
            other_product: limits.is_some_and(|limits| !limits.allow_product(product.id())),
            read_only: limits.is_some_and(|limits| limits.read_only),
            source_ip: source.map(str::to_owned),
            basic,
            ruling,
        }
    }
}

/// What rules are matched with.
#[derive(Clone, Copy)]
struct RuleInput<'r> {
    method: Method,
    readings: Option<&'r Readings<'r>>,
    source: Option<IpAddr>,
    identity: Option<&'r Identity>,
    basic: Option<BasicGrant>,
}

impl RuleReport {
    fn of(rules: &Rules, rule: &Rule, asked: RuleInput<'_>) -> Self {
        let texts = rule.texts.iter().enumerate();
        let matching = texts.filter(|(place, _)| {
            let Some(readings) = asked.readings else {
                return false;
            };
            let is_allowed = |path: &str| {
                let target = rule.targets.get(*place);
                target.is_some_and(|one| one.is_allowed(rules.kind(), asked.method, path))
            };
            let is_denied = |path: &str| {
                let target = rule.denied.get(*place);
                target.is_some_and(|one| one.is_denied(rules.kind(), asked.method, path))
            };
            // A denial of one reading is one of the request; an allowance is of all.
            readings.iter().any(is_denied) || readings.iter().all(is_allowed)
        });
        let conditions = &rule.conditions;
        let is_deny = rule.effect == Effect::Deny;
        Self {
            effect: rule.effect.as_str(),
            routes: rule.texts.clone(),
            matching: matching.map(|(_, text)| text.clone()).collect(),
            scopes: conditions.scopes.clone(),
            groups: conditions.groups.clone(),
            providers: conditions.providers.clone(),
            users: conditions.users.clone(),
            networks: conditions
                .networks
                .iter()
                .map(ToString::to_string)
                .collect(),
            applies: match (asked.identity, asked.basic) {
                (None, None) => None,
                // Whom the settings allow paths, no rule allows more.
                (None, Some(BasicGrant::OnSomePaths)) if !is_deny => Some(false),
                (identity, _) => Some(conditions.hold(identity, asked.source, is_deny).is_ok()),
            },
        }
    }
}

impl EffectiveAccess {
    /// What a caller may do in a product, by a route for each pattern of the sets and of the rules.
    pub(super) fn of(product: &Product, identity: &Identity, source: Option<&str>) -> Self {
        let rules = product.access();
        let kind = rules.kind();
        let grant = rules.grant(product.id(), Requester::Verified(identity), source);
        let sets = ["@read", "@write", "@admin"];
        let sets = sets.map(|set| Target::allowed(set, kind).ok());
        let own = rules.rules().unwrap_or_default().iter();
        let own = own.flat_map(|rule| &rule.targets);
        let targets = sets.iter().flatten().chain(own);
        let mut found = [false; 3];
        for (methods, pattern) in targets.flat_map(|target| target.allowed_patterns(kind)) {
            let path = sample(pattern);
            for name in methods.names() {
                let method = Method::of(name);
                let place = match Class::of(kind, method, &path) {
                    Class::Read => 0,
                    Class::Write => 1,
                    Class::Admin => 2,
                    Class::Other => continue,
                };
                let Some(found) = found.get_mut(place).filter(|found| !**found) else {
                    continue;
                };
                let readings = Readings::of("", &path, []);
                *found = readings.is_ok_and(|readings| {
                    let readings = &readings;
                    rules
                        .ruling(Asked { method, readings }, &grant)
                        .is_allowed()
                });
            }
        }
        let [read, write, admin] = found;
        Self {
            product: product.id().to_owned(),
            path: format!("{}/", product.path()),
            read,
            write,
            admin: kind.map(|_| admin),
        }
    }
}

/// One path of a pattern.
fn sample(pattern: &str) -> String {
    let mut path = String::new();
    let mut inside = false;
    for (at, character) in pattern.char_indices() {
        match character {
            '{' => {
                inside = true;
                let is_version = pattern
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with("{version}"));
                path.push_str(if is_version { "latest" } else { "x" });
            }
            '}' => inside = false,
            '*' => path.push('x'),
            other if !inside => path.push(other),
            _ => {}
        }
    }
    path
}
