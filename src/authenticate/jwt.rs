//! A JWT in three stages: structure, signature, claims.
//!
//! What is known before the signature holds is named `unverified_` and leaves this file only to
//! choose the provider and the key. `jsonwebtoken` names algorithms alone: its claims validation
//! lets a missing `iss` or `aud` and an `nbf` in the future pass, and never looks at `crit`, so the
//! rules stand in `claim_rules`, here and in `keys::jws`.

use std::sync::Arc;

use serde_json::Value;

use crate::claims::{Claims, media_type};
#[cfg(feature = "fuzzing")]
use crate::credential::Form;
use crate::credential::Token;
use crate::error::Denial;
use crate::keys::jws::{JwsError, UnverifiedJws};
use crate::keys::{Algorithm, Key, KeyHint};
#[cfg(feature = "fuzzing")]
use crate::keys::{Candidates, KeySet};

/// A token whose structure is that of a signed JWT. Nothing in it can be believed.
pub(super) struct UnverifiedJwt<'t> {
    jws: UnverifiedJws<'t>,
    /// What the header names the key by.
    pub(super) unverified_hint: KeyHint,
}

impl From<JwsError> for Denial {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Encrypted | JwsError::Malformed => Self::TokenMalformed,
            JwsError::Algorithm => Self::AlgorithmNotAllowed,
            JwsError::Critical => Self::CriticalHeaderUnsupported,
            JwsError::Key => Self::KeyUnknown,
            JwsError::Signature => Self::SignatureInvalid,
        }
    }
}

impl<'t> UnverifiedJwt<'t> {
    /// The first stage: a JWS that is no token in a token, and not said to be unsigned.
    pub(super) fn parse(token: &'t Token<'_>) -> Result<Self, Denial> {
        Self::of(UnverifiedJws::parse(token.expose_secret())?)
    }

    fn of(jws: UnverifiedJws<'t>) -> Result<Self, Denial> {
        if !jws.unverified_header.get("cty").is_none_or(is_json) {
            return Err(Denial::TokenTypeUnsupported);
        }
        let algorithm = jws.unverified_header.get("alg").and_then(Value::as_str);
        if algorithm.is_none_or(|name| name.eq_ignore_ascii_case("none")) {
            return Err(Denial::AlgorithmNotAllowed);
        }
        Ok(Self {
            unverified_hint: jws.unverified_hint()?,
            jws,
        })
    }

    /// The header's algorithm, where it is an asymmetric one.
    pub(super) fn unverified_algorithm(&self) -> Option<Algorithm> {
        self.jws.unverified_algorithm()
    }

    /// The header's `typ`, in small letters and without `application/`; empty for one that is no text.
    pub(super) fn unverified_type(&self) -> Option<String> {
        let name = self.jws.unverified_type();
        name.map(|name| media_type(name.as_str().unwrap_or_default()))
    }

    /// Who the token says has issued it, to choose the provider by.
    pub(super) fn unverified_issuer(&self) -> Option<&str> {
        self.jws.unverified_issuer()
    }

    /// Whether the signature is one in form. A token whose signature is for its provider to judge
    /// is shown to nobody otherwise.
    pub(super) fn has_signature(&self) -> bool {
        self.jws.has_signature()
    }

    /// The audience that the token names, to refuse it with a code of its own.
    pub(super) fn unverified_audience(&self) -> Option<&Value> {
        self.jws.unverified_payload.get("aud")
    }

    /// The second stage: the signature, by one of the keys that were chosen for this token's issuer and
    /// algorithm.
    pub(super) fn verify<'k>(
        self,
        algorithm: Algorithm,
        keys: impl Iterator<Item = &'k Arc<Key>>,
    ) -> Result<(Claims, &'k Arc<Key>), Denial> {
        let (claims, key) = self.jws.verify(algorithm, keys)?;
        Ok((claims.into(), key))
    }
}

/// Who a token that is no such JWT says has issued it, for the audit line.
pub(super) fn unverified_issuer(token: &Token<'_>) -> Option<String> {
    let jws = UnverifiedJws::parse(token.expose_secret()).ok()?;
    jws.unverified_issuer().map(str::to_owned)
}

/// Verifies a JWS whose payload need be no claims set, as published vectors have it: the first two
/// stages of a token, and no more. Tests alone ask for it.
///
/// # Errors
///
/// The denial that a token with this header and signature would get.
#[cfg(feature = "fuzzing")]
pub fn verify_jws(text: &str, keys: &KeySet) -> Result<(), Denial> {
    if Token::of_text(text).form() != Form::Jwt {
        return Err(Denial::TokenMalformed);
    }
    let unverified_jwt = UnverifiedJwt::of(UnverifiedJws::parse_of_any_payload(text)?)?;
    let algorithm = unverified_jwt.unverified_algorithm();
    let algorithm = algorithm.ok_or(Denial::AlgorithmNotAllowed)?;
    match keys.candidates(&unverified_jwt.unverified_hint, algorithm, "") {
        Candidates::Fitting(keys) => unverified_jwt.verify(algorithm, keys.keys()).map(drop),
        Candidates::Unknown => Err(Denial::KeyUnknown),
        Candidates::NotAllowed => Err(Denial::AlgorithmNotAllowed),
        Candidates::Ambiguous => Err(Denial::KeyIdMissing),
    }
}

/// Whether a content type is that of claims: a token in a token has another.
fn is_json(content_type: &Value) -> bool {
    content_type
        .as_str()
        .is_some_and(|name| media_type(name) == "json")
}
