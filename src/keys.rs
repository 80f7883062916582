//! A provider's public keys: reading a JWKS (RFC 7517).

mod algorithm;
pub mod cache;
mod encoding;
pub mod fetch;
mod hint;
mod issuer;
mod jwk;
pub(crate) mod jws;
mod skipped;
mod verifier;
mod weak;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use serde_json::Value;
use thiserror::Error;

pub use algorithm::Algorithm;
pub use hint::{CertificateDigests, KeyHint, KeyId};
pub use skipped::Skipped;

use hint::Certificate;
use issuer::KeyIssuer;
use verifier::Verifier;

/// The most keys that are kept of one set; real sets have about ten.
const MAX_KEYS: usize = 100;
/// The most keys of one name that a token is tried with: each try is work that a caller chooses.
const MAX_TRIED: usize = 4;

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
    certificate: Certificate,
    /// The issuer that it is for, where it names one.
    issuer: Option<KeyIssuer>,
    thumbprint: Thumbprint,
    verifier: Verifier,
}

impl Key {
    /// The key's `kid`.
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Identifies the key, and the issuer that it names, across fetches of its set.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Whether the key may verify this algorithm, by its type and its `alg`.
    pub fn allows(&self, algorithm: Algorithm) -> bool {
        self.verifier.algorithms().any(|one| one == algorithm)
    }

    /// Whether the key may verify tokens of this issuer: any, unless it names one.
    pub fn is_for(&self, issuer: &str) -> bool {
        self.issuer.as_ref().is_none_or(|own| own.is(issuer))
    }

    /// Whether a signature of a message by this algorithm holds.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
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

/// The usable keys of a JWKS.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    skipped: Skipped,
}

impl KeySet {
    /// Reads a JWKS. Keys that can't be used here are skipped: encryption keys, symmetric ones, RSA
    /// outside of 2,048 to 8,192 bits or with an exponent over 4 bytes, unknown curves, weak ones,
    /// and private keys that were published.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object with an array `keys`, or none of the keys is usable.
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
        let listed = value
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(KeySetError::Malformed)?;
        let mut keys = Vec::new();
        let mut skipped = Skipped::default();
        for (place, jwk) in listed.iter().enumerate() {
            let read = match jwk.as_object() {
                Some(jwk) => jwk::read(jwk),
                None => Err("is not a JSON object"),
            };
            match read {
                Ok(key) if keys.len() < MAX_KEYS => keys.push(Arc::new(key)),
                Ok(_) => skipped.add_over_limit(),
                Err(reason) => {
                    let members = jwk.as_object();
                    let id = members.and_then(|members| encoding::text(members, "kid"));
                    skipped.add(place, id, reason);
                }
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey(skipped));
        }
        Ok(Self { keys, skipped })
    }

    /// The keys, in the order of the set.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().map(Arc::as_ref)
    }

    /// What was skipped, and why.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// How many keys verify something that is signed with one of these for this issuer. They are
    /// parsed for it, so that points on no curve don't count.
    pub fn count_for(&self, algorithms: &[Algorithm], issuer: &str) -> usize {
        let fits = |key: &&Arc<Key>| {
            let mut algorithms = algorithms.iter();
            key.is_for(issuer) && algorithms.any(|algorithm| key.verifier.is_sound(*algorithm))
        };
        self.keys.iter().filter(fits).count()
    }

    /// Whether a key has the name that a token gives its own; it has where the token gives none.
    pub fn has(&self, hint: &KeyHint) -> bool {
        hint.is_empty() || self.naming(hint).is_some()
    }

    /// Whether this very key is still in the set.
    pub fn contains(&self, thumbprint: Thumbprint) -> bool {
        self.keys.iter().any(|key| key.thumbprint == thumbprint)
    }

    /// The keys that may verify a token of this issuer with this header.
    ///
    /// Without a name only a single candidate counts, and of one name no more than [`MAX_TRIED`]:
    /// trying many keys is work that a caller would choose for us.
    pub(crate) fn candidates(
        &self,
        hint: &KeyHint,
        algorithm: Algorithm,
        issuer: &str,
    ) -> Candidates<'_> {
        let Some(naming) = self.naming(hint) else {
            return Candidates::Unknown;
        };
        let mut of_issuer = false;
        let mut fitting = Fitting::default();
        for key in &self.keys {
            if naming.names(key, hint) && key.is_for(issuer) {
                of_issuer = true;
                if key.allows(algorithm) && !fitting.add(key) {
                    break;
                }
            }
        }
        match fitting.0 {
            [None, ..] if of_issuer => Candidates::NotAllowed,
            [None, ..] => Candidates::Unknown,
            [_, Some(_), ..] if naming == Naming::Nothing => Candidates::Ambiguous,
            _ => Candidates::Fitting(fitting),
        }
    }

    /// By which member of a token's header a key of this set is named.
    fn naming(&self, hint: &KeyHint) -> Option<Naming> {
        [Naming::Id, Naming::Certificate, Naming::Nothing]
            .into_iter()
            .find(|naming| self.keys.iter().any(|key| naming.names(key, hint)))
    }
}

/// How a token's header names a key. A certificate does where the `kid` is missing or is none of
/// the set's.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Naming {
    Id,
    Certificate,
    /// Not at all. A certificate tells nothing of keys whose own is not known.
    Nothing,
}

impl Naming {
    fn names(self, key: &Key, hint: &KeyHint) -> bool {
        match self {
            Self::Id => hint.id.is_some() && key.id == hint.id,
            Self::Certificate => key.certificate.is_named_by(&hint.certificate),
            Self::Nothing => {
                let is_nameless = |id: &KeyId| id.as_str().is_empty();
                hint.id.as_ref().is_none_or(is_nameless)
                    && !key.certificate.is_not(&hint.certificate)
            }
        }
    }
}

/// What a JWKS has for a token's header.
pub(crate) enum Candidates<'s> {
    /// The keys to verify with.
    Fitting(Fitting<'s>),
    /// No key of that name for that issuer.
    Unknown,
    /// A key, but not for that algorithm.
    NotAllowed,
    /// No name, and several keys would do.
    Ambiguous,
}

/// Keys that are different from each other, of which one at least may verify a token.
#[derive(Default)]
pub(crate) struct Fitting<'s>([Option<&'s Arc<Key>>; MAX_TRIED]);

impl<'s> Fitting<'s> {
    /// Takes one more, unless it is among them already; some issuers list a key twice, with two names
    /// or algorithms. Returns whether there is room for another.
    fn add(&mut self, key: &'s Arc<Key>) -> bool {
        for place in &mut self.0 {
            match place {
                Some(known) if known.thumbprint == key.thumbprint => return true,
                Some(_) => {}
                None => {
                    *place = Some(key);
                    break;
                }
            }
        }
        self.0.iter().any(Option::is_none)
    }

    /// The keys, in the order of their set.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'s Arc<Key>> {
        self.0.iter().copied().flatten()
    }
}

/// Why a JWKS can't be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    #[error("expected a JSON object with an array \"keys\" (RFC 7517, section 5)")]
    Malformed,
    /// All keys were skipped.
    #[error(
        "expected at least one public signing key: RSA of 2048 bits or more, P-256, P-384, P-521 or \
         Ed25519{}", because(.0)
    )]
    NoUsableKey(Skipped),
}

fn because(skipped: &Skipped) -> String {
    if skipped.is_empty() {
        String::new()
    } else {
        format!("; {skipped}")
    }
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
mod tests;
