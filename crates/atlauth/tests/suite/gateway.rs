//! `atlauth demo` and `atlauth local`: API Gateway as the tool plays it.

mod atlassian;
mod audited;
mod bitbucket;
mod cache;
mod clients;
mod decisions;
mod demo;
mod process;
mod public_routes;
mod sent_on;
mod signatures;
mod streams;

use serde_json::{Value, json};

use atlassian::Atlassian;
use process::Local;
use testing::issuer::Issuer;
use testing::tokens::{SigningKey, access_claims};

/// The token that the product knows its service user by.
const SERVICE_TOKEN: &str = "c2VydmljZS10b2tlbg";

/// An issuer, a stand-in for Jira, and a gateway between them.
struct Scene {
    key: SigningKey,
    issuer: Issuer,
    jira: Atlassian,
    local: Local,
}

impl Scene {
    /// With these rules, and options of `atlauth local`.
    /// With a cache time of a minute, unless an option says another.
    async fn set(access: &Value, options: &[&str]) -> Self {
        let mut options = options.to_vec();
        if !options.contains(&"--cache-seconds") {
            options.extend(["--cache-seconds", "60"]);
        }
        let key = SigningKey::generate("key", "ES256");
        let issuer = Issuer::start(&[&key]).await;
        let jira = Atlassian::start(&format!("Bearer {SERVICE_TOKEN}")).await;
        let upstream = json!({"mode": "fixed", "secret": "service"});
        let settings = settings(&issuer, access, &upstream);
        let local = Local::start(&settings, &[("jira", &jira.url)], &options).await;
        Self {
            key,
            issuer,
            jira,
            local,
        }
    }

    /// An `Authorization` of alice's.
    fn bearer(&self) -> String {
        format!("Bearer {}", self.token())
    }

    fn token(&self) -> String {
        let token = self.key.sign(&access_claims(&self.issuer.url));
        self.local.keep_secret(&token);
        token
    }

    fn get(&self, path: &str, authorization: &str) -> reqwest::RequestBuilder {
        let url = [&self.local.url, path].concat();
        client().get(url).header("authorization", authorization)
    }
}

fn settings(issuer: &Issuer, access: &Value, upstream: &Value) -> Value {
    let mut settings = issuer.settings();
    let jira = json!({"path": "/jira", "access": access, "upstream": upstream});
    settings["products"] = json!({"jira": jira});
    settings["secrets"] = json!({"service": SERVICE_TOKEN});
    settings
}

/// Everything but administration.
fn reads_and_writes() -> Value {
    json!([{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}])
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(atlassian_authorizer::http::HttpClient::tls(None).unwrap())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
