//! The key cache: when a JWKS is fetched, how long it is kept, and who waits for it.
//!
//! - A set is fresh for as long as its `Cache-Control` says, within [`MIN_FRESH`] and
//!   [`MAX_FRESH`]; the request that finds it older fetches it again.
//! - A token with an unknown `kid` makes us fetch again, at most once per [`COOLDOWN`].
//! - There is one fetch in flight for any number of waiters.
//! - A failed fetch is not repeated before a back-off that doubles up to [`MAX_BACKOFF`]. In the
//!   meantime the last good set is used, until it is as old as the settings allow. A set without any
//!   usable key is no failure of that kind: it takes the last good set away.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::error::Fault;
use crate::http::{Endpoint, FetchContext, HttpClient};
use crate::keys::fetch::{FetchedSet, KeyFetchError, fetch};
use crate::keys::{KeyHint, KeySet};
use crate::sync::{Age, Due, FetchOutcome, Refreshed};

/// A set is never fetched more often than this for its age alone.
pub const MIN_FRESH: Duration = Duration::from_mins(1);
/// A withdrawn key stops verifying after this time at the latest, while the endpoint answers.
pub const MAX_FRESH: Duration = Duration::from_hours(1);
/// How long a set without `Cache-Control` is fresh.
pub const DEFAULT_FRESH: Duration = Duration::from_mins(5);
/// The least time between two fetches that tokens with unknown `kid` can cause.
pub const COOLDOWN: Duration = Duration::from_secs(10);
/// The longest pause after failed fetches.
pub const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Where a provider's keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Written in the settings.
    Inline(Arc<KeySet>),
    /// A JWKS endpoint.
    Jwks(Endpoint),
    /// OpenID Connect Discovery 1.0, section 4: the document names the JWKS endpoint.
    Discovery {
        /// The discovery document.
        endpoint: Endpoint,
        /// The issuer that the document must name (section 4.3).
        issuer: String,
    },
}

/// On which terms keys are fetched and kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyTerms {
    /// The longest that one request may take.
    pub request_timeout: Duration,
    /// The age at which a set is given up while its endpoint fails.
    pub max_stale: Duration,
}

/// The keys of one issuer.
#[derive(Debug)]
pub struct KeyCache {
    source: KeySource,
    terms: KeyTerms,
    /// Trusts the provider's private CA, where it has one.
    http: Option<HttpClient>,
    /// Outlives a change of the terms: who lengthens them in an outage needs what there is.
    fetched: Arc<Refreshed<FetchedKeys>>,
}

#[derive(Debug)]
struct FetchedKeys {
    keys: Arc<KeySet>,
    fresh_for: Duration,
}

impl From<FetchedSet> for FetchedKeys {
    fn from(fetched: FetchedSet) -> Self {
        let fresh_for = fetched.max_age.unwrap_or(DEFAULT_FRESH);
        Self {
            keys: Arc::new(fetched.keys),
            fresh_for: fresh_for.clamp(MIN_FRESH, MAX_FRESH),
        }
    }
}

impl KeyTerms {
    /// The age at which a set is fetched anew at the latest: half of that at which it is given up, so
    /// that there is time to.
    fn longest_fresh(self) -> Duration {
        self.max_stale.checked_div(2).unwrap_or_default()
    }
}

impl KeySource {
    /// Where they are asked for first; `None` where they stand in the settings.
    pub(crate) const fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Inline(_) => None,
            Self::Jwks(endpoint) | Self::Discovery { endpoint, .. } => Some(endpoint),
        }
    }

    /// Whether both lead to the same keys over the network. Inline sets are cheap to make anew, so
    /// none leads where another does.
    pub(crate) fn leads_to_keys_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Jwks(one), Self::Jwks(two)) => one == two,
            (
                Self::Discovery { endpoint, issuer },
                Self::Discovery {
                    endpoint: other_endpoint,
                    issuer: other_issuer,
                },
            ) => endpoint == other_endpoint && issuer == other_issuer,
            _ => false,
        }
    }
}

impl KeyCache {
    /// A cache that has fetched nothing yet.
    pub(crate) fn new(source: KeySource, http: Option<HttpClient>, terms: KeyTerms) -> Self {
        Self {
            source,
            terms,
            http,
            fetched: Arc::new(Refreshed::new(MAX_BACKOFF)),
        }
    }

    /// The same keys on these terms.
    pub(crate) fn on_terms(self: &Arc<Self>, terms: KeyTerms) -> Arc<Self> {
        if self.terms == terms {
            return Arc::clone(self);
        }
        Arc::new(Self {
            source: self.source.clone(),
            terms,
            http: self.http.clone(),
            fetched: Arc::clone(&self.fetched),
        })
    }

    /// Where the keys come from.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    /// Whether the keys come from a server with a private CA.
    pub(crate) fn is_private(&self) -> bool {
        self.http.is_some()
    }

    /// The current JWKS, fetched when it is due or when it lacks `wanted`.
    ///
    /// The set may lack it all the same: then the provider has no such key, or was asked less than
    /// [`COOLDOWN`] ago.
    ///
    /// # Errors
    ///
    /// [`Fault::KeysUnavailable`] when no set can be fetched and none young enough is cached.
    pub async fn keys(
        &self,
        wanted: &KeyHint,
        context: FetchContext<'_>,
    ) -> Result<Arc<KeySet>, Fault> {
        if let KeySource::Inline(keys) = &self.source {
            return Ok(Arc::clone(keys));
        }
        let due = |fetched: &FetchedKeys, age: Age| Due {
            fetch: age.of_value >= fetched.fresh_for.min(self.terms.longest_fresh())
                || (age.of_try >= COOLDOWN && !fetched.keys.has(wanted)),
            usable: age.of_value < self.terms.max_stale,
        };
        // On the heap: most events fetch nothing, and need not carry room for it.
        let fetch =
            async |previous: Option<_>| Box::pin(self.fetch(context, previous.is_some())).await;
        let fetched = self.fetched.current(context.clock, due, fetch).await;
        let fetched = fetched.ok_or(Fault::KeysUnavailable)?;
        Ok(Arc::clone(&fetched.keys))
    }

    /// Fetches the keys ahead of the first token. A failure is no fault: the first token that needs
    /// them has them fetched at once.
    pub(crate) async fn prepare(&self, context: FetchContext<'_>) {
        let fetch = async || match self.try_fetch(context).await {
            Ok(fetched) => Some(fetched),
            Err(error) => {
                info!(source = ?self.source, %error, "the JWKS could not be fetched ahead of the first token");
                None
            }
        };
        self.fetched.prepare(context.clock, fetch).await;
    }

    async fn fetch(&self, context: FetchContext<'_>, kept: bool) -> FetchOutcome<FetchedKeys> {
        match self.try_fetch(context).await {
            Ok(fetched) => FetchOutcome::New(fetched),
            Err(error) => {
                context.counters.key_fetches.count_failure();
                // No outage: the issuer says that none of its keys holds any more.
                let withdrawn = matches!(error, KeyFetchError::NoKeys(_));
                let kept = kept && !withdrawn;
                warn!(source = ?self.source, %error, kept, "the JWKS could not be fetched");
                if withdrawn {
                    FetchOutcome::Withdrawn
                } else {
                    FetchOutcome::Failed
                }
            }
        }
    }

    async fn try_fetch(&self, context: FetchContext<'_>) -> Result<FetchedKeys, KeyFetchError> {
        context.counters.key_fetches.count_try();
        let http = self.http.as_ref().unwrap_or(context.http);
        let http = http.with_request_timeout(self.terms.request_timeout);
        let context = FetchContext {
            http: &http,
            ..context
        };
        let fetched = fetch(&self.source, context).await?;
        let skipped = fetched.keys.skipped();
        if skipped.over_limit() > 0 {
            warn!(source = ?self.source, %skipped, "the JWKS has more keys than are kept");
        } else if !skipped.is_empty() {
            info!(source = ?self.source, %skipped, "some keys of the JWKS can't be used here");
        }
        if let (Some(name), KeySource::Discovery { issuer, .. }) =
            (&fetched.access_token_issuer, &self.source)
            && name != issuer
        {
            info!(source = ?self.source, access_token_issuer = ?name,
                  "access tokens of this server have another issuer; to accept them, set `issuer` to it");
        }
        Ok(fetched.into())
    }
}
