//! The third stage of a JWT: claims whose signature held, and the rules that they must meet.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::SinceEpoch;
use crate::error::Denial;
use crate::identity::{Identity, Subject};
use crate::provider::{Provider, TokenUse};
use crate::username::AttributePath;

/// How far the clocks of issuers may be ahead of ours, for `nbf` and `iat`.
const LEEWAY: Duration = Duration::from_mins(1);

/// The names under which providers tell whom a token was issued to: RFC 9068 and Cognito,
/// OpenID Connect and Keycloak, Okta, Entra ID 1.0.
const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

/// The latest time that a claim may name: 2^53 seconds, as far as a double is exact.
const MAX_NUMERIC_DATE: f64 = 9_007_199_254_740_992.0;

/// A claims set whose signature has been verified. Only [`super::jwt`] makes one.
pub(crate) struct SignedClaims(Map<String, Value>);

impl SignedClaims {
    pub(super) const fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// A claim that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// An attribute that is a non-empty string or an integer, as text.
    pub(crate) fn attribute_text(&self, path: &AttributePath) -> Option<String> {
        match self.attribute(path)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Groups: a string or an array of strings; none where the claim is missing. Any other value
    /// is an error rather than no groups, for a rule may deny by them.
    fn groups(&self, path: &AttributePath) -> Result<Vec<String>, Denial> {
        match self.attribute(path) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map(str::to_owned)
                        .ok_or(Denial::ClaimsMalformed)
                })
                .collect(),
            Some(_) => Err(Denial::ClaimsMalformed),
        }
    }

    /// OAuth 2.0 scopes: `scope`, separated by spaces (RFC 8693, section 4.2), or `scp`, a string
    /// or an array.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let words = |text: &str| {
            text.split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        match self.0.get("scope").or_else(|| self.0.get("scp")) {
            Some(Value::String(text)) => words(text),
            Some(Value::Array(items)) => {
                let texts = items.iter().filter_map(Value::as_str);
                texts
                    .filter(|text| !text.contains(' '))
                    .map(str::to_owned)
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether an email address may be used: what marks it, beside it or at the top, says that it
    /// is verified; or nothing marks it, and it need not be. Some providers write the mark as a
    /// string.
    pub(crate) fn email_counts(&self, email: &AttributePath, must_be_verified: bool) -> bool {
        let marks = [
            self.attribute(&email.verified_mark()),
            self.0.get("email_verified"),
        ];
        let verified = |mark: &&Value| **mark == true || **mark == "true";
        let mut marks = marks.into_iter().flatten().peekable();
        (marks.peek().is_some() || !must_be_verified) && marks.all(|mark| verified(&mark))
    }

    fn attribute(&self, path: &AttributePath) -> Option<&Value> {
        let path = path.as_str();
        self.0.get(path).or_else(|| {
            let (first, rest) = path.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |value, name| {
                value.as_object()?.get(name)
            })
        })
    }

    /// A NumericDate (RFC 7519, section 2).
    fn time(&self, name: &str) -> Result<Option<SinceEpoch>, Denial> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_f64()
                .filter(|seconds| (0.0..=MAX_NUMERIC_DATE).contains(seconds))
                .map(|seconds| Some(Duration::from_secs_f64(seconds)))
                .ok_or(Denial::ClaimsMalformed),
        }
    }

    /// `aud`: a string or an array of strings (RFC 7519, section 4.1.3).
    fn audiences(&self) -> Result<Vec<&str>, Denial> {
        match self.0.get("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(audience)) => Ok(vec![audience]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or(Denial::ClaimsMalformed))
                .collect(),
            Some(_) => Err(Denial::ClaimsMalformed),
        }
    }

    /// Applies a provider's rules.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, in the order: times, token use, audience, username.
    pub(super) fn identify(
        &self,
        provider: &Provider,
        now: SinceEpoch,
    ) -> Result<Identity, Denial> {
        let valid_until = self.check_times(provider, now)?;
        let sub = self.text("sub").ok_or(Denial::ClaimsMalformed)?;
        let token_use = self.check_token_use(provider)?;
        let client_id = self.check_audience(provider, token_use)?;

        let username = if self.is_machine(sub, client_id, token_use) {
            client_id
                .and_then(|client_id| provider.machine_users.get(client_id))
                .cloned()
                .ok_or(Denial::MachineUserUnmapped)?
        } else {
            provider.username.apply(self)?
        };
        let groups = provider
            .groups
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), |path| self.groups(path))?;
        Ok(Identity::from_signed(
            self,
            Subject {
                provider: provider.id.clone(),
                username,
                client_id: client_id.map(str::to_owned),
                groups,
                valid_until,
            },
        ))
    }

    fn check_times(&self, provider: &Provider, now: SinceEpoch) -> Result<SinceEpoch, Denial> {
        let expires = self.time("exp")?.ok_or(Denial::ClaimsMalformed)?;
        if now >= expires {
            return Err(Denial::TokenExpired);
        }
        let not_after = now.saturating_add(LEEWAY);
        let issued = self.time("iat")?;
        let not_before = self.time("nbf")?;
        if issued
            .max(not_before)
            .is_some_and(|start| start > not_after)
        {
            return Err(Denial::TokenNotYetValid);
        }
        let Some(max_age) = provider.max_token_age else {
            return Ok(expires);
        };
        let oldest = issued
            .ok_or(Denial::ClaimsMalformed)?
            .saturating_add(max_age);
        if now >= oldest {
            return Err(Denial::TokenTooOld);
        }
        Ok(expires.min(oldest))
    }

    /// Cognito alone says in a claim which kind a token is of.
    fn check_token_use(&self, provider: &Provider) -> Result<Option<TokenUse>, Denial> {
        let Some(accepted) = &provider.token_uses else {
            return Ok(None);
        };
        let token_use = match self.text("token_use") {
            Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            _ => return Err(Denial::TokenUseMismatch),
        };
        if accepted.contains(&token_use) {
            Ok(Some(token_use))
        } else {
            Err(Denial::TokenUseMismatch)
        }
    }

    /// Checks that the token is meant for us, and returns the client that it was issued to.
    fn check_audience(
        &self,
        provider: &Provider,
        token_use: Option<TokenUse>,
    ) -> Result<Option<&str>, Denial> {
        let audiences = self.audiences()?;
        let rule = &provider.audience;
        let client = match (self.client()?, audiences.as_slice()) {
            // A plain id token: its audience is the client, provided that there is just one.
            // Cognito's access tokens always have a `client_id`.
            (None, [audience])
                if token_use != Some(TokenUse::Access)
                    && rule.client_ids.iter().any(|id| id == audience) =>
            {
                Some(*audience)
            }
            (client, _) => client,
        };

        if !rule.client_ids.is_empty()
            && !client.is_some_and(|client| rule.client_ids.iter().any(|id| id == client))
        {
            return Err(Denial::AudienceMismatch);
        }
        // An id token's audience is the client itself (OpenID Connect Core 1.0, section 2), so it
        // has nothing that `audiences` could match, and needs `client_ids`.
        let is_id_token = token_use == Some(TokenUse::Id);
        if is_id_token && rule.client_ids.is_empty() && !rule.any_client {
            return Err(Denial::AudienceMismatch);
        }
        if !rule.audiences.is_empty()
            && !is_id_token
            && !audiences
                .iter()
                .any(|audience| rule.audiences.iter().any(|ours| ours == audience))
        {
            return Err(Denial::AudienceMismatch);
        }
        Ok(client)
    }

    /// Whom the token was issued to. All the claims that say so must agree.
    fn client(&self) -> Result<Option<&str>, Denial> {
        let mut client = None;
        for name in CLIENT_CLAIMS {
            let Some(value) = self.0.get(name) else {
                continue;
            };
            let value = value.as_str().ok_or(Denial::ClaimsMalformed)?;
            if client.is_some_and(|client| client != value) {
                return Err(Denial::AudienceMismatch);
            }
            client = Some(value);
        }
        Ok(client)
    }

    /// Whether a token was issued to a client on its own behalf, without a user.
    ///
    /// RFC 9068, section 2.2: its `sub` is then the client. Cognito's has no `username`, Auth0 says
    /// so in `gty` and Entra ID in `idtyp`.
    fn is_machine(&self, sub: &str, client_id: Option<&str>, token_use: Option<TokenUse>) -> bool {
        Some(sub) == client_id
            || self.text("gty") == Some("client-credentials")
            || self.text("idtyp") == Some("app")
            || (token_use == Some(TokenUse::Access) && self.0.get("username").is_none())
    }

    /// Claims as if a signature had held.
    #[cfg(test)]
    pub(crate) fn for_test(claims: Value) -> Self {
        match claims {
            Value::Object(claims) => Self(claims),
            _ => Self(Map::new()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "fixed times of the tests")]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::SignedClaims;
    use crate::provider::Provider;
    use crate::settings::{Settings, Tree};

    const NOW: u64 = 1_800_000_000;

    fn provider() -> Provider {
        let document = json!({
            "kind": "custom", "issuer": "https://idp.example.com", "jwks_uri": "https://idp.example.com/keys",
            "client_ids": ["client"], "username": "username", "groups": "groups", "machine_users": {"client": "svc"},
        });
        let tree: Tree = [("providers/idp".to_owned(), document.to_string())]
            .into_iter()
            .collect();
        Settings::parse(&tree).unwrap().providers.remove(0)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (NOW - 100..NOW + 100).prop_map(Value::from),
            "client|other|alice|\\PC{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-z]{1,4}", inner, 0..3)
                    .prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Claims of any type never panic, and whoever is let in is in time, known and for us.
        #[test]
        fn any_claims(
            claims in proptest::collection::btree_map(
                "iss|sub|aud|exp|nbf|iat|client_id|azp|cid|appid|username|groups|scope|scp|jti|gty|idtyp",
                value(),
                0..12,
            )
        ) {
            let claims = json!(claims);
            let signed = SignedClaims::for_test(claims.clone());
            if let Ok(identity) = signed.identify(&provider(), Duration::from_secs(NOW)) {
                prop_assert!(claims["exp"].as_f64().unwrap() > NOW as f64);
                prop_assert!(claims["nbf"].as_f64().unwrap_or_default() <= (NOW + 60) as f64);
                prop_assert!(claims["sub"].is_string());
                prop_assert_eq!(identity.client_id.as_deref(), Some("client"));
                prop_assert!(http::HeaderValue::from_str(identity.username.as_str()).is_ok());
            }
        }
    }

    #[test]
    fn usual_claims_are_let_in() {
        let claims =
            json!({"sub": "1", "client_id": "client", "username": "alice", "exp": NOW + 1});
        let identify = |now| {
            SignedClaims::for_test(claims.clone()).identify(&provider(), Duration::from_secs(now))
        };
        assert_eq!(identify(NOW).unwrap().username.as_str(), "alice");
        assert!(identify(NOW + 1).is_err());
    }
}
