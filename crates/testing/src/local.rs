//! The authorizer in the tests' own process, with a clock that a test moves.

use std::io::Write;
use std::sync::{Arc, Mutex};

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::ManualClock;
use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::error::Refusal;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::Source;
use serde_json::Value;

use crate::tokens::now;
use crate::{Folder, bearer};

/// An authorizer with settings in a folder of its own, and what it wrote to its audit log.
pub struct Local {
    /// The authorizer itself.
    pub authorizer: Authorizer,
    /// The clock that it goes by.
    pub clock: Arc<ManualClock>,
    /// Where its settings are, and its API tokens beside them.
    pub folder: Folder,
    lines: Lines,
}

/// Of an API whose cache is off.
pub fn without_cache() -> Deployment {
    Deployment {
        cache_seconds: ByProduct::all(0),
        ..Deployment::default()
    }
}

impl Local {
    /// With these settings, and an API set up like this.
    pub fn new(settings: &Value, options: Deployment) -> Self {
        Self::at(now(), settings, options)
    }

    /// The same, from this second since 1970 on.
    pub fn at(seconds: u64, settings: &Value, options: Deployment) -> Self {
        let folder = Folder::new();
        let clock = Arc::new(ManualClock::at(seconds));
        let http = HttpClient::new().unwrap();
        let source = Source::parse(&folder.settings(settings), &http).unwrap();
        let lines = Lines::default();
        let authorizer = Authorizer::new(
            source,
            http,
            Arc::<ManualClock>::clone(&clock),
            AuditLog::new(Box::new(lines.clone())),
            options,
        );
        Self {
            authorizer,
            clock,
            folder,
            lines,
        }
    }

    /// Sends an event.
    pub async fn invoke(&self, event: &Value) -> Result<Value, Refusal> {
        let answer = self.authorizer.authorize(&event.to_string(), "id").await?;
        Ok(serde_json::from_str(answer.get()).unwrap())
    }

    /// Sends an event, and returns the code of its audit line.
    pub async fn code(&self, event: &Value) -> String {
        let _ = self.invoke(event).await;
        self.audit()["code"].as_str().unwrap().to_owned()
    }

    /// Sends an event with this token.
    pub async fn check(&self, token: &str) -> Result<(), Refusal> {
        self.invoke(&bearer(token)).await.map(drop)
    }

    /// The last audit line.
    pub fn audit(&self) -> Value {
        self.audits().pop().unwrap()
    }

    /// The sum of a metric over all audit lines.
    pub fn metric(&self, name: &str) -> u64 {
        let lines = self.audits();
        lines.iter().filter_map(|line| line[name].as_u64()).sum()
    }

    fn audits(&self) -> Vec<Value> {
        let lines = self.lines.0.lock().unwrap();
        let lines = std::str::from_utf8(&lines).unwrap().lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
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
