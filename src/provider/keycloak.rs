//! Keycloak: a realm of a server.
//!
//! Sources: [OpenID Connect endpoints](https://www.keycloak.org/securing-apps/oidc-layers),
//! [service accounts](https://www.keycloak.org/docs/latest/server_admin/index.html#_service_accounts).

use serde::Deserialize;
use serde_json::Value;

use super::draft::Draft;
use super::online::Online;
use super::resolve::{Defaults, resolve_shared};
use super::{Groups, Provider};
use crate::claims::{Claims, names};
use crate::document::{ClientFields, IntrospectionFields, KeyFields, OnlineFields, grouped};
use crate::error::Denial;

/// A realm of a Keycloak server.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct KeycloakFields {
    /// The server's URL as its tokens name it: what stands before `/realms/`. Required.
    base_url: Option<String>,
    /// The realm's name, of letters, digits, `.`, `_` and `-`. Required. For other names use kind
    /// `custom`.
    realm: Option<String>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct KeycloakDocument {
        own: KeycloakFields,
        keys: KeyFields,
        client: ClientFields,
        introspection: IntrospectionFields,
        online: OnlineFields,
    }
}

impl KeycloakDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self {
            own,
            keys,
            client,
            mut introspection,
            mut online,
        } = self;
        draft.required(
            own.base_url.clone(),
            "base_url",
            "the server's URL, for example `https://sso.example.com`",
        );
        let base = draft.base_url(own.base_url.as_ref());
        let realm = draft.required(own.realm, "realm", "the realm's name");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if realm
            .as_ref()
            .is_some_and(|realm| !realm.bytes().all(is_plain))
        {
            draft.wrong(
                "realm",
                "expected letters, digits, `.`, `_` and `-`; for other names use kind `custom`",
            );
        }
        let place = base
            .zip(realm)
            .map(|(base, realm)| format!("{base}/realms/{realm}"));
        let mut issuers = Vec::new();
        if let Some(place) = place {
            let url = |path: &str| format!("{place}/protocol/openid-connect/{path}");
            issuers = draft.issuer(&keys, place.clone(), &url("certs"));
            let introspect = &mut introspection.introspection_endpoint;
            draft.fill_endpoint(introspect, "base_url", &url("token/introspect"));
            draft.fill_endpoint(&mut online.userinfo_endpoint, "base_url", &url("userinfo"));
        }
        resolve_shared(
            draft,
            Defaults {
                issuers,
                algorithms: (keys.algorithms, &[]),
                username: Some(&["preferred_username"]),
                groups: Groups::KeycloakRoles,
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

/// Realm roles by their names, and client roles as `client:role`.
///
/// # Errors
///
/// [`Denial::ClaimsMalformed`] when one of the two claims is not as Keycloak writes it.
pub(crate) fn roles(claims: &Claims) -> Result<Vec<String>, Denial> {
    let of = |access: &Value| access.get("roles").map_or_else(|| Ok(Vec::new()), names);
    let mut roles = claims
        .claim("realm_access")
        .map_or_else(|| Ok(Vec::new()), of)?;
    if let Some(clients) = claims.claim("resource_access") {
        for (client, access) in clients.as_object().ok_or(Denial::ClaimsMalformed)? {
            roles.extend(
                of(access)?
                    .into_iter()
                    .map(|role| format!("{client}:{role}")),
            );
        }
    }
    Ok(roles)
}

/// Whether a token names no roles of any kind, as lightweight ones do.
pub(crate) fn is_silent_on_roles(claims: &Claims) -> bool {
    claims.claim("realm_access").is_none() && claims.claim("resource_access").is_none()
}

/// What the names of clients' own users begin with.
const SERVICE_ACCOUNT: &str = "service-account-";

/// A client's own user, by its name.
pub(super) fn is_service_account(claims: &Claims) -> bool {
    name(claims).is_some_and(|name| name.starts_with(SERVICE_ACCOUNT))
}

/// Whether it is the user of this very client, and no person who registered under such a name:
/// people have a session.
pub(super) fn is_service_account_of(claims: &Claims, client_id: &str) -> bool {
    let has_session = claims.claim("sid").is_some() || claims.claim("session_state").is_some();
    name(claims).is_none_or(|name| {
        let client = name.strip_prefix(SERVICE_ACCOUNT);
        client.is_some_and(|client| client.eq_ignore_ascii_case(client_id)) && !has_session
    })
}

fn name(claims: &Claims) -> Option<&str> {
    claims
        .text("preferred_username")
        .or_else(|| claims.text("username"))
}
