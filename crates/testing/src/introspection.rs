//! An introspection endpoint (RFC 7662) that knows its tokens by their looks, for many of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Value, json};

use crate::server::Server;
use crate::tokens::now;

/// An endpoint on loopback.
pub struct Introspector {
    /// Where it listens.
    pub url: String,
    questions: Arc<AtomicUsize>,
    _server: Server,
}

impl Introspector {
    /// Starts one that waits for this long before each answer.
    pub async fn start(delay: Duration) -> Self {
        let questions = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .fallback(answer)
            .with_state((Arc::clone(&questions), delay));
        let server = Server::start(router).await;
        Self {
            url: server.url.clone(),
            questions,
            _server: server,
        }
    }

    /// How many tokens it was asked about.
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    /// A provider of settings that asks it; `secrets/introspector` holds the client's secret.
    pub fn provider(&self) -> Value {
        json!({
            "kind": "custom", "introspection_endpoint": format!("{}/introspect", self.url),
            "client_id": "client", "client_secret": "introspector", "client_ids": ["client"],
            "username": "username",
        })
    }

    /// The token of a user; `n` tells tokens of one user apart.
    pub fn token(username: &str, n: usize) -> String {
        format!("opaque.{username}.{n}")
    }

    /// A token to which nobody ever gets an answer, as if a firewall on the way dropped it.
    pub fn dropped(n: usize) -> String {
        format!("dropped.{n}")
    }

    /// A token that is not active.
    pub fn inactive(n: usize) -> String {
        format!("inactive.{n}")
    }
}

async fn answer(
    State((questions, delay)): State<(Arc<AtomicUsize>, Duration)>,
    body: Bytes,
) -> ([(&'static str, &'static str); 1], String) {
    questions.fetch_add(1, Ordering::SeqCst);
    let token = form_urlencoded::parse(&body)
        .find(|(name, _)| name == "token")
        .map(|(_, token)| token.into_owned());
    if token
        .as_deref()
        .is_some_and(|token| token.starts_with("dropped."))
    {
        std::future::pending::<()>().await;
    }
    let username = token
        .as_deref()
        .and_then(|token| token.strip_prefix("opaque."))
        .and_then(|rest| rest.split_once('.'))
        .map(|(username, _)| username);
    let answer = match username {
        Some(username) => json!({
            "active": true, "client_id": "client", "username": username, "sub": username,
            "scope": "read", "exp": now() + 3_600,
        }),
        None => json!({"active": false}),
    };
    tokio::time::sleep(delay).await;
    ([("content-type", "application/json")], answer.to_string())
}
