//! The third stage of every token: the rules that its claims must meet.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::{Failure, Revoked};
use crate::claims::{AuthMethod, Claims, TokenUse, name_of, only};
use crate::clock::UnixTime;
use crate::document::Kind;
use crate::error::Denial;
use crate::identity::{AuditText, Identity, Limits, Sender, Subject, VerifiedSender};
use crate::provider::Provider;

/// How far the clocks of issuers may be ahead of ours, for `nbf` and `iat`.
const LEEWAY: Duration = Duration::from_mins(1);

/// Why claims can be believed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proof {
    /// A signature of the provider's held.
    Signature,
    /// The provider said so when it was asked.
    Answer {
        /// How it was asked.
        method: AuthMethod,
        /// When its answer lapses.
        until: UnixTime,
        /// Whether it also says whom the token was issued to.
        binds_client: bool,
    },
}

impl Proof {
    const fn auth_method(self) -> AuthMethod {
        match self {
            Self::Signature => AuthMethod::Jwt,
            Self::Answer { method, .. } => method,
        }
    }
}

/// Claims that hold.
pub(super) struct VerifiedClaims {
    pub(super) claims: Claims,
    pub(super) proof: Proof,
}

impl VerifiedClaims {
    /// Applies a provider's rules, and the list of what is revoked.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, in the order: type, times, token use, audience,
    /// `require`, username, revocation, groups.
    pub(super) fn identify(
        &self,
        provider: &Provider,
        revoked: &Revoked,
        now: UnixTime,
    ) -> Result<Identity, Denial> {
        self.check_type()?;
        let valid_until = self.check_times(provider, now)?;
        let token_use = self.check_token_use(provider)?;
        let client_id = self.check_audience(provider, token_use)?;
        let is_signed = matches!(self.proof, Proof::Signature);
        let subject = self.claims.subject(!is_signed)?;
        if !provider
            .requirements
            .iter()
            .all(|requirement| requirement.holds(&self.claims))
        {
            return Err(Denial::RequirementUnmet);
        }

        let is_machine = self.is_machine(provider, subject.as_deref(), client_id);
        let username = if is_machine {
            client_id
                .filter(|client_id| provider.confirms_machine(&self.claims, client_id))
                .and_then(|client_id| provider.machine_users.get(client_id))
                .cloned()
                .ok_or(Denial::MachineUserUnmapped)?
        } else {
            provider.username.apply(&self.claims)?
        };
        // AD FS, newer Keycloaks and several servers' tokens of clients name no subject. What
        // identifies the caller is then what the settings go by.
        let stands_in = client_id
            .filter(|_| is_machine)
            .unwrap_or(username.as_str());
        let principal = subject.unwrap_or(Cow::Borrowed(stands_in)).into_owned();
        let id = |name| self.claims.claim(name).map(only).and_then(name_of);
        let token_id = id("jti");
        let origin_id = id("origin_jti");
        let ids = [
            token_id.as_deref(),
            origin_id.as_deref(),
            Some(principal.as_str()),
            client_id,
        ];
        if ids.into_iter().flatten().any(|id| revoked.contains(id))
            || revoked.contains_user(username.as_str())
        {
            return Err(Denial::TokenRevoked);
        }
        let (groups, groups_incomplete) = provider.groups_of(&self.claims)?;
        Ok(Identity::from_verified(Subject {
            provider: provider.id.clone(),
            auth_method: self.proof.auth_method(),
            principal,
            username,
            client_id: client_id.map(str::to_owned),
            scopes: self.claims.scopes(provider.scopes_by_commas),
            groups,
            groups_incomplete,
            token_id: token_id.map(Cow::into_owned),
            issuer: self.issuer(),
            act: self.act(),
            valid_until,
            limits: Limits::default(),
        }))
    }

    /// Why a token with these claims stands for nobody, and who sent it.
    pub(super) fn refused(&self, failure: impl Into<Failure>, provider: &Provider) -> Failure {
        failure.into().by(|| Some(self.sender(provider)))
    }

    /// Who sent the token, by what its claims say, for the audit line alone: no rule is applied.
    fn sender(&self, provider: &Provider) -> Sender {
        let text = |name: &str| {
            let value = self.claims.claim(name).map(only).and_then(name_of);
            value.as_deref().and_then(AuditText::verified)
        };
        // An id token's audience is the client (OpenID Connect Core 1.0, section 2).
        let is_id_token = || provider.token_use(&self.claims) == Ok(Some(TokenUse::Id));
        let client_id = match (self.claims.client(), self.claims.audiences()) {
            (Ok(Some(client)), _) => AuditText::verified(client),
            (Ok(None), Ok(audiences)) if audiences.len() == 1 && is_id_token() => text("aud"),
            _ => None,
        };
        Sender::Verified(Box::new(VerifiedSender {
            provider: provider.id.clone(),
            auth_method: self.proof.auth_method(),
            principal: text("sub"),
            client_id,
            token_id: text("jti"),
            issuer: self.issuer(),
            act: self.act(),
        }))
    }

    fn issuer(&self) -> Option<AuditText> {
        self.claims.text("iss").and_then(AuditText::new)
    }

    fn act(&self) -> Option<AuditText> {
        self.claims.actors().as_deref().and_then(AuditText::new)
    }

    /// Refuses tokens that are restricted to a key of their holder (RFC 7800, RFC 9449): sent as a
    /// bearer token, such a token is stolen. Also refuses tokens about events (RFC 8417).
    fn check_type(&self) -> Result<(), Denial> {
        if self.claims.claim("cnf").is_some() || self.claims.claim("events").is_some() {
            return Err(Denial::TokenTypeUnsupported);
        }
        Ok(())
    }

    /// A signed token must say when it expires; a provider that is asked need not, because its response
    /// lapses by itself.
    pub(super) fn check_times(
        &self,
        provider: &Provider,
        now: UnixTime,
    ) -> Result<UnixTime, Denial> {
        let ends = self.claims.time("exp")?;
        let expires = match (ends, self.proof) {
            (Some(expires), Proof::Signature) => expires,
            (None, Proof::Signature) => return Err(Denial::ClaimsMalformed),
            (expires, Proof::Answer { until, .. }) => expires.map_or(until, |at| at.min(until)),
        };
        if now >= expires {
            return Err(Denial::TokenExpired);
        }
        let not_after = now.saturating_add(LEEWAY);
        let issued = self.claims.time("iat")?;
        let not_before = self.claims.time("nbf")?;
        if issued
            .max(not_before)
            .is_some_and(|start| start > not_after)
        {
            return Err(Denial::TokenNotYetValid);
        }
        if let Some(ends) = ends {
            let life = ends.saturating_since(issued.or(not_before).unwrap_or(now));
            provider.lifetime.check(life, &provider.id)?;
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

    /// Checks what the token is for, and tells it; `None` where the token does not say.
    pub(super) fn check_token_use(&self, provider: &Provider) -> Result<Option<TokenUse>, Denial> {
        let is_signed = matches!(self.proof, Proof::Signature);
        let token_use = if is_signed {
            provider.token_use(&self.claims)?
        } else {
            self.claims.token_use()?
        };
        let is_accepted = match token_use {
            Some(token_use) => provider.token_uses.contains(&token_use),
            // An id token grants nothing, so it has no scopes.
            None if is_signed && provider.token_uses == [TokenUse::Id] => {
                !self.claims.names_scopes()
            }
            None => true,
        };
        is_accepted
            .then_some(token_use)
            .ok_or(Denial::TokenUseMismatch)
    }

    /// Checks that the token is meant for us, and returns the client that it was issued to.
    pub(super) fn check_audience(
        &self,
        provider: &Provider,
        token_use: Option<TokenUse>,
    ) -> Result<Option<&str>, Denial> {
        let audiences = self.claims.audiences()?;
        let rule = &provider.audience;
        if matches!(
            self.proof,
            Proof::Answer {
                binds_client: false,
                ..
            }
        ) {
            // The settings took that on themselves, or would not have been loaded.
            return if rule.any_client {
                self.claims.client()
            } else {
                Err(Denial::AudienceMismatch)
            };
        }
        let is_answer = matches!(self.proof, Proof::Answer { .. });
        // Without a mark and without scopes, a token for a client is one that tells it of its user.
        let is_plain_id_token = !is_answer && token_use.is_none() && !self.claims.names_scopes();
        let client = match (self.claims.client()?, audiences.as_slice()) {
            // Its audience is the client, provided that there is just one. Cognito's access tokens
            // always have a `client_id`.
            (None, [audience])
                if (token_use != Some(TokenUse::Access) || provider.kind != Kind::Cognito)
                    && rule.client_ids.iter().any(|id| id == audience) =>
            {
                if is_plain_id_token && !provider.token_uses.contains(&TokenUse::Id) {
                    return Err(Denial::TokenUseMismatch);
                }
                Some(*audience)
            }
            (client, _) => client,
        };

        // Id tokens are for clients of ours and nobody else (OpenID Connect Core 1.0, section
        // 3.1.3.7), beside that they were issued to one.
        let is_ours = |audience: &&str| rule.client_ids.iter().any(|id| id == audience);
        let names_none = audiences.is_empty() && matches!(self.proof, Proof::Signature);
        if rule.id_tokens_alone
            && !rule.client_ids.is_empty()
            && (names_none || !audiences.iter().all(is_ours))
        {
            return Err(Denial::AudienceMismatch);
        }
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

    /// Whether a token was issued to a client on its own behalf, without a user.
    ///
    /// That takes a mark: a token that names no user may be of one who granted no more. By RFC 9068,
    /// section 2.2, its `sub` is then the client. Others say how it was granted: Auth0 and FusionAuth
    /// in `gty`, UAA and XSUAA in `grant_type`, Entra ID in `idtyp`, WSO2 in `aut`, and PingAM in the
    /// subject itself. A provider's kind and its settings may know more.
    fn is_machine(
        &self,
        provider: &Provider,
        subject: Option<&str>,
        client_id: Option<&str>,
    ) -> bool {
        let is = |name: &str, expected: &str| {
            let is_it = |value: &Value| {
                let value = value.as_str();
                value.is_some_and(|value| value.replace('-', "_").eq_ignore_ascii_case(expected))
            };
            match self.claims.claim(name) {
                Some(Value::Array(items)) => items.iter().any(is_it),
                value => value.is_some_and(is_it),
            }
        };
        (subject.is_some() && subject == client_id)
            || subject.is_some_and(|subject| subject.starts_with("(age!"))
            || is("gty", "client_credentials")
            || is("grant_type", "client_credentials")
            || is("idtyp", "app")
            || is("aut", "application")
            || provider.marks_machine(&self.claims)
            || provider
                .machine_when
                .iter()
                .any(|rule| rule.holds(&self.claims))
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "fixed times of the tests")]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Claims, Proof, VerifiedClaims};
    use crate::authenticate::Revoked;
    use crate::clock::UnixTime;
    use crate::deployment::Deployment;
    use crate::document::Tree;
    use crate::provider::Provider;
    use crate::settings::Settings;

    const NOW: u64 = 1_800_000_000;

    /// Claims as if a signature had held.
    fn signed(claims: &Value) -> VerifiedClaims {
        let claims = claims.as_object().cloned().unwrap_or_default();
        VerifiedClaims {
            claims: Claims::from(claims),
            proof: Proof::Signature,
        }
    }

    fn provider() -> Provider {
        let document = json!({
            "kind": "custom", "issuer": "https://idp.example.com", "jwks_uri": "https://idp.example.com/keys",
            "client_ids": ["client"], "username": "username", "groups": "groups", "machine_users": {"client": "svc"},
        });
        let tree: Tree = [("providers/idp".to_owned(), document.to_string())]
            .into_iter()
            .collect();
        Settings::parse(&tree, &Deployment::default())
            .unwrap()
            .providers
            .remove(0)
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
            let verified = signed(&claims);
            if let Ok(identity) = verified.identify(&provider(), &Revoked::default(), UnixTime::from_secs(NOW)) {
                prop_assert!(claims["exp"].as_f64().unwrap() > NOW as f64);
                prop_assert!(claims["nbf"].as_f64().unwrap_or_default() <= (NOW + 60) as f64);
                prop_assert!(!identity.principal.is_empty());
                prop_assert_eq!(identity.client_id.as_deref(), Some("client"));
                prop_assert!(http::HeaderValue::from_str(&identity.username.header_value()).is_ok());
            }
        }
    }

    #[test]
    fn usual_claims_are_let_in() {
        let claims =
            json!({"sub": "1", "client_id": "client", "username": "alice", "exp": NOW + 1});
        let identify = |now| {
            signed(&claims).identify(&provider(), &Revoked::default(), UnixTime::from_secs(now))
        };
        assert_eq!(identify(NOW).unwrap().username.as_str(), "alice");
        assert!(identify(NOW + 1).is_err());
    }
}
