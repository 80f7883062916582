//! A CloudWatch Logs of the tests' own, for what moto can't do: pages, errors, and filter patterns to look at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::server::Server;
use crate::ssm::sdk_variables;

/// A CloudWatch Logs on loopback, stopped with the test.
pub struct FakeLogs {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<LogsState>>,
    _server: Server,
}

/// What is in it, and how it answers.
#[derive(Default)]
pub struct LogsState {
    /// The log groups by their names, with the times of their making.
    pub groups: Vec<(String, u64)>,
    /// Messages of all groups with their times, the oldest first. None is left out for a pattern.
    pub events: Vec<(u64, String)>,
    /// The most messages of an answer.
    pub page: usize,
    /// Answers in place of messages: one a request, the first first.
    pub failures: VecDeque<(u16, Value)>,
    /// The operations and their requests since the start.
    pub requests: Vec<(String, Value)>,
}

impl FakeLogs {
    /// Starts one with a log group of this name.
    pub async fn start(group: &str) -> Self {
        let state = Arc::new(Mutex::new(LogsState {
            groups: vec![(group.to_owned(), 1)],
            page: 2,
            ..LogsState::default()
        }));
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
    pub fn change(&self, change: impl FnOnce(&mut LogsState)) {
        change(&mut self.state.lock().unwrap());
    }

    /// The requests of an operation since the start.
    pub fn requests(&self, operation: &str) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        let of_it = state.requests.iter().filter(|(name, _)| name == operation);
        of_it.map(|(_, request)| request.clone()).collect()
    }

    /// The variables that lead the SDK here.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        sdk_variables(&self.url)
    }
}

async fn answer(
    State(state): State<Arc<Mutex<LogsState>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
    let operation = target.strip_prefix("Logs_20140328.").unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let mut state = state.lock().unwrap();
    state.requests.push((operation.to_owned(), request.clone()));
    let (status, answer) = match (state.failures.pop_front(), operation) {
        (Some(failure), _) => failure,
        (None, "DescribeLogGroups") => describe(&state, &request),
        (None, "FilterLogEvents") => filter(&state, &request),
        (None, other) => panic!("{other} is not played here"),
    };
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

/// `DescribeLogGroups`.
fn describe(state: &LogsState, request: &Value) -> (u16, Value) {
    let prefix = request["logGroupNamePrefix"].as_str().unwrap();
    let groups = state.groups.iter();
    let groups: Vec<Value> = groups
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, made)| json!({"logGroupName": name, "creationTime": made}))
        .collect();
    (200, json!({"logGroups": groups}))
}

/// `FilterLogEvents`, the oldest first.
fn filter(state: &LogsState, request: &Value) -> (u16, Value) {
    let name = request["logGroupName"].as_str().unwrap();
    if !state.groups.iter().any(|(group, _)| group == name) {
        let message = "The specified log group does not exist.";
        return (
            400,
            json!({"__type": "ResourceNotFoundException", "message": message}),
        );
    }
    let bound = |name: &str| request[name].as_u64().unwrap();
    let span = bound("startTime")..=bound("endTime");
    let first: usize = request["nextToken"]
        .as_str()
        .map_or(0, |token| token.parse().unwrap());
    let inside: Vec<Value> = state
        .events
        .iter()
        .filter(|(time, _)| span.contains(time))
        .map(|(time, message)| json!({"timestamp": time, "message": message}))
        .collect();
    let last = inside.len().min(first + state.page);
    let next = (last < inside.len()).then(|| last.to_string());
    (
        200,
        json!({"events": inside[first..last], "nextToken": next}),
    )
}
