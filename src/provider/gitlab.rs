//! GitLab.com, and self-managed instances by `base_url`.
//!
//! [Token info](https://docs.gitlab.com/api/oauth2/#retrieve-the-token-information) tells the
//! application that a token was issued to, [the user](https://docs.gitlab.com/api/users/#list-current-user)
//! who it stands for. Id tokens are verified by GitLab's keys.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Provider;
use super::draft::{Draft, is_host_of};
use super::resolve::{Defaults, resolve_shared};
use crate::claims::Claims;
use crate::credential::Vendor;
use crate::document::{KeyFields, grouped};
use crate::error::Denial;
use crate::http::Endpoint;
use crate::inspect::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, renamed, seconds, userinfo,
};

/// Token info, and the user.
#[derive(Clone, Debug)]
pub(crate) struct TokenInfo {
    /// `/oauth/token/info`.
    pub(crate) token: Endpoint,
    /// `/api/v4/user`.
    pub(crate) user: Endpoint,
    /// Applications whose tokens' users are asked for; empty for any.
    pub(crate) client_ids: Vec<String>,
}

/// The instance of GitLab's own.
const GITLAB_COM: &str = "https://gitlab.com";

/// GitLab.com, or a self-managed GitLab.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct GitlabFields {
    /// The URL of the instance.
    #[cfg_attr(feature = "schema", schemars(extend("default" = GITLAB_COM)))]
    base_url: Option<String>,
    /// The URL that is asked which application an opaque token was issued to, in place of GitLab's token
    /// info.
    binding_endpoint: Option<Endpoint>,
    /// The URL that is asked for the user of an opaque token, in place of GitLab's API.
    userinfo_endpoint: Option<Endpoint>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct GitlabDocument {
        own: GitlabFields,
        keys: KeyFields,
    }
}

impl GitlabDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self { own, keys } = self;
        let base = draft
            .base_url(own.base_url.as_ref())
            .unwrap_or_else(|| GITLAB_COM.to_owned());
        let url = |path: &str| format!("{base}{path}");
        let token = draft.endpoint(own.binding_endpoint, "base_url", &url("/oauth/token/info"));
        let user = draft.endpoint(own.userinfo_endpoint, "base_url", &url("/api/v4/user"));
        let issuers = draft.issuer(&keys, base.clone(), &url("/oauth/discovery/keys"));
        let client_ids = draft.shared.client_ids.clone().unwrap_or_default();
        if is_host_of(&base, "gitlab.com") {
            draft.needs_known_users("GitLab.com");
        }
        resolve_shared(
            draft,
            Defaults {
                issuers,
                algorithms: (keys.algorithms, &[]),
                opaque: token.zip(user).map(|(token, user)| {
                    Arc::new(TokenInfo {
                        token,
                        user,
                        client_ids,
                    }) as Arc<dyn Inspect>
                }),
                vendor: Some(Vendor::GitLab),
                username: Some(&["username", "preferred_username", "nickname"]),
                id_tokens_alone: true,
                ..Defaults::default()
            },
        )
    }
}

/// A CI job's id token: the job's own script chooses whom it is for.
pub(super) fn is_of_a_job(claims: &Claims) -> bool {
    claims
        .text("sub")
        .is_some_and(|sub| sub.starts_with("project_path:"))
}

impl Inspect for TokenInfo {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        vec![
            EndpointRole::TokenInfo.at(&self.token),
            EndpointRole::Userinfo.at(&self.user),
        ]
    }
}

impl TokenInfo {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        let token = match userinfo::read(request, request.http.get_request(&self.token)).await? {
            TokenStatus::Active(token) => token,
            other => return Ok(other),
        };
        let client = token
            .get("application")
            .and_then(|application| application.get("uid"));
        if !self.client_ids.is_empty()
            && !self
                .client_ids
                .iter()
                .any(|id| client.is_some_and(|uid| uid == id.as_str()))
        {
            return Ok(TokenStatus::Rejected(Denial::AudienceMismatch));
        }
        let user = match userinfo::read(request, request.http.get_request(&self.user)).await? {
            TokenStatus::Active(user) => user,
            other => return Ok(other),
        };
        let owner = token.get("resource_owner_id");
        if owner.is_none() || owner != user.get("id") {
            return Ok(TokenStatus::Rejected(Denial::SubjectMismatch));
        }
        if user.get("state").is_some_and(|state| state != "active") {
            return Ok(TokenStatus::Rejected(Denial::TokenInactive));
        }
        let mut claims = renamed(&user, &[("username", "username"), ("id", "id")]);
        if let Some(id) = user.get("id").and_then(Value::as_u64) {
            claims.insert("sub".to_owned(), id.to_string().into());
        }
        if let Some(client) = client {
            claims.insert("client_id".to_owned(), client.clone());
        }
        claims.extend(renamed(
            &token,
            &[("scope", "scope"), ("created_at", "iat")],
        ));
        // `null` for a token that does not expire.
        if let Some(left) = token.get("expires_in").filter(|left| !left.is_null()) {
            let expires = seconds(left).map(|left| request.now.as_secs().saturating_add(left));
            claims.insert("exp".to_owned(), json!(expires));
        }
        Ok(TokenStatus::Active(claims))
    }
}
