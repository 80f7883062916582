//! An issuer of the demo's own, shaped like a Cognito user pool: its keys, and tokens as a pool
//! issues them.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::DemoError;

/// The pool's id.
const POOL: &str = "eu-west-1_Demo00000";

/// A key that signs tokens.
pub(super) struct Key {
    id: &'static str,
    pair: RsaKeyPair,
}

/// What a token says.
pub(super) struct Claims<'c> {
    pub(super) client_id: &'c str,
    pub(super) scope: &'c str,
    /// Seconds since 1970.
    pub(super) issued: u64,
    pub(super) expires: u64,
}

/// The issuer. What it publishes can be changed while it runs.
pub(super) struct Issuer {
    /// Its name, which is where it can be reached.
    pub(super) name: String,
    published: Arc<Mutex<Value>>,
}

impl Key {
    pub(super) fn generate(id: &'static str) -> Result<Self, DemoError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048)
            .map_err(|_| DemoError::Crypto("no key could be made"))?;
        Ok(Self { id, pair })
    }

    fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256",
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    fn sign(&self, claims: &Value) -> Result<String, DemoError> {
        let header = json!({"alg": "RS256", "kid": self.id});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let input = [encode(&header), encode(claims)].join(".");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                input.as_bytes(),
                &mut signature,
            )
            .map_err(|_| DemoError::Crypto("nothing could be signed"))?;
        Ok([input, URL_SAFE_NO_PAD.encode(signature)].join("."))
    }
}

impl Issuer {
    /// Serves an empty key set on a free port.
    pub(super) async fn start() -> Result<Self, DemoError> {
        let (listener, url) = super::listen().await?;
        let name = format!("{url}/{POOL}");
        let published = Arc::new(Mutex::new(json!({"keys": []})));
        let router = Router::new()
            .route("/{pool}/.well-known/jwks.json", get(keys))
            .with_state(Arc::clone(&published));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { name, published })
    }

    /// Publishes these keys, and no others any more.
    pub(super) fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        *self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = json!({"keys": keys});
    }

    /// An access token of the user alice, as a pool has it.
    pub(super) fn token(&self, key: &Key, claims: &Claims<'_>) -> Result<String, DemoError> {
        key.sign(&json!({
            "iss": self.name,
            "sub": "5f0c4e2a-93f7-4f2b-8a51-0d6f7c1f4c11",
            "token_use": "access",
            "client_id": claims.client_id,
            "username": "alice",
            "scope": claims.scope,
            "cognito:groups": ["jira-users"],
            "jti": super::random_id()?,
            "auth_time": claims.issued,
            "iat": claims.issued,
            "exp": claims.expires,
        }))
    }
}

async fn keys(State(published): State<Arc<Mutex<Value>>>) -> Json<Value> {
    Json(
        published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone(),
    )
}
