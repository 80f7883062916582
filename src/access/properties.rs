//! Properties of decisions, for random rules, callers and paths: each is what the design says,
//! without regard to how it is done.

#![allow(clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

mod iam;
mod names;
mod neighbours;
mod paths;
mod random;
mod slow;
mod slow_readings;
mod spellings;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use self::paths::drafts;
use self::random::{BASIC, Caller, Case, callers, cases, rule};
use self::slow::Verdict;
use super::{Asked, Policy, Ruling};
use crate::product::Product;
use crate::route::{Method, Readings};

const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

/// A part of the usual number of cases, which `PROPTEST_CASES` changes.
fn part(of: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = (config.cases / of).max(1);
    ProptestConfig { cases, ..config }
}

/// What the code decides about a request for a path of the API; `None` where nothing can be
/// decided, which is a refusal.
fn decision(product: &Product, caller: &Caller, method: &str, path: &str) -> Option<Ruling> {
    let readings = Readings::of(product.path(), path, []).ok()?;
    let asked = Asked {
        method: Method::of(method),
        readings: &readings,
    };
    let identity = caller.identity();
    let requester = caller.requester(&identity);
    let address = caller.source.address;
    Some(
        product
            .access()
            .decide(product.id(), asked, requester, address),
    )
}

fn is_allowed(product: &Product, caller: &Caller, method: &str, path: &str) -> bool {
    decision(product, caller, method, path).is_some_and(Ruling::is_allowed)
}

/// The rules as one policy, where there is one.
fn compiled(product: &Product, caller: &Caller) -> Option<(Policy, Value)> {
    let identity = caller.identity();
    let requester = caller.requester(&identity);
    let rules = product.access();
    let grant = rules.grant(product.id(), requester, caller.source.address);
    let policy = rules.compile(&grant, STAGE).ok()?;
    let document = serde_json::to_value(policy.document()).unwrap();
    Some((policy, document))
}

fn verdict(case: &Case, caller: &Caller, method: &str, path: &str) -> Verdict {
    let asked = slow::Asked {
        kind: case.kind,
        id: "it",
        product: case.path,
        access: &case.access,
        basic: &BASIC.map(str::to_owned),
    };
    asked.decide(caller, method, path)
}

fn arn(method: &str, path: &str) -> String {
    format!("{STAGE}/{method}{path}")
}

proptest! {
    #![proptest_config(part(1))]

    /// The exact decision is the definition.
    #[test]
    fn as_defined(case in cases(), caller in callers(), drafts in prop::collection::vec(drafts(), 1..8)) {
        let product = case.product();
        for draft in drafts {
            let path = draft.full(&case);
            let expected = verdict(&case, &caller, draft.method, &path);
            let found = decision(&product, &caller, draft.method, &path);
            let found = match found {
                Some(Ruling::Allowed(_)) => Verdict::Allowed,
                Some(Ruling::Denied(rule, _)) => Verdict::Denied(rule),
                _ => Verdict::Refused,
            };
            prop_assert_eq!(found, expected, "{} {}", draft.method, path);
        }
    }
}

// Policies take their time to compile.
proptest! {
    #![proptest_config(part(4))]

    /// No policy allows what the exact decision refuses; and the code knows what IAM makes of it.
    #[test]
    fn no_policy_allows_more(case in cases(), caller in callers(), drafts in prop::collection::vec(drafts(), 1..8)) {
        let product = case.product();
        let Some((policy, document)) = compiled(&product, &caller) else {
            return Ok(());
        };
        // All of the API, for everyone: no path leads anywhere else, so none is kept back.
        if case.path.is_empty() && case.access.is_null() {
            return Ok(());
        }
        for draft in drafts {
            let path = draft.full(&case);
            let arn = arn(draft.method, &path);
            let allows = iam::allows(&document, &arn);
            prop_assert_eq!(allows, policy.allows(&arn), "{}", &arn);
            prop_assert!(
                !allows || is_allowed(&product, &caller, draft.method, &path),
                "{} {} by {}", draft.method, path, &document
            );
        }
    }

    /// Nobody is allowed more by another deny, or by one allow less.
    #[test]
    fn less_is_allowed_by_more_denies(
        (case, more) in cases().prop_flat_map(|case| {
            let more = rule(case.kind, case.path);
            (Just(case), more)
        }),
        place in any::<Index>(),
        caller in callers(),
        drafts in prop::collection::vec(drafts(), 1..8),
    ) {
        let mut rules = case.rules().to_vec();
        let mut removed = Value::Null;
        if more["deny"].is_array() && !case.access.is_null() {
            rules.insert(place.index(rules.len() + 1), more);
        } else {
            let allows: Vec<usize> = (0..rules.len()).filter(|at| rules[*at]["allow"].is_array()).collect();
            if allows.is_empty() || rules.len() < 2 {
                return Ok(());
            }
            removed = rules.remove(*place.get(&allows));
        }
        // A policy with a set in it denies what the set leaves out, to the set's neighbours too: with
        // the set goes that. What is exact is kept to in any case, as shown above.
        let is_set = removed["allow"].as_array().is_some_and(|texts| {
            texts.iter().any(|text| text == "@read" || text == "@write")
        });
        let (more, less) = (case.product(), case.with(&Value::from(rules)));
        let policies = compiled(&more, &caller).zip(compiled(&less, &caller));
        let policies = policies.filter(|_| !is_set);
        for draft in drafts {
            let path = draft.full(&case);
            let is_less = is_allowed(&less, &caller, draft.method, &path);
            prop_assert!(!is_less || is_allowed(&more, &caller, draft.method, &path), "{} {}", draft.method, path);
            if let Some(((more, _), (less, _))) = &policies {
                let arn = arn(draft.method, &path);
                prop_assert!(!less.allows(&arn) || more.allows(&arn), "{}", arn);
            }
        }
    }
}
