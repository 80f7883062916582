//! Bitbucket behind the gateway: git itself, and paths that hold branches, tags, files and users.

mod git;
mod origin;
mod paths;

use serde_json::{Value, json};

use super::process::Local;
use super::{SERVICE_TOKEN, reads_and_writes};
use origin::Bitbucket;
use testing::issuer::Issuer;
use testing::tokens::{SigningKey, access_claims};

/// An issuer, a stand-in for Bitbucket that also plays the other products, and a gateway between
/// them.
struct Scene {
    key: SigningKey,
    issuer: Issuer,
    bitbucket: Bitbucket,
    local: Local,
}

impl Scene {
    /// With these rules of Bitbucket, and options of `atlauth local`.
    async fn set(access: &Value, options: &[&str]) -> Self {
        let key = SigningKey::generate("key", "ES256");
        let issuer = Issuer::start(&[&key]).await;
        let bitbucket = Bitbucket::start(&format!("Bearer {SERVICE_TOKEN}")).await;
        let mut settings = issuer.settings();
        let upstream = json!({"mode": "fixed", "secret": "service"});
        settings["settings"] = json!({"api_tokens": {"enabled": true, "allow_basic": true}});
        let products = ["jira", "confluence", "bitbucket"];
        for id in products {
            settings["products"][id] = json!({"path": format!("/{id}"), "access": reads_and_writes(), "upstream": upstream});
            settings["secrets"]["products"][id] = json!({"service": SERVICE_TOKEN});
        }
        settings["products"]["bitbucket"]["access"] = access.clone();
        let urls = products.map(|id| (id, format!("{}/{id}", bitbucket.url)));
        let upstreams = urls.each_ref().map(|(id, url)| (*id, url.as_str()));
        let options = [options, &["--cache-seconds", "60"]].concat();
        let local = Local::start(&settings, &upstreams, &options).await;
        Self {
            key,
            issuer,
            bitbucket,
            local,
        }
    }

    fn token(&self) -> String {
        let token = self.key.sign(&access_claims(&self.issuer.url));
        self.local.keep_secret(&token);
        token
    }

    fn codes(&self, path: &str) -> Vec<(String, String)> {
        let audits = self.local.audits();
        let of_path = audits.iter().filter(|line| line["path"] == path);
        let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        of_path
            .map(|line| (text(line, "method"), text(line, "code")))
            .collect()
    }
}
