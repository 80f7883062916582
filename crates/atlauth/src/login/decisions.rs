//! What becomes of a token by these settings: the authorizer itself decides, in this process.

use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::document::ProductKind;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::secret::Secret;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::Source;

use crate::event::{Kind, Sent};
use crate::source::without_cache;
use crate::ui::Ui;

/// One decision.
pub(super) struct Decision {
    pub(super) product: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    /// `allowed`, `forbidden`, `unauthorized` or `failed`.
    pub(super) outcome: &'static str,
    /// Why.
    pub(super) code: &'static str,
    pub(super) username: Option<String>,
}

/// Asks for a route that reads and one that writes, of each product.
pub(super) async fn decide(
    source: Source,
    settings: &Settings,
    token: &Secret,
    http: &HttpClient,
    ui: &Ui,
) -> Vec<Decision> {
    let authorizer = Authorizer::new(
        source,
        http.clone(),
        Arc::new(SystemClock),
        // The decisions tell what its lines would.
        AuditLog::new(Box::new(std::io::sink())),
        without_cache(),
    );
    let work = async {
        let mut decisions = Vec::new();
        for product in &settings.products {
            for (method, path) in routes(product) {
                decisions.push(decision(&authorizer, product, method, path, token).await);
            }
        }
        decisions
    };
    ui.progress("trying the token", work).await
}

/// A route that reads and one that writes.
fn routes(product: &Product) -> [(&'static str, String); 2] {
    let kind = product.access().kind();
    let [read, write] = match kind.map(ProductKind::as_str) {
        Some("confluence") => ["/rest/api/content", "/rest/api/content"],
        Some("bitbucket") => [
            "/rest/api/1.0/projects",
            "/rest/api/1.0/projects/A/repos/a/pull-requests",
        ],
        Some("jira_cloud") => ["/rest/api/3/issue/A-1", "/rest/api/3/issue"],
        Some("confluence_cloud") => ["/wiki/api/v2/pages", "/wiki/api/v2/pages"],
        Some("bitbucket_cloud") => [
            "/2.0/repositories/a/a",
            "/2.0/repositories/a/a/pullrequests",
        ],
        _ => ["/rest/api/2/issue/A-1", "/rest/api/2/issue"],
    };
    let below = |path: &str| format!("{}{path}", product.path());
    [("GET", below(read)), ("POST", below(write))]
}

async fn decision(
    authorizer: &Authorizer,
    product: &Product,
    method: &'static str,
    path: String,
    token: &Secret,
) -> Decision {
    let sent = Sent {
        method,
        path: &path,
        query: &[],
        headers: &[("Content-Type".to_owned(), "application/json".to_owned())],
        authorization: Some(&format!("Bearer {}", token.expose_secret())),
        source_ip: "127.0.0.1",
    };
    let event = sent.event(Kind::RestRequest).to_string();
    let record = authorizer.explain(&event, "atlauth").await;
    let username = record.identity().map(|one| one.username.as_str());
    Decision {
        product: product.id().to_owned(),
        method,
        outcome: record.outcome().as_str(),
        code: record.code(),
        username: username.map(str::to_owned),
        path,
    }
}
