//! The rules as one IAM policy for every route of a product.
//!
//! IAM has `*` and `?`, tells small letters from capital ones, and matches the path as it comes. So
//! the policy denies every spelling that something could read differently, and denies in any case of
//! their letters what the rules deny ([`super::denials`]). What can't be said so is an error.

use thiserror::Error;

use super::decide::Standing;
use super::denials::{Denied, Pattern, ends, with_stars};
use super::policy::Spellings;
use super::{BasicGrant, Effect, Grant, MAX_RESOURCE, Policy, Rules};
use crate::route::{Method, Methods, RouteSet, Target};
use crate::wildcard::is_match;

/// The longest `arn:…:{api}/{stage}` that rules are checked for at load. The stage's name is not
/// known then; what turns out to be longer is checked again with each answer.
const LONGEST_PREFIX: usize = 80;

/// The most bytes that the statements of all rules of a product may take together. API Gateway
/// takes 8 KB for the whole answer; the rest is left to the context.
pub(super) const MAX_STATEMENTS: usize = 6_400;

/// Why rules can't be one policy for all routes.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Uncompilable {
    /// A rule allows a route with a part in braces.
    #[error("`{0}` has a part in braces")]
    Braces(String),
    /// A rule allows administration.
    #[error("`{0}` can only be allowed for one route at a time")]
    Administration(String),
    /// A rule denies characters that can be spelled in several ways.
    #[error("`{0}` denies characters that a path can spell in several ways")]
    Spelling(String),
    /// A resource is longer than IAM takes.
    #[error("a rule needs a resource of more than 512 characters")]
    TooLong,
    /// All resources are more than an answer takes.
    #[error("the rules take {0} bytes of policy, and an answer has room for 6,400")]
    TooLarge(usize),
}

impl Rules {
    /// What a caller may do in the whole product, in this API and stage.
    ///
    /// # Errors
    ///
    /// Why no policy says it.
    pub fn compile(&self, grant: &Grant, stage_prefix: &str) -> Result<Policy, Uncompilable> {
        if grant.other_product {
            return Ok(Policy::nothing(stage_prefix));
        }
        let mut allowed = Vec::new();
        let mut allows = Vec::new();
        let mut denies = Vec::new();
        for (index, rule, standing) in self.by_standing(grant) {
            match standing {
                Standing::Allows if grant.basic != Some(BasicGrant::OnSomePaths) => {
                    allows.extend(self.allows_of(index, &rule.targets)?);
                    allowed.extend(&rule.targets);
                }
                Standing::Denies(_) => denies.extend(self.denies_of(index, &rule.denied)?),
                Standing::Allows | Standing::Idle(_) => {}
            }
        }
        denies.extend(self.left_out_of(&allowed));
        self.assemble(grant, allows, denies, stage_prefix)
    }

    /// Checks that a policy can say what all rules say together, whomever they are for.
    pub(crate) fn check_compiled(&self) -> Result<(), Uncompilable> {
        let mut allowed = Vec::new();
        let mut allows = Vec::new();
        let mut denies = Vec::new();
        for (index, rule) in self.list.iter().flatten().enumerate() {
            if rule.effect != Effect::Deny {
                allows.extend(self.allows_of(index, &rule.targets)?);
                allowed.extend(&rule.targets);
            }
            if rule.effect != Effect::Allow {
                denies.extend(self.denies_of(index, &rule.denied)?);
            }
        }
        denies.extend(self.left_out_of(&allowed));
        let prefix = "x".repeat(LONGEST_PREFIX);
        for basic in [None, Some(BasicGrant::OnSomePaths)] {
            let everything = Grant {
                standings: Vec::new(),
                basic,
                read_only: false,
                other_product: false,
            };
            let policy = self.assemble(&everything, allows.clone(), denies.clone(), &prefix)?;
            if policy.longest_resource() > MAX_RESOURCE {
                return Err(Uncompilable::TooLong);
            }
            if policy.size() > MAX_STATEMENTS {
                return Err(Uncompilable::TooLarge(policy.size()));
            }
        }
        Ok(())
    }

    fn assemble(
        &self,
        grant: &Grant,
        mut allows: Vec<Pattern>,
        mut denies: Vec<Denied>,
        stage_prefix: &str,
    ) -> Result<Policy, Uncompilable> {
        if grant.basic == Some(BasicGrant::OnSomePaths) {
            allows = self.allows_of(0, &self.basic)?;
        } else if self.list.is_none() {
            allows = vec![(Methods::ANY, "/*".to_owned())];
        }
        if grant.read_only {
            allows = self.reading(&allows);
            denies.extend(self.left_out_of(&[&Target::Set(RouteSet::Read)]));
        }
        let mut policy = Policy::new(stage_prefix);
        for (methods, path) in &allows {
            for resource in allowed_resources(*methods, &self.path, path) {
                policy.allow(resource);
            }
        }
        for end in ends(&allows, &denies, &self.path) {
            policy.deny(end);
        }
        // It has no path that patterns could be about.
        if denies
            .iter()
            .any(|denied| denied.methods == Methods::CONNECT)
        {
            policy.deny("/$connect".to_owned());
        }
        let is_bounded =
            self.list.is_some() || grant.basic == Some(BasicGrant::OnSomePaths) || grant.read_only;
        policy.deny_spellings(match (self.is_whole_api(), is_bounded) {
            (_, true) => Spellings::Any,
            (false, false) => Spellings::Outward,
            (true, false) => Spellings::None,
        });
        if is_bounded {
            policy.deny_resources_of(&self.path);
        }
        Ok(policy.or_nothing())
    }

    fn allows_of(&self, index: usize, targets: &[Target]) -> Result<Vec<Pattern>, Uncompilable> {
        let mut patterns = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            let plain = target.plain_patterns(self.kind).ok_or_else(|| {
                let text = self.text(index, place);
                match target {
                    Target::Set(_) => Uncompilable::Administration(text),
                    Target::Route(_) => Uncompilable::Braces(text),
                }
            })?;
            let plain = plain.into_iter();
            patterns.extend(plain.map(|(methods, path)| (methods, path.to_owned())));
        }
        Ok(patterns)
    }

    /// What a denial of these takes at the least.
    fn denies_of(&self, index: usize, targets: &[Target]) -> Result<Vec<Denied>, Uncompilable> {
        let mut denied = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            if !target.is_spelled_once() {
                return Err(Uncompilable::Spelling(self.text(index, place)));
            }
            let is_route = matches!(target, Target::Route(_));
            for (methods, path) in target.denied_patterns(self.kind) {
                denied.extend(Denied::all(methods, path, is_route));
            }
        }
        Ok(denied)
    }

    /// What of the patterns of these is no part of them: administration, and what reads by POST where
    /// only writing is allowed.
    fn left_out_of(&self, targets: &[&Target]) -> Vec<Denied> {
        let holds = |set| targets.iter().any(|target| **target == Target::Set(set));
        let (reads, writes) = (holds(RouteSet::Read), holds(RouteSet::Write));
        let mut left_out = Vec::new();
        if reads || writes {
            left_out.push((Target::Set(RouteSet::Admin), Methods::ANY));
        }
        if writes && !reads {
            left_out.push((Target::Set(RouteSet::Read), Methods::WRITING));
        }
        let mut denied = Vec::new();
        for (target, of) in &left_out {
            for (methods, path) in target.denied_patterns(self.kind) {
                let methods = methods.common(*of).into_iter();
                denied.extend(methods.flat_map(|methods| Denied::all(methods, path, false)));
            }
        }
        denied
    }

    /// What reads of these.
    fn reading(&self, allows: &[Pattern]) -> Vec<Pattern> {
        let reading = Target::Set(RouteSet::Read).plain_patterns(self.kind);
        let reading = reading.unwrap_or_default();
        let mut patterns = Vec::new();
        for (methods, path) in allows {
            for (read_methods, read) in &reading {
                let Some(both) = methods.common(*read_methods) else {
                    continue;
                };
                if is_match(path.as_bytes(), read.as_bytes()) {
                    patterns.push((both, (*read).to_owned()));
                } else if is_match(read.as_bytes(), path.as_bytes()) {
                    patterns.push((both, path.clone()));
                }
            }
        }
        patterns
    }

    fn text(&self, rule: usize, place: usize) -> String {
        let rule = self.list.as_deref().and_then(|rules| rules.get(rule));
        let text = rule.and_then(|rule| rule.texts.get(place));
        text.cloned().unwrap_or_default()
    }
}

/// The resources below the stage that methods and a path take in the product at this path.
fn allowed_resources(methods: Methods, product: &str, path: &str) -> Vec<String> {
    if methods == Methods::CONNECT {
        return vec!["$connect".to_owned()];
    }
    // The whole API, `$connect` included.
    if product.is_empty() && path == "/*" && methods == Methods::ANY {
        return vec!["*".to_owned()];
    }
    let mut resources = Vec::new();
    if product.is_empty() && methods.contain(Method::CONNECT) {
        resources.push("$connect".to_owned());
    }
    let path = with_stars(path);
    // Written out: `*` crosses slashes, so `*/jira/*` would also match `GET/confluence/jira/x`, a
    // path of another product.
    for method in methods.names() {
        resources.push(format!("{method}{product}{path}"));
        // `/jira` itself belongs to the product whose path it is.
        if path == "/*" && !product.is_empty() {
            resources.push(format!("{method}{product}"));
        }
    }
    resources
}

#[cfg(test)]
mod tests;
