//! A provider that is asked about tokens, for what a real one can't be made to do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::tls::{Authority, TlsListener};
use crate::tokens::{SUBJECT, SigningKey};

/// The issuer of its tokens, which is not where it listens.
pub const ISSUER: &str = "https://idp.example.com";
/// Our client's secret there.
pub const SECRET: &str = "the-secret-of-our-client";

/// A provider that answers as it is told to.
pub struct Asked {
    /// Where it listens.
    pub url: String,
    shared: Arc<Mutex<Shared>>,
    tls_connections: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

struct Shared {
    answers: Answers,
    questions: Vec<Question>,
}

/// What it answers, each at the path of that name.
#[derive(Clone)]
pub struct Answers {
    /// What it says of every token that is introspected. A string is sent as it is, as a signed
    /// answer; so is that of userinfo.
    pub introspection: Value,
    /// What it says of the user of every token.
    pub userinfo: Value,
    /// Its JWKS.
    pub keys: Value,
    /// What stands before the body of every answer.
    pub prefix: &'static str,
    /// The status of every answer.
    pub status: u16,
    /// How long it waits before it answers.
    pub delay: Duration,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The path that was asked for.
    pub path: String,
    /// The header; empty without one.
    pub authorization: String,
    /// The body.
    pub body: String,
}

impl Asked {
    /// A provider on loopback, to which every token is active.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (shared, router) = parts();
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            tls_connections: Arc::default(),
            server,
        }
    }

    /// The same behind TLS, with a certificate by this CA, for this name or address.
    pub async fn start_tls(authority: &Authority, name: &str) -> Self {
        Self::start_tls_at(authority, name, Duration::ZERO).await
    }

    /// The same, where each handshake waits for so long before it begins.
    pub async fn start_tls_at(authority: &Authority, name: &str, distance: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (shared, router) = parts();
        let listener = TlsListener::new(listener, authority, name).at_distance(distance);
        let tls_connections = listener.accepted();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            tls_connections,
            server,
        }
    }

    /// Answers otherwise from now on.
    pub fn change(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.shared.lock().unwrap().answers);
    }

    /// What it was asked since the start.
    pub fn questions(&self) -> Vec<Question> {
        self.shared.lock().unwrap().questions.clone()
    }

    /// How often it was asked.
    pub fn count(&self) -> usize {
        self.questions().len()
    }

    /// The connections by TLS since the start.
    pub fn tls_connections(&self) -> usize {
        self.tls_connections.load(Ordering::SeqCst)
    }

    /// Settings with this provider, whose tokens this key signs.
    pub fn settings(&self, key: &SigningKey, verify: &str) -> Value {
        let mut provider = json!({
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
            "username": "username", "groups": "groups", "verify": verify,
        });
        if verify == "jwt+userinfo" {
            provider["userinfo_endpoint"] = format!("{}/userinfo", self.url).into();
        } else {
            provider["introspection_endpoint"] = format!("{}/introspection", self.url).into();
            provider["client_id"] = "authorizer".into();
            provider["client_secret"] = "introspection".into();
        }
        json!({
            "settings": {"refresh_seconds": 3_600},
            "providers": {"idp": provider},
            "secrets": {"introspection": SECRET},
        })
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn parts() -> (Arc<Mutex<Shared>>, Router) {
    let shared = Arc::new(Mutex::new(Shared {
        answers: Answers {
            introspection: json!({"active": true}),
            userinfo: json!({"sub": SUBJECT}),
            keys: json!({"keys": []}),
            prefix: "",
            status: 200,
            delay: Duration::ZERO,
        },
        questions: Vec::new(),
    }));
    let router = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&shared));
    (shared, router)
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let typed = |media_type| [("content-type", media_type)];
    let json = typed("application/json");
    let answers = {
        let mut shared = shared.lock().unwrap();
        let authorization = headers.get("authorization");
        shared.questions.push(Question {
            path: uri.path().to_owned(),
            authorization: authorization
                .map_or("", |value| value.to_str().unwrap())
                .to_owned(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        shared.answers.clone()
    };
    tokio::time::sleep(answers.delay).await;
    let body = match uri.path() {
        "/introspection" => answers.introspection,
        "/userinfo" => answers.userinfo,
        "/keys" => answers.keys,
        _ => return (StatusCode::NOT_FOUND, json, String::new()),
    };
    let status = StatusCode::from_u16(answers.status).unwrap();
    match body {
        Value::String(signed) if uri.path() == "/userinfo" => {
            (status, typed("application/jwt"), signed)
        }
        Value::String(signed) => (status, typed("application/token-introspection+jwt"), signed),
        body => (status, json, format!("{}{body}", answers.prefix)),
    }
}
