//! What becomes of a token by these settings: the authorizer itself decides, in this process.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::secret::Secret;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::Source;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::ui::Ui;

/// One decision, from its audit line.
pub(super) struct Decision {
    pub(super) product: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    /// `allowed`, `forbidden`, `unauthorized` or `failed`.
    pub(super) outcome: String,
    /// Why.
    pub(super) code: String,
    pub(super) username: Option<String>,
}

/// Asks for a route that reads and one that writes, of each product.
pub(super) async fn decide(
    source: &str,
    settings: &Settings,
    token: &Secret,
    http: &HttpClient,
    ui: &Ui,
) -> Result<Vec<Decision>, Failure> {
    let source = Source::parse(source, http).map_err(|error| Failure::usage(error.to_string()))?;
    let lines = Lines::default();
    let authorizer = Authorizer::new(
        source,
        http.clone(),
        Arc::new(SystemClock),
        AuditLog::new(Box::new(lines.clone())),
        super::options(),
    );
    let work = async {
        let mut decisions = Vec::new();
        for product in &settings.products {
            for (method, path) in routes(product) {
                let event = event(method, &path, token);
                // What is decided, and why, is in the audit line.
                let _ = authorizer.authorize(&event.to_string(), "atlauth").await;
                decisions.push(decision(product, method, path, &lines.take()));
            }
        }
        decisions
    };
    Ok(ui.progress("trying the token", work).await)
}

/// A route that reads and one that writes.
fn routes(product: &Product) -> [(&'static str, String); 2] {
    let [read, write] = match product.kind() {
        Some("confluence") => ["/rest/api/content", "/rest/api/content"],
        Some("bitbucket") => ["/rest/api/1.0/projects", "/rest/api/1.0/projects/A/repos"],
        _ => ["/rest/api/2/issue/A-1", "/rest/api/2/issue"],
    };
    let below = |path: &str| format!("{}{path}", product.path());
    [("GET", below(read)), ("POST", below(write))]
}

/// An event as a REST API's REQUEST authorizer gets it.
fn event(method: &str, path: &str, token: &Secret) -> Value {
    let authorization = format!("Bearer {}", token.expose_secret());
    json!({
        "type": "REQUEST",
        "methodArn": format!("arn:aws:execute-api:eu-west-1:123456789012:atlauth/local/{method}{path}"),
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Authorization": authorization, "Content-Type": "application/json"},
        "multiValueHeaders": {"Authorization": [authorization], "Content-Type": ["application/json"]},
        "queryStringParameters": null,
        "requestContext": {
            "requestId": "atlauth", "identity": {"sourceIp": "127.0.0.1"}, "stage": "local",
        },
    })
}

fn decision(product: &Product, method: &'static str, path: String, line: &Value) -> Decision {
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    Decision {
        product: product.id().to_owned(),
        method,
        path,
        outcome: text("outcome").unwrap_or_default(),
        code: text("code").unwrap_or_default(),
        username: text("username"),
    }
}

/// The audit log's last line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn take(&self) -> Value {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
