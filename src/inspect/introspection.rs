//! Token introspection (RFC 7662).

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    EndpointRole, Inspect, Inspecting, InspectionEndpoint, InspectionError, InspectionRequest,
    TokenStatus, normalized, signed_answer::Signed, userinfo,
};
use crate::error::Denial;
use crate::http::{Endpoint, FetchError, Reply};
use crate::random;
use crate::secret::Secret;
use crate::signing::PrivateKey;

/// How long an assertion of ours is good for.
const ASSERTION_LIFETIME: Duration = Duration::from_mins(1);

/// An introspection endpoint, and who we are there.
#[derive(Clone, Debug)]
pub struct Introspection {
    /// The endpoint.
    pub(crate) endpoint: Endpoint,
    /// How we authenticate.
    pub(crate) client: ClientAuth,
    /// What `iss` must be, where the answer has one.
    pub(crate) issuers: Vec<String>,
    /// Whether the answer for each access token has an `iss`. Okta calls its refresh tokens active
    /// and `Bearer` too, and their answers have none.
    pub(crate) always_names_issuer: bool,
    /// Asked for the user's attributes when the token is active.
    pub(crate) userinfo: Option<Endpoint>,
}

/// Client authentication (RFC 6749, section 2.3; RFC 7523, section 2.2).
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic {
        /// Our client id.
        id: String,
        /// Our client secret.
        secret: Secret,
    },
    /// `client_secret_post`.
    Post {
        /// Our client id.
        id: String,
        /// Our client secret.
        secret: Secret,
    },
    /// A Bearer token of our own, as section 2.1 of RFC 7662 has it.
    Bearer {
        /// Our client id, where we have one. It is not sent.
        id: Option<String>,
        /// The token.
        token: Secret,
    },
    /// `private_key_jwt`.
    PrivateKeyJwt {
        /// Our client id.
        id: String,
        /// Our private key.
        key: PrivateKey,
        /// The `kid` under which the provider knows its public half.
        key_id: Option<String>,
        /// The assertion's `aud`: the issuer, or the endpoint where it is not known.
        audience: String,
    },
}

impl ClientAuth {
    /// Our client id, where we have one.
    fn id(&self) -> Option<&str> {
        match self {
            Self::Basic { id, .. } | Self::Post { id, .. } | Self::PrivateKeyJwt { id, .. } => {
                Some(id)
            }
            Self::Bearer { id, .. } => id.as_deref(),
        }
    }
}

impl Inspect for Introspection {
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i> {
        Box::pin(self.ask(request))
    }

    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>> {
        let own = EndpointRole::Introspection.at(&self.endpoint);
        let userinfo = self.userinfo.iter();
        std::iter::once(own)
            .chain(userinfo.map(|endpoint| EndpointRole::Userinfo.at(endpoint)))
            .collect()
    }
}

impl Introspection {
    async fn ask(&self, request: &InspectionRequest<'_>) -> Result<TokenStatus, InspectionError> {
        let introspection = self.request(request)?;
        let reply = match self.client {
            // An assertion is good for one request, so a repeated one has another.
            ClientAuth::PrivateKeyJwt { .. } => match request.send_once(introspection).await {
                Err(InspectionError::Unavailable(FetchError::Connection)) => {
                    request.send_once(self.request(request)?).await?
                }
                reply => reply?,
            },
            _ => request.send(introspection).await?,
        };
        if reply.status == 400 && is_about_the_token(&reply) {
            return Ok(TokenStatus::Inactive);
        }
        if reply.status != 200 {
            return Err(InspectionError::unexpected(&reply));
        }
        let signed = Signed::Introspection(self.client.id());
        let mut answer = normalized(request.members(&reply, signed).await?);
        match answer.remove("active") {
            Some(Value::Bool(true)) => {}
            // The server also says so of tokens that it does not know (section 2.2).
            Some(Value::Bool(false)) => return Ok(TokenStatus::Inactive),
            _ => return Err(FetchError::Unusable("an introspection response").into()),
        }
        let names_issuer = answer.contains_key("iss");
        if !is_access_token(&answer) || (self.always_names_issuer && !names_issuer) {
            return Ok(TokenStatus::Rejected(Denial::TokenTypeUnsupported));
        }
        if let Some(issuer) = answer.get("iss")
            && !self.issuers.is_empty()
            && !self.issuers.iter().any(|ours| issuer == ours.as_str())
        {
            return Ok(TokenStatus::Rejected(Denial::IssuerUnknown));
        }
        match &self.userinfo {
            Some(endpoint) => userinfo::add(endpoint, request, answer).await,
            None => Ok(TokenStatus::Active(answer)),
        }
    }

    fn request(&self, request: &InspectionRequest<'_>) -> Result<RequestBuilder, InspectionError> {
        let mut form = vec![
            ("token", request.token.expose_secret()),
            ("token_type_hint", "access_token"),
        ];
        let post = |form: &[(&str, &str)]| request.http.post_form(&self.endpoint, form);
        Ok(match &self.client {
            ClientAuth::Basic { id, secret } => {
                // Both are form-encoded first (RFC 6749, section 2.3.1).
                let encode = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                post(&form).basic_auth(encode(id), Some(encode(secret.expose_secret())))
            }
            ClientAuth::Post { id, secret } => {
                form.extend([
                    ("client_id", id.as_str()),
                    ("client_secret", secret.expose_secret()),
                ]);
                post(&form)
            }
            ClientAuth::Bearer { token, .. } => post(&form).bearer_auth(token.expose_secret()),
            ClientAuth::PrivateKeyJwt {
                id,
                key,
                key_id,
                audience,
            } => {
                let unsigned = || InspectionError::Unavailable(FetchError::Unusable("signable"));
                let claims = json!({
                    "iss": id, "sub": id, "aud": audience,
                    "jti": random::id().map_err(|_| unsigned())?,
                    "iat": request.now.as_secs(),
                    "exp": request.now.saturating_add(ASSERTION_LIFETIME).as_secs(),
                });
                let assertion = key
                    .sign_jwt(key_id.as_deref(), &claims)
                    .map_err(|_| unsigned())?;
                form.extend([
                    ("client_id", id.as_str()),
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ),
                    ("client_assertion", assertion.as_str()),
                ]);
                post(&form)
            }
        })
    }
}

/// Whether an error speaks of the token alone, as some servers have it in place of an inactive
/// token: the caller's fault, and no reason to keep others out.
fn is_about_the_token(reply: &Reply) -> bool {
    matches!(
        reply.error().as_deref(),
        Some("unsupported_token_type" | "invalid_token")
    )
}

/// Whether an active token is one that a caller may send. Servers also call refresh tokens
/// active: those are for the client and the server alone. `token_type` is that of RFC 6749, section
/// 5.1; older Ory Hydra writes `access_token`, newer tells by `token_use`, and Keycloak by `typ`.
fn is_access_token(answer: &serde_json::Map<String, Value>) -> bool {
    let is_one_of = |name: &str, accepted: &[&str]| {
        answer.get(name).is_none_or(|value| {
            value
                .as_str()
                .is_some_and(|value| accepted.iter().any(|one| value.eq_ignore_ascii_case(one)))
        })
    };
    is_one_of("token_type", &["bearer", "access_token"])
        && is_one_of("token_use", &["access_token", "access"])
        && is_one_of("typ", &["bearer", "jwt", "at+jwt", "application/at+jwt"])
}
