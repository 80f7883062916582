//! Asking the providers' endpoints whether they are what the settings take them for. No token is sent.

use serde::Serialize;

use crate::authenticate::online::{AskError, Check, Word};
use crate::clock::{Clock, SystemClock};
use crate::credential::Token;
use crate::http::{Deadline, Endpoint, FetchError, HttpClient, REQUEST_TIMEOUT};
use crate::keys::cache::{FetchContext, FetchCounts, KeySource, fetch};
use crate::provider::Provider;
use crate::settings::Settings;

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// What one endpoint answered.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The provider's parameter.
    pub parameter: String,
    /// The endpoint, without a query.
    pub endpoint: String,
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found.
    pub message: String,
}

impl Settings {
    /// Asks every endpoint of every provider.
    pub async fn probe(&self, http: &HttpClient) -> Vec<Finding> {
        let mut findings = Vec::new();
        for provider in &self.providers {
            let mut probe = Probe {
                http: provider.http.as_ref().unwrap_or(http),
                provider,
                findings: &mut findings,
            };
            probe.keys().await;
            for check in provider.opaque.iter().chain(&provider.online) {
                probe.check(check).await;
            }
        }
        findings
    }
}

struct Probe<'p> {
    http: &'p HttpClient,
    provider: &'p Provider,
    findings: &'p mut Vec<Finding>,
}

impl Probe<'_> {
    /// Adds a finding; one that is there already, of an endpoint that serves two purposes, is not added
    /// again.
    fn found(&mut self, endpoint: &Endpoint, result: Result<String, String>) {
        let good = result.is_ok();
        let finding = Finding {
            parameter: format!("providers/{}", self.provider.id.as_str()),
            endpoint: format!("{endpoint:?}"),
            good,
            message: result.unwrap_or_else(|message| message),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    async fn keys(&mut self) {
        for issuer in &self.provider.issuers {
            let Some(source) = &issuer.keys else {
                continue;
            };
            let (KeySource::Jwks(endpoint) | KeySource::Discovery { endpoint, .. }) = source else {
                continue;
            };
            let counts = FetchCounts::default();
            let context = FetchContext {
                http: self.http,
                clock: &SystemClock,
                counts: &counts,
                asks: &counts,
                deadline: Deadline::start(),
            };
            let result = match fetch(source, context).await {
                Ok((keys, _)) => match keys.count_for(&self.provider.algorithms) {
                    0 => Err("the key set has no key for the provider's `algorithms`".to_owned()),
                    1 => Ok("the key set has 1 usable key".to_owned()),
                    count => Ok(format!("the key set has {count} usable keys")),
                },
                Err(error) => Err(self.why(endpoint, &error).await),
            };
            self.found(endpoint, result);
        }
    }

    async fn check(&mut self, check: &Check) {
        match check {
            Check::Introspection(introspection) => {
                self.credentials(check, &introspection.endpoint).await;
                if let Some(endpoint) = &introspection.userinfo {
                    self.answers(endpoint).await;
                }
            }
            Check::GitHub(github) => self.credentials(check, &github.endpoint).await,
            Check::Facebook(facebook) => self.credentials(check, &facebook.endpoint).await,
            Check::Userinfo(userinfo) => {
                self.answers(&userinfo.endpoint).await;
                if let Some(endpoint) = &userinfo.binding {
                    self.answers(endpoint).await;
                }
            }
            Check::GitLab(gitlab) => {
                self.answers(&gitlab.token).await;
                self.answers(&gitlab.user).await;
            }
            Check::Google(google) => {
                self.answers(&google.token).await;
                if let Some(endpoint) = &google.user {
                    self.answers(endpoint).await;
                }
            }
            Check::Slack(slack) => self.answers(&slack.endpoint).await,
        }
    }

    /// Asks about a token that is nobody's, with our own credentials.
    async fn credentials(&mut self, check: &Check, endpoint: &Endpoint) {
        let token = Token::made_up();
        let word = check.ask_about_nothing(self.http, &token, SystemClock.now());
        let result = match word.await {
            Ok(Word::NotMine | Word::Refused(_)) => {
                Ok("takes our credentials, and knows that a made-up token is none".to_owned())
            }
            Ok(Word::Claims(_)) => Err("calls a made-up token good".to_owned()),
            Err(AskError::Misconfigured { status, .. }) => Err(format!(
                "refuses our credentials, or the question, with status {status}"
            )),
            Err(AskError::RateLimited(_)) => Err("limits the rate of our questions".to_owned()),
            Err(AskError::Unavailable(error)) => Err(self.why(endpoint, &error).await),
        };
        self.found(endpoint, result);
    }

    /// Asks without a token: any answer short of the server's own errors shows that something is there,
    /// but what is not there at all.
    async fn answers(&mut self, endpoint: &Endpoint) {
        let request = self.http.get_request(endpoint);
        let result = match self.http.ask(request, MAX_ANSWER, REQUEST_TIMEOUT).await {
            Ok(reply) if reply.status == 404 || reply.status >= 500 => {
                Err(format!("answers with status {}", reply.status))
            }
            Ok(reply) if (300..400).contains(&reply.status) => Err(format!(
                "redirects with status {}; no redirect is followed",
                reply.status
            )),
            Ok(reply) => Ok(format!(
                "answers, without a token, with status {}",
                reply.status
            )),
            Err(error) => Err(self.why(endpoint, &error).await),
        };
        self.found(endpoint, result);
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
