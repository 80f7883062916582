//! Okta: a custom authorization server by its keys, the org's own by introspection.
//!
//! An org's access tokens are for Okta alone and can't be verified by others: see
//! [authorization servers](https://developer.okta.com/docs/concepts/auth-servers/) and
//! [their endpoints](https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/).

use super::Groups;
use super::draft::{CLIENT, Draft, KEYS, ONLINE};
use super::resolve::{Defaults, resolve_shared};
use crate::document::Verify;

pub(super) fn resolve(mut draft: Draft<'_, '_>) -> super::Provider {
    draft.takes(
        &[
            &KEYS[..],
            &CLIENT,
            &ONLINE,
            &["domain", "authorization_server"],
        ]
        .concat(),
    );
    let domain = draft.required(
        draft.raw.domain.clone(),
        "domain",
        "your Okta domain, for example `example.okta.com`",
    );
    let Some(base) = domain.map(|domain| origin(&domain)) else {
        return resolve_shared(draft, Defaults::default());
    };
    let server = draft
        .raw
        .authorization_server
        .clone()
        .unwrap_or_else(|| "default".to_owned());
    let is_org = server == "org";
    if !server
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        draft.wrong(
            "authorization_server",
            "expected an authorization server's id, such as `default`, or `org`",
        );
    }
    let (issuer, place) = if is_org {
        (base.clone(), format!("{base}/oauth2"))
    } else {
        let place = format!("{base}/oauth2/{server}");
        (place.clone(), place)
    };
    if draft.raw.verify == Some(Verify::JwtUserinfo) && !is_org {
        draft.wrong(
            "verify",
            "expected `jwt+introspection`: userinfo names users by another `sub` than access tokens do",
        );
    }
    if is_org {
        match draft.raw.verify {
            None => draft.raw.verify = Some(Verify::Introspection),
            Some(Verify::Introspection) => {}
            Some(_) => draft.wrong(
                "verify",
                "expected `introspection`: an org's access tokens can't be verified by its keys",
            ),
        }
    }
    let issuers = draft.issuer(issuer, &format!("{place}/v1/keys"));
    let mut endpoint = |path: &str| draft.endpoint(None, "domain", &format!("{place}/v1/{path}"));
    let introspection = endpoint("introspect");
    let userinfo = endpoint("userinfo");
    resolve_shared(
        draft,
        Defaults {
            issuers,
            // An id token's `sub` is Okta's id of the user, an access token's the login.
            username: Some(&["preferred_username", "sub"]),
            groups: Groups::Claim("groups".into()),
            introspection,
            userinfo,
            ..Defaults::default()
        },
    )
}

/// The URL of a domain; one that is written as a URL stays as it is, for an emulator.
fn origin(domain: &str) -> String {
    if domain.contains("://") {
        domain.strip_suffix('/').unwrap_or(domain).to_owned()
    } else {
        format!("https://{domain}")
    }
}
