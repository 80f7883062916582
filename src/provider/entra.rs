//! Microsoft Entra ID. Everything follows from the tenant's id.
//!
//! Sources: [access tokens](https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens),
//! [their claims](https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference).

use serde::Deserialize;
use serde_json::Value;

use super::draft::Draft;
use super::resolve::{Defaults, resolve_shared};
use super::{Issuer, Provider};
use crate::claims::{Claims, EmailRule};
use crate::document::{KeyFields, grouped};
use crate::keys::Algorithm;

/// Microsoft Graph, by its id and its names.
const GRAPH: [&str; 3] = [
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.com",
    "https://graph.microsoft.com/",
];

/// A tenant of Microsoft Entra ID.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct EntraFields {
    /// The directory (tenant) id, such as `8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b`. Required.
    tenant_id: Option<String>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct EntraDocument {
        own: EntraFields,
        keys: KeyFields,
    }
}

impl EntraDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self { own, keys } = self;
        let tenant = draft.required(
            own.tenant_id,
            "tenant_id",
            "the directory (tenant) id, for example `8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b`",
        );
        let tenant = tenant.unwrap_or_default().to_ascii_lowercase();
        if !tenant.is_empty() && !is_guid(&tenant) {
            draft.wrong(
                "tenant_id",
                "expected the tenant's id, 32 hexadecimal digits in five groups, \
                because tokens never name its domain",
            );
        }
        // A token of version 1.0 or 2.0, as the API's own registration says.
        let versions = [
            (
                format!("https://sts.windows.net/{tenant}/"),
                "discovery/keys",
            ),
            (
                format!("https://login.microsoftonline.com/{tenant}/v2.0"),
                "discovery/v2.0/keys",
            ),
        ];
        let versions = match &keys.issuer {
            // A national cloud's.
            Some(issuer) => vec![(issuer.clone(), "discovery/v2.0/keys")],
            None => versions.to_vec(),
        };
        let issuers = versions
            .into_iter()
            .filter_map(|(name, path)| {
                let url = format!("https://login.microsoftonline.com/{tenant}/{path}");
                let keys = draft.keys(&keys, &url)?;
                Some(Issuer {
                    name,
                    keys: Some(keys),
                })
            })
            .collect();
        // A token for another API of the tenant could have been passed on by that API. So `aud` is
        // checked in any case: an app that calls its own API has its client id there.
        if draft.shared.audiences.is_none()
            && let Some(ids) = &draft.shared.client_ids
        {
            let own = ids
                .iter()
                .flat_map(|id| [id.clone(), format!("api://{id}")]);
            draft.shared.audiences = Some(own.collect());
        }
        let mut provider = resolve_shared(
            draft,
            Defaults {
                issuers,
                algorithms: (keys.algorithms, &[Algorithm::RS256]),
                username: Some(&["preferred_username", "upn", "unique_name"]),
                groups: "groups".into(),
                ..Defaults::default()
            },
        );
        // The directory's administrator can write any address into a user, and a guest brings one along.
        // See https://learn.microsoft.com/en-us/entra/identity-platform/migrate-off-email-claim-authorization.
        provider.username.email = EmailRule::MarkedBy("xms_edov");
        provider
    }
}

/// App-only: an access token, which names its client, without the scopes that a user's has.
/// `idtyp`, which all kinds know, is an optional claim.
pub(super) fn is_app_only(claims: &Claims) -> bool {
    names_client(claims) && claims.claim("scp").is_none()
}

/// Whether a token names its client, as each access token does, of version 2.0 and 1.0. An id token
/// does not.
pub(super) fn names_client(claims: &Claims) -> bool {
    let mut names = ["azp", "appid"].iter();
    names.any(|name| claims.claim(name).is_some())
}

/// Graph's tokens are for Graph alone: their header holds a nonce that nobody else can account
/// for, so their signatures never hold.
pub(super) fn is_graph(unverified_audience: &Value) -> bool {
    unverified_audience
        .as_str()
        .is_some_and(|audience| GRAPH.contains(&audience))
}

fn is_guid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12]
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
