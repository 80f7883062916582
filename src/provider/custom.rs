//! Any provider that signs JWTs with published keys.

use std::sync::Arc;

use super::{Defaults, Issuer, Provider, resolve_shared};
use crate::http::Endpoint;
use crate::keys::cache::KeySource;
use crate::keys::{ALGORITHMS, KeySet};
use crate::settings::ProviderId;
use crate::settings::document::{Discovery, RawProvider};
use crate::settings::problem::Report;

pub(super) fn resolve(id: &ProviderId, raw: RawProvider, report: &mut Report<'_>) -> Provider {
    if raw.user_pool_id.is_some() {
        report.wrong("user_pool_id", "does not belong to kind `custom`");
    }
    if raw.token_use.is_some() {
        report.wrong("token_use", "does not belong to kind `custom`");
    }
    let issuers = issuer(&raw, report).into_iter().collect();
    resolve_shared(
        id,
        raw,
        Defaults {
            issuers,
            algorithms: &ALGORITHMS,
            token_uses: None,
            // Which claim holds the Atlassian username can't be guessed without letting one
            // user be taken for another.
            username: None,
            groups: None,
        },
        report,
    )
}

fn issuer(raw: &RawProvider, report: &mut Report<'_>) -> Option<Issuer> {
    let Some(name) = raw.issuer.clone() else {
        report.wrong(
            "issuer",
            "is missing; expected the exact `iss` of the provider's tokens",
        );
        return None;
    };
    let sources = [
        raw.jwks.is_some(),
        raw.jwks_uri.is_some(),
        raw.discovery
            .as_ref()
            .is_some_and(|discovery| *discovery != Discovery::Off),
    ];
    if sources.into_iter().filter(|given| *given).count() > 1 {
        report.wrong(
            "jwks_uri",
            "expected one of `jwks`, `jwks_uri` and `discovery`",
        );
        return None;
    }
    let keys = if let Some(keys) = inline_keys(raw, report) {
        keys
    } else if let Some(uri) = &raw.jwks_uri {
        KeySource::Jwks(uri.clone())
    } else {
        let endpoint = match &raw.discovery {
            Some(Discovery::Off) => {
                report.wrong(
                    "jwks_uri",
                    "is missing; expected it, or `jwks`, or `discovery`",
                );
                return None;
            }
            Some(Discovery::At(endpoint)) => endpoint.clone(),
            Some(Discovery::On) | None => {
                // OpenID Connect Discovery 1.0, section 4: a terminating `/` is removed.
                let base = name.strip_suffix('/').unwrap_or(&name);
                Endpoint::parse(&format!("{base}/.well-known/openid-configuration"))
                    .map_err(|expected| report.wrong("issuer", expected))
                    .ok()?
            }
        };
        KeySource::Discovery {
            endpoint,
            issuer: name.clone(),
        }
    };
    Some(Issuer { name, keys })
}

/// The key set written in the settings, if there is one.
pub(super) fn inline_keys(raw: &RawProvider, report: &mut Report<'_>) -> Option<KeySource> {
    match KeySet::from_value(raw.jwks.as_ref()?) {
        Ok(keys) => Some(KeySource::Inline(Arc::new(keys))),
        Err(error) => {
            report.wrong("jwks", &error.to_string());
            None
        }
    }
}
