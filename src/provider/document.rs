//! The document of a provider, by its kind.

use super::Provider;
use super::cognito::CognitoDocument;
use super::custom::CustomDocument;
use super::draft::Draft;
use super::entra::EntraDocument;
use super::facebook::FacebookDocument;
use super::github::GithubDocument;
use super::gitlab::GitlabDocument;
use super::google::GoogleDocument;
use super::keycloak::KeycloakDocument;
use super::okta::OktaDocument;
use super::slack::SlackDocument;
use crate::document::problem::Report;
use crate::document::{
    ByTag, Kind, Object, ProviderId, Secrets, SharedFields, by_tag, field_names,
};

by_tag! {
    /// What a provider's document holds beside the fields of every kind.
    #[allow(
        clippy::large_enum_variant,
        reason = "each lives from its reading to the end of `resolve`"
    )]
    pub(crate) enum ProviderDocument: Kind, "kind", SharedFields, "Provider" {
        /// AWS Cognito user pools.
        Cognito(CognitoDocument),
        /// Microsoft Entra ID.
        Entra(EntraDocument),
        /// Keycloak.
        Keycloak(KeycloakDocument),
        /// Okta.
        Okta(OktaDocument),
        /// Google.
        Google(GoogleDocument),
        /// GitHub and GitHub Enterprise Server.
        Github(GithubDocument),
        /// GitLab.com and self-managed GitLab.
        Gitlab(GitlabDocument),
        /// Slack.
        Slack(SlackDocument),
        /// Facebook.
        Facebook(FacebookDocument),
        /// Any other provider.
        Custom(CustomDocument),
    }
}

impl Provider {
    /// Reads a provider's document, and fills in what its kind knows.
    ///
    /// Everything that is wrong goes to the report; the provider is of use only if nothing is.
    pub(crate) fn read(
        id: &ProviderId,
        text: &str,
        secrets: &Secrets,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let mut object = Object::parse(text, report)?;
        let kind = object.take_tag::<Kind>(ProviderDocument::TAG, report);
        let shared = object.take::<SharedFields>(report);
        let names = field_names::<SharedFields>();
        let document = object.take_by_tag::<ProviderDocument>(kind, names, report);
        let (kind, shared, document) = (kind?, shared?, document?);
        if !object.is_clean() {
            return None;
        }
        let draft = Draft::new(id, kind, shared, secrets, report);
        Some(match document {
            ProviderDocument::Cognito(document) => document.resolve(draft),
            ProviderDocument::Entra(document) => document.resolve(draft),
            ProviderDocument::Keycloak(document) => document.resolve(draft),
            ProviderDocument::Okta(document) => document.resolve(draft),
            ProviderDocument::Google(document) => document.resolve(draft),
            ProviderDocument::Github(document) => document.resolve(draft),
            ProviderDocument::Gitlab(document) => document.resolve(draft),
            ProviderDocument::Slack(document) => document.resolve(draft),
            ProviderDocument::Facebook(document) => document.resolve(draft),
            ProviderDocument::Custom(document) => document.resolve(draft),
        })
    }
}
