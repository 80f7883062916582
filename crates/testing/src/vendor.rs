//! A vendor's endpoints on loopback, which play the cases of a file in `tests/vendors`.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::root;
use crate::server::Server;
use crate::tokens::now;

/// A vendor on loopback.
pub struct Vendor {
    /// Where it listens.
    pub url: String,
    shared: Arc<Shared>,
    _server: Server,
}

struct Shared {
    cases: Value,
    state: Mutex<Played>,
}

struct Played {
    case: String,
    hangs: bool,
    asked: Vec<Asked>,
}

/// A request that a vendor received.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When it came.
    pub at: Instant,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The names and values of the query.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Asked {
    /// The method and the path, as the files of `tests/vendors` write them.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The names and values of a form.
    pub fn form(&self) -> Vec<(String, String)> {
        assert_eq!(
            self.header("content-type"),
            "application/x-www-form-urlencoded"
        );
        pairs(self.body.as_bytes())
    }

    /// The JSON document that was sent.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The id and the secret that came by Basic auth.
    pub fn basic(&self) -> String {
        let value = self.header("authorization").strip_prefix("Basic ").unwrap();
        String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
    }
}

/// The file of a vendor.
pub fn file(vendor: &str) -> Value {
    let path = root().join("tests/vendors").join(format!("{vendor}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

impl Vendor {
    /// Starts with one of the cases of a file.
    pub async fn start(vendor: &str, case: &str) -> Self {
        Self::of(file(vendor)["cases"].take(), case).await
    }

    /// Starts with one of these cases.
    pub async fn of(cases: Value, case: &str) -> Self {
        let shared = Arc::new(Shared {
            cases,
            state: Mutex::new(Played {
                case: String::new(),
                hangs: false,
                asked: Vec::new(),
            }),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let server = Server::start(router).await;
        let vendor = Self {
            url: server.url.clone(),
            shared,
            _server: server,
        };
        vendor.play(case);
        vendor
    }

    /// A vendor at which nothing listens.
    pub async fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// Plays another case from now on.
    pub fn play(&self, case: &str) {
        assert!(
            self.shared.cases[case].is_array(),
            "there is no case {case}"
        );
        let mut state = self.shared.state.lock().unwrap();
        case.clone_into(&mut state.case);
        state.hangs = false;
    }

    /// Answers nothing from now on.
    pub fn hang(&self) {
        self.shared.state.lock().unwrap().hangs = true;
    }

    /// What was asked about tokens since the start.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.state.lock().unwrap().asked.clone()
    }

    /// The methods and paths of what was asked.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    let asked = Asked {
        at: Instant::now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
        headers: parts.headers,
        body: text(&body),
    };
    let line = asked.line();
    let (hangs, steps) = {
        let mut state = shared.state.lock().unwrap();
        // Keys are no question about a token: they are fetched ahead of the first.
        let is_question = !asked.path.ends_with("/keys");
        if is_question {
            state.asked.push(asked);
        }
        let hangs = state.hangs && is_question;
        (hangs, shared.cases[&state.case].clone())
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    let mut steps = steps.as_array().unwrap().iter();
    let Some(step) = steps.find(|step| step["request"] == *line) else {
        return (StatusCode::NOT_FOUND, HeaderMap::new(), Vec::new());
    };
    let mut headers = HeaderMap::new();
    for (name, value) in filled(&step["headers"]).as_object().unwrap() {
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    let body = match filled(&step["body"]) {
        Value::String(text) => text,
        value => value.to_string(),
    };
    let status = u16::try_from(step["status"].as_u64().unwrap()).unwrap();
    (
        StatusCode::from_u16(status).unwrap(),
        headers,
        body.into_bytes(),
    )
}

/// A value with the times that its placeholders stand for.
fn filled(value: &Value) -> Value {
    match value {
        Value::String(text) => match text
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"))
        {
            Some(placeholder) => time(placeholder),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(filled).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), filled(value)))
            .collect(),
        _ => value.clone(),
    }
}

fn time(placeholder: &str) -> Value {
    let (kind, offset) = placeholder.split_once(":now").unwrap();
    let seconds = i64::try_from(now()).unwrap() + offset.parse::<i64>().unwrap();
    match kind {
        "number" => json!(seconds),
        "text" => json!(seconds.to_string()),
        "iso" => json!(DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap()),
        _ => panic!("{placeholder}"),
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (Cow::into_owned(name), Cow::into_owned(value)))
        .collect()
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
