//! Providers: who issues the tokens that we take, and what must hold for each.

mod ahead;
mod cognito;
mod custom;
mod document;
mod draft;
mod entra;
mod facebook;
mod github;
mod gitlab;
mod google;
mod keycloak;
mod okta;
mod online;
mod registry;
mod requirement;
mod resolve;
mod slack;

use std::collections::BTreeMap;
use std::sync::{Arc, Once};
use std::time::Duration;

use serde_json::Value;
use tracing::warn;

use crate::claims::{AttributePath, Claims, TokenUse};
use crate::credential::Vendor;
use crate::document::{Kind, ProviderId};
use crate::error::Denial;
use crate::http::HttpClient;
use crate::inspect::Inspect;
use crate::keys::Algorithm;
use crate::keys::cache::{KeySource, KeyTerms};
use crate::route::Target;
use crate::username::{Username, UsernameRule};
#[cfg(feature = "schema")]
pub(crate) use document::ProviderDocument;
pub(crate) use registry::Issued;
pub use registry::{ProviderIndex, Registry};
pub use requirement::{Requirement, Test};

/// Media types of a token that we take where the settings name none, as they stand in `typ` without
/// `application/`: RFC 7515, section 4.1.9, RFC 9068, section 2.1, and Okta's own.
const TOKEN_TYPES: [&str; 4] = ["jwt", "at+jwt", "jose", "okta-internal-at+jwt"];

/// One provider, with everything that its short settings imply.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in the settings.
    pub id: ProviderId,
    /// What kind of provider it is.
    pub kind: Kind,
    /// The issuers whose tokens are its own, each with its keys.
    pub issuers: Vec<Issuer>,
    /// What its tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Whom its tokens must be for.
    pub audience: AudienceRule,
    /// What its JWTs may be for.
    pub token_uses: Vec<TokenUse>,
    /// What the header `typ` of its JWTs must be, in small letters and without `application/`; `None`
    /// for what vendors write.
    pub token_types: Option<Vec<String>>,
    /// How its claims become a username.
    pub username: UsernameRule,
    /// Where the groups are.
    pub groups: Groups,
    /// Whether commas separate its scopes, beside spaces.
    pub scopes_by_commas: bool,
    /// Usernames for clients that act on their own behalf, by client id.
    pub machine_users: BTreeMap<String, Username>,
    /// What marks a token without a user, beside what its kind knows: one of these is enough.
    pub machine_when: Vec<Requirement>,
    /// The names at the top of what `machine_when` looks at: no user may say them.
    pub machine_claims: Vec<String>,
    /// The longest time since a token was issued.
    pub max_token_age: Option<Duration>,
    /// How long its tokens may live.
    pub lifetime: LifetimeRule,
    /// What else its claims must meet.
    pub requirements: Vec<Requirement>,
    /// Its issuers with the keys that its answers may be signed by; none where it is not asked.
    pub answer_issuers: Vec<Issuer>,
    /// How it is asked about tokens that are no JWTs, and about JWTs of issuers without keys.
    pub opaque: Option<Arc<dyn Inspect>>,
    /// How it is asked about a JWT whose signature holds.
    pub online: Option<Arc<dyn Inspect>>,
    /// The routes for which it is asked so; for all where there are none.
    pub online_for: Option<OnlineFor>,
    /// How long its response about a token is used again.
    pub recheck: Duration,
    /// The vendor whose tokens are told by their beginning.
    pub vendor: Option<Vendor>,
    /// Trusts the CA in the settings. Without one, the shared client is used.
    pub http: Option<HttpClient>,
    /// On which terms its keys are fetched and kept.
    pub key_terms: KeyTerms,
}

/// An issuer, an exact match (RFC 8725, section 3.8), and its keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact `iss` of its tokens.
    pub name: String,
    /// Where its keys come from; without any, the provider is asked about each token.
    pub keys: Option<KeySource>,
}

/// Whom tokens must have been issued to, and for.
#[derive(Clone, Debug, Default)]
pub struct AudienceRule {
    /// Accepted clients; empty accepts any.
    pub client_ids: Vec<String>,
    /// Accepted audiences of access tokens; empty accepts any.
    pub audiences: Vec<String>,
    /// `"trust": "any_client"`: both lists may be empty.
    pub any_client: bool,
    /// All JWTs of the provider are id tokens, whose `aud` must be one of the clients too.
    pub id_tokens_alone: bool,
}

/// Where a caller's groups are.
#[derive(Clone, Debug, Default)]
pub enum Groups {
    /// Nowhere.
    #[default]
    None,
    /// In a claim.
    Claim {
        /// Where it is.
        path: AttributePath,
        /// What separates groups in a string; without it, a string is one group.
        separator: Option<char>,
    },
    /// In Keycloak's `realm_access` and `resource_access`.
    KeycloakRoles,
}

impl From<&str> for Groups {
    fn from(path: &str) -> Self {
        Self::Claim {
            path: path.into(),
            separator: None,
        }
    }
}

/// How long tokens may live, from their issue to their expiry.
#[derive(Clone, Debug)]
pub struct LifetimeRule {
    /// The longest.
    pub most: Option<Duration>,
    /// Whether the log has been told of a token that lives long.
    told: Arc<Once>,
}

/// Longer lifetimes are rarely intended.
const LONG_LIFE: Duration = Duration::from_hours(24);

impl LifetimeRule {
    /// A rule of the settings.
    pub(crate) fn new(most: Option<Duration>) -> Self {
        Self {
            most,
            told: Arc::new(Once::new()),
        }
    }

    /// Checks a token's whole life. Without a rule, the log is told once of one that is long.
    ///
    /// # Errors
    ///
    /// [`Denial::TokenLifetimeTooLong`].
    pub(crate) fn check(&self, life: Duration, provider: &ProviderId) -> Result<(), Denial> {
        match self.most {
            Some(most) if life > most => return Err(Denial::TokenLifetimeTooLong),
            None if life > LONG_LIFE => self.told.call_once(|| {
                warn!(
                    provider = provider.as_str(),
                    seconds = life.as_secs(),
                    "tokens live longer than a day; set `max_token_lifetime_seconds` to refuse them"
                );
            }),
            _ => {}
        }
        Ok(())
    }
}

/// Routes for which a provider is asked about a JWT, by product.
#[derive(Clone, Debug, Default)]
pub struct OnlineFor {
    pub(crate) routes: Vec<String>,
    /// What they stand for, in each of the products in their order.
    pub(crate) targets: Vec<Vec<Target>>,
}

impl Provider {
    /// The longest that one request to it may take.
    pub fn request_timeout(&self) -> Duration {
        self.key_terms.request_timeout
    }

    /// The client that it is asked by, given the one that all others share.
    pub fn client(&self, shared: &HttpClient) -> HttpClient {
        let http = self.http.as_ref().unwrap_or(shared);
        http.with_request_timeout(self.request_timeout())
    }

    /// How long it takes until one more unknown token may be shown to the provider.
    fn unknown_token_pause(&self) -> Duration {
        let mut ways = self.opaque.iter().chain(&self.online);
        ways.next()
            .map_or(Duration::ZERO, |way| way.unknown_token_pause())
    }

    /// What the kind knows of tokens without a user, beside what all kinds share.
    pub(crate) fn marks_machine(&self, claims: &Claims) -> bool {
        match self.kind {
            Kind::Cognito => cognito::is_of_a_client(claims),
            Kind::Entra => entra::is_app_only(claims),
            Kind::Keycloak => keycloak::is_service_account(claims),
            Kind::Gitlab => gitlab::is_of_a_job(claims),
            _ => false,
        }
    }

    /// Whether a token without a user is the client's own, by what the kind knows: users may choose
    /// names that look like it, and jobs whom they speak for.
    pub(crate) fn confirms_machine(&self, claims: &Claims, client_id: &str) -> bool {
        match self.kind {
            Kind::Keycloak => keycloak::is_service_account_of(claims, client_id),
            Kind::Gitlab => !gitlab::is_of_a_job(claims),
            _ => true,
        }
    }

    /// What a JWT is for. Where nothing marks it, the kind may know.
    ///
    /// # Errors
    ///
    /// [`Denial::TokenTypeUnsupported`] for one that is neither an access token nor an id token, and
    /// [`Denial::TokenUseMismatch`] for one that a vendor has not marked which marks all of its own.
    pub(crate) fn token_use(&self, claims: &Claims) -> Result<Option<TokenUse>, Denial> {
        if self.kind == Kind::Cognito {
            return cognito::token_use(claims).map(Some);
        }
        let marked = claims.token_use()?;
        Ok(match self.kind {
            Kind::Entra if marked.is_none() && !entra::names_client(claims) => Some(TokenUse::Id),
            Kind::Okta if marked.is_none() && claims.claim("cid").is_none() => Some(TokenUse::Id),
            _ if self.audience.id_tokens_alone => marked.or(Some(TokenUse::Id)),
            _ => marked,
        })
    }

    /// Whether it takes JWTs of this header `typ`, in small letters and without `application/`.
    pub(crate) fn accepts_type(&self, unverified_type: Option<&str>) -> bool {
        match (&self.token_types, unverified_type) {
            (None, None) => true,
            (None, Some(one)) => TOKEN_TYPES.contains(&one),
            (Some(_), None) => false,
            (Some(accepted), Some(one)) => accepted.iter().any(|known| known == one),
        }
    }

    /// The groups that claims name, and whether there may be more: a token can be silent about groups
    /// that its user is in.
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`] when a claim is no list of names.
    pub(crate) fn groups_of(&self, claims: &Claims) -> Result<(Vec<String>, bool), Denial> {
        Ok(match &self.groups {
            Groups::None => (Vec::new(), false),
            Groups::Claim { path, separator } => {
                let found = claims.names(path, *separator)?;
                // Cognito's own claim names all groups, and is missing where there are none; any
                // other may be missing because of a scope or a setting.
                let is_complete = self.kind == Kind::Cognito && path.as_str() == cognito::GROUPS;
                let may_be_more = (found.is_missing && !is_complete)
                    || found.is_partial
                    || claims.is_elsewhere(path);
                (found.names, may_be_more)
            }
            Groups::KeycloakRoles => (
                keycloak::roles(claims)?,
                keycloak::is_silent_on_roles(claims),
            ),
        })
    }

    /// What the kind refuses before a signature is looked at, because nobody could verify it.
    pub(crate) fn refuses_unverified(&self, unverified_audience: Option<&Value>) -> Option<Denial> {
        (self.kind == Kind::Entra && unverified_audience.is_some_and(entra::is_graph))
            .then_some(Denial::GraphToken)
    }
}
