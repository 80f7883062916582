//! An SSM of the tests' own, for what moto can't do: throttling, delays, errors.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::server::Server;

/// The prefix of all parameters.
pub const PREFIX: &str = "/atlassian-authorizer/test";

/// An SSM on loopback.
pub struct FakeSsm {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<SsmState>>,
    _server: Server,
}

/// What is in it, and how it answers.
#[derive(Default)]
pub struct SsmState {
    /// The values by their full names.
    pub parameters: BTreeMap<String, String>,
    /// Answers instead of the parameters: one a request, the first first.
    pub failures: VecDeque<(u16, Value)>,
    /// How long it waits before it answers.
    pub delay: Duration,
    /// The requests since the start.
    pub requests: Vec<Value>,
    /// How many more writes are done before all others are refused; without it, none is.
    pub writes_left: Option<usize>,
    /// What throttles requests; without it, none is.
    pub throttle: Option<Throttle>,
    /// When each request came, and its signature, which names the access key and the region.
    signatures: Vec<(Instant, String)>,
}

/// A bucket of calls, filled evenly: each request takes one, and one that finds none is throttled.
pub struct Throttle {
    capacity: f64,
    each_second: f64,
    left: f64,
    filled: Instant,
}

impl Throttle {
    /// A full one.
    pub fn new(capacity: u32, each_second: u32) -> Self {
        Self {
            capacity: capacity.into(),
            each_second: each_second.into(),
            left: capacity.into(),
            filled: Instant::now(),
        }
    }

    /// Whether a call was left to take.
    fn take(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.filled).as_secs_f64() * self.each_second;
        self.left = (self.left + earned).min(self.capacity);
        self.filled = now;
        let may_pass = self.left >= 1.0;
        if may_pass {
            self.left -= 1.0;
        }
        may_pass
    }
}

impl FakeSsm {
    /// Starts one without parameters.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(SsmState::default()));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state));
        let server = Server::start(router).await;
        Self {
            url: server.url.clone(),
            state,
            _server: server,
        }
    }

    /// Changes what is in it, or how it answers.
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

    /// The requests since the start.
    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Whose access key the last request was signed with, and where.
    pub fn signed_with(&self) -> String {
        let signatures = &self.state.lock().unwrap().signatures;
        signatures
            .last()
            .map_or_else(String::new, |(_, signed)| signed.clone())
    }

    /// When requests came that were signed with this access key.
    pub fn calls_with(&self, access_key: &str) -> Vec<Instant> {
        let credential = format!("Credential={access_key}/");
        let signatures = &self.state.lock().unwrap().signatures;
        let by_it = signatures
            .iter()
            .filter(|(_, signed)| signed.contains(&credential));
        by_it.map(|(time, _)| *time).collect()
    }

    /// The variables that lead the SDK here.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        sdk_variables(&self.url)
    }
}

/// The variables that lead an AWS SDK to this URL, with credentials.
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
            Some(entries) if name == "secrets" => {
                for (id, entry) in entries {
                    add_secrets(&format!("{PREFIX}/secrets/{id}"), entry, &mut parameters);
                }
            }
            Some(entries) if name != "settings" => {
                for (id, entry) in entries {
                    parameters.push((format!("{PREFIX}/{name}/{id}"), text(entry), false));
                }
            }
            _ => parameters.push((format!("{PREFIX}/{name}"), text(value), false)),
        }
    }
    parameters
}

/// Reads settings in their file form, with API Gateway's cache off.
///
/// # Errors
///
/// All that is wrong with them.
pub fn load(file: &Value) -> Result<Settings, String> {
    let tree: Tree = parameters(file)
        .into_iter()
        .filter(|(name, ..)| !name.ends_with("/$schema"))
        .map(|(name, text, _)| (name[PREFIX.len() + 1..].to_owned(), text))
        .collect();
    let deployment = Deployment {
        cache_seconds: ByProduct::all(0),
        ..Deployment::default()
    };
    Settings::parse(&tree, &deployment).map_err(|problems| problems.to_string())
}

/// A secret, or those of a folder.
fn add_secrets(name: &str, value: &Value, parameters: &mut Vec<(String, String, bool)>) {
    match value {
        Value::String(secret) => parameters.push((name.to_owned(), secret.clone(), true)),
        folder => {
            for (id, entry) in folder.as_object().unwrap() {
                add_secrets(&format!("{name}/{id}"), entry, parameters);
            }
        }
    }
}

async fn answer(
    State(state): State<Arc<Mutex<SsmState>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
    let operation = target.strip_prefix("AmazonSSM.").unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let (delay, answer) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        let signed = headers.get("authorization");
        let signed = signed
            .map_or("", |signed| signed.to_str().unwrap())
            .to_owned();
        state.signatures.push((Instant::now(), signed));
        let throttle = state.throttle.as_mut();
        let may_pass = throttle.is_none_or(|throttle| throttle.take(Instant::now()));
        let answer = match state.failures.pop_front() {
            Some(failure) => failure,
            None if !may_pass => throttled(),
            None => match operation {
                "GetParameter" => one(&state, &request),
                "GetParametersByPath" => page(&state, &request),
                "DescribeParameters" => describe(&state, &request),
                "PutParameter" | "DeleteParameter" if state.writes_left == Some(0) => {
                    let message = format!("not authorized to perform: ssm:{operation}");
                    (
                        400,
                        json!({"__type": "AccessDeniedException", "message": message}),
                    )
                }
                "PutParameter" => put(&mut state, &request),
                "DeleteParameter" => delete(&mut state, &request),
                other => panic!("{other} is not played here"),
            },
        };
        (state.delay, answer)
    };
    tokio::time::sleep(delay).await;
    (
        StatusCode::from_u16(answer.0).unwrap(),
        answer.1.to_string(),
    )
}

/// What SSM answers above its rate.
fn throttled() -> (u16, Value) {
    (
        400,
        json!({"__type": "ThrottlingException", "message": "Rate exceeded"}),
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

/// `PutParameter`.
fn put(state: &mut SsmState, request: &Value) -> (u16, Value) {
    let name = request["Name"].as_str().unwrap().to_owned();
    if request["Overwrite"] != true && state.parameters.contains_key(&name) {
        return (400, json!({"__type": "ParameterAlreadyExists"}));
    }
    let value = request["Value"].as_str().unwrap().to_owned();
    state.parameters.insert(name, value);
    count_write(state);
    (200, json!({"Version": 1}))
}

/// `DeleteParameter`.
fn delete(state: &mut SsmState, request: &Value) -> (u16, Value) {
    let found = state.parameters.remove(request["Name"].as_str().unwrap());
    if found.is_none() {
        return (400, json!({"__type": "ParameterNotFound"}));
    }
    count_write(state);
    (200, json!({}))
}

fn count_write(state: &mut SsmState) {
    state.writes_left = state.writes_left.map(|left| left - 1);
}

/// `DescribeParameters`, of all below a path and in one page.
fn describe(state: &SsmState, request: &Value) -> (u16, Value) {
    let path = request["ParameterFilters"][0]["Values"][0]
        .as_str()
        .unwrap();
    let below = format!("{path}/");
    let names = state
        .parameters
        .keys()
        .filter(|name| name.starts_with(&below));
    let found: Vec<Value> = names
        .map(|name| json!({"Name": name, "Type": "String", "Tier": "Standard"}))
        .collect();
    (200, json!({"Parameters": found}))
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
