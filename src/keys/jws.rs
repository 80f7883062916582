//! A compact JWS (RFC 7515, section 7.1) whose payload is a JSON object.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Candidates, KeyId, KeySet, algorithm};

/// A text in the form of a signed one. Nothing in it can be believed.
pub(crate) struct UnverifiedJws<'t> {
    signing_input: &'t str,
    signature: &'t str,
    unverified_header: Map<String, Value>,
    unverified_payload: Map<String, Value>,
}

/// Why a text is no JWS that holds. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum JwsError {
    /// Five parts: a JWE (RFC 7516, section 7.1).
    #[error("it is encrypted")]
    Encrypted,
    /// Not three base64url parts, two of them JSON objects with unique members.
    #[error("it is no compact JWS of a JSON object")]
    Malformed,
    /// `none`, a symmetric algorithm, or one that the settings or the key don't allow.
    #[error("its algorithm is not allowed")]
    Algorithm,
    /// `crit`: none of its extensions is understood here (RFC 7515, section 4.1.11).
    #[error("it demands an extension")]
    Critical,
    /// The key set has no key of that name, or no single one without a name.
    #[error("its key is not in the key set")]
    Key,
    /// The signature does not verify.
    #[error("its signature is invalid")]
    Signature,
}

impl<'t> UnverifiedJws<'t> {
    /// Reads the structure. Keys in the header are ignored.
    pub(crate) fn parse(text: &'t str) -> Result<Self, JwsError> {
        if text.split('.').count() == 5 {
            return Err(JwsError::Encrypted);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed)?;
        let unverified_header = object(header)?;
        if unverified_header.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        Ok(Self {
            signing_input,
            signature,
            unverified_header,
            unverified_payload: object(payload)?,
        })
    }

    /// The header's `kid`, to choose the key by.
    pub(crate) fn unverified_key_id(&self) -> Option<KeyId> {
        self.header("kid").map(KeyId::from)
    }

    /// The header's `typ`. It can be believed once the signature holds.
    pub(crate) fn unverified_type(&self) -> Option<&str> {
        self.header("typ")
    }

    /// Who the payload says has signed, to choose the key set by.
    pub(crate) fn unverified_issuer(&self) -> Option<&str> {
        self.unverified_payload.get("iss").and_then(Value::as_str)
    }

    /// The payload, provided that a key of the set has signed it by one of these algorithms.
    pub(crate) fn verify(
        self,
        keys: &KeySet,
        algorithms: &[Algorithm],
    ) -> Result<Map<String, Value>, JwsError> {
        let algorithm = self
            .header("alg")
            .and_then(algorithm)
            .filter(|algorithm| algorithms.contains(algorithm))
            .ok_or(JwsError::Algorithm)?;
        let key = match keys.candidates(self.unverified_key_id().as_ref(), algorithm) {
            Candidates::One(key) => key,
            Candidates::NotAllowed => return Err(JwsError::Algorithm),
            Candidates::Unknown | Candidates::Ambiguous => return Err(JwsError::Key),
        };
        let signature = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| JwsError::Signature)?;
        if key.verify(algorithm, self.signing_input.as_bytes(), &signature) {
            Ok(self.unverified_payload)
        } else {
            Err(JwsError::Signature)
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.unverified_header.get(name).and_then(Value::as_str)
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JwsError> {
    let text = URL_SAFE_NO_PAD.decode(part);
    let value = crate::json::parse(&text.map_err(|_| JwsError::Malformed)?);
    match value {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(JwsError::Malformed),
    }
}
