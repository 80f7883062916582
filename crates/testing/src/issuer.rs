//! An issuer of the tests' own, for what a real one can't be made to do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::tokens::SigningKey;

/// An issuer on loopback, with discovery and a JWKS.
pub struct Issuer {
    /// Its name, which is where it listens.
    pub url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    fetches: AtomicUsize,
    discoveries: AtomicUsize,
    headers: Mutex<HeaderMap>,
}

/// How the issuer answers.
#[derive(Clone)]
pub struct Behaviour {
    /// The text of the JWKS.
    pub keys: Vec<u8>,
    /// The discovery document.
    pub discovery: Value,
    /// The status of every answer.
    pub status: u16,
    /// Headers of every answer.
    pub headers: Vec<(&'static str, String)>,
    /// What stands before the body of every answer.
    pub prefix: &'static [u8],
    /// How long it waits before it answers.
    pub delay: Duration,
    /// Answers wait for a permit of it, where there is one.
    pub held: Option<Arc<Semaphore>>,
}

impl Issuer {
    /// Starts one that publishes these keys.
    pub async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Behaviour {
                keys: key_set(keys),
                discovery: json!({"issuer": url, "jwks_uri": format!("{url}/keys")}),
                status: 200,
                headers: Vec::new(),
                prefix: b"",
                delay: Duration::ZERO,
                held: None,
            }),
            fetches: AtomicUsize::new(0),
            discoveries: AtomicUsize::new(0),
            headers: Mutex::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            server,
        }
    }

    /// The URL of the JWKS.
    pub fn jwks_uri(&self) -> String {
        format!("{}/keys", self.url)
    }

    /// How often the JWKS was requested.
    pub fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// How often the discovery document was asked for.
    pub fn discoveries(&self) -> usize {
        self.shared.discoveries.load(Ordering::SeqCst)
    }

    /// A header of the last request.
    pub fn asked_with(&self, name: &str) -> Option<String> {
        let headers = self.shared.headers.lock().unwrap();
        Some(headers.get(name)?.to_str().unwrap().to_owned())
    }

    /// Answers otherwise from now on.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.behaviour.lock().unwrap());
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&SigningKey]) {
        self.change(|behaviour| behaviour.keys = key_set(keys));
    }

    /// Settings with one custom provider: this issuer by its JWKS endpoint.
    pub fn settings(&self) -> Value {
        json!({"providers": {"idp": {
            "kind": "custom", "issuer": self.url, "jwks_uri": self.jwks_uri(),
            "client_ids": ["client"], "username": "username",
        }}})
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The text of a JWKS.
pub fn key_set(keys: &[&SigningKey]) -> Vec<u8> {
    let keys: Vec<&Value> = keys.iter().map(|key| &key.jwk).collect();
    json!({"keys": keys}).to_string().into_bytes()
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let behaviour = shared.behaviour.lock().unwrap().clone();
    shared.headers.lock().unwrap().clone_from(request.headers());
    let body = match request.uri().path() {
        "/keys" | "/.well-known/jwks.json" => {
            shared.fetches.fetch_add(1, Ordering::SeqCst);
            behaviour.keys
        }
        "/.well-known/openid-configuration" => {
            shared.discoveries.fetch_add(1, Ordering::SeqCst);
            behaviour.discovery.to_string().into_bytes()
        }
        _ => return (StatusCode::NOT_FOUND, HeaderMap::new(), Vec::new()),
    };
    tokio::time::sleep(behaviour.delay).await;
    if let Some(held) = behaviour.held {
        held.acquire().await.unwrap().forget();
    }
    let mut headers = HeaderMap::new();
    for (name, value) in behaviour.headers {
        headers.insert(name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(behaviour.status).unwrap();
    (status, headers, [behaviour.prefix, &body].concat())
}
