//! The product itself, in this process.

use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::authorizer::Explanation;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::deployment::Deployment;

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
    pub(crate) fn new(source: Option<&str>) -> Result<Self, Failure> {
        let (source, http) = source::open(source)?;
        let log = Log::capture();
        let options = Deployment::from_env().map_err(|error| Failure::usage(error.to_string()))?;
        // The explanation tells what the audit line would.
        let audit = AuditLog::new(Box::new(std::io::sink()));
        Ok(Self {
            source: source.to_string(),
            authorizer: Authorizer::new(source, http, Arc::new(SystemClock), audit, options),
            log,
        })
    }

    /// What becomes of an event.
    pub(crate) async fn explain(&self, event: &str) -> Explanation {
        self.authorizer.explain(event).await
    }

    /// The path of the first product, `/` without any.
    pub(crate) async fn first_path(&self) -> String {
        let paths = self.authorizer.product_paths().await;
        paths.into_iter().next().unwrap_or_else(|| "/".to_owned())
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
