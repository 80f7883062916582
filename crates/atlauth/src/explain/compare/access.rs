//! What an access rule asks for, beside what the caller has.

use atlassian_authorizer::access::{BasicAuth, BasicGrant, Condition, Ruling};
use atlassian_authorizer::identity::Identity;
use atlassian_authorizer::product::Product;

use super::{Basis, Comparison};
use crate::explain::Decoded;

/// What is in the way of the rule that decided.
pub(super) fn compare(basis: Basis<'_>) -> Vec<Comparison> {
    let Some(access) = basis.access else {
        return Vec::new();
    };
    if access.ruling == Some(Ruling::Unnamed) && access.basic == Some(BasicGrant::OnSomePaths) {
        return other_user(basis);
    }
    let Some(Ruling::Lacking(place, lacks) | Ruling::Denied(place, Some(lacks))) = access.ruling
    else {
        return Vec::new();
    };
    let rules = access.rules.as_deref().unwrap_or_default();
    let Some(rule) = rules.get(place) else {
        return Vec::new();
    };
    let number = place.saturating_add(1);
    let of_rule = |what: &str| format!("{what} of rule {number}");
    let has_none = |wanted: &[String], has: &[String]| {
        !wanted.is_empty() && !wanted.iter().any(|one| has.contains(one))
    };
    let scopes = basis.identity.map(|one| one.scopes.clone());
    let groups = basis.identity.map(|one| one.groups.clone());
    let (scopes, groups) = (scopes.unwrap_or_default(), groups.unwrap_or_default());
    let mut all = Vec::new();
    match lacks {
        Condition::Network => all.push(Comparison::new(
            "source address",
            basis.source.map(str::to_owned).into_iter().collect(),
            &of_rule("networks"),
            rule.networks.clone(),
        )),
        Condition::Provider => all.push(Comparison::new(
            "provider",
            named(basis, |one| one.provider.as_str().to_owned()),
            &of_rule("providers"),
            rule.providers.clone(),
        )),
        Condition::User => all.push(Comparison::new(
            "username",
            named(basis, |one| one.username.as_str().to_owned()),
            &of_rule("users"),
            rule.users.clone(),
        )),
        Condition::Group | Condition::Scope => {}
    }
    // Both are told at once: whoever adds the group need not come back for the scope.
    if has_none(&rule.groups, &groups) {
        all.push(Comparison::new(
            &super::claims::groups_claim(basis),
            groups,
            &of_rule("groups"),
            rule.groups.clone(),
        ));
    }
    if has_none(&rule.scopes, &scopes) {
        all.push(Comparison::new(
            super::claims::scopes_claim(basis),
            scopes,
            &of_rule("scopes"),
            rule.scopes.clone(),
        ));
    }
    all
}

/// A user whose Basic credentials are passed through on some paths alone, and this is none of them.
fn other_user(basis: Basis<'_>) -> Vec<Comparison> {
    let (Decoded::Basic { user }, BasicAuth::Some { users, paths }) =
        (basis.token, &basis.settings.general.basic_auth)
    else {
        return Vec::new();
    };
    let product = basis.settings.products.iter();
    let product = product
        .filter(|product| basis.access.is_some_and(|one| one.product == product.id()))
        .map(Product::path)
        .next()
        .unwrap_or_default();
    let readings = basis.access.map(|access| access.readings.iter());
    let readings = readings.into_iter().flatten();
    let paths_asked = readings.map(|path| format!("{product}{path}")).collect();
    vec![
        Comparison::new(
            "user",
            vec![user.clone()],
            "basic_auth.allowed_users",
            users.clone(),
        ),
        Comparison::new(
            "path",
            paths_asked,
            "basic_auth.allowed_paths",
            paths.clone(),
        ),
    ]
}

fn named(basis: Basis<'_>, name: impl Fn(&Identity) -> String) -> Vec<String> {
    basis.identity.map(name).into_iter().collect()
}
