//! Facebook: user access tokens by `debug_token`.
//!
//! [The endpoint](https://developers.facebook.com/docs/graph-api/reference/debug_token/) takes the
//! token in its query; there is no other way. User ids are of one app alone and mean nothing to
//! Atlassian, so a mapping table gives the usernames.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Provider;
use super::draft::Draft;
use super::resolve::{Defaults, resolve_shared};
use crate::credential::Vendor;
use crate::document::{ClientFields, grouped};
use crate::error::Denial;
use crate::http::{Endpoint, FetchError};
use crate::inspect::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, renamed, seconds,
};
use crate::secret::Secret;

/// Facebook's `debug_token`.
#[derive(Clone, Debug)]
pub(crate) struct DebugToken {
    /// The endpoint.
    pub(crate) endpoint: Endpoint,
    /// Our app.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: Secret,
}

/// An app of Facebook.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct FacebookFields {
    /// The URL where a token is checked, in place of Facebook's `debug_token`.
    binding_endpoint: Option<Endpoint>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct FacebookDocument {
        own: FacebookFields,
        client: ClientFields,
    }
}

impl FacebookDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self { own, client: app } = self;
        let endpoint = draft.endpoint(
            own.binding_endpoint,
            "binding_endpoint",
            "https://graph.facebook.com/debug_token",
        );
        let client = draft.client_secret(&app);
        let client_ids = app.client_id.into_iter().collect();
        draft.shared.client_ids.get_or_insert(client_ids);
        draft.needs_map();
        resolve_shared(
            draft,
            Defaults {
                opaque: endpoint
                    .zip(client)
                    .map(|(endpoint, (client_id, client_secret))| {
                        Arc::new(DebugToken {
                            endpoint,
                            client_id,
                            client_secret,
                        }) as Arc<dyn Inspect>
                    }),
                vendor: Some(Vendor::Facebook),
                username: Some(&["user_id"]),
                ..Defaults::default()
            },
        )
    }
}

impl Inspect for DebugToken {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        vec![EndpointRole::Introspection.at(&self.endpoint)]
    }
}

impl DebugToken {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        let app_token = [self.client_id.as_str(), self.client_secret.expose_secret()].join("|");
        let endpoint = self.endpoint.with_query(&[
            ("input_token", request.token.expose_secret()),
            ("access_token", &app_token),
        ]);
        let reply = request.send(request.http.get_request(&endpoint)).await?;
        let answer = reply.object()?;
        if let Some(error) = answer.get("error") {
            return match error.get("code").and_then(Value::as_u64) {
                // The token is of another app, or can't be read at all.
                Some(100) => Ok(TokenStatus::Inactive),
                // Limits of the app, the user, the page and of custom kinds.
                Some(4 | 17 | 32 | 341 | 613) => {
                    Err(InspectionError::RateLimited(reply.retry_after))
                }
                Some(1 | 2) => Err(FetchError::Status(reply.status).into()),
                // The app token itself is refused: OAuth, API key or signature.
                code => Err(InspectionError::Misconfigured {
                    status: reply.status,
                    credentials: matches!(code, Some(101 | 104 | 190)),
                }),
            };
        }
        let Some(data) = answer
            .get("data")
            .and_then(Value::as_object)
            .filter(|_| reply.status == 200)
        else {
            return Err(FetchError::Unusable("a token's data").into());
        };
        if data.get("is_valid") != Some(&Value::Bool(true)) {
            return Ok(TokenStatus::Inactive);
        }
        if data.get("type").and_then(Value::as_str) != Some("USER") {
            return Ok(TokenStatus::Rejected(Denial::TokenTypeUnsupported));
        }
        let mut claims = renamed(data, &[("scopes", "scope"), ("issued_at", "iat")]);
        // Ids are numbers in old answers and text in newer ones.
        for (theirs, ours) in [
            ("user_id", "user_id"),
            ("user_id", "sub"),
            ("app_id", "client_id"),
        ] {
            let id = data.get(theirs).and_then(|id| {
                id.as_str()
                    .map(str::to_owned)
                    .or_else(|| id.as_u64().map(|id| id.to_string()))
                    .filter(|id| !id.is_empty())
            });
            claims.extend(id.map(|id| (ours.to_owned(), id.into())));
        }
        // Zero for a token that does not expire.
        match data.get("expires_at").map(|at| seconds(at).ok_or(at)) {
            None | Some(Ok(0)) => {}
            Some(at) => {
                claims.insert("exp".to_owned(), json!(at.ok()));
            }
        }
        Ok(TokenStatus::Active(claims))
    }
}
