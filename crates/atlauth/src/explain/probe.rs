//! The product itself, in this process.

use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::http::Deadline;
use atlassian_authorizer::product::Product;

use super::Explanation;
use crate::failure::Failure;
use crate::log::Log;
use crate::source;

/// An authorizer, and what it says on the way.
pub(crate) struct Probe {
    authorizer: Authorizer,
    log: Log,
    source: String,
}

impl Probe {
    /// An authorizer with the settings of this source.
    pub(crate) async fn new(source: Option<&str>) -> Result<Self, Failure> {
        let (source, http) = source::open(source).await?;
        let log = Log::capture();
        let deployment =
            Deployment::from_env().map_err(|error| Failure::usage(error.to_string()))?;
        let deployment = source::as_the_template(deployment);
        // The explanation tells what the audit line would.
        let audit = AuditLog::new(Box::new(std::io::sink()));
        Ok(Self {
            source: source.to_string(),
            authorizer: Authorizer::new(source, http, Arc::new(SystemClock), audit, deployment),
            log,
        })
    }

    /// What becomes of an event.
    pub(crate) async fn explain(&self, event: &str) -> Explanation {
        let decision = self.authorizer.explain(event, "explain").await;
        Explanation::of(decision, event)
    }

    /// The path of the first product, `/` without any.
    pub(crate) async fn first_path(&self) -> String {
        let settings = self.authorizer.settings(Deadline::start()).await.ok();
        let first = settings
            .as_ref()
            .and_then(|settings| settings.products.first());
        let path = first.map(Product::path).unwrap_or_default();
        format!("{path}/")
    }

    /// What has been logged.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// The name of the source.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}
