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
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::claims::{AttributePath, Claims};
use crate::credential::Vendor;
use crate::document::{Kind, ProviderId};
use crate::error::Denial;
use crate::http::HttpClient;
use crate::inspect::Inspect;
use crate::keys::cache::KeySource;
use crate::route::Target;
use crate::username::{Username, UsernameRule};
pub use cognito::TokenUse;
#[cfg(feature = "schema")]
pub(crate) use document::ProviderDocument;
pub(crate) use registry::Issued;
pub use registry::{ProviderIndex, Registry};
pub use requirement::{Requirement, Test};

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
    /// Accepted values of Cognito's `token_use`; `None` where tokens have no such claim.
    pub token_uses: Option<Vec<TokenUse>>,
    /// How its claims become a username.
    pub username: UsernameRule,
    /// Where the groups are.
    pub groups: Groups,
    /// Usernames for clients that act on their own behalf, by client id.
    pub machine_users: BTreeMap<String, Username>,
    /// The longest time since a token was issued.
    pub max_token_age: Option<Duration>,
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
    /// How long its word about a token is used again.
    pub recheck: Duration,
    /// The vendor whose tokens are told by their beginning.
    pub vendor: Option<Vendor>,
    /// Trusts the authority in the settings; without it, the client that all others share serves.
    pub http: Option<HttpClient>,
}

/// An issuer, compared octet by octet (RFC 8725, section 3.8), and its keys.
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
    /// In a claim: a string or an array of strings.
    Claim(AttributePath),
    /// In Keycloak's `realm_access` and `resource_access`.
    KeycloakRoles,
}

/// Routes for which a provider is asked about a JWT, by product.
#[derive(Clone, Debug, Default)]
pub struct OnlineFor {
    pub(crate) routes: Vec<String>,
    /// What they stand for, in each of the products in their order.
    pub(crate) targets: Vec<Vec<Target>>,
}

impl Provider {
    /// How long it takes until one more unknown token may be shown to the provider.
    fn unknown_token_pause(&self) -> Duration {
        let mut ways = self.opaque.iter().chain(&self.online);
        ways.next()
            .map_or(Duration::ZERO, |way| way.unknown_token_pause())
    }

    /// What the kind knows of tokens without a user, beside what all kinds share.
    pub(crate) fn marks_machine(&self, claims: &Claims) -> bool {
        match self.kind {
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

    /// The groups that claims name, and whether there may be more: a token can be silent about groups
    /// that its user is in.
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`] when a claim is no list of names.
    pub(crate) fn groups_of(&self, claims: &Claims) -> Result<(Vec<String>, bool), Denial> {
        Ok(match &self.groups {
            Groups::None => (Vec::new(), false),
            Groups::Claim(path) => (
                claims.names(path)?,
                self.groups_may_be_left_out(claims, path),
            ),
            Groups::KeycloakRoles => (
                keycloak::roles(claims)?,
                keycloak::is_silent_on_roles(claims),
            ),
        })
    }

    /// Cognito's own claim names all groups, and is missing where there are none; any other can be
    /// taken away by a scope or a setting.
    fn groups_may_be_left_out(&self, claims: &Claims, path: &AttributePath) -> bool {
        let is_complete = self.kind == Kind::Cognito && path.as_str() == cognito::GROUPS;
        let left_out = claims.attribute(path).is_none() && !is_complete;
        left_out || claims.is_elsewhere(path)
    }

    /// What the kind refuses before a signature is looked at, because nobody could verify it.
    pub(crate) fn refuses_unverified(&self, unverified_audience: Option<&Value>) -> Option<Denial> {
        (self.kind == Kind::Entra && unverified_audience.is_some_and(entra::is_graph))
            .then_some(Denial::GraphToken)
    }
}
