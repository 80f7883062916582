//! A signed statement about the user, for a verifier at the origin: a JWT (RFC 7519) with ES256.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{NeverImpersonate, RequestContext};
use crate::document::Secrets;
use crate::document::problem::Report;
use crate::error::{Fault, Forbidden, Refusal};
use crate::random;
use crate::signing::{EcPublicKey, PrivateKey};
use crate::username::Username;

/// How long an assertion holds beyond the time for which API Gateway may send it again: what a
/// request may take, and clocks that differ.
const EXPIRY_MARGIN: Duration = Duration::from_mins(1);

/// The longest that API Gateway can be told to use an answer again, in seconds: what is assumed
/// where nobody has said.
const LONGEST_CACHE: u32 = 3_600;

/// Every caller acts as themselves, by a JWT about the user in `Authorization`, signed with ES256.
/// It is valid for one minute longer than API Gateway may use an answer. Something at the origin
/// verifies it, and must be the only way in.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct AssertionDocument {
    /// The name of the secret, below `secrets/products/<id>/`, that holds the P-256 private key in PEM.
    /// Required.
    private_key: Option<String>,
    /// The `iss` of the JWT. Required.
    issuer: Option<String>,
    /// The `aud` of the JWT. Required.
    audience: Option<String>,
    /// Users that no caller may act as, whatever a token says, such as administrators. `*` stands for
    /// any characters, and case does not count.
    never_impersonate: Option<Vec<String>>,
}

/// What assertions are made of.
#[derive(Clone, Debug)]
pub struct Assertion {
    key: PrivateKey,
    public: EcPublicKey,
    issuer: String,
    audience: String,
    never_impersonate: NeverImpersonate,
}

impl AssertionDocument {
    /// Finds the secret, and checks the rest.
    pub(super) fn resolve(self, secrets: &Secrets, report: &mut Report<'_>) -> Option<Assertion> {
        let field = "upstream.private_key";
        let secret = report.private_key(secrets, self.private_key.as_ref(), field);
        let key = secret.and_then(|secret| {
            let key = PrivateKey::from_pem(secret.expose_secret()).ok();
            let found = key.and_then(|key| key.ec_public_key().map(|public| (key, public)));
            if found.is_none() {
                report.wrong(
                    field,
                    "is not a P-256 private key; expected PEM (`PRIVATE KEY` or `EC PRIVATE KEY`), not \
                     encrypted",
                );
            }
            found
        });
        let issuer = report.required(
            self.issuer,
            "upstream.issuer",
            "the `iss` that the verifier at the origin trusts",
        );
        let audience = report.required(
            self.audience,
            "upstream.audience",
            "the `aud` that the verifier at the origin accepts",
        );
        let never_impersonate = NeverImpersonate::resolve(self.never_impersonate, report);
        let (key, public) = key?;
        Some(Assertion {
            key,
            public,
            issuer: issuer?,
            audience: audience?,
            never_impersonate,
        })
    }
}

impl Assertion {
    /// The header's value: a Bearer token about the user.
    pub(super) fn header(
        &self,
        username: &Username,
        cx: RequestContext<'_>,
    ) -> Result<String, Refusal> {
        if self.never_impersonate.contains(username) {
            return Err(Forbidden::ImpersonationRefused.into());
        }
        let now = cx.fetch.clock.now();
        let cached = Duration::from_secs(cx.cache_seconds.unwrap_or(LONGEST_CACHE).into());
        let expires = now.saturating_add(cached).saturating_add(EXPIRY_MARGIN);
        let claims = json!({
            "iss": self.issuer,
            "aud": self.audience,
            "sub": username.as_str(),
            "iat": now.as_secs(),
            "exp": expires.as_secs(),
            "jti": random::id().map_err(|_| Fault::SigningFailed)?,
        });
        let token = self
            .key
            .sign_jwt(Some(self.public.key_id()), &claims)
            .map_err(|_| Fault::SigningFailed)?;
        Ok(format!("Bearer {token}"))
    }

    pub(super) fn never_impersonate(&self) -> &NeverImpersonate {
        &self.never_impersonate
    }

    /// The key that verifies the assertions, as a JWK (RFC 7517).
    pub fn jwk(&self) -> serde_json::Value {
        self.public.jwk()
    }
}
