//! Asking the providers' endpoints whether they are what the settings take them for. No token is
//! sent.

use serde::Serialize;

use atlassian_authorizer::clock::{Clock, SystemClock};
use atlassian_authorizer::credential::Token;
use atlassian_authorizer::http::{
    Counters, Deadline, Endpoint, FetchContext, FetchError, HttpClient, TOTAL_DEADLINE,
};
use atlassian_authorizer::inspect::{
    EndpointRole, Inspect, InspectionError, InspectionRequest, TokenStatus,
};
use atlassian_authorizer::keys::KeySet;
use atlassian_authorizer::keys::cache::KeySource;
use atlassian_authorizer::keys::fetch::{FetchedSet, KeyFetchError, fetch};
use atlassian_authorizer::provider::Provider;
use atlassian_authorizer::settings::Settings;

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// What one endpoint answered.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct ProbeResult {
    /// The provider's parameter.
    pub(super) parameter: String,
    /// The endpoint, without a query, or `jwks` for keys in the settings.
    pub(super) endpoint: String,
    /// Whether it is as it should be.
    pub(super) good: bool,
    /// What was found.
    pub(super) message: String,
}

/// Asks every endpoint of every provider.
pub(super) async fn probe(settings: &Settings, http: &HttpClient) -> Vec<ProbeResult> {
    let mut results = Vec::new();
    for provider in &settings.providers {
        let mut probe = Probe {
            http: provider.client(http),
            provider,
            all: &settings.providers,
            results: &mut results,
        };
        probe.keys().await;
        for way in provider.opaque.iter().chain(&provider.online) {
            probe.way(way.as_ref()).await;
        }
    }
    results
}

struct Probe<'p> {
    http: HttpClient,
    provider: &'p Provider,
    /// All of the settings.
    all: &'p [Provider],
    results: &'p mut Vec<ProbeResult>,
}

impl Probe<'_> {
    /// Adds a result; one that already exists, of an endpoint that serves two purposes, is not
    /// added again.
    fn found(&mut self, endpoint: &str, result: Result<String, String>) {
        let good = result.is_ok();
        let result = ProbeResult {
            parameter: format!("providers/{}", self.provider.id.as_str()),
            endpoint: endpoint.to_owned(),
            good,
            message: result.unwrap_or_else(|message| message),
        };
        if !self.results.contains(&result) {
            self.results.push(result);
        }
    }

    async fn keys(&mut self) {
        for issuer in &self.provider.issuers {
            let Some(source) = &issuer.keys else {
                continue;
            };
            let endpoint = match source {
                KeySource::Jwks(endpoint) | KeySource::Discovery { endpoint, .. } => endpoint,
                KeySource::Inline(keys) => {
                    let result = self.set(keys, &issuer.name);
                    self.found("jwks", result);
                    continue;
                }
            };
            let counters = Counters::default();
            let context = FetchContext {
                http: &self.http,
                clock: &SystemClock,
                counters: &counters,
                deadline: Deadline::start(),
            };
            let result = match fetch(source, context).await {
                Ok(fetched) => self.fetched_set(&fetched, &issuer.name),
                Err(KeyFetchError::Fetch(error)) => Err(self.why(endpoint, &error).await),
                Err(error) => Err(match &error {
                    KeyFetchError::Redirect { to: Some(to), .. } => format!("{error}: {to:?}"),
                    _ => error.to_string(),
                }),
            };
            self.found(&format!("{endpoint:?}"), result);
        }
    }

    /// The result for a JWKS.
    fn set(&self, keys: &KeySet, issuer: &str) -> Result<String, String> {
        let skipped = match keys.skipped() {
            none if none.is_empty() => String::new(),
            skipped => format!("; skipped: {skipped}"),
        };
        match keys.count_for(&self.provider.algorithms, issuer) {
            0 => Err(format!(
                "the JWKS has no key for the provider's issuer and `algorithms`{skipped}"
            )),
            1 => Ok(format!("the JWKS has 1 usable key{skipped}")),
            count => Ok(format!("the JWKS has {count} usable keys{skipped}")),
        }
    }

    /// The same of one that was fetched, and of the document that names it.
    fn fetched_set(&self, fetched: &FetchedSet, issuer: &str) -> Result<String, String> {
        let found = self.set(&fetched.keys, issuer)?;
        let is_known = |name: &String| {
            let mut issuers = self.all.iter().flat_map(|provider| &provider.issuers);
            issuers.any(|issuer| issuer.name == *name)
        };
        match &fetched.access_token_issuer {
            Some(name) if !is_known(name) => Err(format!(
                "{found}; but access tokens of this server have the issuer {name}: set `issuer` to it, and \
                 `discovery` to the URL of the document"
            )),
            _ => Ok(found),
        }
    }

    async fn way(&mut self, way: &dyn Inspect) {
        for asked in way.endpoints() {
            match asked.role {
                EndpointRole::Introspection => self.credentials(way, asked.endpoint).await,
                EndpointRole::TokenInfo | EndpointRole::Userinfo => {
                    self.answers(asked.endpoint).await;
                }
            }
        }
    }

    /// Asks about a token that is nobody's, with our own credentials.
    async fn credentials(&mut self, way: &dyn Inspect, endpoint: &Endpoint) {
        let token = Token::made_up();
        let now = SystemClock.now();
        let request = InspectionRequest::new(&self.http, &token, now, TOTAL_DEADLINE);
        let status = way.inspect(&request).await;
        let result = match status {
            Ok(TokenStatus::Inactive | TokenStatus::Rejected(_)) => {
                Ok("accepts our credentials, and refuses a made-up token".to_owned())
            }
            Ok(TokenStatus::Active(_)) => Err("accepts a made-up token".to_owned()),
            Err(InspectionError::Misconfigured { status, .. }) => Err(format!(
                "refuses our credentials, or the request, with status {status}"
            )),
            Err(InspectionError::RateLimited(_)) => {
                Err("limits the rate of our requests".to_owned())
            }
            Err(InspectionError::Unavailable(error)) => Err(self.why(endpoint, &error).await),
        };
        self.found(&format!("{endpoint:?}"), result);
    }

    /// Asks without a token: any answer short of the server's own errors shows that something is
    /// there, but what is not there at all.
    async fn answers(&mut self, endpoint: &Endpoint) {
        let request = self.http.get_request(endpoint);
        let result = match self
            .http
            .ask(
                request,
                MAX_ANSWER,
                self.http.request_timeout(),
                SystemClock.now(),
            )
            .await
        {
            Ok(reply) if reply.status == 404 || reply.status >= 500 => {
                Err(format!("answers with status {}", reply.status))
            }
            Ok(reply) if (300..400).contains(&reply.status) => Err(format!(
                "redirects with status {}; no redirect is followed",
                reply.status
            )),
            Ok(reply) => Ok(format!(
                "answers a request without a token with status {}",
                reply.status
            )),
            Err(error) => Err(self.why(endpoint, &error).await),
        };
        self.found(&format!("{endpoint:?}"), result);
    }

    /// Why a fetch failed, with what the connection itself says.
    async fn why(&self, endpoint: &Endpoint, error: &FetchError) -> String {
        match error {
            FetchError::Connection => match self.http.no_connection(endpoint).await {
                Some(reason) => format!("{error}: {reason}"),
                None => error.to_string(),
            },
            _ => error.to_string(),
        }
    }
}
