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
    /// One provider of tokens.
    #[allow(
        clippy::large_enum_variant,
        reason = "each lives from its reading to the end of `resolve`"
    )]
    pub(crate) enum ProviderDocument {
        tag "kind": Kind, "The kind of provider, which knows the endpoints, the keys and the claims. Required.";
        beside SharedFields;
        schema "Provider";
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::document::problem::Problems;

    /// What is wrong with a document, and whether a provider came of it.
    fn read(document: &Value) -> (Vec<String>, bool) {
        let id = ProviderId::new("idp").unwrap();
        let mut problems = Problems::default();
        let secrets = Secrets::default();
        let text = document.to_string();
        let provider = Provider::read(&id, &text, &secrets, &mut problems.of("providers/idp"));
        let told = problems.iter();
        let told = told.map(|problem| format!("{}: {}", problem.field, problem.message));
        (told.collect(), provider.is_some())
    }

    #[track_caller]
    fn refused(document: &Value, expected: &[&str]) {
        let (problems, _) = read(document);
        for expected in expected {
            assert!(
                problems.iter().any(|told| told.starts_with(expected)),
                "{expected}\n{problems:#?}"
            );
        }
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    }

    #[test]
    fn problems_of_all_groups_at_once() {
        refused(
            &json!({
                "kind": "keycloak", "base_url": 7, "jwks_uri": "hunter2", "client_auth": "hunter2",
                "client_id": false, "verify": "hunter2", "trust": "hunter2", "username": {"map": 1},
                "recheck_seconds": "hunter2", "realm": "", "hunter": "hunter2", "hd": "hunter2",
            }),
            &[
                "base_url: expected a string",
                "jwks_uri: expected an https URL",
                "client_auth: expected one of `client_secret_basic`",
                "client_id: expected a string",
                "verify: expected one of `jwt`",
                "trust: expected `any_client`",
                "username.map: expected a map",
                "recheck_seconds: expected a whole number",
                "realm: is empty",
                "hunter: is unknown",
                "hd: does not belong to kind `keycloak`",
            ],
        );
    }

    /// A field of another kind hides none of the rules, whatever its value.
    #[test]
    fn fields_of_another_kind() {
        refused(
            &json!({"kind": "entra", "tenant_id": "hunter2", "realm": ["hunter2"], "online_for": 7}),
            &[
                "realm: does not belong to kind `entra`",
                "online_for: does not belong to kind `entra`",
                "tenant_id: expected the tenant's id",
                "client_ids: is missing",
            ],
        );
    }

    #[test]
    fn an_unknown_field_is_told_the_fields_of_its_kind() {
        let (problems, provider) =
            read(&json!({"kind": "entra", "tenant": "hunter2", "client_ids": ["a"]}));
        assert!(!provider);
        assert_eq!(
            problems,
            [
                "tenant: is unknown: `tenant`, expected one of `kind`, `tenant_id`, `issuer`, \
                 `jwks_uri`, `jwks`, `algorithms`, `keys_max_stale_seconds`, `client_ids`, `audiences`, \
                 `trust`, `username`, `groups`, `scope_separator`, `machine_users`, `machine_when`, `require`, `token_use`, \
                 `token_types`, `recheck_seconds`, `max_token_age_seconds`, \
                 `max_token_lifetime_seconds`, `request_timeout_seconds` or `ca_certificates`"
            ]
        );
    }

    /// Without its kind, a document's fields are compared with all kinds.
    #[test]
    fn no_kind_and_no_such_kind() {
        for (kind, expected) in [
            (
                json!({}),
                "kind: is missing; expected `cognito`, `entra`, `keycloak`, `okta`, `google`, \
                 `github`, `gitlab`, `slack`, `facebook` or `custom`",
            ),
            (
                json!({"kind": "hunter2"}),
                "kind: expected one of `cognito`",
            ),
            (
                json!({"kind": ["hunter2"]}),
                "kind: expected one of `cognito`",
            ),
            (json!({"kind": null}), "kind: is empty"),
            (json!({"kind": ""}), "kind: is empty"),
        ] {
            let mut document = json!({
                "trust": "hunter2", "jwks_uri": "hunter2", "token_use": "hunter2", "realm": "main",
                "colour": "hunter2",
            });
            let fields = document.as_object_mut().unwrap();
            fields.extend(kind.as_object().unwrap().clone());
            refused(
                &document,
                &[
                    expected,
                    "trust: expected `any_client`",
                    "jwks_uri: expected an https URL",
                    "token_use: expected one of `access`, `id`, `both`",
                    "colour: is unknown: `colour`, expected a field that goes with `kind`",
                ],
            );
        }
    }

    /// A field that were in two groups would be read by the first alone.
    #[test]
    fn no_field_is_in_two_groups() {
        for kind in Kind::ALL {
            let mut names = Vec::new();
            ProviderDocument::names(*kind, &mut names);
            let shared = field_names::<SharedFields>();
            assert!(!names.is_empty(), "{kind:?}");
            for (index, name) in names.iter().enumerate() {
                assert!(!shared.contains(name), "{kind:?}: {name}");
                assert!(!names[..index].contains(name), "{kind:?}: {name}");
                assert_ne!(*name, ProviderDocument::TAG);
            }
        }
    }
}
