//! Providers: who issues the tokens that we take, and what must hold for each.

mod cognito;
mod custom;

use std::collections::BTreeMap;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use crate::keys::cache::KeySource;
use crate::settings::ProviderId;
use crate::settings::document::{Kind, RawProvider, RawTransform, RawUsername, Trust};
use crate::settings::problem::Report;
use crate::username::{AttributePath, DEFAULT_ALLOW, Pattern, Transform, Username, UsernameRule};

/// One provider, with everything that its short settings imply.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in the settings.
    pub id: ProviderId,
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
    /// The claim that holds the groups.
    pub groups: Option<AttributePath>,
    /// Usernames for clients that act on their own behalf, by client id.
    pub machine_users: BTreeMap<String, Username>,
    /// The longest time since a token was issued.
    pub max_token_age: Option<Duration>,
}

/// An issuer, compared octet by octet (RFC 8725, section 3.8), and its keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact `iss` of its tokens.
    pub name: String,
    /// Where its keys come from.
    pub keys: KeySource,
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
}

/// Cognito's `token_use`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// An access token.
    Access,
    /// An id token.
    Id,
}

impl Provider {
    /// Fills in what the provider's kind knows.
    ///
    /// Everything that is wrong goes to the report; the provider is of use only if nothing is.
    pub(crate) fn resolve(
        id: &ProviderId,
        raw: RawProvider,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        match raw.kind {
            None => {
                report.wrong("kind", "is missing; expected `cognito` or `custom`");
                None
            }
            Some(Kind::Cognito) => Some(cognito::resolve(id, raw, report)),
            Some(Kind::Custom) => Some(custom::resolve(id, raw, report)),
        }
    }
}

/// What a kind of provider fills into the fields that all kinds share.
struct Defaults<'d> {
    issuers: Vec<Issuer>,
    algorithms: &'d [Algorithm],
    token_uses: Option<Vec<TokenUse>>,
    username: Option<&'d [&'d str]>,
    groups: Option<&'d str>,
}

/// Reads the fields that all kinds share.
fn resolve_shared(
    id: &ProviderId,
    raw: RawProvider,
    defaults: Defaults<'_>,
    report: &mut Report<'_>,
) -> Provider {
    let algorithms = match &raw.algorithms {
        None => defaults.algorithms.to_vec(),
        Some(names) => names
            .iter()
            .filter_map(|name| {
                let algorithm = crate::keys::algorithm(name);
                if algorithm.is_none() {
                    report.wrong(
                        "algorithms",
                        "expected asymmetric algorithms: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA",
                    );
                }
                algorithm
            })
            .collect(),
    };
    let audience = AudienceRule {
        any_client: raw.trust == Some(Trust::AnyClient),
        client_ids: raw.client_ids.unwrap_or_default(),
        audiences: raw.audiences.unwrap_or_default(),
    };
    let bound = !audience.client_ids.is_empty() || !audience.audiences.is_empty();
    if !bound && !audience.any_client {
        report.wrong(
            "client_ids",
            "is missing; expected `client_ids` or `audiences`, or tokens of any application \
             would be accepted; \"trust\": \"any_client\" does just that",
        );
    }
    if bound && audience.any_client {
        report.wrong(
            "trust",
            "contradicts `client_ids` and `audiences`; leave one of them out",
        );
    }

    Provider {
        id: id.clone(),
        issuers: defaults.issuers,
        algorithms,
        audience,
        token_uses: defaults.token_uses,
        username: username_rule(raw.username, defaults.username, report),
        groups: raw
            .groups
            .as_deref()
            .or(defaults.groups)
            .map(AttributePath::from),
        machine_users: machine_users(raw.machine_users, report),
        max_token_age: raw.max_token_age_seconds.map(|seconds| {
            if seconds == 0 {
                report.wrong("max_token_age_seconds", "expected a number of at least 1");
            }
            Duration::from_secs(seconds)
        }),
    }
}

fn username_rule(
    raw: Option<RawUsername>,
    default: Option<&[&str]>,
    report: &mut Report<'_>,
) -> UsernameRule {
    let raw = raw.map(RawUsername::into_rule).unwrap_or_default();
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
    let transforms = raw.transform.unwrap_or_default();
    let transforms = transforms
        .into_iter()
        .filter_map(|transform| match transform {
            RawTransform::Lowercase => Some(Transform::Lowercase),
            RawTransform::Uppercase => Some(Transform::Uppercase),
            RawTransform::StripDomain => Some(Transform::StripDomain),
            RawTransform::Regex(expression) => {
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
    let allow = raw.allow.as_deref().unwrap_or(DEFAULT_ALLOW);
    UsernameRule {
        attributes,
        email_must_be_verified: false,
        transforms,
        allow: pattern(allow, "username.allow", report).unwrap_or_else(Pattern::nothing),
    }
}

fn pattern(expression: &str, field: &str, report: &mut Report<'_>) -> Option<Pattern> {
    Pattern::new(expression)
        .map_err(|error| {
            report.wrong(field, &format!("expected a regular expression: {error}"));
        })
        .ok()
}

fn machine_users(
    raw: Option<BTreeMap<String, String>>,
    report: &mut Report<'_>,
) -> BTreeMap<String, Username> {
    let mut users = BTreeMap::new();
    for (client_id, username) in raw.unwrap_or_default() {
        match Username::new(username) {
            Some(username) => {
                users.insert(client_id, username);
            }
            None => report.wrong(
                "machine_users",
                "expected usernames of at most 255 printable ASCII characters",
            ),
        }
    }
    users
}
