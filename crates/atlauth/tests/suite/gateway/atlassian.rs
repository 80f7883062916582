//! A stand-in for Jira Data Center, with the answers that its documentation shows.
//!
//! Source: [Jira's REST API](https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/).

mod files;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use files::File;

/// The size of one piece of a large attachment, and how many there are: 100 MB.
pub const PIECE: usize = 64 * 1_024;
pub const PIECES: usize = 1_600;

pub struct Atlassian {
    pub url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    /// What it believes its own URL to be, which all links in its answers begin with.
    base_url: Mutex<String>,
    authorization: String,
    requests: Mutex<Vec<Recorded>>,
    files: Mutex<Vec<File>>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
}

impl Atlassian {
    /// One that takes this `Authorization` for its service user's; any for an empty one.
    pub async fn start(authorization: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jira", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            base_url: Mutex::new(url.clone()),
            authorization: authorization.to_owned(),
            requests: Mutex::default(),
            files: Mutex::default(),
        });
        let api = Router::new()
            .route("/myself", get(myself))
            .route("/serverInfo", get(server_info))
            .route("/field", get(async || Json(json!([]))))
            .route("/search", get(search).post(search))
            .route("/issue", post(create))
            .route("/issue/{key}", get(issue).put(update))
            .route("/issue/{key}/attachments", post(files::attach))
            .route("/attachment/{id}", get(files::meta));
        let router = Router::new()
            .nest("/jira/rest/api/2", api)
            .route("/jira/secure/attachment/1/large", get(large).put(count))
            .route("/jira/secure/attachment/{id}/{name}", get(files::content))
            .route(
                "/jira/status",
                get(async || Json(json!({"state": "RUNNING"}))),
            )
            .route("/jira/rest/api/2/redirect", get(redirect))
            .route("/jira/rest/api/2/connection", get(connection))
            .layer(from_fn_with_state(Arc::clone(&shared), check))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            server,
        }
    }

    /// Sets the base URL, as an administrator of Jira does.
    pub fn set_base_url(&self, url: &str) {
        url.clone_into(&mut self.shared.base_url.lock().unwrap());
    }

    /// All requests up to now.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn last(&self) -> Recorded {
        self.requests().pop().unwrap()
    }
}

impl Shared {
    fn link(&self, path: &str) -> String {
        [self.base_url.lock().unwrap().as_str(), path].concat()
    }
}

impl Drop for Atlassian {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let authorization = headers.get("authorization").cloned();
    shared.requests.lock().unwrap().push(Recorded {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers,
    });
    let is_known = authorization.is_some_and(|value| value == shared.authorization.as_str());
    if !is_known && !shared.authorization.is_empty() {
        let body = json!({"message": "Client must be authenticated to access this resource.", "status-code": 401});
        let challenge = [("www-authenticate", "OAuth realm=\"jira\"")];
        return (StatusCode::UNAUTHORIZED, challenge, Json(body)).into_response();
    }
    next.run(request).await
}

async fn myself(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({
        "self": shared.link("/rest/api/2/user?username=svc-gateway"),
        "key": "JIRAUSER10100", "name": "svc-gateway", "emailAddress": "svc@example.com",
        "displayName": "Gateway", "active": true, "timeZone": "Europe/Berlin",
    }))
}

async fn server_info(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({
        "baseUrl": shared.link(""), "version": "9.17.0", "versionNumbers": [9, 17, 0],
        "deploymentType": "Server", "buildNumber": 917_000, "serverTitle": "Jira",
    }))
}

fn issue_of(shared: &Shared, key: &str) -> Value {
    json!({
        "id": "10000", "key": key, "self": shared.link("/rest/api/2/issue/10000"),
        "fields": {
            "summary": "A first issue", "attachment": [],
            "project": {"id": "10000", "key": "DEMO", "name": "Demo", "self": shared.link("/rest/api/2/project/DEMO")},
        },
    })
}

async fn search(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let issues = [issue_of(&shared, "DEMO-1")];
    Json(json!({"startAt": 0, "maxResults": 50, "total": 1, "issues": issues}))
}

async fn issue(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Json<Value> {
    Json(issue_of(&shared, &key))
}

async fn update() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn create(State(shared): State<Arc<Shared>>, Json(issue): Json<Value>) -> Response {
    if issue["fields"]["summary"].as_str().is_none() {
        let errors = json!({"summary": "You must specify a summary of the issue."});
        let body = json!({"errorMessages": [], "errors": errors});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let url = shared.link("/rest/api/2/issue/10001");
    let body = json!({"id": "10001", "key": "DEMO-2", "self": url});
    (StatusCode::CREATED, Json(body)).into_response()
}

/// 100 MB, made while they are sent.
async fn large() -> Body {
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = (0..PIECES).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
    Body::from_stream(futures_util::stream::iter(pieces))
}

/// How much was sent.
async fn count(request: Request) -> String {
    let mut stream = request.into_body().into_data_stream();
    let mut count = 0;
    while let Some(piece) = stream.next().await {
        count += piece.unwrap().len();
    }
    count.to_string()
}

async fn redirect() -> Response {
    (
        StatusCode::FOUND,
        [("location", "https://elsewhere.example.com/")],
    )
        .into_response()
}

/// With headers that are for the connection to the gateway alone.
async fn connection() -> Response {
    let headers = [
        ("connection", "x-of-connection"),
        ("keep-alive", "timeout=5"),
        ("x-of-connection", "1"),
        ("content-encoding", "gzip"),
        ("server", "Jira"),
        ("x-arequestid", "1x2x3"),
    ];
    // No gzip at all: whoever unpacks it on the way fails.
    (headers, "not packed").into_response()
}
