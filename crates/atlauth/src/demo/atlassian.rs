//! A stand-in for Jira and Confluence: it answers a few requests like them, and knows its users by
//! what the gateway tells it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Json, Response};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::DemoError;
use super::environment::{ASSERTION_AUDIENCE, ASSERTION_ISSUER, SERVICE_USER};

/// The stand-in's address, and what it saw.
pub(super) struct Atlassian {
    pub(super) url: String,
    state: Arc<Shared>,
}

/// What the stand-in takes for proof.
pub(super) struct Trust {
    /// The keys of assertions, for Jira.
    pub(super) assertion_keys: Value,
    /// The service user's `Authorization`, for Confluence.
    pub(super) service_authorization: String,
}

struct Shared {
    trust: Mutex<Option<Trust>>,
    seen: Mutex<Option<Seen>>,
}

/// One request, as the stand-in saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Whom it took the caller for; empty for nobody.
    pub(super) user: String,
    /// `X-Authorizer-Username`, which is information and proves nothing.
    pub(super) told: String,
}

impl Atlassian {
    pub(super) async fn start() -> Result<Self, DemoError> {
        let (listener, url) = super::listen().await?;
        let state = Arc::new(Shared {
            trust: Mutex::new(None),
            seen: Mutex::new(None),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { url, state })
    }

    /// Says what proves a caller's identity; nobody is known before.
    pub(super) fn trust(&self, trust: Trust) {
        *locked(&self.state.trust) = Some(trust);
    }

    /// The request that came since this was asked last, if one did.
    pub(super) fn seen(&self) -> Option<Seen> {
        locked(&self.state.seen).take()
    }
}

impl Trust {
    /// Whom an `Authorization` is for.
    fn user(&self, path: &str, authorization: &str) -> Option<String> {
        if path.starts_with("/confluence/") {
            return (authorization == self.service_authorization).then(|| SERVICE_USER.to_owned());
        }
        let token = authorization.strip_prefix("Bearer ")?;
        let id = decode_header(token).ok()?.kid?;
        let keys: JwkSet = serde_json::from_value(self.assertion_keys.clone()).ok()?;
        let key = DecodingKey::from_jwk(keys.find(&id)?).ok()?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[ASSERTION_ISSUER]);
        validation.set_audience(&[ASSERTION_AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation).ok()?;
        Some(claims.claims.sub)
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

async fn answer(
    State(state): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = value(header::AUTHORIZATION.as_str()).unwrap_or_default();
    let user = locked(&state.trust)
        .as_ref()
        .and_then(|trust| trust.user(uri.path(), authorization));
    *locked(&state.seen) = Some(Seen {
        user: user.clone().unwrap_or_default(),
        told: value("x-authorizer-username")
            .unwrap_or_default()
            .to_owned(),
    });
    if (&method, uri.path()) == (&Method::GET, "/jira/status") {
        return Json(json!({"state": "RUNNING"})).into_response();
    }
    let Some(user) = user else {
        let message =
            "You are not authenticated. Authentication required to perform this operation.";
        let body = json!({"errorMessages": [message], "errors": {}});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    };
    match (&method, uri.path()) {
        (&Method::GET, "/jira/rest/api/2/myself") => {
            Json(json!({"name": user, "key": user, "active": true})).into_response()
        }
        (&Method::GET, path) if path.starts_with("/jira/secure/attachment/") => {
            "a file".into_response()
        }
        (&Method::GET, "/jira/rest/api/2/serverInfo") => {
            Json(json!({"version": "10.3.0", "deploymentType": "Server"})).into_response()
        }
        (&Method::GET | &Method::POST, "/jira/rest/api/2/search") => {
            let issue = json!({"key": "DEMO-1", "fields": {"summary": "A first issue"}});
            Json(json!({"startAt": 0, "maxResults": 50, "total": 1, "issues": [issue]}))
                .into_response()
        }
        (&Method::POST, "/jira/rest/api/2/issue") => created(&body),
        (&Method::GET, "/confluence/rest/api/user/current") => {
            Json(json!({"type": "known", "username": user})).into_response()
        }
        _ => {
            let body = json!({"errorMessages": ["null for uri"], "errors": {}});
            (StatusCode::NOT_FOUND, Json(body)).into_response()
        }
    }
}

fn created(body: &[u8]) -> Response {
    let issue: Option<Value> = serde_json::from_slice(body).ok();
    if issue.is_none_or(|issue| issue["fields"]["summary"].as_str().is_none()) {
        let errors = json!({"summary": "You must specify a summary of the issue."});
        let body = json!({"errorMessages": [], "errors": errors});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let body = json!({"id": "10001", "key": "DEMO-2"});
    (StatusCode::CREATED, Json(body)).into_response()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
