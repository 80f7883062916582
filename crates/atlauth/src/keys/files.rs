//! Keys as an operator handles them: made, and their public halves.

use atlassian_authorizer::secret::Secret;
use atlassian_authorizer::signing::{Pair, PrivateKey};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::pem;

/// What kind of key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyKind {
    /// RSA, with this many bits.
    Rsa(usize),
    /// An elliptic curve's, P-256.
    P256,
}

/// What may be known of a key.
#[derive(Clone, Debug)]
pub(crate) struct PublicHalf {
    /// What kind of key it is.
    pub(crate) kind: KeyKind,
    /// The public key in PEM (X.509's `SubjectPublicKeyInfo`).
    pub(crate) pem: String,
    /// The public key as a JWK (RFC 7517), with its thumbprint (RFC 7638) as `kid`.
    pub(crate) jwk: Value,
}

/// Makes a private key, in PEM (PKCS #8); `None` for RSA keys of other sizes than 2048, 3072 and
/// 4096 bits, and when there is no randomness.
pub(crate) fn make_key(kind: KeyKind) -> Option<Secret> {
    let rsa = |size| {
        let der = RsaKeyPair::generate(size).ok()?.as_der().ok()?;
        Some(Secret::new(&pem::write("PRIVATE KEY", der.as_ref())?))
    };
    match kind {
        KeyKind::Rsa(2_048) => rsa(KeySize::Rsa2048),
        KeyKind::Rsa(3_072) => rsa(KeySize::Rsa3072),
        KeyKind::Rsa(4_096) => rsa(KeySize::Rsa4096),
        KeyKind::Rsa(_) => None,
        KeyKind::P256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
            let der = pair.to_pkcs8v1().ok()?;
            Some(Secret::new(&pem::write("PRIVATE KEY", der.as_ref())?))
        }
    }
}

/// The public half of a private key in PEM; `None` for what is no such key.
pub(crate) fn public_half(private_pem: &Secret) -> Option<PublicHalf> {
    let key = PrivateKey::from_pem(private_pem.expose_secret()).ok()?;
    match key.pair() {
        Pair::Rsa(pair) => {
            let public = pair.public_key();
            let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let modulus = public.modulus();
            let modulus = encode(modulus.big_endian_without_leading_zero());
            let exponent = public.exponent();
            let exponent = encode(exponent.big_endian_without_leading_zero());
            // The members that RFC 7638, section 3.2, takes of an RSA key, in its order.
            let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, members.as_bytes());
            let jwk = json!({"kty": "RSA", "n": modulus, "e": exponent, "use": "sig",
                             "kid": encode(digest.as_ref())});
            Some(PublicHalf {
                kind: KeyKind::Rsa(pair.public_modulus_len().saturating_mul(8)),
                pem: public_pem(public)?,
                jwk,
            })
        }
        Pair::P256(pair) => Some(PublicHalf {
            kind: KeyKind::P256,
            pem: public_pem(pair.public_key())?,
            jwk: key.ec_public_key()?.jwk(),
        }),
    }
}

fn public_pem(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Option<String> {
    pem::write("PUBLIC KEY", key.as_der().ok()?.as_ref())
}
