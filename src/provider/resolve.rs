//! From a provider's document to a [`Provider`]: what all kinds share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::draft::Draft;
use super::online::{self, Online, Verification};
use super::{AudienceRule, Groups, Issuer, LifetimeRule, OnlineFor, Provider, Requirement, Test};
use crate::claims::{AttributePath, EmailRule, TokenUse, media_type};
use crate::credential::Vendor;
use crate::document::bounds::{
    KEYS_MAX_STALE_SECONDS, PROVIDER_RECHECK_SECONDS, REQUEST_TIMEOUT_SECONDS,
};
use crate::document::problem::Report;
use crate::document::{
    AcceptedUse, GroupsDocument, RequirementDocument, Separator, TransformDocument, Trust,
    UsernameDocument,
};
use crate::http::HttpClient;
use crate::inspect::Inspect;
use crate::keys::Algorithm;
use crate::keys::cache::KeyTerms;
use crate::username::{DEFAULT_ALLOW, Pattern, Transform, Username, UsernameRule};

/// What a kind of provider fills into the fields that all kinds share.
#[derive(Default)]
pub(super) struct Defaults<'d> {
    pub(super) issuers: Vec<Issuer>,
    /// The names of the settings, or else these; neither for all that there are.
    pub(super) algorithms: (Option<Vec<String>>, &'d [Algorithm]),
    /// What JWTs may be for where the settings don't say; by default access tokens alone, or id tokens
    /// alone with `id_tokens_alone`.
    pub(super) token_use: Option<AcceptedUse>,
    pub(super) username: Option<&'d [&'d str]>,
    pub(super) groups: Groups,
    /// How opaque tokens are checked.
    pub(super) opaque: Option<Arc<dyn Inspect>>,
    /// How the provider can be asked about JWTs.
    pub(super) online: Online,
    pub(super) vendor: Option<Vendor>,
    pub(super) id_tokens_alone: bool,
}

/// Reads the fields that all kinds share.
pub(super) fn resolve_shared(mut draft: Draft<'_, '_>, defaults: Defaults<'_>) -> Provider {
    let Verification {
        issuers,
        opaque,
        online,
    } = online::verification(&mut draft, &defaults);
    let audience = audience(&mut draft, defaults.id_tokens_alone, opaque.as_ref());
    if let Some(check) = &opaque
        && !check.binds_client()
        && !audience.any_client
    {
        draft.wrong(
            "trust",
            "is missing; expected \"any_client\", because nothing says which application a token was issued \
             to; or set `binding_endpoint` or `introspection_endpoint`, if the provider has one",
        );
    }
    let key_terms = key_terms(&mut draft);
    // Entra's document for all tenants has such an issuer, which no token has.
    if issuers.iter().any(|issuer| issuer.name.contains('{')) {
        draft.wrong(
            "issuer",
            "is a template; expected the exact `iss` of tokens, such as the one with your tenant's id",
        );
    }
    let Draft {
        shared,
        id,
        kind,
        report,
        ..
    } = draft;
    let algorithms = match &defaults.algorithms {
        (None, []) => Algorithm::ALL.to_vec(),
        (None, known) => known.to_vec(),
        (Some(names), _) => algorithms(names, report),
    };
    let machine_when = requirements(shared.machine_when, "machine_when", report);
    Provider {
        id: id.clone(),
        kind,
        issuers,
        algorithms,
        audience,
        token_uses: token_uses(
            shared.token_use.or(defaults.token_use),
            defaults.id_tokens_alone,
        ),
        token_types: shared.token_types.map(|names| token_types(&names, report)),
        username: username_rule(shared.username, defaults.username, report),
        groups: groups(shared.groups, defaults.groups, report),
        scopes_by_commas: shared.scope_separator.unwrap_or(Separator::OF_SCOPES)
            == Separator::Comma,
        machine_users: usernames(shared.machine_users, "machine_users", report),
        max_token_age: seconds(
            shared.max_token_age_seconds,
            "max_token_age_seconds",
            report,
        ),
        // What must be missing, a user can only add.
        machine_claims: machine_when
            .iter()
            .filter(|rule| !matches!(rule.test, Test::Missing))
            .flat_map(|rule| rule.claim.names_at_the_top())
            .collect(),
        machine_when,
        lifetime: LifetimeRule::new(seconds(
            shared.max_token_lifetime_seconds,
            "max_token_lifetime_seconds",
            report,
        )),
        requirements: requirements(shared.require, "require", report),
        online_for: defaults.online.fields.online_for.map(|routes| {
            if online.is_none() {
                report.wrong(
                    "online_for",
                    "needs `verify` to be `jwt+introspection` or `jwt+userinfo`",
                );
            }
            OnlineFor {
                routes,
                targets: Vec::new(),
            }
        }),
        answer_issuers: if opaque.is_some() || online.is_some() {
            defaults.issuers
        } else {
            Vec::new()
        },
        opaque,
        online,
        recheck: Duration::from_secs(report.bounded(
            shared.recheck_seconds,
            &PROVIDER_RECHECK_SECONDS,
            "recheck_seconds",
        )),
        vendor: defaults.vendor,
        key_terms,
        http: shared
            .ca_certificates
            .and_then(|pem| own_client(&pem, report)),
    }
}

/// A client that trusts these certificates alone.
fn own_client(pem: &str, report: &mut Report<'_>) -> Option<HttpClient> {
    let client = HttpClient::trusting_pem(pem);
    client
        .map_err(|_| {
            report.wrong("ca_certificates", "expected CA certificates in PEM");
        })
        .ok()
}

fn audience(
    draft: &mut Draft<'_, '_>,
    id_tokens_alone: bool,
    opaque: Option<&Arc<dyn Inspect>>,
) -> AudienceRule {
    let rule = AudienceRule {
        any_client: draft.shared.trust == Some(Trust::AnyClient),
        client_ids: draft.shared.client_ids.clone().unwrap_or_default(),
        audiences: draft.shared.audiences.clone().unwrap_or_default(),
        id_tokens_alone,
    };
    let listed = !rule.client_ids.is_empty() || (!rule.audiences.is_empty() && !id_tokens_alone);
    if !listed && !rule.any_client {
        draft.wrong(
            "client_ids",
            "is missing; expected `client_ids` or `audiences`, or \"trust\": \"any_client\" to accept \
             tokens of any application",
        );
    }
    // Both make sense together where the lists are for JWTs, and opaque tokens can't be bound.
    let unbound = opaque.is_some_and(|check| !check.binds_client());
    if listed && rule.any_client && !unbound {
        draft.wrong(
            "trust",
            "contradicts `client_ids` and `audiences`; remove one of them",
        );
    }
    rule
}

fn key_terms(draft: &mut Draft<'_, '_>) -> KeyTerms {
    let (timeout, stale) = (
        draft.shared.request_timeout_seconds,
        draft.keys_max_stale_seconds,
    );
    let mut bounded = |value, bounds, field| {
        let seconds = draft.report.bounded(value, bounds, field);
        Duration::from_secs(seconds)
    };
    KeyTerms {
        request_timeout: bounded(timeout, &REQUEST_TIMEOUT_SECONDS, "request_timeout_seconds"),
        max_stale: bounded(stale, &KEYS_MAX_STALE_SECONDS, "keys_max_stale_seconds"),
    }
}

fn algorithms(names: &[String], report: &mut Report<'_>) -> Vec<Algorithm> {
    let known: Vec<_> = names
        .iter()
        .filter_map(|name| Algorithm::named(name))
        .collect();
    if known.len() < names.len() {
        let all = Algorithm::ALL.map(Algorithm::name).join(", ");
        report.wrong(
            "algorithms",
            &format!("expected asymmetric algorithms: {all}"),
        );
    }
    known
}

fn seconds(value: Option<u64>, field: &str, report: &mut Report<'_>) -> Option<Duration> {
    let value = value?;
    if value == 0 {
        report.wrong(field, "expected a number of at least 1");
    }
    Some(Duration::from_secs(value))
}

fn token_uses(accepted: Option<AcceptedUse>, id_tokens_alone: bool) -> Vec<TokenUse> {
    match accepted {
        Some(AcceptedUse::Both) => vec![TokenUse::Access, TokenUse::Id],
        Some(AcceptedUse::Id) => vec![TokenUse::Id],
        None if id_tokens_alone => vec![TokenUse::Id],
        Some(AcceptedUse::Access) | None => vec![TokenUse::Access],
    }
}

/// Names of types as they are compared.
fn token_types(names: &[String], report: &mut Report<'_>) -> Vec<String> {
    let is_name = |name: &String| {
        // RFC 6838, section 4.2.
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&byte);
        name.len() <= 127 && name.bytes().all(is_allowed)
    };
    if !names.iter().all(is_name) {
        report.wrong(
            "token_types",
            "expected values of the JWT header `typ`, such as `at+jwt`",
        );
    }
    names.iter().map(|name| media_type(name)).collect()
}

fn groups(raw: Option<GroupsDocument>, default: Groups, report: &mut Report<'_>) -> Groups {
    let Some(raw) = raw else {
        return default;
    };
    let Some(attribute) = raw.attribute else {
        report.wrong(
            "groups.attribute",
            "is missing; expected the claim that holds the groups, for example `groups` or `roles[*].name`",
        );
        return default;
    };
    let path = AttributePath::from(attribute.as_str());
    if let Some(expected) = path.problem() {
        report.wrong("groups", expected);
    }
    Groups::Claim {
        path,
        separator: raw.separator.map(Separator::character),
    }
}

fn requirements(
    raw: Option<Vec<RequirementDocument>>,
    field: &str,
    report: &mut Report<'_>,
) -> Vec<Requirement> {
    let mut requirements = Vec::new();
    for (index, raw) in raw.unwrap_or_default().into_iter().enumerate() {
        let test = match (raw.equals, raw.one_of, raw.contains, raw.missing) {
            (Some(value), None, None, None) => Some(Test::OneOf(vec![value])),
            (None, Some(values), None, None) => Some(Test::OneOf(values)),
            (None, None, Some(value), None) => Some(Test::Contains(value)),
            (None, None, None, Some(true)) => Some(Test::Missing),
            _ => None,
        };
        match (raw.claim, test) {
            (Some(claim), Some(test)) => requirements.push(Requirement {
                claim: claim.as_str().into(),
                test,
            }),
            _ => report.wrong(
                &format!("{field}[{index}]"),
                "expected `claim` and one of `equals`, `one_of`, `contains` and \"missing\": true",
            ),
        }
    }
    requirements
}

fn username_rule(
    raw: Option<UsernameDocument>,
    default: Option<&[&str]>,
    report: &mut Report<'_>,
) -> UsernameRule {
    let raw = raw.unwrap_or_default();
    let attributes: Vec<AttributePath> = match (&raw.attributes, default) {
        (Some(names), _) => names.iter().map(|name| name.as_str().into()).collect(),
        (None, Some(names)) => names.iter().copied().map(AttributePath::from).collect(),
        (None, None) => {
            report.wrong(
                "username",
                "is missing; expected the claim that holds the Atlassian username, for example `preferred_username`",
            );
            Vec::new()
        }
    };
    let transforms = raw
        .transform
        .unwrap_or_default()
        .into_iter()
        .filter_map(|transform| match transform {
            TransformDocument::Lowercase => Some(Transform::Lowercase),
            TransformDocument::Uppercase => Some(Transform::Uppercase),
            TransformDocument::StripDomain => Some(Transform::StripDomain),
            TransformDocument::Regex(expression) => {
                let pattern = pattern(&expression, "username.transform", report)?;
                if pattern.captures() != 1 {
                    report.wrong(
                        "username.transform",
                        "expected a regular expression with one capture group",
                    );
                }
                Some(Transform::Capture(pattern))
            }
        })
        .collect();
    if raw.map.is_some() && raw.allow.is_some() {
        report.wrong(
            "username.allow",
            "contradicts `map`, which lists the usernames; remove one of them",
        );
    }
    let allow = raw.allow.as_deref().unwrap_or(DEFAULT_ALLOW);
    UsernameRule {
        attributes,
        email: EmailRule::NotUnverified,
        transforms,
        map: raw
            .map
            .map(|map| usernames(Some(map), "username.map", report)),
        allow: pattern(allow, "username.allow", report),
    }
}

fn pattern(expression: &str, field: &str, report: &mut Report<'_>) -> Option<Pattern> {
    Pattern::new(expression)
        .map_err(|error| {
            report.wrong(field, &format!("expected a regular expression: {error}"));
        })
        .ok()
}

fn usernames(
    raw: Option<BTreeMap<String, String>>,
    field: &str,
    report: &mut Report<'_>,
) -> BTreeMap<String, Username> {
    let mut users = BTreeMap::new();
    for (id, username) in raw.unwrap_or_default() {
        match Username::new(username) {
            Some(username) => {
                users.insert(id, username);
            }
            None => report.wrong(
                field,
                "expected usernames of at most 255 bytes, of visible characters",
            ),
        }
    }
    users
}

/// A claim that must have this value, as a kind's own field says.
pub(super) fn equals(claim: &str, value: String) -> Requirement {
    Requirement {
        claim: claim.into(),
        test: Test::OneOf(vec![Value::String(value)]),
    }
}
