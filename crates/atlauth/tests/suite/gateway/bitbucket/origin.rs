//! A stand-in for Bitbucket Data Center: a repository by `git http-backend`, and lists of one.
//!
//! Sources: [Bitbucket's REST API](https://developer.atlassian.com/server/bitbucket/rest/v819/),
//! [git http-backend](https://git-scm.com/docs/git-http-backend).

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;
use testing::Folder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

pub struct Bitbucket {
    pub url: String,
    /// What lies below `/scm`.
    pub repositories: Arc<Folder>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    authorization: String,
    repositories: Arc<Folder>,
    targets: Mutex<Vec<String>>,
}

impl Bitbucket {
    pub async fn start(authorization: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let repositories = Arc::new(Folder::new());
        let shared = Arc::new(Shared {
            authorization: authorization.to_owned(),
            repositories: Arc::clone(&repositories),
            targets: Mutex::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            repositories,
            shared,
            server,
        }
    }

    /// Method, path and query of the last request, but for what the template adds to the query.
    pub fn last(&self) -> Option<String> {
        self.shared.targets.lock().unwrap().last().cloned()
    }
}

impl Drop for Bitbucket {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let own = query
        .split('&')
        .filter(|pair| !pair.starts_with("os_") && !pair.starts_with("xoauth_requestor_id="));
    let own = own.collect::<Vec<_>>().join("&");
    let mark = if own.is_empty() { "" } else { "?" };
    let target = format!("{method} {}{mark}{own}", uri.path());
    shared.targets.lock().unwrap().push(target);
    if headers
        .get("authorization")
        .is_none_or(|value| value != shared.authorization.as_str())
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if let Some(path) = uri.path().strip_prefix("/bitbucket/scm/") {
        let root = shared.repositories.path();
        return http_backend(root, &method, path, &own, &headers, &body).await;
    }
    if uri.path().contains("/raw/") {
        return "print('x')\n".into_response();
    }
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let one = json!({"displayId": "feature/x", "path": "src/admin/x.py", "sent": body});
    Json(json!({"values": [one], "isLastPage": true, "size": 1})).into_response()
}

/// What git's own server answers, as a CGI program.
async fn http_backend(
    root: &Path,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let header = |name: &str| {
        let value = headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    };
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("PATH_INFO", format!("/{path}"))
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        // Who pushes; without one, nobody may.
        .env("REMOTE_USER", header("x-authorizer-username"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git is on the PATH");
    let mut input = backend.stdin.take().unwrap();
    let body = body.clone();
    // It need not read all of it before it answers.
    let writer = tokio::spawn(async move { drop(input.write_all(&body).await) });
    let output = backend.wait_with_output().await.unwrap();
    writer.await.unwrap();
    let end = output
        .stdout
        .windows(4)
        .position(|part| part == b"\r\n\r\n");
    let (head, body) = output.stdout.split_at(end.unwrap() + 4);
    let mut response = Response::builder();
    for line in std::str::from_utf8(head).unwrap().lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => response = response.status(status.get(..3).unwrap()),
            Some((name, value)) => response = response.header(name, value),
            None => {}
        }
    }
    response.body(Body::from(body.to_vec())).unwrap()
}
