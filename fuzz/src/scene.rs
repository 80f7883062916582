//! An authorizer that asks nobody, at a time that stands still, and a key that its issuer signs by.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::ManualClock;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::Source;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// The second at which all is decided.
pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://idp.example.com";

/// The same key with every run.
static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());

/// The token of a caller who is known. `TOKEN` stands for it in what a fuzzer sends.
pub(crate) static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let claims = json!({
        "iss": ISSUER, "sub": "5f0c", "client_id": "client", "username": "alice",
        "scope": "read", "groups": ["editors"], "jti": "b1a2", "exp": NOW + 3_600,
    });
    sign(r#"{"alg":"EdDSA","kid":"key"}"#, &claims.to_string())
});

/// A token of any two texts.
pub(crate) fn sign(header: &str, claims: &str) -> String {
    let input = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let signature = KEY.sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The public half of the key.
pub(crate) fn jwk() -> Value {
    let x = URL_SAFE_NO_PAD.encode(KEY.public_key().as_ref());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "key", "x": x})
}

/// The issuer as a provider.
pub(crate) fn provider() -> Value {
    json!({
        "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [jwk()]},
        "client_ids": ["client"], "username": "username", "groups": "groups",
    })
}

/// An authorizer, what it runs on, and its audit log.
pub(crate) struct Scene {
    authorizer: Authorizer,
    runtime: Runtime,
    lines: Lines,
    pub(crate) clock: Arc<ManualClock>,
}

impl Scene {
    /// With these settings, for an API that is set up like this.
    pub(crate) fn new(name: &str, settings: &Value, deployment: Deployment) -> Self {
        let http = HttpClient::new().unwrap();
        let file = file(name);
        std::fs::write(&file, settings.to_string()).unwrap();
        let source = Source::parse(&format!("file:{}", file.display()), &http).unwrap();
        let lines = Lines::default();
        let clock = Arc::new(ManualClock::at(NOW));
        let authorizer = Authorizer::new(
            source,
            http,
            Arc::<ManualClock>::clone(&clock),
            AuditLog::new(Box::new(lines.clone())),
            deployment,
        );
        Self {
            authorizer,
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            lines,
            clock,
        }
    }

    /// The answer to an event, or the code of why there is none; and the audit line.
    pub(crate) fn answer(&self, event: &str) -> (Result<Value, &'static str>, String) {
        self.lines.0.lock().unwrap().clear();
        let answer = self
            .runtime
            .block_on(self.authorizer.authorize(event, "id"));
        let answer = match answer {
            Ok(answer) => {
                assert!(answer.get().len() <= 8_192, "an answer of more than 8 KB");
                Ok(serde_json::from_str(answer.get()).unwrap())
            }
            Err(refusal) => Err(refusal.code()),
        };
        let lines = self.lines.0.lock().unwrap();
        (answer, String::from_utf8(lines.clone()).unwrap())
    }
}

/// A REST event with this token, for a path that is allowed.
pub(crate) fn bearer(token: &str) -> String {
    json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/rest/api/2/myself",
        "path": "/rest/api/2/myself",
        "httpMethod": "GET",
        "headers": {"Authorization": format!("Bearer {token}")},
        "requestContext": {"identity": {"sourceIp": "203.0.113.7"}, "stage": "prod"},
    })
    .to_string()
}

/// A file of this process alone, below the folder that holds what is built.
fn file(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join("target/fuzz/settings");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}-{}.json", std::process::id()))
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
