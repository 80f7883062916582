//! Google: id tokens by Google's keys, access tokens by tokeninfo.
//!
//! Sources: [OpenID Connect](https://developers.google.com/identity/openid-connect/openid-connect),
//! [verifying an id token](https://developers.google.com/identity/gsi/web/guides/verify-google-id-token).
//! The token goes to tokeninfo in a header, as Google's own Node library sends it, so that it is
//! in no URL.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::draft::Draft;
use super::resolve::{Defaults, equals, resolve_shared};
use super::{Issuer, Provider};
use crate::claims::EmailRule;
use crate::credential::Vendor;
use crate::document::{KeyFields, grouped};
use crate::http::{Endpoint, FetchError};
use crate::inspect::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, userinfo,
};

/// Id tokens name either.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// Google's tokeninfo.
#[derive(Clone, Debug)]
pub(crate) struct TokenInfo {
    /// Tells of the token.
    pub(crate) token: Endpoint,
    /// Tells the user's domain, `hd`, which tokeninfo leaves out; asked only where it matters.
    pub(crate) user: Option<Endpoint>,
    /// Whose tokens' users it is asked about.
    pub(crate) client_ids: Vec<String>,
}

/// Google, and Google Workspace.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct GoogleFields {
    /// The Google Workspace domain that users must belong to. Without it users of every domain are
    /// accepted, and those without one.
    hd: Option<String>,
    /// The URL that is asked about access tokens, in place of Google's tokeninfo.
    binding_endpoint: Option<Endpoint>,
    /// The URL that is asked for the user's domain, in place of Google's userinfo. It is asked with `hd`
    /// alone.
    userinfo_endpoint: Option<Endpoint>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct GoogleDocument {
        own: GoogleFields,
        keys: KeyFields,
    }
}

impl GoogleDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self { own, keys: fields } = self;
        let token = draft.endpoint(
            own.binding_endpoint,
            "binding_endpoint",
            "https://oauth2.googleapis.com/tokeninfo",
        );
        let user = draft.endpoint(
            own.userinfo_endpoint,
            "userinfo_endpoint",
            "https://openidconnect.googleapis.com/v1/userinfo",
        );
        let keys = draft.keys(&fields, "https://www.googleapis.com/oauth2/v3/certs");
        let names = fields.issuer.map_or_else(
            || ISSUERS.map(str::to_owned).to_vec(),
            |issuer| vec![issuer],
        );
        let hd = own.hd;
        let client_ids = draft.shared.client_ids.clone().unwrap_or_default();
        let mut provider = resolve_shared(
            draft,
            Defaults {
                issuers: keys
                    .map(|keys| {
                        names
                            .into_iter()
                            .map(|name| Issuer {
                                name,
                                keys: Some(keys.clone()),
                            })
                            .collect()
                    })
                    .unwrap_or_default(),
                algorithms: (fields.algorithms, &[]),
                opaque: token.map(|token| {
                    let user = user.filter(|_| hd.is_some());
                    Arc::new(TokenInfo {
                        token,
                        user,
                        client_ids,
                    }) as Arc<dyn Inspect>
                }),
                vendor: Some(Vendor::Google),
                username: Some(&["email"]),
                id_tokens_alone: true,
                ..Defaults::default()
            },
        );
        // Anyone can open a Google account for an address that is not theirs, unverified.
        provider.username.email = EmailRule::Verified;
        provider.requirements.extend(hd.map(|hd| equals("hd", hd)));
        provider
    }
}

impl Inspect for TokenInfo {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        let token = EndpointRole::TokenInfo.at(&self.token);
        let user = self.user.iter();
        std::iter::once(token)
            .chain(user.map(|endpoint| EndpointRole::Userinfo.at(endpoint)))
            .collect()
    }
}

impl TokenInfo {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        // Numbers come as text.
        let claims = match userinfo::read(request, request.http.post_form(&self.token, &[])).await?
        {
            TokenStatus::Active(claims) => claims,
            other => return Ok(other),
        };
        let Some(client) = claims.get("aud").and_then(Value::as_str) else {
            return Err(FetchError::Unusable("a token's information").into());
        };
        match &self.user {
            Some(user)
                if self.client_ids.is_empty() || self.client_ids.iter().any(|id| id == client) =>
            {
                userinfo::add(user, request, claims).await
            }
            // Of another client, or nothing is left to ask: the rules decide.
            _ => Ok(TokenStatus::Active(claims)),
        }
    }
}
