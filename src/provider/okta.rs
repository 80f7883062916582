//! Okta: a custom authorization server by its keys, the org's own by introspection.
//!
//! An org's access tokens are for Okta alone and can't be verified by others: see
//! [authorization servers](https://developer.okta.com/docs/concepts/auth-servers/) and
//! [their endpoints](https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/).

use serde::Deserialize;

use super::Provider;
use super::draft::Draft;
use super::online::Online;
use super::resolve::{Defaults, resolve_shared};
use crate::document::{
    ClientFields, IntrospectionFields, KeyFields, OnlineFields, Verify, grouped,
};

/// What stands for the org's own authorization server.
const ORG: &str = "org";

/// The id of the custom authorization server that an org has at first.
const DEFAULT_SERVER: &str = "default";

/// An authorization server of Okta.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct OktaFields {
    /// Your Okta domain, such as `example.okta.com`. Required.
    domain: Option<String>,
    /// The id of the authorization server, or `org` for the org's own. Access tokens of the org's own
    /// server can be verified by introspection alone.
    #[cfg_attr(feature = "schema", schemars(extend("default" = DEFAULT_SERVER)))]
    authorization_server: Option<String>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct OktaDocument {
        own: OktaFields,
        keys: KeyFields,
        client: ClientFields,
        introspection: IntrospectionFields,
        online: OnlineFields,
    }
}

impl OktaDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self {
            own,
            keys,
            client,
            mut introspection,
            mut online,
        } = self;
        let domain = draft.required(
            own.domain,
            "domain",
            "your Okta domain, for example `example.okta.com`",
        );
        let mut issuers = Vec::new();
        if let Some(domain) = domain {
            let base = origin(&domain);
            let server = own
                .authorization_server
                .unwrap_or_else(|| DEFAULT_SERVER.to_owned());
            check(&server, &mut online, &mut draft);
            let (issuer, place) = if server == ORG {
                (base.clone(), format!("{base}/oauth2"))
            } else {
                let place = format!("{base}/oauth2/{server}");
                (place.clone(), place)
            };
            let url = |path: &str| format!("{place}/v1/{path}");
            issuers = draft.issuer(&keys, issuer, &url("keys"));
            let introspect = &mut introspection.introspection_endpoint;
            draft.fill_endpoint(introspect, "domain", &url("introspect"));
            draft.fill_endpoint(&mut online.userinfo_endpoint, "domain", &url("userinfo"));
        }
        resolve_shared(
            draft,
            Defaults {
                issuers,
                algorithms: (keys.algorithms, &[]),
                // An id token's `sub` is Okta's id of the user, an access token's the login.
                username: Some(&["preferred_username", "sub"]),
                groups: "groups".into(),
                online: Online {
                    fields: online,
                    introspection,
                    client,
                    binding: None,
                },
                ..Defaults::default()
            },
        )
    }
}

/// What goes with an authorization server.
fn check(server: &str, online: &mut OnlineFields, draft: &mut Draft<'_, '_>) {
    if !server
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        draft.wrong(
            "authorization_server",
            "expected an authorization server's id, such as `default`, or `org`",
        );
    }
    match online.verify {
        None if server == ORG => online.verify = Some(Verify::Introspection),
        Some(Verify::Introspection) if server == ORG => {}
        Some(_) if server == ORG => draft.wrong(
            "verify",
            "expected `introspection`: the keys of an org can't verify its access tokens",
        ),
        Some(Verify::JwtUserinfo) => draft.wrong(
            "verify",
            "expected `jwt+introspection`: the userinfo response has another `sub` than access tokens",
        ),
        _ => {}
    }
}

/// The URL of a domain; one that is written as a URL stays as it is, for an emulator.
fn origin(domain: &str) -> String {
    if domain.contains("://") {
        domain.strip_suffix('/').unwrap_or(domain).to_owned()
    } else {
        format!("https://{domain}")
    }
}
