//! Which settings decide about a code, and where they are.

use atlassian_authorizer::error::{Denial, Fault, Forbidden, Refusal};
use serde::Serialize;

use crate::audit_line::AuditLine;

/// Where a setting is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Place {
    /// A field of a document, as errors of settings name it; a whole parameter where no field is named.
    Field {
        parameter: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// A parameter of the stack.
    Stack { stack_parameter: String },
    /// An environment variable of the function.
    Environment { environment_variable: &'static str },
}

impl Place {
    fn whole(parameter: String) -> Self {
        Self::Field {
            parameter,
            field: None,
        }
    }

    /// As errors of settings have it, such as `products/jira: access[1]`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Field { parameter, field } => match field {
                Some(field) => format!("{parameter}: {field}"),
                None => parameter.clone(),
            },
            Self::Stack { stack_parameter } => format!("the stack's parameter {stack_parameter}"),
            Self::Environment {
                environment_variable,
            } => format!("the function's variable {environment_variable}"),
        }
    }
}

/// The settings that decided, or that would have to be changed for another decision.
pub(super) fn places(line: &AuditLine, refusal: Option<Refusal>) -> Vec<Place> {
    match refusal {
        // What allowed it.
        None => line
            .rule()
            .map(|_| access(line, None))
            .into_iter()
            .collect(),
        Some(Refusal::Denied(denial)) => of_denial(line, denial),
        Some(Refusal::Forbidden(forbidden)) => of_forbidden(line, forbidden),
        Some(Refusal::Failed(fault)) => of_fault(line, fault),
    }
}

fn of_denial(line: &AuditLine, denial: Denial) -> Vec<Place> {
    let provider = |fields: &[&str]| provider(line, fields);
    match denial {
        Denial::IdentityHeader => general(&["identity_headers"]),
        Denial::BasicDenied => general(&["basic_auth", "api_tokens.allow_basic"]),
        Denial::ApiTokenUnkeyed => general(&["api_tokens.accept_unkeyed"]),
        Denial::ApiTokensDisabled => general(&["api_tokens.enabled"]),
        Denial::TokenTypeUnsupported => provider(&["token_types"]),
        Denial::AlgorithmNotAllowed => provider(&["algorithms"]),
        Denial::IssuerUnknown => provider(&["issuer"]),
        Denial::KeyUnknown | Denial::SignatureInvalid => provider(&["jwks_uri", "jwks"]),
        Denial::ClaimsMalformed => provider(&["groups", "max_token_age_seconds"]),
        Denial::TokenTooOld => provider(&["max_token_age_seconds"]),
        Denial::TokenLifetimeTooLong => provider(&["max_token_lifetime_seconds"]),
        Denial::TokenRevoked => vec![Place::whole("revoked".to_owned())],
        Denial::SubjectMismatch => provider(&["userinfo_endpoint"]),
        Denial::RequirementUnmet => provider(&["require"]),
        Denial::GroupsIncomplete => {
            let mut places = provider(&["groups"]);
            places.push(access(line, None));
            places
        }
        Denial::AudienceMismatch => provider(&["client_ids", "audiences"]),
        Denial::TokenUseMismatch => provider(&["token_use"]),
        Denial::UsernameMissing => provider(&["username", "machine_when"]),
        Denial::EmailUnverified => provider(&["username"]),
        Denial::UsernameRejected => provider(&["username.transform", "username.allow"]),
        Denial::UsernameUnmapped => provider(&["username.map"]),
        Denial::MachineUserUnmapped => provider(&["machine_users"]),
        // The caller or the provider has to do something, and no setting decides.
        Denial::MethodOverride
        | Denial::PathOverride
        | Denial::IdentityParameter
        | Denial::CredentialMissing
        | Denial::CredentialAmbiguous
        | Denial::CredentialUnsupported
        | Denial::ApiTokenMalformed
        | Denial::ApiTokenUnknown
        | Denial::ApiTokenUserMismatch
        | Denial::TokenTooLong
        | Denial::TokenMalformed
        | Denial::CriticalHeaderUnsupported
        | Denial::GraphToken
        | Denial::KeyIdMissing
        | Denial::TokenExpired
        | Denial::TokenNotYetValid
        | Denial::TokenInactive
        | Denial::ScopeInsufficient => Vec::new(),
    }
}

fn of_forbidden(line: &AuditLine, forbidden: Forbidden) -> Vec<Place> {
    match forbidden {
        Forbidden::RouteNotAllowed => vec![access(line, line.text("lacks").and_then(condition))],
        Forbidden::RouteNotInPolicy => cache_key(line),
        Forbidden::PathNotExact => cache_seconds(line),
        Forbidden::ProductUnknown => vec![field("products/<id>", "path")],
        Forbidden::UserCredentialMissing => vec![user_record(line)],
        Forbidden::ImpersonationRefused => {
            vec![field(&product(line), "upstream.never_impersonate")]
        }
        Forbidden::PathNotReadable | Forbidden::SourceNotAllowed | Forbidden::FormNotSignable => {
            Vec::new()
        }
    }
}

fn of_fault(line: &AuditLine, fault: Fault) -> Vec<Place> {
    let provider = |fields: &[&str]| provider(line, fields);
    match fault {
        Fault::KeysUnavailable => provider(&["jwks_uri", "ca_certificates"]),
        Fault::ProviderUnavailable => provider(&[
            "introspection_endpoint",
            "userinfo_endpoint",
            "request_timeout_seconds",
        ]),
        Fault::ProviderRateLimited => provider(&["recheck_seconds"]),
        Fault::ProviderMisconfigured => provider(&["client_id", "client_secret", "client_auth"]),
        Fault::SourceNotInCacheKey => vec![Place::Environment {
            environment_variable: "AUTHORIZER_CACHED_BY_SOURCE_IP",
        }],
        Fault::RouteNotInCacheKey => cache_key(line),
        Fault::UserCredentialInvalid => vec![user_record(line)],
        Fault::SigningFailed => vec![field(&product(line), "upstream.private_key")],
        Fault::RequestNotSignable => vec![field(&product(line), "upstream.mode")],
        Fault::AnswerTooLarge => vec![field(&product(line), "access")],
        Fault::EventMalformed
        | Fault::SettingsUnavailable
        | Fault::ApiTokensUnavailable
        | Fault::UserCredentialsUnavailable => Vec::new(),
    }
}

fn field(parameter: &str, field: &str) -> Place {
    Place::Field {
        parameter: parameter.to_owned(),
        field: Some(field.to_owned()),
    }
}

fn general(fields: &[&str]) -> Vec<Place> {
    fields.iter().map(|name| field("settings", name)).collect()
}

/// Fields of the line's provider. API tokens have no document of a provider.
fn provider(line: &AuditLine, fields: &[&str]) -> Vec<Place> {
    let parameter = match line.text("provider") {
        Some("api-tokens") => return Vec::new(),
        Some(id) => format!("providers/{id}"),
        None => "providers/<id>".to_owned(),
    };
    fields.iter().map(|name| field(&parameter, name)).collect()
}

fn product(line: &AuditLine) -> String {
    format!("products/{}", line.text("product").unwrap_or("<id>"))
}

/// The access rule of the line, counted from 0 as errors of settings do, or all of them.
fn access(line: &AuditLine, condition: Option<&str>) -> Place {
    let rule = line.rule().map(|rule| {
        let index = rule.saturating_sub(1);
        let condition = condition.map_or_else(String::new, |name| format!(".{name}"));
        format!("access[{index}]{condition}")
    });
    field(&product(line), rule.as_deref().unwrap_or("access"))
}

/// The field of a rule that has a condition.
fn condition(lacks: &str) -> Option<&'static str> {
    Some(match lacks {
        "scope" => "scopes",
        "group" => "groups",
        "provider" => "providers",
        "user" => "users",
        "network" => "networks",
        _ => return None,
    })
}

fn user_record(line: &AuditLine) -> Place {
    let user = line.text("username").unwrap_or("<username>");
    Place::whole(format!("<prefix>-users/{user}"))
}

fn cache_key(line: &AuditLine) -> Vec<Place> {
    of_the_cache(line, "CacheKey", "AUTHORIZER_CACHE_KEY")
}

fn cache_seconds(line: &AuditLine) -> Vec<Place> {
    of_the_cache(line, "CacheSeconds", "AUTHORIZER_CACHE_SECONDS")
}

/// The template's parameter for a product that it serves, else the function's variable.
fn of_the_cache(line: &AuditLine, name: &str, variable: &'static str) -> Vec<Place> {
    let product = match line.text("product") {
        Some("jira") => "Jira",
        Some("confluence") => "Confluence",
        Some("bitbucket") => "Bitbucket",
        _ => {
            return vec![Place::Environment {
                environment_variable: variable,
            }];
        }
    };
    vec![Place::Stack {
        stack_parameter: format!("{product}{name}"),
    }]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use atlassian_authorizer::error::Refusal;
    use serde_json::{Value, json};

    use super::{Place, places};
    use crate::audit_line::AuditLine;
    use crate::explain::meaning::{self, DENIALS, FAULTS, FORBIDDEN};

    fn line(members: &Value) -> AuditLine {
        let mut line = json!({"event": "decision", "provider": "okta", "product": "jira", "username": "alice"});
        line.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        AuditLine::parse(&line.to_string()).unwrap()
    }

    #[test]
    fn places_of_codes() {
        for (code, more, expected) in [
            (
                "audience_mismatch",
                json!({}),
                &["providers/okta: client_ids", "providers/okta: audiences"][..],
            ),
            (
                "issuer_unknown",
                json!({"provider": null}),
                &["providers/<id>: issuer"],
            ),
            (
                "username_unmapped",
                json!({}),
                &["providers/okta: username.map"],
            ),
            ("token_revoked", json!({}), &["revoked"]),
            ("token_expired", json!({}), &[]),
            ("keys_unavailable", json!({"provider": "api-tokens"}), &[]),
            (
                "basic_denied",
                json!({}),
                &["settings: basic_auth", "settings: api_tokens.allow_basic"],
            ),
            (
                "route_not_allowed",
                json!({"rule": 3}),
                &["products/jira: access[2]"],
            ),
            (
                "route_not_allowed",
                json!({"rule": 2, "lacks": "group"}),
                &["products/jira: access[1].groups"],
            ),
            (
                "route_not_allowed",
                json!({"rule": 2, "lacks": "moon"}),
                &["products/jira: access[1]"],
            ),
            ("route_not_allowed", json!({}), &["products/jira: access"]),
            (
                "route_not_allowed",
                json!({"rule": 0}),
                &["products/jira: access"],
            ),
            (
                "route_not_in_policy",
                json!({}),
                &["the stack's parameter JiraCacheKey"],
            ),
            (
                "route_not_in_policy",
                json!({"product": "wiki"}),
                &["the function's variable AUTHORIZER_CACHE_KEY"],
            ),
            (
                "user_credential_missing",
                json!({}),
                &["<prefix>-users/alice"],
            ),
        ] {
            let refusal = meaning::refusal(code).unwrap();
            let found: Vec<String> = places(&line(&more), Some(refusal))
                .iter()
                .map(Place::describe)
                .collect();
            assert_eq!(found, expected, "{code} {more}");
        }
        let found = places(&line(&json!({"rule": 1})), None);
        assert_eq!(found[0].describe(), "products/jira: access[0]");
        assert!(places(&line(&json!({})), None).is_empty());
    }

    /// Each field that is named exists, by the schema of the settings and the template.
    #[test]
    fn named_fields_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        let schema: Value = serde_json::from_str(&read("settings.schema.json")).unwrap();
        let definitions = schema["$defs"].as_object().unwrap();
        let known: BTreeSet<&str> = definitions
            .values()
            .filter_map(|one| one["properties"].as_object())
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect();
        let template = read("template.yaml");
        let denials = DENIALS.iter().copied().map(Refusal::Denied);
        let faults = FAULTS.iter().copied().map(Refusal::Failed);
        let forbidden = FORBIDDEN.iter().copied().map(Refusal::Forbidden);
        let mut count = 0;
        for refusal in denials.chain(faults).chain(forbidden) {
            for product in ["jira", "wiki"] {
                let line = line(&json!({"rule": 1, "lacks": "network", "product": product}));
                for place in places(&line, Some(refusal)) {
                    count += 1;
                    match place {
                        Place::Field { field, .. } => {
                            for name in field.iter().flat_map(|field| field.split('.')) {
                                let name = name.split('[').next().unwrap();
                                assert!(known.contains(name), "{}: {name}", refusal.code());
                            }
                        }
                        Place::Stack {
                            stack_parameter: name,
                        } => {
                            assert!(template.contains(&format!("\n  {name}:\n")), "{name}");
                        }
                        Place::Environment {
                            environment_variable: name,
                        } => {
                            assert!(template.contains(name), "{name}");
                        }
                    }
                }
            }
        }
        assert!(count > 60, "{count}");
    }
}
