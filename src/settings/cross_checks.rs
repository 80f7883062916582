//! The rules that span documents.

use std::collections::BTreeMap;

use super::Settings;
use crate::access::BasicAuth;
use crate::deployment::{AnswerScope, Deployment};
use crate::document::problem::Problems;
use crate::document::{API_TOKENS, NamedSecret, Tree};
use crate::product::Product;
use crate::provider::{Groups, OnlineFor, Provider};
use crate::route::Target;

/// Checks what no document can tell alone, and puts providers into their order.
pub(super) fn check(
    settings: &mut Settings,
    tree: &Tree,
    deployment: &Deployment,
    problems: &mut Problems,
) {
    let named = tree
        .documents()
        .keys()
        .any(|name| name.starts_with("providers/"));
    if !named && settings.general.api_tokens.is_none() {
        problems
            .of("providers")
            .whole(
                "is missing; expected at least one parameter `providers/<id>`, or `api_tokens.enabled` true in `settings`",
            );
    }
    secrets(tree, problems);
    issuers(&settings.providers, problems);
    groups(&settings.providers, &settings.products, problems);
    overlaps(&settings.products, problems);
    online_for(settings, deployment, problems);
    upstream(&settings.products, deployment, problems);
    simple_responses(&settings.products, deployment, problems);
    credentials_by_product(&mut settings.products);
    order(settings, tree, problems);
    basic(settings, problems);
    rules(settings, deployment, problems);
}

/// What rules say that no document can tell alone.
fn rules(settings: &Settings, deployment: &Deployment, problems: &mut Problems) {
    let is_provider = |id: &String| {
        let mut providers = settings.providers.iter();
        providers.any(|provider| provider.id.as_str() == id)
            || (id == API_TOKENS && settings.general.api_tokens.is_some())
    };
    for product in &settings.products {
        let name = format!("products/{}", product.id());
        let mut report = problems.of(&name);
        let access = product.access();
        for (index, rule) in access.rules().unwrap_or_default().iter().enumerate() {
            for id in rule
                .conditions
                .providers
                .iter()
                .filter(|id| !is_provider(id))
            {
                report.wrong(
                    &format!("access[{index}].providers"),
                    if id == API_TOKENS {
                        "names the authorizer's own API tokens, which the settings don't accept; expected \
                         `api_tokens` in the parameter `settings`"
                    } else {
                        "names an unknown provider; expected ids of parameters `providers/<id>`, or `api-tokens`"
                    },
                );
            }
        }
        if access.depend_on_source() && !deployment.is_bound_to_source(product.id()) {
            report.wrong(
                "access",
                "has rules with `networks`, which need the caller's address among the authorizer's identity \
                 sources; expected AUTHORIZER_CACHED_BY_SOURCE_IP to be `true`, or AUTHORIZER_CACHE_SECONDS to \
                 be 0 for this product",
            );
        }
        if deployment.scope(product.id()) != AnswerScope::Token {
            continue;
        }
        if let Err(why) = access.check_compiled() {
            report.wrong(
                "access",
                &format!(
                    "can't become one policy for all routes, which the cache key `token` needs: {why}; \
                     expected \
                     AUTHORIZER_CACHE_KEY to be `route` for this product (the stack's parameter JiraCacheKey, or that \
                     of the product), or the cache off, or other rules"
                ),
            );
        }
    }
}

/// A secret is one document's, for one purpose: what is sent to one party lets in whoever has it at
/// another.
fn secrets(tree: &Tree, problems: &mut Problems) {
    let mut known: BTreeMap<String, NamedSecret> = BTreeMap::new();
    for named in tree.named_secrets() {
        let Some(other) = known.get(&named.parameter) else {
            known.insert(named.parameter.clone(), named);
            continue;
        };
        let NamedSecret {
            document,
            field,
            parameter,
        } = &named;
        let message = if other.document == *document {
            format!(
                "names {parameter}, as `{}` does; expected a different secret for each purpose",
                other.field
            )
        } else {
            format!(
                "names {parameter}, as {} does; expected a secret of its own, `secrets/{document}/<name>`",
                other.document
            )
        };
        problems.of(document).wrong(field, &message);
    }
}

fn of(provider: &Provider) -> String {
    format!("providers/{}", provider.id.as_str())
}

fn issuers(providers: &[Provider], problems: &mut Problems) {
    let mut issuers = BTreeMap::new();
    for provider in providers {
        for issuer in &provider.issuers {
            if let Some(other) = issuers.insert(&issuer.name, provider) {
                let message = format!(
                    "is also that of {}, but a token's issuer must decide which provider it belongs to; \
                     delete one of the two parameters",
                    of(other)
                );
                problems.of(&of(provider)).wrong("issuer", &message);
            }
        }
    }
}

/// A Deny that no caller of some provider can meet would let those callers through.
fn groups(providers: &[Provider], products: &[Product], problems: &mut Problems) {
    for product in products
        .iter()
        .filter(|product| product.access().denies_by_group())
    {
        for provider in providers
            .iter()
            .filter(|provider| matches!(provider.groups, Groups::None))
        {
            problems.of(&of(provider)).wrong(
                "groups",
                &format!(
                    "is missing; products/{} denies by group, so expected the claim that holds the groups",
                    product.id()
                ),
            );
        }
    }
}

/// A policy covers one product, and its context speaks of one. A product within another would
/// be reachable with the other's cached answer.
fn overlaps(products: &[Product], problems: &mut Problems) {
    for product in products {
        let overlaps =
            |other: &&Product| other.id() != product.id() && other.contains(product.path());
        if let Some(other) = products.iter().find(overlaps) {
            problems.of(&format!("products/{}", product.id())).wrong(
                "path",
                &format!(
                    "overlaps with the path of products/{}; expected paths that don't overlap",
                    other.id()
                ),
            );
        }
    }
}

/// Routes mean something in a product, and an answer may serve for all of them.
fn online_for(settings: &mut Settings, deployment: &Deployment, problems: &mut Problems) {
    for provider in &mut settings.providers {
        let name = of(provider);
        let Some(OnlineFor { routes, targets }) = &mut provider.online_for else {
            continue;
        };
        let mut report = problems.of(&name);
        let mut products = settings.products.iter();
        if products.any(|product| deployment.scope(product.id()) == AnswerScope::Token) {
            report.wrong(
                "online_for",
                "needs an answer for each route, because a cached one would be used for all; expected \
                 AUTHORIZER_CACHE_KEY to be `route`, or AUTHORIZER_CACHE_SECONDS to be 0, or the field to \
                 be removed",
            );
        }
        for product in &settings.products {
            let mut found = Vec::new();
            for text in routes.iter() {
                match Target::denied(text, product.access().kind()) {
                    Ok(target) => found.push(target),
                    Err(expected) => report.wrong("online_for", expected),
                }
            }
            targets.push(found);
        }
    }
}

/// A signature over one request must not be sent with another.
fn upstream(products: &[Product], deployment: &Deployment, problems: &mut Problems) {
    for product in products {
        if !product.upstream().is_for_one_request() {
            continue;
        }
        let name = format!("products/{}", product.id());
        let mut report = problems.of(&name);
        if !deployment.cache_is_off(product.id()) {
            report.wrong(
                "upstream.mode",
                "needs API Gateway's cache to be off, because a signature is valid for one request only; \
                 expected the stack's parameter JiraOAuth1, or that of the product, to be true, or in an \
                 API of your own AUTHORIZER_CACHE_SECONDS to be 0 for this product",
            );
        } else if !deployment.sends_requestor(product.id()) {
            report.wrong(
                "upstream.mode",
                "needs `xoauth_requestor_id` in the query, which the API does not send for this product; \
                 expected the stack's parameter JiraOAuth1, or that of the product, to be true",
            );
        }
    }
}

/// A simple response is right for one route alone.
fn simple_responses(products: &[Product], deployment: &Deployment, problems: &mut Problems) {
    for product in products {
        if deployment.simple_responses && deployment.scope(product.id()) == AnswerScope::Token {
            problems.of(&format!("products/{}", product.id())).whole(
                "uses simple responses, each of which is valid for one route only; expected \
                 AUTHORIZER_CACHE_KEY to be `route` or AUTHORIZER_CACHE_SECONDS to be 0 for this product",
            );
        }
    }
}

/// With several products that take users' own credentials, one credential is not for all of them.
fn credentials_by_product(products: &mut [Product]) {
    let takers = products
        .iter()
        .filter(|product| product.upstream().is_per_user());
    if takers.count() > 1 {
        for product in products {
            product.demand_credentials_by_product();
        }
    }
}

fn order(settings: &mut Settings, tree: &Tree, problems: &mut Problems) {
    let order = &settings.general.opaque_order;
    let unknown = |id: &String| !tree.documents().contains_key(&format!("providers/{id}"));
    if order.iter().any(unknown) {
        problems.of("settings").wrong(
            "opaque_order",
            "names an unknown provider; expected ids of parameters `providers/<id>`",
        );
    }
    // Stable: those that are not named stay in the order of their ids.
    settings.providers.sort_by_key(|provider| {
        let place = order.iter().position(|id| id == provider.id.as_str());
        place.unwrap_or(order.len())
    });
}

fn basic(settings: &mut Settings, problems: &mut Problems) {
    let BasicAuth::Some { paths, .. } = &settings.general.basic_auth else {
        return;
    };
    let mut report = problems.of("settings");
    for path in paths {
        if !settings
            .products
            .iter()
            .any(|product| product.contains(path))
        {
            report.wrong(
                "basic_auth.allowed_paths",
                "belongs to no product; expected paths that begin with a product's path, such as \
                 `/jira/rest/…`",
            );
        }
    }
    for product in &mut settings.products {
        product.access_mut().set_basic_paths(paths);
    }
}
