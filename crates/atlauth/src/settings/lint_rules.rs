//! What is valid and seldom wise.

mod providers;
mod redundant_rules;
mod served_paths;

use std::collections::BTreeSet;

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::{Advice, Settings};
use atlassian_authorizer::upstream::Upstream;
use local_gateway::ServedProduct;
use serde_json::Value;

use redundant_rules::redundant_rules;

/// Everything that is valid and seldom wise, in the order of the parameters.
pub(super) fn lint(
    settings: &Settings,
    tree: &Tree,
    deployment: &Deployment,
    served: &[ServedProduct],
) -> Vec<Advice> {
    let mut advice = settings.advice_at_load(deployment);
    providers::lint(&settings.providers, &mut advice);
    times(settings, deployment, &mut advice);
    products(settings, deployment, &mut advice);
    served_paths::lint(settings, tree, served, &mut advice);
    unused_secrets(tree, &mut advice);
    advice.sort_by(|one, other| one.parameter.cmp(&other.parameter));
    advice
}

/// An answer that is used again outlives the token that it is for.
fn times(settings: &Settings, deployment: &Deployment, advice: &mut Vec<Advice>) {
    let cached = settings
        .products
        .iter()
        .filter_map(|product| deployment.cache_seconds.of(product.id()));
    let Some(longest) = cached.max() else {
        return;
    };
    for provider in &settings.providers {
        let name = format!("providers/{}", provider.id.as_str());
        if provider
            .max_token_age
            .is_some_and(|age| age.as_secs() < longest.into())
        {
            advice.push(
                Advice::new("cache_outlives_token_age", name, "max_token_age_seconds")
                    .why("API Gateway uses an answer for longer than a token may be old")
                    .instead("a shorter cache time, or none"),
            );
        }
    }
}

fn products(settings: &Settings, deployment: &Deployment, advice: &mut Vec<Advice>) {
    for product in &settings.products {
        let name = format!("products/{}", product.id());
        for (index, what) in redundant_rules(product.access()) {
            advice.push(
                Advice::new("idle_rule", &*name, &format!("access[{index}]"))
                    .why(what)
                    .instead("leave the rule out, or mend what was meant"),
            );
        }
        let cached = deployment
            .cache_seconds
            .of(product.id())
            .unwrap_or_default()
            > 0;
        match product.upstream() {
            Upstream::None if cached => advice.push(
                Advice::new("header_with_cache", &*name, "upstream.mode")
                    .why(
                        "the product knows the user by a header alone, and with the cache on a caller's own \
                         headers are not looked at in each request",
                    )
                    .instead(
                        "the header for logs alone; for more another mode, or the cache off",
                    ),
            ),
            upstream if upstream.impersonates_anyone() => advice.push(
                Advice::new("impersonates_anyone", &*name, "upstream.never_impersonate")
                    .why("whoever is named like an administrator at a provider is made one")
                    .instead("your administrators in `never_impersonate`, such as [\"admin\"]")
                    .severe(),
            ),
            _ => {}
        }
    }
}

/// Secrets that no document names.
fn unused_secrets(tree: &Tree, advice: &mut Vec<Advice>) {
    let mut used = BTreeSet::new();
    for (name, text) in tree.documents() {
        let Ok(document) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        let within = if name.starts_with("providers/") {
            Some(&document)
        } else {
            document.get("upstream")
        };
        for field in ["client_secret", "private_key", "secret"] {
            let value = within.and_then(|within| within.get(field)?.as_str());
            used.extend(value.map(str::to_owned));
        }
    }
    for name in tree.documents().keys() {
        if name
            .strip_prefix("secrets/")
            .is_some_and(|secret| !used.contains(secret))
        {
            advice.push(
                Advice::new("unused_secret", name, "")
                    .why("nothing refers to it")
                    .instead("delete it, or mend the name where it was meant"),
            );
        }
    }
}
