//! Warnings about settings that are valid but risky.

mod providers;
mod redundant_rules;
mod served_paths;

use atlassian_authorizer::authenticate::api_token::{API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY};
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::{Settings, Warning};
use atlassian_authorizer::upstream::Upstream;
use local_gateway::ServedProduct;

use redundant_rules::redundant_rules;

/// All warnings, in the order of the parameters.
pub(super) fn lint(
    settings: &Settings,
    tree: &Tree,
    deployment: &Deployment,
    served: &[ServedProduct],
) -> Vec<Warning> {
    let mut warnings = settings.warnings_at_load(deployment);
    providers::lint(&settings.providers, &mut warnings);
    times(settings, deployment, &mut warnings);
    products(settings, deployment, &mut warnings);
    served_paths::lint(settings, tree, served, &mut warnings);
    unused_secrets(settings, tree, &mut warnings);
    shared_secrets(tree, &mut warnings);
    warnings.sort_by(|one, other| one.parameter.cmp(&other.parameter));
    warnings
}

/// A cached answer that outlives the token that it is for.
fn times(settings: &Settings, deployment: &Deployment, warnings: &mut Vec<Warning>) {
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
            warnings.push(
                Warning::new("cache_outlives_token_age", name, "max_token_age_seconds")
                    .why("API Gateway keeps an answer for longer than the maximum age of a token")
                    .instead("set a shorter cache time, or none"),
            );
        }
    }
}

fn products(settings: &Settings, deployment: &Deployment, warnings: &mut Vec<Warning>) {
    for product in &settings.products {
        let name = format!("products/{}", product.id());
        for (index, what) in redundant_rules(product.access()) {
            warnings.push(
                Warning::new("idle_rule", &*name, &format!("access[{index}]"))
                    .why(what)
                    .instead("remove the rule, or correct it"),
            );
        }
        let cached = deployment
            .cache_seconds
            .of(product.id())
            .unwrap_or_default()
            > 0;
        match product.upstream() {
            Upstream::None if cached => warnings.push(
                Warning::new("header_with_cache", &*name, "upstream.mode")
                    .why(
                        "the product learns the user from a header alone; with the cache on, the authorizer does not check \
                         the caller's own headers in each request",
                    )
                    .instead(
                        "use the header for logs only; otherwise choose another mode, or turn the cache off",
                    ),
            ),
            upstream if upstream.impersonates_anyone() => warnings.push(
                Warning::new("impersonates_anyone", &*name, "upstream.never_impersonate")
                    .why("a user of a provider whose name is that of an administrator acts as the administrator")
                    .instead("list your administrators in `never_impersonate`, such as [\"admin\"]")
                    .severe(),
            ),
            _ => {}
        }
    }
}

/// Secrets that neither a document nor the service uses.
fn unused_secrets(settings: &Settings, tree: &Tree, warnings: &mut Vec<Warning>) {
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
                "belongs to {}, which does not exist",
                document.unwrap_or_default()
            )
        } else {
            "nothing refers to it".to_owned()
        };
        warnings.push(
            Warning::new("unused_secret", name, "")
                .why(why)
                .instead("delete it, or correct the name"),
        );
    }
}

/// Secrets that any document could name.
fn shared_secrets(tree: &Tree, warnings: &mut Vec<Warning>) {
    for named in tree.named_secrets() {
        let name = named.parameter.strip_prefix("secrets/");
        if let Some(name) = name.filter(|name| !name.contains('/')) {
            let own = format!(
                "store it as `secrets/{}/{name}`, which this document alone can name",
                named.document
            );
            warnings.push(
                Warning::new("secret_of_any_document", &*named.document, &named.field)
                    .why("names a secret that other documents can name too")
                    .instead(own),
            );
        }
    }
}
