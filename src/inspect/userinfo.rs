//! A provider's userinfo, and what binds a token to a client beside it.
//!
//! Userinfo alone answers for every application's token of the same user: whoever runs any
//! application could use its users' tokens here. So it comes with an endpoint that tells the
//! token's client, or with `"trust": "any_client"`.

use reqwest::RequestBuilder;
use serde_json::{Map, Value};

use super::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, normalized, signed_answer::Signed,
};
use crate::claims::{AuthMethod, merge};
use crate::error::Denial;
use crate::http::{Endpoint, Reply};

/// A userinfo endpoint.
#[derive(Clone, Debug)]
pub struct Userinfo {
    /// The endpoint (OpenID Connect Core 1.0, section 5.3).
    pub(crate) endpoint: Endpoint,
    /// An endpoint that tells of the token itself, its client above all.
    pub(crate) binding: Option<Endpoint>,
}

impl Inspect for Userinfo {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    fn binds_client(&self) -> bool {
        self.binding.is_some()
    }

    fn auth_method(&self) -> AuthMethod {
        AuthMethod::Userinfo
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        let own = EndpointRole::Userinfo.at(&self.endpoint);
        let binding = self.binding.iter();
        std::iter::once(own)
            .chain(binding.map(|endpoint| EndpointRole::TokenInfo.at(endpoint)))
            .collect()
    }
}

impl Userinfo {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        let token = match &self.binding {
            None => Map::new(),
            Some(binding) => match read(request, request.http.get_request(binding)).await? {
                TokenStatus::Active(claims)
                    if claims.get("active").is_some_and(|active| *active != true) =>
                {
                    return Ok(TokenStatus::Inactive);
                }
                TokenStatus::Active(claims) => claims,
                other => return Ok(other),
            },
        };
        // The endpoint that binds may speak of the token alone, and of a user by another name.
        Ok(match read_user(&self.endpoint, request).await? {
            TokenStatus::Active(user) => merged(request, token, user),
            other => other,
        })
    }
}

/// What belongs to a token and never to its user: clients, audiences, times, scopes, ids. A user
/// may be free to choose attributes of any name, and must not choose these.
const OF_THE_TOKEN: &[&str] = &[
    "acr",
    "act",
    "active",
    "amr",
    "appid",
    "at_hash",
    "aud",
    "aut",
    "auth_time",
    "azp",
    "c_hash",
    "cid",
    "client_id",
    "cnf",
    "events",
    "exp",
    "grant_type",
    "granted_scopes",
    "gty",
    "iat",
    "idtyp",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "nonce",
    "origin_jti",
    "s_hash",
    "scope",
    "scp",
    "session_state",
    "sid",
    "tok_type",
    "tokenName",
    "tokenType",
    "token_type",
    "token_use",
    "tty",
    "typ",
    "xms_edov",
];

/// Adds what userinfo says to what is known of a token, whose own members stay as they are.
///
/// Userinfo must name the subject (OpenID Connect Core 1.0, section 5.3.2): where the token has one,
/// what is said of nobody may be said of anybody.
pub(crate) async fn add(
    endpoint: &Endpoint,
    inspection: &InspectionRequest<'_>,
    token: Map<String, Value>,
) -> Result<TokenStatus, InspectionError> {
    let has_subject = token.contains_key("sub");
    match read_user(endpoint, inspection).await? {
        TokenStatus::Active(user) if has_subject && !user.contains_key("sub") => {
            Ok(TokenStatus::Rejected(Denial::SubjectMismatch))
        }
        TokenStatus::Active(user) => Ok(merged(inspection, token, user)),
        other => Ok(other),
    }
}

/// What userinfo says, which must be of the subject of a signed token.
async fn read_user(
    endpoint: &Endpoint,
    inspection: &InspectionRequest<'_>,
) -> Result<TokenStatus, InspectionError> {
    let request = inspection.http.get_request(endpoint);
    let reply = match ask(inspection, request).await? {
        Ok(reply) => reply,
        Err(status) => return Ok(status),
    };
    let user = normalized(inspection.members(&reply, Signed::Userinfo).await?);
    let is_of_another = |subject| user.get("sub").is_none_or(|sub| sub != subject);
    if inspection.subject.is_some_and(is_of_another) {
        return Ok(TokenStatus::Rejected(Denial::SubjectMismatch));
    }
    Ok(TokenStatus::Active(user))
}

/// Both together.
fn merged(
    inspection: &InspectionRequest<'_>,
    token: Map<String, Value>,
    user: Map<String, Value>,
) -> TokenStatus {
    let mut claims = token;
    match merge(&mut claims, of_the_user(inspection, user)) {
        Ok(()) => TokenStatus::Active(claims),
        Err(denial) => TokenStatus::Rejected(denial),
    }
}

/// Userinfo without what is not for a user to say.
pub(crate) fn of_the_user(
    inspection: &InspectionRequest<'_>,
    mut user: Map<String, Value>,
) -> Map<String, Value> {
    let of_the_token = |name: &String| OF_THE_TOKEN.contains(&name.as_str());
    user.retain(|name, _| !of_the_token(name) && !inspection.machine_claims.contains(name));
    user
}

/// Sends a request with the token as its credential (RFC 6750).
pub(crate) async fn read(
    inspection: &InspectionRequest<'_>,
    request: RequestBuilder,
) -> Result<TokenStatus, InspectionError> {
    Ok(match ask(inspection, request).await? {
        Ok(reply) => TokenStatus::Active(normalized(reply.object()?)),
        Err(status) => status,
    })
}

/// The answer, or what another than `200` says of the token.
async fn ask(
    inspection: &InspectionRequest<'_>,
    request: RequestBuilder,
) -> Result<Result<Reply, TokenStatus>, InspectionError> {
    let reply = inspection.send(inspection.with_bearer(request)).await?;
    match reply.status {
        200 => Ok(Ok(reply)),
        // RFC 6750, section 3.1: `invalid_request`, `invalid_token`, `insufficient_scope`.
        400 | 401 => Ok(Err(TokenStatus::Inactive)),
        403 if reply.insufficient_scope
            || reply.error().as_deref() == Some("insufficient_scope") =>
        {
            Ok(Err(TokenStatus::Rejected(Denial::ScopeInsufficient)))
        }
        403 if reply.is_rate_limited() => Err(InspectionError::RateLimited(reply.retry_after)),
        // The caller's token is the one credential, so it is not ours that are refused.
        status => Err(InspectionError::Misconfigured {
            status,
            credentials: false,
        }),
    }
}
