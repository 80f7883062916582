//! A compact JWS (RFC 7515, section 7.1) whose payload is a JSON object: a token, or an answer.
//!
//! What is known before the signature holds is named `unverified_`. Keys in the header (`jwk`, `jku`,
//! `x5c`, `x5u`) are ignored: keys come from the settings.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Algorithm, Candidates, CertificateDigests, Key, KeyHint, KeyId, KeySet};

/// A text in the form of a signed one. Nothing in it can be believed.
pub(crate) struct UnverifiedJws<'t> {
    signing_input: &'t str,
    signature: &'t str,
    /// Its header, without members that are `null`.
    pub(crate) unverified_header: Map<String, Value>,
    /// Its payload, without members that are `null`.
    pub(crate) unverified_payload: Map<String, Value>,
}

/// Why a text is no JWS that holds. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum JwsError {
    /// Five parts: a JWE (RFC 7516, section 7.1).
    #[error("it is encrypted")]
    Encrypted,
    /// Not three base64url parts, two of them JSON objects with unique members.
    #[error("it is not a compact JWS of a JSON object")]
    Malformed,
    /// `none`, a symmetric algorithm, or one that the settings or the key don't allow.
    #[error("its algorithm is not allowed")]
    Algorithm,
    /// `crit`: none of its extensions is understood here (RFC 7515, section 4.1.11).
    #[error("it requires an extension")]
    Critical,
    /// The JWKS has no key with that id, or no single key without one.
    #[error("its key is not in the JWKS")]
    Key,
    /// The signature does not verify.
    #[error("its signature is invalid")]
    Signature,
}

impl<'t> UnverifiedJws<'t> {
    /// Reads the structure: three base64url parts, two of them JSON objects with unique members, and a
    /// header that demands nothing which we don't do.
    pub(crate) fn parse(text: &'t str) -> Result<Self, JwsError> {
        Self::parse_with(text, |payload| {
            object(payload, crate::json::parse_of_provider)
        })
    }

    /// The same, whatever the payload is.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn parse_of_any_payload(text: &'t str) -> Result<Self, JwsError> {
        Self::parse_with(text, |payload| {
            let payload = URL_SAFE_NO_PAD.decode(payload);
            payload.map(|_| Map::new()).map_err(|_| JwsError::Malformed)
        })
    }

    fn parse_with(
        text: &'t str,
        read_payload: impl Fn(&str) -> Result<Map<String, Value>, JwsError>,
    ) -> Result<Self, JwsError> {
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed)?;
        if payload.matches('.').count() == 2 {
            return Err(JwsError::Encrypted);
        }
        let mut unverified_header = object(header, crate::json::parse)?;
        // Whatever it holds, `null` too.
        if unverified_header.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        unverified_header.retain(|_, value| !value.is_null());
        Ok(Self {
            signing_input,
            signature,
            unverified_header,
            unverified_payload: read_payload(payload)?,
        })
    }

    /// The header's algorithm, where it is an asymmetric one.
    pub(crate) fn unverified_algorithm(&self) -> Option<Algorithm> {
        let name = self.unverified_header.get("alg").and_then(Value::as_str);
        name.and_then(Algorithm::named)
    }

    /// What the header names its key by.
    pub(crate) fn unverified_hint(&self) -> Result<KeyHint, JwsError> {
        let id = match self.unverified_header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(KeyId::from(id.as_str())),
            Some(_) => return Err(JwsError::Malformed),
        };
        Ok(KeyHint {
            id,
            certificate: CertificateDigests::of(&self.unverified_header),
        })
    }

    /// The header's `typ`. It can be believed once the signature holds.
    pub(crate) fn unverified_type(&self) -> Option<&Value> {
        self.unverified_header.get("typ")
    }

    /// Who the payload says has signed.
    pub(crate) fn unverified_issuer(&self) -> Option<&str> {
        self.unverified_payload.get("iss").and_then(Value::as_str)
    }

    /// Whether the signature is one in form.
    pub(crate) fn has_signature(&self) -> bool {
        let signature = URL_SAFE_NO_PAD.decode(self.signature);
        signature.is_ok_and(|signature| !signature.is_empty())
    }

    /// The payload, and the key that has signed it, one of these.
    pub(crate) fn verify<'k>(
        self,
        algorithm: Algorithm,
        mut keys: impl Iterator<Item = &'k Arc<Key>>,
    ) -> Result<(Map<String, Value>, &'k Arc<Key>), JwsError> {
        let signature = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| JwsError::Signature)?;
        let message = self.signing_input.as_bytes();
        let key = keys.find(|key| key.verify(algorithm, message, &signature));
        let key = key.ok_or(JwsError::Signature)?;
        Ok((self.unverified_payload, key))
    }

    /// The payload, provided that a key of the set has signed it for this issuer, by one of these
    /// algorithms.
    pub(crate) fn verify_by(
        self,
        keys: &KeySet,
        algorithms: &[Algorithm],
        issuer: &str,
    ) -> Result<Map<String, Value>, JwsError> {
        let algorithm = self.unverified_algorithm();
        let algorithm = algorithm.filter(|algorithm| algorithms.contains(algorithm));
        let algorithm = algorithm.ok_or(JwsError::Algorithm)?;
        let hint = self.unverified_hint()?;
        match keys.candidates(&hint, algorithm, issuer) {
            Candidates::Fitting(keys) => Ok(self.verify(algorithm, keys.keys())?.0),
            Candidates::NotAllowed => Err(JwsError::Algorithm),
            Candidates::Unknown | Candidates::Ambiguous => Err(JwsError::Key),
        }
    }
}

fn object(
    part: &str,
    parse: fn(&[u8]) -> Result<Value, serde_json::Error>,
) -> Result<Map<String, Value>, JwsError> {
    let text = URL_SAFE_NO_PAD.decode(part);
    match parse(&text.map_err(|_| JwsError::Malformed)?) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(JwsError::Malformed),
    }
}
