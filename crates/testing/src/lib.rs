//! What the tests and the benchmarks of this workspace are made of: services on loopback, tokens,
//! events, and the built programs as processes.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and speak to whoever runs them"
)]

pub mod api_tokens;
pub mod asked;
pub mod atlauth;
pub mod bench;
pub mod breaking;
pub mod browser;
pub mod cargo;
pub mod faults;
pub mod introspection;
pub mod issuer;
pub mod lambda;
pub mod local;
pub mod logs;
pub mod moto;
pub mod oidc;
pub mod runtime_api;
pub mod schema;
mod server;
pub mod ssm;
pub mod stack;
pub mod tls;
pub mod tokens;
pub mod undo;
pub mod vendor;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// The ARN of the stage that events are of.
pub const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

/// The folder of the workspace: relative paths start there.
pub fn root() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("this package lies two folders below")
}

/// A program of the virtual environment that `make tools` makes.
pub fn tool(name: &str) -> PathBuf {
    let path = root().join(".tools/venv/bin").join(name);
    assert!(
        path.exists(),
        "{} is missing: run `make tools`",
        path.display()
    );
    path
}

/// A folder of one test's own, removed with it.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes an empty one.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("atlassian-authorizer-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes settings, and returns the value of `AUTHORIZER_SETTINGS` that names them.
    pub fn settings(&self, settings: &Value) -> String {
        let path = self.0.join("settings.json");
        // Renamed into place, so that no reader sees half of it.
        let next = self.0.join("settings.next");
        std::fs::write(&next, settings.to_string()).unwrap();
        std::fs::rename(next, &path).unwrap();
        format!("file:{}", path.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A REST REQUEST event with this `Authorization`.
pub fn rest_event(method: &str, path: &str, authorization: &str) -> Value {
    json!({
        "type": "REQUEST",
        "methodArn": format!("{STAGE}/{method}{path}"),
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Authorization": authorization, "Accept": "*/*"},
        "multiValueHeaders": {"Authorization": [authorization], "Accept": ["*/*"]},
        "queryStringParameters": null,
        "requestContext": {
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "203.0.113.7"},
            "stage": "prod",
        },
    })
}

/// A GET of `/rest/api/2/myself` with this token.
pub fn bearer(token: &str) -> Value {
    rest_event("GET", "/rest/api/2/myself", &format!("Bearer {token}"))
}
