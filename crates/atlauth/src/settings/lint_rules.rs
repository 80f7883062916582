//! What is valid and seldom wise.

mod providers;
mod redundant_rules;
mod served_paths;

use atlassian_authorizer::authenticate::api_token::{API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY};
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::{Advice, Settings};
use atlassian_authorizer::upstream::Upstream;
use local_gateway::ServedProduct;

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
    unused_secrets(settings, tree, &mut advice);
    shared_secrets(tree, &mut advice);
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

/// Secrets that no document names, and that the service itself does not.
fn unused_secrets(settings: &Settings, tree: &Tree, advice: &mut Vec<Advice>) {
    let named = tree.named_secrets();
    let is_used = |parameter: &str| {
        let own = parameter.strip_prefix("secrets/settings/");
        own.map_or_else(
            || named.iter().any(|named| named.parameter == parameter),
            |own| {
                settings.general.api_tokens.is_some()
                    && [API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY].contains(&own)
            },
        )
    };
    for name in tree.documents().keys() {
        let Some(rest) = name.strip_prefix("secrets/") else {
            continue;
        };
        if is_used(name) {
            continue;
        }
        let document = rest.rsplit_once('/').map(|(document, _)| document);
        let is_orphan = document.is_some_and(|document| {
            document != "settings" && !tree.documents().contains_key(document)
        });
        let why = if is_orphan {
            format!(
                "belongs to {}, which is not there",
                document.unwrap_or_default()
            )
        } else {
            "nothing refers to it".to_owned()
        };
        advice.push(
            Advice::new("unused_secret", name, "")
                .why(why)
                .instead("delete it, or mend the name where it was meant"),
        );
    }
}

/// Secrets that any document could name.
fn shared_secrets(tree: &Tree, advice: &mut Vec<Advice>) {
    for named in tree.named_secrets() {
        let name = named.parameter.strip_prefix("secrets/");
        if let Some(name) = name.filter(|name| !name.contains('/')) {
            let own = format!(
                "`secrets/{}/{name}`, which it alone can name",
                named.document
            );
            advice.push(
                Advice::new("secret_of_any_document", &*named.document, &named.field)
                    .why("names a secret that other documents could name too")
                    .instead(own),
            );
        }
    }
}
