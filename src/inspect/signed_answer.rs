//! Answers that the provider signs: userinfo (OpenID Connect Core 1.0, section 5.3.2) and
//! introspection (RFC 9701).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{InspectionError, InspectionRequest};
use crate::claims::{Claims, media_type};
use crate::http::{FetchContext, FetchError, Reply};
use crate::keys::Algorithm;
use crate::keys::cache::KeyCache;
use crate::keys::jws::{JwsError, UnverifiedJws};

/// How far the provider's clock may be from ours.
const LEEWAY: Duration = Duration::from_mins(1);

/// Who may sign a provider's answers, and for whom they may be.
#[derive(Debug, Default)]
pub struct AnswerKeys {
    /// The provider's issuers, with their keys.
    pub issuers: Vec<(String, Arc<KeyCache>)>,
    /// What answers may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// The clients that tokens are issued to; empty for any.
    pub client_ids: Vec<String>,
    /// The audiences that tokens are for; empty for any.
    pub audiences: Vec<String>,
}

/// The keys, and what it takes to fetch them.
#[derive(Clone, Copy)]
pub(super) struct Verification<'v> {
    pub(super) keys: &'v AnswerKeys,
    pub(super) context: FetchContext<'v>,
}

/// What a signed answer is an answer of.
pub(super) enum Signed<'s> {
    /// Userinfo. `iss` and `aud` should be there, and need not.
    Userinfo,
    /// Introspection, asked for by this client of ours, where we are one.
    Introspection(Option<&'s str>),
}

impl InspectionRequest<'_> {
    /// The members of an answer, signed or not.
    pub(super) async fn members(
        &self,
        reply: &Reply,
        signed: Signed<'_>,
    ) -> Result<Map<String, Value>, InspectionError> {
        let expected_type = match signed {
            Signed::Userinfo => "application/jwt",
            Signed::Introspection(_) => "application/token-introspection+jwt",
        };
        let text = reply.body.trim_ascii();
        // Some servers name another type; what begins so is no JSON.
        let is_signed =
            reply.media_type.as_deref() == Some(expected_type) || text.starts_with(b"eyJ");
        if !is_signed {
            return Ok(reply.object()?);
        }
        let unusable = |what| InspectionError::from(FetchError::Unusable(what));
        let verification = self
            .verification
            .filter(|verification| !verification.keys.issuers.is_empty())
            .ok_or(unusable(
                "unsigned; it is signed, and the settings name no `issuer` with keys for it",
            ))?;
        let text = std::str::from_utf8(text).map_err(|_| unusable("a signed answer"))?;
        let jws = UnverifiedJws::parse(text).map_err(|error| unusable(expected(error)))?;
        let issuers = &verification.keys.issuers;
        let (issuer, cache) = match jws.unverified_issuer() {
            Some(name) => issuers.iter().find(|(issuer, _)| issuer == name),
            None => issuers.first(),
        }
        .ok_or(unusable("signed by an issuer of the provider"))?;
        let typ = jws.unverified_type().and_then(Value::as_str);
        let is_typed = typ.is_some_and(|typ| media_type(typ) == "token-introspection+jwt");
        let hint = jws
            .unverified_hint()
            .map_err(|error| unusable(expected(error)))?;
        let fetch = FetchContext {
            deadline: self.deadline,
            ..verification.context
        };
        let keys = cache
            .keys(&hint, fetch)
            .await
            .map_err(|_| unusable("verifiable: the provider's keys could not be fetched"))?;
        let claims = jws
            .verify_by(&keys, &verification.keys.algorithms, issuer)
            .map_err(|error| unusable(expected(error)))?;
        match signed {
            Signed::Userinfo => {
                let Verification { keys, .. } = verification;
                self.check(&claims, &[&keys.client_ids], None)?;
                Ok(claims)
            }
            Signed::Introspection(own) => {
                // RFC 9701, section 5: so that nothing else that the provider signs passes for it.
                if !is_typed || !claims.contains_key("iss") || !claims.contains_key("aud") {
                    return Err(unusable("a signed introspection response"));
                }
                let Verification { keys, .. } = verification;
                self.check(&claims, &[&keys.client_ids, &keys.audiences], own)?;
                let mut claims = claims;
                match claims.remove("token_introspection") {
                    Some(Value::Object(answer)) => Ok(answer),
                    _ => Err(unusable("a signed introspection response")),
                }
            }
        }
    }

    /// That a signed answer is for us, by the audiences that are ours, and not one of long ago.
    fn check(
        &self,
        claims: &Map<String, Value>,
        ours: &[&[String]],
        own: Option<&str>,
    ) -> Result<(), InspectionError> {
        let unusable = |what| InspectionError::from(FetchError::Unusable(what));
        let claims = Claims::from(claims.clone());
        if claims.claim("iss").is_some() && claims.text("iss").is_none() {
            return Err(unusable("signed by an issuer of the provider"));
        }
        let audiences = claims
            .audiences()
            .map_err(|_| unusable("for an audience that can be read"))?;
        let lists = || ours.iter().flat_map(|list| list.iter().map(String::as_str));
        let is_ours = |audience: &&str| lists().chain(own).any(|one| one == *audience);
        // Without a list of clients there is nothing to hold it against.
        if !audiences.is_empty() && lists().next().is_some() && !audiences.iter().any(is_ours) {
            return Err(unusable("for one of our clients"));
        }
        let time = |name| {
            let time = claims.time(name);
            time.map_err(|_| unusable("a signed answer with times that can be read"))
        };
        let latest = self.now.saturating_add(LEEWAY);
        let is_over = time("exp")?.is_some_and(|at| at.saturating_add(LEEWAY) <= self.now);
        let is_early = time("nbf")?.max(time("iat")?).is_some_and(|at| at > latest);
        if is_over || is_early {
            return Err(unusable("signed for this time"));
        }
        Ok(())
    }
}

/// What would have been right, for the log.
const fn expected(error: JwsError) -> &'static str {
    match error {
        JwsError::Encrypted => {
            "unsigned or only signed: it is encrypted, which you can turn off for the client at the provider"
        }
        JwsError::Malformed => "a signed answer",
        JwsError::Algorithm => "signed with an algorithm of the settings",
        JwsError::Critical => "signed without extensions",
        JwsError::Key => "signed with a key of the provider's JWKS",
        JwsError::Signature => "signed by the provider: the signature is invalid",
    }
}
