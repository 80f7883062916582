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

use crate::claims::Claims;
use crate::credential::Token;
use crate::error::Denial;
use crate::json;
use crate::keys::{Algorithm, CertificateDigests, Key, KeyId};

/// Media types of a token that we take, as they stand in `typ` without `application/`
/// (RFC 7515, section 4.1.9; RFC 9068, section 2.1).
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// A token whose structure is that of a signed JWT. Nothing in it can be believed.
pub(super) struct UnverifiedJwt<'t> {
    signing_input: &'t str,
    signature: &'t str,
    unverified_claims: Map<String, Value>,
    /// An asymmetric algorithm, by the header's word.
    pub(super) unverified_algorithm: Algorithm,
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
        let header = object(header)?;
        let unverified_claims = object(claims)?;

        if header.contains_key("crit") {
            return Err(Denial::CriticalHeaderUnsupported);
        }
        if !header.get("typ").is_none_or(is_accepted_type) || header.contains_key("cty") {
            return Err(Denial::TokenTypeUnsupported);
        }
        let unverified_algorithm = header
            .get("alg")
            .and_then(Value::as_str)
            .and_then(Algorithm::named)
            .ok_or(Denial::AlgorithmNotAllowed)?;
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
        mut keys: impl Iterator<Item = &'k Arc<Key>>,
    ) -> Result<(Claims, &'k Arc<Key>), Denial> {
        let signature = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| Denial::SignatureInvalid)?;
        let message = self.signing_input.as_bytes();
        let key = keys
            .find(|key| key.verify(self.unverified_algorithm, message, &signature))
            .ok_or(Denial::SignatureInvalid)?;
        Ok((self.unverified_claims.into(), key))
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Denial> {
    let text = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Denial::TokenMalformed)?;
    match json::parse(&text) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Denial::TokenMalformed),
    }
}

fn is_accepted_type(value: &Value) -> bool {
    value.as_str().is_some_and(|media_type| {
        let media_type = media_type.to_ascii_lowercase();
        let name = media_type
            .strip_prefix("application/")
            .unwrap_or(&media_type);
        TYPES.contains(&name)
    })
}
