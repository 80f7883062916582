//! Any provider: one that signs JWTs with published keys, or that can be asked about its tokens.

use std::sync::Arc;

use super::Issuer;
use super::draft::{CLIENT, Draft, KEYS, ONLINE};
use super::resolve::{Defaults, resolve_shared};
use crate::document::{Discovery, Verify};
use crate::http::Endpoint;
use crate::inspect::{Inspect, Userinfo};
use crate::keys::cache::KeySource;

pub(super) fn resolve(mut draft: Draft<'_, '_>) -> super::Provider {
    draft.takes(
        &[
            &KEYS[..],
            &CLIENT,
            &ONLINE,
            &["discovery", "binding_endpoint"],
        ]
        .concat(),
    );
    let issuers: Vec<Issuer> = issuer(&mut draft).into_iter().collect();
    let opaque = check(&mut draft, &issuers);
    resolve_shared(
        draft,
        Defaults {
            issuers,
            opaque,
            // Which claim holds the Atlassian username can't be guessed without letting one
            // user be taken for another.
            username: None,
            ..Defaults::default()
        },
    )
}

/// How opaque tokens are checked: by introspection, by userinfo, or by both together.
fn check(draft: &mut Draft<'_, '_>, issuers: &[Issuer]) -> Option<Arc<dyn Inspect>> {
    let binding = draft.raw.binding_endpoint.clone();
    let userinfo = draft.raw.userinfo_endpoint.clone();
    if let Some(endpoint) = draft.raw.introspection_endpoint.clone() {
        if binding.is_some() {
            draft.wrong("binding_endpoint", "contradicts `introspection_endpoint`, which binds tokens too; leave one of them out");
        }
        let mut introspection = draft.introspection(&endpoint, issuers)?;
        introspection.userinfo = userinfo;
        return Some(Arc::new(introspection));
    }
    let Some(endpoint) = userinfo else {
        if binding.is_some() {
            draft.wrong(
                "binding_endpoint",
                "needs `userinfo_endpoint`, which tells of the user",
            );
        }
        return None;
    };
    // Set for JWTs, which are bound by their claims.
    if binding.is_none()
        && draft.raw.trust.is_none()
        && draft.raw.verify == Some(Verify::JwtUserinfo)
    {
        return None;
    }
    Some(Arc::new(Userinfo { endpoint, binding }))
}

fn issuer(draft: &mut Draft<'_, '_>) -> Option<Issuer> {
    let Some(name) = draft.raw.issuer.clone() else {
        let can_be_asked =
            draft.raw.introspection_endpoint.is_some() || draft.raw.userinfo_endpoint.is_some();
        let has_keys = draft.raw.jwks.is_some()
            || draft.raw.jwks_uri.is_some()
            || draft.raw.discovery.is_some();
        if !can_be_asked || has_keys {
            draft.wrong(
                "issuer",
                "is missing; expected the exact `iss` of the provider's tokens, or, where they are no JWTs, \
                 `introspection_endpoint` or `userinfo_endpoint`",
            );
        }
        return None;
    };
    let sources = [
        draft.raw.jwks.is_some(),
        draft.raw.jwks_uri.is_some(),
        draft
            .raw
            .discovery
            .as_ref()
            .is_some_and(|discovery| *discovery != Discovery::Off),
    ];
    if sources.into_iter().filter(|given| *given).count() > 1 {
        draft.wrong(
            "jwks_uri",
            "expected one of `jwks`, `jwks_uri` and `discovery`",
        );
        return None;
    }
    // Asked about every token, the provider needs no keys.
    if matches!(
        draft.raw.verify,
        Some(Verify::Introspection | Verify::Userinfo)
    ) {
        return Some(Issuer { name, keys: None });
    }
    let keys = if draft.raw.jwks.is_some() {
        draft.inline_keys()?
    } else if let Some(uri) = &draft.raw.jwks_uri {
        KeySource::Jwks(uri.clone())
    } else {
        let endpoint = match &draft.raw.discovery {
            Some(Discovery::Off) => {
                draft.wrong(
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
                    .map_err(|expected| draft.wrong("issuer", expected))
                    .ok()?
            }
        };
        KeySource::Discovery {
            endpoint,
            issuer: name.clone(),
        }
    };
    Some(Issuer {
        name,
        keys: Some(keys),
    })
}
