//! An SSM of the tests' own, for what moto can't do: throttling, delays, errors.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const PREFIX: &str = "/atlassian-authorizer/test";

pub struct FakeSsm {
    pub url: String,
    state: Arc<Mutex<SsmState>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
pub struct SsmState {
    pub parameters: BTreeMap<String, String>,
    /// Answers instead of the parameters: one a request, the first first.
    pub failures: VecDeque<(u16, Value)>,
    pub delay: Duration,
    pub requests: Vec<Value>,
}

impl FakeSsm {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(SsmState::default()));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, server }
    }

    pub fn change(&self, change: impl FnOnce(&mut SsmState)) {
        change(&mut self.state.lock().unwrap());
    }

    /// Replaces all parameters.
    pub fn put(&self, tree: &Value) {
        self.change(|state| {
            state.parameters = parameters(tree)
                .into_iter()
                .map(|(name, value, _)| (name, value))
                .collect();
        });
    }

    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The variables that lead the SDK here.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        sdk_variables(&self.url)
    }
}

impl Drop for FakeSsm {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub fn sdk_variables(url: &str) -> Vec<(&str, &str)> {
    vec![
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY",
        ),
        ("AWS_SESSION_TOKEN", "session-token-that-is-secret"),
    ]
}

/// A tree of settings as SSM parameters: name, value, and whether it is a secret.
pub fn parameters(tree: &Value) -> Vec<(String, String, bool)> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let mut parameters = Vec::new();
    for (name, value) in tree.as_object().unwrap() {
        match value.as_object() {
            Some(entries) if name != "settings" => {
                for (id, entry) in entries {
                    let secret = name == "secrets";
                    parameters.push((format!("{PREFIX}/{name}/{id}"), text(entry), secret));
                }
            }
            _ => parameters.push((format!("{PREFIX}/{name}"), text(value), false)),
        }
    }
    parameters
}

async fn answer(State(state): State<Arc<Mutex<SsmState>>>, body: Bytes) -> (StatusCode, String) {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let (delay, answer) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        let answer = match state.failures.pop_front() {
            Some(failure) => failure,
            None if request["Name"].is_string() => one(&state, &request),
            None => page(&state, &request),
        };
        (state.delay, answer)
    };
    tokio::time::sleep(delay).await;
    (
        StatusCode::from_u16(answer.0).unwrap(),
        answer.1.to_string(),
    )
}

/// `GetParameter`.
fn one(state: &SsmState, request: &Value) -> (u16, Value) {
    let name = request["Name"].as_str().unwrap();
    match state.parameters.get(name) {
        Some(value) => {
            let parameter = json!({"Name": name, "Value": value, "Type": "String"});
            (200, json!({"Parameter": parameter}))
        }
        None => (400, json!({"__type": "ParameterNotFound"})),
    }
}

/// `GetParametersByPath`.
fn page(state: &SsmState, request: &Value) -> (u16, Value) {
    let below = format!("{}/", request["Path"].as_str().unwrap());
    let first: usize = request["NextToken"]
        .as_str()
        .map_or(0, |token| token.parse().unwrap());
    let most = usize::try_from(request["MaxResults"].as_u64().unwrap_or(10)).unwrap();
    let found: Vec<Value> = state
        .parameters
        .iter()
        .filter(|(name, _)| name.starts_with(&below))
        .map(|(name, value)| json!({"Name": name, "Value": value, "Type": "String"}))
        .collect();
    let mut page = json!({"Parameters": found.iter().skip(first).take(most).collect::<Vec<_>>()});
    if first + most < found.len() {
        page["NextToken"] = (first + most).to_string().into();
    }
    (200, page)
}
