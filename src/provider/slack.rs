//! Slack: id tokens by Slack's keys, user tokens by userinfo.
//!
//! Slack's userinfo doesn't tell which app a token was issued to, so user tokens need
//! `"trust": "any_client"`, and every token must be of the team in the settings. Sources:
//! [Sign in with Slack](https://docs.slack.dev/authentication/sign-in-with-slack/),
//! [openid.connect.userInfo](https://docs.slack.dev/reference/methods/openid.connect.userInfo).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::Provider;
use super::draft::Draft;
use super::resolve::{Defaults, equals, resolve_shared};
use crate::claims::{AuthMethod, EmailRule};
use crate::credential::Vendor;
use crate::document::{KeyFields, Trust, grouped};
use crate::error::Denial;
use crate::http::{Endpoint, FetchError};
use crate::inspect::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, normalized, userinfo,
};

const USER: &str = "https://slack.com/user_id";
const TEAM: &str = "https://slack.com/team_id";

/// Slack's userinfo.
#[derive(Clone, Debug)]
pub(crate) struct UserInfo {
    /// `openid.connect.userInfo`.
    pub(crate) endpoint: Endpoint,
}

/// A workspace of Slack.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SlackFields {
    /// The workspace's id, such as `T0123ABC456`. Required. Tokens of other workspaces are refused.
    team_id: Option<String>,
    /// The URL that is asked about user tokens, in place of Slack's userinfo. User tokens are accepted
    /// with `trust` `any_client` alone.
    userinfo_endpoint: Option<Endpoint>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct SlackDocument {
        own: SlackFields,
        keys: KeyFields,
    }
}

impl SlackDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self { own, keys } = self;
        let endpoint = draft.endpoint(
            own.userinfo_endpoint,
            "userinfo_endpoint",
            "https://slack.com/api/openid.connect.userInfo",
        );
        let issuers = draft.issuer(
            &keys,
            "https://slack.com".to_owned(),
            "https://slack.com/openid/connect/keys",
        );
        let team = draft.required(
            own.team_id,
            "team_id",
            "the id of your workspace, for example `T0123ABC456`",
        );
        let any_client = draft.shared.trust == Some(Trust::AnyClient);
        let mut provider = resolve_shared(
            draft,
            Defaults {
                issuers,
                algorithms: (keys.algorithms, &[]),
                opaque: endpoint
                    .filter(|_| any_client)
                    .map(|endpoint| Arc::new(UserInfo { endpoint }) as Arc<dyn Inspect>),
                vendor: Some(Vendor::Slack),
                username: Some(&[USER]),
                id_tokens_alone: true,
                ..Defaults::default()
            },
        );
        provider.username.email = EmailRule::Verified;
        provider
            .requirements
            .extend(team.map(|team| equals(TEAM, team)));
        provider
    }
}

impl Inspect for UserInfo {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    fn binds_client(&self) -> bool {
        false
    }

    fn auth_method(&self) -> AuthMethod {
        AuthMethod::Userinfo
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        vec![EndpointRole::Userinfo.at(&self.endpoint)]
    }
}

impl UserInfo {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        let userinfo = request.with_bearer(request.http.post_form(&self.endpoint, &[]));
        let reply = request.send(userinfo).await?;
        if reply.status != 200 {
            return Err(InspectionError::Misconfigured {
                status: reply.status,
                credentials: false,
            });
        }
        let mut answer = reply.object()?;
        // Failures come with status 200 as well.
        match (
            answer.remove("ok"),
            answer.get("error").and_then(Value::as_str),
        ) {
            (Some(Value::Bool(true)), _) => Ok(TokenStatus::Active(userinfo::of_the_user(
                request,
                normalized(answer),
            ))),
            (Some(Value::Bool(false)), Some(error)) => match error {
                "invalid_auth"
                | "not_authed"
                | "token_revoked"
                | "token_expired"
                | "account_inactive"
                | "not_allowed_token_type" => Ok(TokenStatus::Inactive),
                "missing_scope" | "no_permission" => {
                    Ok(TokenStatus::Rejected(Denial::ScopeInsufficient))
                }
                "ratelimited" | "rate_limited" => {
                    Err(InspectionError::RateLimited(reply.retry_after))
                }
                _ => Err(FetchError::Unusable("a userinfo response").into()),
            },
            _ => Err(FetchError::Unusable("a userinfo response").into()),
        }
    }
}
