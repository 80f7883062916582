//! GitHub, and GitHub Enterprise Server by `base_url`: tokens of OAuth apps and GitHub Apps.
//!
//! GitHub's check answers for tokens of one application alone, so it binds the token and tells of
//! its user in one request: [check a token](https://docs.github.com/en/rest/apps/oauth-applications#check-a-token).

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Provider;
use super::draft::{Draft, is_host_of};
use super::resolve::{Defaults, resolve_shared};
use crate::credential::Vendor;
use crate::document::{ClientFields, grouped};
use crate::http::Endpoint;
use crate::inspect::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, renamed,
};
use crate::secret::Secret;

/// The check of a token of our application.
#[derive(Clone, Debug)]
pub(crate) struct TokenCheck {
    /// `…/applications/{client_id}/token`.
    pub(crate) endpoint: Endpoint,
    /// The application.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: Secret,
}

/// An OAuth app or a GitHub App of github.com or a GitHub Enterprise Server.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct GithubFields {
    /// The URL of a GitHub Enterprise Server, without `/api/v3`. Without this field it is github.com.
    base_url: Option<String>,
    /// The URL where a token is checked, in place of the server's own.
    binding_endpoint: Option<Endpoint>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct GithubDocument {
        own: GithubFields,
        client: ClientFields,
    }
}

impl GithubDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self { own, client: app } = self;
        let api = draft.base_url(own.base_url.as_ref()).map_or_else(
            || "https://api.github.com".to_owned(),
            |base| format!("{base}/api/v3"),
        );
        if api.ends_with("/api/v3/api/v3") {
            draft.wrong(
                "base_url",
                "expected the server's URL without `/api/v3`, for example `https://github.example.com`",
            );
        }
        let client = draft.client_secret(&app);
        let check = client.and_then(|(client_id, client_secret)| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            if !client_id.bytes().all(is_plain) {
                draft.wrong("client_id", "expected letters, digits, `.`, `_` and `-`");
                return None;
            }
            let url = format!("{api}/applications/{client_id}/token");
            let endpoint = draft.endpoint(own.binding_endpoint, "base_url", &url)?;
            Some(TokenCheck {
                endpoint,
                client_id,
                client_secret,
            })
        });
        if let (Some(check), Some(ids)) = (&check, &draft.shared.client_ids)
            && ids.as_slice() != [check.client_id.clone()]
        {
            draft.wrong(
                "client_ids",
                "expected only `client_id`, or the field to be removed: GitHub \
                confirms only tokens of that application",
            );
        }
        let client_ids = app.client_id.into_iter().collect();
        draft.shared.client_ids.get_or_insert(client_ids);
        if is_host_of(&api, "github.com") {
            draft.needs_known_users("GitHub");
        }
        resolve_shared(
            draft,
            Defaults {
                opaque: check.map(|check| Arc::new(check) as Arc<dyn Inspect>),
                vendor: Some(Vendor::GitHub),
                username: Some(&["login"]),
                ..Defaults::default()
            },
        )
    }
}

impl Inspect for TokenCheck {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    /// GitHub answers 5,000 requests an hour of one application.
    fn unknown_token_pause(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        vec![EndpointRole::Introspection.at(&self.endpoint)]
    }
}

impl TokenCheck {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        let body = json!({"access_token": request.token.expose_secret()});
        let check = request
            .http
            .post_json(&self.endpoint, &body)
            .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
            .header("x-github-api-version", "2022-11-28");
        let reply = request.send(check).await?;
        match reply.status {
            200 => {}
            // Not a token of this application, or none that GitHub takes for one.
            404 | 422 => return Ok(TokenStatus::Inactive),
            403 if reply.is_rate_limited() => {
                return Err(InspectionError::RateLimited(reply.retry_after));
            }
            _ => return Err(InspectionError::unexpected(&reply)),
        }
        let answer = reply.object()?;
        let mut claims = answer
            .get("user")
            .and_then(Value::as_object)
            .map(|user| {
                renamed(
                    user,
                    &[("login", "login"), ("id", "id"), ("email", "email")],
                )
            })
            .unwrap_or_default();
        if let Some(id) = claims.get("id").and_then(Value::as_u64) {
            claims.insert("sub".to_owned(), id.to_string().into());
        }
        if let Some(id) = answer.get("app").and_then(|app| app.get("client_id")) {
            claims.insert("client_id".to_owned(), id.clone());
        }
        claims.extend(renamed(&answer, &[("scopes", "scope")]));
        if let Some(expires) = answer.get("expires_at").filter(|at| !at.is_null()) {
            let seconds = expires
                .as_str()
                .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
                .map(OffsetDateTime::unix_timestamp);
            // A time that can't be read fails the claims rules.
            claims.insert("exp".to_owned(), seconds.map_or(Value::Null, Value::from));
        }
        Ok(TokenStatus::Active(claims))
    }
}
