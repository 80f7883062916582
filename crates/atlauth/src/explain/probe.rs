//! The product itself, in this process.

use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::authorizer::DecisionRecord;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::credential::TokenId;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::http::Deadline;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::store::Source;

use super::meaning::{Meaning, Stage};
use super::{Decoded, Explanation};
use crate::api_tokens::find;
use crate::failure::Failure;
use crate::log::Log;
use crate::source;

/// An authorizer, and what it says on the way.
pub(crate) struct Probe {
    authorizer: Authorizer,
    log: Log,
    source: Source,
    name: String,
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
            name: source.to_string(),
            source: source.clone(),
            authorizer: Authorizer::new(source, http, Arc::new(SystemClock), audit, deployment),
            log,
        })
    }

    /// What becomes of an event.
    pub(crate) async fn explain(&self, event: &str) -> Explanation {
        let decision = self.authorizer.explain(event, "explain").await;
        let record_ends = self.record_ends(&decision, event).await;
        Explanation::of(decision, event, record_ends)
    }

    /// When an API token expires whose secret was shown. The decision itself holds no longer than the
    /// record is not read again.
    async fn record_ends(&self, decision: &DecisionRecord, event: &str) -> Option<u64> {
        let Decoded::ApiToken { id } = Decoded::of_event(event) else {
            return None;
        };
        let meaning = decision.refusal.map(Meaning::of);
        let is_verified = decision.identity().is_some()
            || meaning.is_some_and(|meaning| meaning.stage > Stage::Signature);
        let id = TokenId::new(&id).filter(|_| is_verified)?;
        let token = find(&self.source, &id).await.ok()??;
        let settings = decision.settings.as_ref();
        Some(token.ends(settings.and_then(|settings| settings.general.api_tokens.as_ref())))
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
        &self.name
    }
}
