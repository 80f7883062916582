//! The product itself, in this process.

use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::authorizer::DecisionRecord;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::credential::TokenId;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::http::{Counters, Deadline, HttpClient};
use atlassian_authorizer::product::Product;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::{Source, WhenThrottled};

use super::asked::known_claims;
use super::meaning::{Meaning, Stage};
use super::{Assumed, Decoded, Explanation};
use crate::api::ApiArgs;
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
    http: HttpClient,
    deployment: Deployment,
    /// What of it neither the command line nor the environment has said.
    said: Deployment,
}

impl Probe {
    /// An authorizer with the settings of this source.
    pub(crate) async fn new(source: Option<&str>, api: &ApiArgs) -> Result<Self, Failure> {
        let (source, http) = source::open(source).await?;
        let log = Log::capture();
        let deployment =
            Deployment::from_env().map_err(|error| Failure::usage(error.to_string()))?;
        let said = Deployment {
            cache_seconds: api.given().cache_seconds,
            cache_keys: api.given().cache_keys,
            ..deployment
        };
        let deployment = source::as_the_template(said.clone());
        let deployment = Deployment {
            cache_seconds: deployment.cache_seconds.clone().or(0),
            ..deployment
        };
        // The explanation tells what the audit line would.
        let audit = AuditLog::new(Box::new(std::io::sink()));
        Ok(Self {
            name: source.to_string(),
            source: source.clone(),
            authorizer: Authorizer::new(
                source,
                http.clone(),
                Arc::new(SystemClock),
                audit,
                deployment.clone(),
            ),
            log,
            http,
            deployment,
            said,
        })
    }

    /// What becomes of an event.
    pub(crate) async fn explain(&self, event: &str) -> Explanation {
        let decision = self.authorizer.explain(event, "explain").await;
        let record_ends = self.record_ends(&decision, event).await;
        let settings = match decision.settings {
            Some(_) => self.all_settings().await,
            None => None,
        };
        let provider = decision.provider().and_then(|id| {
            let mut all = settings.iter().flat_map(|settings| &settings.providers);
            all.find(|provider| provider.id.as_str() == id.as_str())
        });
        let known = known_claims(provider, decision.refusal, event, &self.http).await;
        Explanation::of(decision, event, record_ends, settings, known)
    }

    /// The settings with their providers, which a decision does not hand out.
    async fn all_settings(&self) -> Option<Settings> {
        let counters = Counters::default();
        let read = self
            .source
            .read(Deadline::start(), WhenThrottled::Wait, &counters);
        let tree = read.await.ok()?;
        Settings::parse(&tree, &self.deployment).ok()
    }

    /// How the API is assumed to be set up for a product, where nobody has said.
    pub(crate) fn assumed(&self, product: &str) -> Vec<Assumed> {
        let mut assumed = Vec::new();
        if let (None, Some(key)) = (
            self.said.cache_keys.of(product),
            self.deployment.cache_keys.of(product),
        ) {
            assumed.push(Assumed::new("--cache-key", key.as_str()));
        }
        if let (None, Some(seconds)) = (
            self.said.cache_seconds.of(product),
            self.deployment.cache_seconds.of(product),
        ) {
            assumed.push(Assumed::new("--cache-seconds", &seconds.to_string()));
        }
        assumed
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
        // The library's words for a file that is not there are those of Rust.
        let lines = self.log.lines().into_iter();
        lines
            .map(|line| line.replace(": entity not found", ": there is no such file"))
            .collect()
    }

    /// The name of the source.
    pub(crate) fn source(&self) -> &str {
        &self.name
    }
}
