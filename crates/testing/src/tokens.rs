//! Keys and tokens of the tests.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use pem_rfc7468::LineEnding;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// The key that signed the sample events, in PEM.
pub const DEVELOPMENT_KEY: &str = include_str!("../../../tests/keys/development.pem");

/// The same key as a pair.
pub fn development_pair() -> RsaKeyPair {
    let key = PrivatePkcs8KeyDer::from_pem_slice(DEVELOPMENT_KEY.as_bytes()).unwrap();
    RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap()
}

/// A private key with its public JWK.
pub struct SigningKey {
    /// The public half.
    pub jwk: Value,
    private: Private,
}

enum Private {
    Known(Algorithm, EncodingKey),
    /// For `ES512`, which `jsonwebtoken` does not have.
    P521(EcdsaKeyPair),
}

impl Private {
    fn known(name: &str, key: EncodingKey) -> Self {
        Self::Known(name.parse().unwrap(), key)
    }
}

impl SigningKey {
    /// A new key for an algorithm, by its name in JWS.
    pub fn generate(kid: &str, name: &str) -> Self {
        match name {
            "ES256" | "ES384" => Self::elliptic(kid, name),
            "ES512" => Self::p521(kid),
            "EdDSA" => Self::edwards(kid),
            _ => Self::rsa(kid, name, KeySize::Rsa2048),
        }
    }

    /// A new RSA key of this size.
    pub fn rsa(kid: &str, name: &str, size: KeySize) -> Self {
        Self::from_rsa(kid, name, &RsaKeyPair::generate(size).unwrap())
    }

    /// The key that signed the sample events; its public half stands in `events/settings.json`.
    pub fn development() -> Self {
        Self::from_rsa("development", "RS256", &development_pair())
    }

    fn from_rsa(kid: &str, name: &str, pair: &RsaKeyPair) -> Self {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = pair.public_key();
        let pkcs8 = pair.as_der().unwrap();
        Self {
            jwk: json!({
                "kty": "RSA", "kid": kid, "use": "sig", "alg": name,
                "n": encode(public.modulus().big_endian_without_leading_zero()),
                "e": encode(public.exponent().big_endian_without_leading_zero()),
            }),
            // PKCS #8 wraps the PKCS #1 structure that is wanted here in 26 bytes, for keys of
            // this size.
            private: Private::known(name, EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..])),
        }
    }

    fn elliptic(kid: &str, name: &str) -> Self {
        let (curve, signing) = match name {
            "ES256" => ("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            _ => ("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        };
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = point[1..].split_at((point.len() - 1) / 2);
        Self {
            jwk: json!({
                "kty": "EC", "kid": kid, "crv": curve,
                "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
            }),
            private: Private::known(
                name,
                EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
            ),
        }
    }

    fn p521(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(66);
        Self {
            jwk: json!({
                "kty": "EC", "kid": kid, "crv": "P-521",
                "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
            }),
            private: Private::P521(pair),
        }
    }

    fn edwards(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Self {
            jwk: json!({"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": x}),
            private: Private::Known(
                Algorithm::EdDSA,
                EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref()),
            ),
        }
    }

    /// The id of the key.
    pub fn kid(&self) -> &str {
        self.jwk["kid"].as_str().unwrap()
    }

    /// A token with the usual header.
    pub fn sign(&self, claims: &Value) -> String {
        let name = match &self.private {
            Private::Known(algorithm, _) => format!("{algorithm:?}"),
            Private::P521(_) => "ES512".to_owned(),
        };
        let header = json!({"alg": name, "kid": self.kid(), "typ": "JWT"});
        self.sign_parts(&header.to_string(), &claims.to_string())
    }

    /// A token of any two texts.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        let input = [header, claims]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".");
        let signature = match &self.private {
            Private::Known(algorithm, key) => {
                crypto::sign(input.as_bytes(), key, *algorithm).unwrap()
            }
            Private::P521(pair) => {
                let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
                URL_SAFE_NO_PAD.encode(signature)
            }
        };
        format!("{input}.{signature}")
    }
}

/// A private key for ES256 in PEM, as an operator stores it.
pub fn p256_pem() -> String {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref())
}

/// DER as PEM (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).unwrap()
}

/// The `sub` of [`access_claims`].
pub const SUBJECT: &str = "5f0c4e2a-93f7-4f2b-8a51-0d6f7c1f4c11";

/// Claims as a Cognito access token has them.
pub fn access_claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "sub": SUBJECT, "token_use": "access",
        "client_id": "client", "username": "alice", "scope": "atlassian/read openid",
        "cognito:groups": ["developers", "confluence-editors"],
        "jti": "b1a2", "iat": now(), "exp": now() + 3_600,
    })
}
