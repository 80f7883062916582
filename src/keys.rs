//! A provider's public keys: reading a JSON Web Key Set (RFC 7517).

pub mod cache;
pub(crate) mod jws;
mod verifier;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use thiserror::Error;

use verifier::{Material, Verifier};

/// The most keys that are kept of one set; real sets have about ten.
const MAX_KEYS: usize = 100;

/// The algorithms that tokens may be signed with: asymmetric, as `jsonwebtoken` has them.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Reads the name of an asymmetric algorithm (RFC 7518, section 3.1; RFC 8037; RFC 9864).
///
/// `None` for `none`, for the HMAC family, and for what is unknown.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}

/// The `kid` of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyId(String);

impl KeyId {
    /// The `kid`, exactly as the key set or the token has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for KeyId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// SHA-256 over what makes a key the key that it is, whatever its `kid`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Thumbprint([u8; 32]);

#[cfg(test)]
impl Thumbprint {
    pub(crate) const ZERO: Self = Self([0; 32]);
}

/// One usable public key.
#[derive(Clone)]
pub struct Key {
    id: Option<KeyId>,
    thumbprint: Thumbprint,
    verifier: Verifier,
}

impl Key {
    /// The key's `kid`.
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Identifies the key across fetches of its set.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Whether the key may verify this algorithm, by its type and its `alg`.
    pub fn allows(&self, algorithm: Algorithm) -> bool {
        self.verifier.algorithms().any(|one| one == algorithm)
    }

    /// Whether a signature of a message by this algorithm holds.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verify(algorithm, message, signature)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Key")
            .field("id", &self.id)
            .field(
                "algorithms",
                &self.verifier.algorithms().collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

/// The usable keys of a JSON Web Key Set.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<Key>>,
}

impl KeySet {
    /// Reads a key set. Keys that can't be used here are skipped: encryption keys, symmetric
    /// ones, RSA outside of 2,048 to 8,192 bits or with an exponent over 4 bytes, unknown curves,
    /// and private keys that were published.
    ///
    /// # Errors
    ///
    /// When the text is no JSON object with an array `keys`, or none of the keys is usable.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        let value = crate::json::parse(text).map_err(|_| KeySetError::Malformed)?;
        Self::from_value(&value)
    }

    /// As [`KeySet::parse`], of a value that has been read already.
    ///
    /// # Errors
    ///
    /// As [`KeySet::parse`].
    pub fn from_value(value: &Value) -> Result<Self, KeySetError> {
        let keys = value
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(KeySetError::Malformed)?;
        let keys: Vec<_> = keys
            .iter()
            .filter_map(|jwk| usable_key(jwk.as_object()?))
            .take(MAX_KEYS)
            .map(Arc::new)
            .collect();
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        Ok(Self { keys })
    }

    /// How many keys verify something that is signed with one of these.
    pub fn count_for(&self, algorithms: &[Algorithm]) -> usize {
        let fits = |key: &&Arc<Key>| algorithms.iter().any(|algorithm| key.allows(*algorithm));
        self.keys.iter().filter(fits).count()
    }

    /// Whether any key has this `kid`.
    pub fn has(&self, id: &KeyId) -> bool {
        self.keys.iter().any(|key| key.id() == Some(id))
    }

    /// Whether this very key is still in the set.
    pub fn contains(&self, thumbprint: Thumbprint) -> bool {
        self.keys.iter().any(|key| key.thumbprint == thumbprint)
    }

    /// The keys that may verify a token with this header.
    ///
    /// Without a `kid` only a single candidate counts: trying many keys is work that a caller
    /// would choose for us.
    pub(crate) fn candidates(&self, id: Option<&KeyId>, algorithm: Algorithm) -> Candidates<'_> {
        let fitting = |key: &&Arc<Key>| key.allows(algorithm);
        if let Some(id) = id {
            if !self.has(id) {
                return Candidates::Unknown;
            }
            let named = |key: &&Arc<Key>| key.id() == Some(id);
            return match self.keys.iter().filter(named).find(fitting) {
                Some(key) => Candidates::One(key),
                None => Candidates::NotAllowed,
            };
        }
        let mut fitting = self.keys.iter().filter(fitting);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Candidates::One(key),
            (None, _) => Candidates::NotAllowed,
            (Some(_), Some(_)) => Candidates::Ambiguous,
        }
    }
}

/// What a key set has for a token's header.
pub(crate) enum Candidates<'s> {
    /// The key to verify with.
    One(&'s Arc<Key>),
    /// No key of that `kid`.
    Unknown,
    /// A key, but not for that algorithm.
    NotAllowed,
    /// No `kid`, and several keys would do.
    Ambiguous,
}

/// Why a key set can't be used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    #[error("expected a JSON object with an array \"keys\" (RFC 7517, section 5)")]
    Malformed,
    /// All keys were skipped.
    #[error(
        "expected at least one public signing key: RSA of 2048 bits or more, P-256, P-384 or Ed25519"
    )]
    NoUsableKey,
}

fn usable_key(jwk: &Map<String, Value>) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();

    let for_signatures = jwk.get("use").is_none_or(|usage| usage == "sig")
        && jwk.get("key_ops").is_none_or(|operations| {
            operations
                .as_array()
                .is_some_and(|operations| operations.iter().any(|op| op == "verify"))
        });
    // A private key in a published set is known to everyone who read it.
    if !for_signatures || jwk.contains_key("d") {
        return None;
    }

    let (by_type, material): (&[Algorithm], _) = match text("kty")? {
        "RSA" => {
            // The crypto library takes no leading zeros; some issuers send one.
            let number = |name| {
                let bytes = bytes(name)?;
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                bytes.get(zeros..).map(<[u8]>::to_vec)
            };
            let (n, e) = (number("n")?, number("e")?);
            if !is_rsa_modulus(&n) || e.is_empty() || e.len() > 4 {
                return None;
            }
            (
                &[
                    Algorithm::RS256,
                    Algorithm::RS384,
                    Algorithm::RS512,
                    Algorithm::PS256,
                    Algorithm::PS384,
                    Algorithm::PS512,
                ],
                Material::Rsa { n, e },
            )
        }
        "EC" => {
            let (algorithms, length): (&[Algorithm], _) = match text("crv")? {
                "P-256" => (&[Algorithm::ES256], 32),
                "P-384" => (&[Algorithm::ES384], 48),
                _ => return None,
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != length || y.len() != length {
                return None;
            }
            (algorithms, Material::Ec { x, y })
        }
        "OKP" if text("crv")? == "Ed25519" => {
            let x = bytes("x").filter(|x| x.len() == 32)?;
            (&[Algorithm::EdDSA], Material::Ed { x })
        }
        _ => return None,
    };

    let algorithms = match jwk.get("alg") {
        None => by_type.to_vec(),
        Some(name) => vec![algorithm(name.as_str()?).filter(|alg| by_type.contains(alg))?],
    };
    let id = match jwk.get("kid") {
        None => None,
        Some(id) => Some(KeyId::from(id.as_str()?)),
    };
    Some(Key {
        id,
        thumbprint: thumbprint(&material.parts()),
        verifier: Verifier::new(material, &algorithms),
    })
}

/// Between 2,048 and 8,192 bits, the range that the crypto library verifies with.
fn is_rsa_modulus(n: &[u8]) -> bool {
    n.first().is_some_and(|first| {
        let bits = n
            .len()
            .saturating_mul(8)
            .saturating_sub(first.leading_zeros() as usize);
        (2_048..=8_192).contains(&bits)
    })
}

fn thumbprint(material: &[&[u8]]) -> Thumbprint {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in material {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut thumbprint = [0; 32];
    thumbprint.copy_from_slice(context.finish().as_ref());
    Thumbprint(thumbprint)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::Algorithm;
    use serde_json::{Value, json};

    use super::{Candidates, KeyId, KeySet, KeySetError};

    fn rsa(kid: &str, bytes: usize) -> Value {
        let n = URL_SAFE_NO_PAD.encode(vec![0xc1; bytes]);
        json!({"kty": "RSA", "kid": kid, "n": n, "e": "AQAB"})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    #[test]
    fn unusable_keys_are_skipped() {
        let p256 = json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode([1; 32]),
                          "y": URL_SAFE_NO_PAD.encode([2; 32])});
        for unusable in [
            rsa("k", 128),
            rsa("k", 1_025),
            with(rsa("k", 256), "use", json!("enc")),
            with(rsa("k", 256), "use", json!(1)),
            with(rsa("k", 256), "key_ops", json!(["encrypt"])),
            with(rsa("k", 256), "alg", json!("HS256")),
            with(rsa("k", 256), "alg", json!("ES256")),
            with(rsa("k", 256), "alg", json!("RSA-OAEP")),
            with(rsa("k", 256), "alg", json!(7)),
            with(rsa("k", 256), "kid", json!(7)),
            with(rsa("k", 256), "d", json!("AQAB")),
            with(rsa("k", 256), "n", json!("***")),
            with(rsa("k", 256), "e", json!("")),
            json!({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}),
            with(p256.clone(), "crv", json!("P-521")),
            with(p256.clone(), "crv", json!("secp256k1")),
            with(p256.clone(), "y", json!("AQ")),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AQ"}),
            json!({"kty": "OKP", "crv": "X25519", "x": URL_SAFE_NO_PAD.encode([1; 32])}),
            json!({"kid": "k"}),
            json!(null),
            json!("key"),
        ] {
            let alone = json!({"keys": [unusable]});
            assert_eq!(
                KeySet::from_value(&alone).unwrap_err(),
                KeySetError::NoUsableKey,
                "{alone}"
            );
            let beside = json!({"keys": [unusable, p256]});
            assert_eq!(KeySet::from_value(&beside).unwrap().keys.len(), 1);
        }
    }

    #[test]
    fn malformed_sets() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[],"keys":[]}"#,
            "\u{feff}{}",
        ] {
            assert_eq!(
                KeySet::parse(text.as_bytes()).unwrap_err(),
                KeySetError::Malformed,
                "{text}"
            );
        }
    }

    #[test]
    fn candidates_by_kid_and_algorithm() {
        let ec = json!({"kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256",
                        "x": URL_SAFE_NO_PAD.encode([1; 32]), "y": URL_SAFE_NO_PAD.encode([2; 32])});
        let ps = with(rsa("ps", 256), "alg", json!("PS256"));
        let set = KeySet::from_value(&json!({"keys": [rsa("a", 256), ps, ec]})).unwrap();
        let find = |kid: Option<&str>, algorithm| {
            let id = kid.map(KeyId::from);
            match set.candidates(id.as_ref(), algorithm) {
                Candidates::One(key) => key.id().map(|id| id.0.clone()).unwrap_or_default(),
                Candidates::Unknown => "unknown".into(),
                Candidates::NotAllowed => "not allowed".into(),
                Candidates::Ambiguous => "ambiguous".into(),
            }
        };
        assert_eq!(find(Some("a"), Algorithm::RS512), "a");
        assert_eq!(find(Some("ps"), Algorithm::PS256), "ps");
        assert_eq!(find(Some("ps"), Algorithm::RS256), "not allowed");
        assert_eq!(find(Some("ec"), Algorithm::RS256), "not allowed");
        assert_eq!(find(Some("b"), Algorithm::RS256), "unknown");
        assert_eq!(find(None, Algorithm::ES256), "ec");
        assert_eq!(find(None, Algorithm::RS256), "a");
        assert_eq!(find(None, Algorithm::PS256), "ambiguous");
        assert_eq!(find(None, Algorithm::EdDSA), "not allowed");
    }
}
