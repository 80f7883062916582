//! Signing with a private key of the operator's: what proves who we are to a provider, and who
//! is calling to an origin.
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use thiserror::Error;

/// A private key, read from PEM.
#[derive(Clone)]
pub struct PrivateKey(Arc<Pair>);

/// A key pair of a supported kind.
pub enum Pair {
    /// RSA.
    Rsa(RsaKeyPair),
    /// An elliptic curve's, P-256.
    P256(EcdsaKeyPair),
}

/// Says nothing of the text: it is a secret, if a broken one.
#[derive(Clone, Copy, Debug, Error)]
#[error("expected a private key in PEM: RSA of 2048 bits or more, or P-256, not encrypted")]
pub struct PrivateKeyError;

/// The random generator or the library refused; nothing the caller can mend.
#[derive(Clone, Copy, Debug, Error)]
#[error("the signature could not be made")]
pub struct SigningError;

impl PrivateKey {
    /// Reads PKCS #8 (`PRIVATE KEY`), PKCS #1 (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`).
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError`] for what is no such key.
    pub fn from_pem(pem: &str) -> Result<Self, PrivateKeyError> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| PrivateKeyError)?;
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der())
                .map(Pair::Rsa)
                .or_else(|_| {
                    EcdsaKeyPair::from_pkcs8(curve, key.secret_pkcs8_der()).map(Pair::P256)
                }),
            PrivateKeyDer::Pkcs1(key) => {
                RsaKeyPair::from_der(key.secret_pkcs1_der()).map(Pair::Rsa)
            }
            PrivateKeyDer::Sec1(key) => {
                EcdsaKeyPair::from_private_key_der(curve, key.secret_sec1_der()).map(Pair::P256)
            }
            _ => return Err(PrivateKeyError),
        };
        pair.map(|pair| Self(Arc::new(pair)))
            .map_err(|_| PrivateKeyError)
    }

    /// Signs claims as a JWT (RFC 7515, section 5.1), with `RS256` or `ES256` as the key has it.
    ///
    /// # Errors
    ///
    /// [`SigningError`].
    pub fn sign_jwt(&self, key_id: Option<&str>, claims: &Value) -> Result<String, SigningError> {
        // `jsonwebtoken::encode` takes RSA keys as PKCS #1 alone and P-256 ones as PKCS #8 alone,
        // so other forms would have to be rewritten for it. It also reads the key anew for each
        // token.
        let algorithm = match *self.0 {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
        };
        let mut header = json!({"alg": algorithm, "typ": "JWT"});
        if let (Some(key_id), Some(header)) = (key_id, header.as_object_mut()) {
            header.insert("kid".to_owned(), key_id.into());
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = [encode(&header), encode(claims)].join(".");
        let signature = URL_SAFE_NO_PAD.encode(self.sign(input.as_bytes())?);
        Ok([input, signature].join("."))
    }

    /// The pair itself.
    pub fn pair(&self) -> &Pair {
        &self.0
    }

    /// The public half of a P-256 key; `None` for an RSA one.
    pub fn ec_public_key(&self) -> Option<EcPublicKey> {
        match &*self.0 {
            Pair::Rsa(_) => None,
            // An uncompressed point: 4, x, y (SEC 1, section 2.3.3).
            Pair::P256(pair) => match pair.public_key().as_ref().split_first()? {
                (4, point) if point.len() == 64 => {
                    let (x, y) = point.split_at(32);
                    Some(EcPublicKey::new(x, y))
                }
                _ => None,
            },
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new();
        match &*self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SigningError)?;
                Ok(signature)
            }
            Pair::P256(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError),
        }
    }
}

/// A P-256 public key, as a JWK has it.
#[derive(Clone, Debug)]
pub struct EcPublicKey {
    x: String,
    y: String,
    key_id: String,
}

impl EcPublicKey {
    fn new(x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The members that RFC 7638, section 3.2, takes of an EC key, in its order.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, members.as_bytes());
        Self {
            x,
            y,
            key_id: URL_SAFE_NO_PAD.encode(digest),
        }
    }

    /// The thumbprint (RFC 7638), which serves as `kid`.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The key as a JWK (RFC 7517).
    pub fn jwk(&self) -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y,
               "kid": self.key_id, "alg": "ES256", "use": "sig"})
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[private key]")
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    };
    use serde_json::json;
    use testing::tokens::pem;

    use super::*;

    fn parts(token: &str) -> (&str, Vec<u8>, Value) {
        let (input, signature) = token.rsplit_once('.').unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(input.split('.').next().unwrap())
            .unwrap();
        (
            input,
            URL_SAFE_NO_PAD.decode(signature).unwrap(),
            serde_json::from_slice(&header).unwrap(),
        )
    }

    #[test]
    fn signatures_verify() {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = rsa.as_der().unwrap();
        for (label, der) in [
            ("PRIVATE KEY", pkcs8.as_ref()),
            ("RSA PRIVATE KEY", &pkcs8.as_ref()[26..]),
        ] {
            let token = PrivateKey::from_pem(&pem(label, der))
                .unwrap()
                .sign_jwt(Some("k"), &json!({}))
                .unwrap();
            let (input, signature, header) = parts(&token);
            assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "k"}));
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key().as_ref())
                .verify(input.as_bytes(), &signature)
                .unwrap();
        }
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let token = PrivateKey::from_pem(&pem("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref()))
            .unwrap()
            .sign_jwt(None, &json!({"a": 1}))
            .unwrap();
        let (input, signature, header) = parts(&token);
        assert_eq!(header, json!({"alg": "ES256", "typ": "JWT"}));
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, ec.public_key().as_ref())
            .verify(input.as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        for text in ["", "s3cr3t", &pem("PRIVATE KEY", b"s3cr3t")] {
            let error = PrivateKey::from_pem(text).unwrap_err();
            assert!(!error.to_string().contains("s3cr3t"));
        }
    }
}
