//! Verifying signatures by a public key that is parsed once.
//!
//! `jsonwebtoken` parses the key again for each token, a ninth of what a verification costs. So its
//! backend, aws-lc-rs, is spoken to here; the algorithms are the same, to the letter, and P-521 beside
//! them.

use std::sync::OnceLock;

use super::Algorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};

/// What a key is made of, as its JSON Web Key has it.
#[derive(Clone)]
pub(super) enum Material {
    /// Modulus and exponent, big-endian without zeros in front (RFC 7518, section 6.3.1).
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The coordinates of a point on a curve (RFC 7518, section 6.2.1).
    Ec { x: Vec<u8>, y: Vec<u8> },
    /// An Ed25519 key (RFC 8037, section 2).
    Ed { x: Vec<u8> },
}

/// A public key, and what it may verify.
#[derive(Clone)]
pub(super) struct Verifier {
    material: Material,
    /// Parsed when the first token comes: most keys of a set are never used.
    parsed: Vec<(Algorithm, OnceLock<Option<ParsedPublicKey>>)>,
}

impl Verifier {
    pub(super) fn new(material: Material, algorithms: &[Algorithm]) -> Self {
        let algorithms = algorithms.iter();
        Self {
            material,
            parsed: algorithms.map(|one| (*one, OnceLock::new())).collect(),
        }
    }

    pub(super) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.parsed.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether a signature of a message holds. It never does by an algorithm that the key is not for,
    /// nor by a key that is none.
    pub(super) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = self.parsed(algorithm);
        key.is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    /// Whether it can verify anything by this algorithm.
    pub(super) fn is_sound(&self, algorithm: Algorithm) -> bool {
        self.parsed(algorithm).is_some()
    }

    fn parsed(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let mut parsed = self.parsed.iter();
        let (_, key) = parsed.find(|(known, _)| *known == algorithm)?;
        key.get_or_init(|| self.material.parse(algorithm)).as_ref()
    }
}

impl Material {
    /// What makes the key the key that it is.
    pub(super) fn parts(&self) -> Vec<&[u8]> {
        match self {
            Self::Rsa { n, e } => vec![n, e],
            Self::Ec { x, y } => vec![x, y],
            Self::Ed { x } => vec![x],
        }
    }

    fn parse(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        match self {
            Self::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.to_parsed_public_key(rsa_parameters(algorithm)?).ok()
            }
            Self::Ec { x, y } => {
                let curve = match algorithm {
                    Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
                    Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED,
                    Algorithm::ES512 => &ECDSA_P521_SHA512_FIXED,
                    _ => return None,
                };
                // Uncompressed (SEC 1, section 2.3.3).
                let point = [&[4], x.as_slice(), y].concat();
                ParsedPublicKey::new(curve, point).ok()
            }
            Self::Ed { x } => (algorithm == Algorithm::EdDSA)
                .then(|| ParsedPublicKey::new(&ED25519, x).ok())
                .flatten(),
        }
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
