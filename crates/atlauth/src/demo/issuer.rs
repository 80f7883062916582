//! An issuer of the demo's own, shaped like a Cognito user pool: its keys, and tokens as a pool
//! issues them.

use std::sync::{Arc, Mutex, PoisonError};

use atlassian_authorizer::random;
use atlassian_authorizer::signing::PrivateKey;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::DemoError;
use crate::keys::{KeyKind, make_key, public_half};

/// The pool's id.
const POOL: &str = "eu-west-1_Demo00000";

/// A key that signs tokens.
pub(super) struct Key {
    id: &'static str,
    private: PrivateKey,
    jwk: Value,
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
        let no_key = || DemoError::Crypto("the key could not be created");
        let pem = make_key(KeyKind::Rsa(2_048)).ok_or_else(no_key)?;
        let mut jwk = public_half(&pem).ok_or_else(no_key)?.jwk;
        jwk["kid"] = id.into();
        jwk["alg"] = "RS256".into();
        let private = PrivateKey::from_pem(pem.expose_secret()).map_err(|_| no_key())?;
        Ok(Self { id, private, jwk })
    }

    fn sign(&self, claims: &Value) -> Result<String, DemoError> {
        let token = self.private.sign_jwt(Some(self.id), claims);
        token.map_err(|_| DemoError::Crypto("the token could not be signed"))
    }
}

impl Issuer {
    /// Serves an empty JWKS on a free port.
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
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk.clone()).collect();
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
            "jti": random::id()?,
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
