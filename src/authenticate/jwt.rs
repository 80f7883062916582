//! A JWT in three stages: structure, signature, claims.
//!
//! What is known before the signature holds is named `unverified_` and leaves this file only to
//! choose the provider and the key. `jsonwebtoken` names algorithms alone: its claims validation
//! lets a missing `iss` or `aud` and an `nbf` in the future pass, and never looks at `crit`, so the
//! rules stand in `claim_rules` and here.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::claims::{Claims, media_type};
use crate::credential::Token;
use crate::error::Denial;
use crate::json;
use crate::keys::{Algorithm, CertificateDigests, Key, KeyId};

/// A token whose structure is that of a signed JWT. Nothing in it can be believed.
pub(super) struct UnverifiedJwt<'t> {
    signing_input: &'t str,
    signature: &'t str,
    unverified_claims: Map<String, Value>,
    /// The header's algorithm, where it is an asymmetric one.
    pub(super) unverified_algorithm: Option<Algorithm>,
    /// The header's `typ`, in small letters and without `application/`; empty for one that is no text.
    pub(super) unverified_type: Option<String>,
    /// The header's `kid`.
    pub(super) unverified_key_id: Option<KeyId>,
    /// The header's `x5t` and `x5t#S256`.
    pub(super) unverified_certificate: CertificateDigests,
}

impl<'t> UnverifiedJwt<'t> {
    /// The first stage: three base64url parts, two of them JSON objects with unique members, and
    /// a header that demands nothing which we don't do.
    ///
    /// `jwk`, `jku`, `x5c` and `x5u` in the header are ignored: keys come from the settings.
    pub(super) fn parse(token: &'t Token<'_>) -> Result<Self, Denial> {
        let text = token.expose_secret();
        let (signing_input, signature) = text.rsplit_once('.').ok_or(Denial::TokenMalformed)?;
        let (header, claims) = signing_input
            .split_once('.')
            .ok_or(Denial::TokenMalformed)?;
        let mut header = object(header, json::parse)?;
        let unverified_claims = object(claims, json::parse_of_provider)?;

        if header.contains_key("crit") {
            return Err(Denial::CriticalHeaderUnsupported);
        }
        header.retain(|_, value| !value.is_null());
        if !header.get("cty").is_none_or(is_json) {
            return Err(Denial::TokenTypeUnsupported);
        }
        let unverified_type = header
            .get("typ")
            .map(|name| media_type(name.as_str().unwrap_or_default()));
        let algorithm = header.get("alg").and_then(Value::as_str);
        let algorithm = algorithm.filter(|name| !name.eq_ignore_ascii_case("none"));
        let unverified_algorithm = Algorithm::named(algorithm.ok_or(Denial::AlgorithmNotAllowed)?);
        let unverified_key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(KeyId::from(id.as_str())),
            Some(_) => return Err(Denial::TokenMalformed),
        };
        Ok(Self {
            signing_input,
            signature,
            unverified_claims,
            unverified_algorithm,
            unverified_type,
            unverified_key_id,
            unverified_certificate: CertificateDigests::of(&header),
        })
    }

    /// Who the token says has issued it, to choose the provider by.
    pub(super) fn unverified_issuer(&self) -> Option<&str> {
        self.unverified_claims.get("iss").and_then(Value::as_str)
    }

    /// Whether the signature is one in form. A token whose signature is for its provider to judge
    /// is shown to nobody otherwise.
    pub(super) fn has_signature(&self) -> bool {
        URL_SAFE_NO_PAD
            .decode(self.signature)
            .is_ok_and(|signature| !signature.is_empty())
    }

    /// Whom the token says that it is for, to refuse it in words of its own.
    pub(super) fn unverified_audience(&self) -> Option<&Value> {
        self.unverified_claims.get("aud")
    }

    /// The second stage: the signature, by one of the keys that were chosen for this token's issuer and
    /// algorithm.
    pub(super) fn verify<'k>(
        self,
        algorithm: Algorithm,
        mut keys: impl Iterator<Item = &'k Arc<Key>>,
    ) -> Result<(Claims, &'k Arc<Key>), Denial> {
        let signature = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| Denial::SignatureInvalid)?;
        let message = self.signing_input.as_bytes();
        let key = keys
            .find(|key| key.verify(algorithm, message, &signature))
            .ok_or(Denial::SignatureInvalid)?;
        Ok((self.unverified_claims.into(), key))
    }
}

fn object(
    part: &str,
    parse: fn(&[u8]) -> Result<Value, serde_json::Error>,
) -> Result<Map<String, Value>, Denial> {
    let text = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Denial::TokenMalformed)?;
    match parse(&text) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Denial::TokenMalformed),
    }
}

/// Whether a content type is that of claims: a token in a token has another.
fn is_json(content_type: &Value) -> bool {
    content_type
        .as_str()
        .is_some_and(|name| media_type(name) == "json")
}
