//! From a provider's document to a [`Provider`]: what all kinds share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::{AudienceRule, Groups, Issuer, OnlineFor, Provider, TokenUse, Vendor};
use crate::authenticate::introspection::{ClientAuth, Introspection, PrivateKeyOf};
use crate::authenticate::online::Check;
use crate::authenticate::rules::{Requirement, Test};
use crate::authenticate::userinfo::Userinfo;
use crate::http::{Endpoint, HttpClient};
use crate::keys::cache::KeySource;
use crate::keys::{ALGORITHMS, KeySet};
use crate::secret::Secret;
use crate::settings::document::{
    ClientAuthMethod, Kind, RawProvider, RawRequirement, RawTransform, RawUsernameRule, Trust,
    Verify,
};
use crate::settings::problem::Report;
use crate::settings::{ProviderId, Secrets};
use crate::signing::PrivateKey;
use crate::username::{AttributePath, DEFAULT_ALLOW, Pattern, Transform, Username, UsernameRule};

/// How long a provider's word is used again where the settings don't say.
const DEFAULT_RECHECK: Duration = Duration::from_mins(1);

/// The fields that say how JWTs are verified.
pub(super) const KEYS: [&str; 4] = ["issuer", "jwks_uri", "jwks", "algorithms"];
/// The fields that say who we are at the provider.
pub(super) const CLIENT: [&str; 5] = [
    "client_id",
    "client_secret",
    "client_auth",
    "private_key",
    "client_key_id",
];
/// The fields that say whether it is asked about JWTs.
pub(super) const ONLINE: [&str; 4] = [
    "verify",
    "online_for",
    "introspection_endpoint",
    "userinfo_endpoint",
];

/// A provider's document on its way, and where to report what is wrong with it.
pub(super) struct Draft<'d, 'p> {
    pub(super) raw: RawProvider,
    id: &'d ProviderId,
    kind: Kind,
    secrets: &'d Secrets,
    report: &'d mut Report<'p>,
}

/// What a kind of provider fills into the fields that all kinds share.
#[derive(Default)]
pub(super) struct Defaults<'d> {
    pub(super) issuers: Vec<Issuer>,
    /// Empty for all that there are.
    pub(super) algorithms: &'d [Algorithm],
    pub(super) token_uses: Option<Vec<TokenUse>>,
    pub(super) username: Option<&'d [&'d str]>,
    pub(super) groups: Groups,
    /// How opaque tokens are checked.
    pub(super) opaque: Option<Check>,
    /// Where the provider can be asked about JWTs, unless the settings name other endpoints.
    pub(super) introspection: Option<Endpoint>,
    pub(super) userinfo: Option<Endpoint>,
    pub(super) vendor: Option<Vendor>,
    pub(super) id_tokens_alone: bool,
}

impl<'d, 'p> Draft<'d, 'p> {
    pub(super) fn new(
        id: &'d ProviderId,
        kind: Kind,
        raw: RawProvider,
        secrets: &'d Secrets,
        report: &'d mut Report<'p>,
    ) -> Self {
        Self {
            raw,
            id,
            kind,
            secrets,
            report,
        }
    }

    pub(super) fn wrong(&mut self, field: &str, message: &str) {
        self.report.wrong(field, message);
    }

    /// Reports the fields that belong to other kinds.
    pub(super) fn takes(&mut self, fields: &[&str]) {
        let message = format!("does not belong to kind `{}`", self.kind.as_str());
        for (field, given) in self.raw.specific() {
            if given && !fields.contains(&field) {
                self.report.wrong(field, &message);
            }
        }
    }

    /// A field that the kind can't do without.
    pub(super) fn required(
        &mut self,
        value: Option<String>,
        field: &str,
        what: &str,
    ) -> Option<String> {
        if value.is_none() {
            self.wrong(field, &format!("is missing; expected {what}"));
        }
        value
    }

    /// `base_url`, without a slash at its end.
    pub(super) fn base_url(&mut self) -> Option<String> {
        let url = self.raw.base_url.clone()?;
        let base = url.strip_suffix('/').unwrap_or(&url);
        match Endpoint::parse(base) {
            Ok(_) if !base.contains('?') => {}
            Ok(_) => self.wrong("base_url", "expected a URL without a query"),
            Err(expected) => self.wrong("base_url", expected),
        }
        Some(base.to_owned())
    }

    /// The endpoint of the settings, or else this one, made of the value of `field`.
    pub(super) fn endpoint(
        &mut self,
        given: Option<Endpoint>,
        field: &str,
        url: &str,
    ) -> Option<Endpoint> {
        given.or_else(|| {
            Endpoint::parse(url)
                .map_err(|expected| self.wrong(field, expected))
                .ok()
        })
    }

    /// The keys of the settings, or else those at this URL, made of the issuer.
    pub(super) fn keys(&mut self, url: &str) -> Option<KeySource> {
        if self.raw.jwks.is_some() && self.raw.jwks_uri.is_some() {
            self.wrong("jwks_uri", "contradicts `jwks`; leave one of them out");
        }
        if self.raw.jwks.is_some() {
            return self.inline_keys();
        }
        self.endpoint(self.raw.jwks_uri.clone(), "issuer", url)
            .map(KeySource::Jwks)
    }

    /// The key set written in the settings, if there is one.
    pub(super) fn inline_keys(&mut self) -> Option<KeySource> {
        match KeySet::from_value(self.raw.jwks.as_ref()?) {
            Ok(keys) => Some(KeySource::Inline(Arc::new(keys))),
            Err(error) => {
                self.wrong("jwks", &error.to_string());
                None
            }
        }
    }

    /// A secret that a field names.
    fn secret(&mut self, name: Option<&String>, field: &str) -> Option<Secret> {
        let Some(name) = name else {
            self.wrong(
                field,
                "is missing; expected the name of a parameter below `secrets/`",
            );
            return None;
        };
        let secret = self.secrets.get(name).cloned();
        if secret.is_none() {
            self.wrong(field, "names no secret; expected the last part of the name of a parameter below `secrets/`");
        }
        secret
    }

    /// Our client id and secret at the provider.
    pub(super) fn client_secret(&mut self) -> Option<(String, Secret)> {
        let id = self.required(
            self.raw.client_id.clone(),
            "client_id",
            "the id of your application at the provider",
        );
        let name = self.raw.client_secret.clone();
        let secret = self.secret(name.as_ref(), "client_secret");
        id.zip(secret)
    }

    /// How we authenticate at an introspection endpoint.
    fn client_auth(&mut self, endpoint: &Endpoint, audience: Option<&str>) -> Option<ClientAuth> {
        let method = self
            .raw
            .client_auth
            .unwrap_or(if self.raw.private_key.is_some() {
                ClientAuthMethod::PrivateKeyJwt
            } else {
                ClientAuthMethod::ClientSecretBasic
            });
        if method == ClientAuthMethod::PrivateKeyJwt {
            let id = self.required(
                self.raw.client_id.clone(),
                "client_id",
                "the id of your client at the provider",
            );
            let name = self.raw.private_key.clone();
            let pem = self.secret(name.as_ref(), "private_key")?;
            let key = PrivateKey::from_pem(pem.reveal())
                .map_err(|error| self.wrong("private_key", &error.to_string()))
                .ok()?;
            return Some(ClientAuth::PrivateKeyJwt {
                id: id?,
                key: PrivateKeyOf(key),
                key_id: self.raw.client_key_id.clone(),
                audience: audience.unwrap_or(endpoint.as_str()).to_owned(),
            });
        }
        let (id, secret) = self.client_secret()?;
        Some(match method {
            ClientAuthMethod::ClientSecretPost => ClientAuth::Post { id, secret },
            _ => ClientAuth::Basic { id, secret },
        })
    }

    /// An introspection check at this endpoint.
    pub(super) fn introspection(
        &mut self,
        endpoint: &Endpoint,
        issuers: &[Issuer],
    ) -> Option<Introspection> {
        // Okta wants the endpoint, others take their issuer.
        let issuer = issuers.first().map(|issuer| issuer.name.as_str());
        let client = self.client_auth(endpoint, issuer.filter(|_| self.kind != Kind::Okta))?;
        Some(Introspection {
            endpoint: endpoint.clone(),
            client,
            issuers: issuers.iter().map(|issuer| issuer.name.clone()).collect(),
            always_names_issuer: self.kind == Kind::Okta,
            userinfo: None,
        })
    }

    /// Anyone can have an account here, under a name that is someone else's elsewhere.
    pub(super) fn needs_known_users(&mut self, vendor: &str) {
        let rule = self.raw.username.as_ref();
        if rule.is_none_or(|rule| rule.allow.is_none() && rule.map.is_none()) {
            self.wrong(
                "username",
                &format!(
                    "lets in everyone with an account at {vendor}, under a name of their own choice; expected \
                     `username.map`, from the provider's names or ids to Atlassian's, or `username.allow`, \
                     a regular expression of the names that are yours"
                ),
            );
        }
    }

    /// The provider's ids mean nothing to Atlassian.
    pub(super) fn needs_map(&mut self) {
        if self
            .raw
            .username
            .as_ref()
            .is_none_or(|rule| rule.map.is_none())
        {
            self.wrong("username.map", "is missing; expected an object from the provider's user ids to Atlassian usernames");
        }
    }
}

/// Reads the fields that all kinds share.
pub(super) fn resolve_shared(mut draft: Draft<'_, '_>, defaults: Defaults<'_>) -> Provider {
    let (issuers, opaque, online) = verification(&mut draft, &defaults);
    let audience = audience(&mut draft, defaults.id_tokens_alone, opaque.as_ref());
    if let Some(check) = &opaque
        && !check.is_bound()
        && !audience.any_client
    {
        draft.wrong(
            "trust",
            "is missing; expected \"any_client\", for nothing tells which application a token was issued to: \
             set `binding_endpoint` or `introspection_endpoint` where the provider has one that does",
        );
    }
    let Draft {
        raw,
        id,
        kind,
        report,
        ..
    } = draft;
    let algorithms = match &raw.algorithms {
        None if defaults.algorithms.is_empty() => ALGORITHMS.to_vec(),
        None => defaults.algorithms.to_vec(),
        Some(names) => algorithms(names, report),
    };
    Provider {
        id: id.clone(),
        kind,
        issuers,
        algorithms,
        audience,
        token_uses: defaults.token_uses,
        username: username_rule(raw.username, defaults.username, report),
        groups: raw
            .groups
            .as_deref()
            .map_or(defaults.groups, |path| Groups::Claim(path.into())),
        machine_users: usernames(raw.machine_users, "machine_users", report),
        max_token_age: seconds(
            raw.max_token_age_seconds,
            u64::MAX,
            "max_token_age_seconds",
            report,
        ),
        requirements: requirements(raw.require.unwrap_or_default(), report),
        online_for: raw.online_for.map(|routes| {
            if online.is_none() {
                report.wrong(
                    "online_for",
                    "needs `verify` to be `jwt+introspection` or `jwt+userinfo`",
                );
            }
            OnlineFor {
                routes,
                resources: Vec::new(),
            }
        }),
        opaque,
        online,
        recheck: seconds(raw.recheck_seconds, 3_600, "recheck_seconds", report)
            .unwrap_or(DEFAULT_RECHECK),
        vendor: defaults.vendor,
        http: raw.ca_certificates.and_then(|pem| {
            HttpClient::trusting_pem(&pem)
                .map_err(|_| {
                    report.wrong(
                        "ca_certificates",
                        "expected certificates of authorities in PEM",
                    );
                })
                .ok()
        }),
    }
}

/// The issuers, how opaque tokens are checked, and how the provider is asked beside a signature.
fn verification(
    draft: &mut Draft<'_, '_>,
    defaults: &Defaults<'_>,
) -> (Vec<Issuer>, Option<Check>, Option<Check>) {
    let mut issuers = defaults.issuers.clone();
    let introspection = draft
        .raw
        .introspection_endpoint
        .clone()
        .or_else(|| defaults.introspection.clone());
    let userinfo = draft
        .raw
        .userinfo_endpoint
        .clone()
        .or_else(|| defaults.userinfo.clone());
    let by_introspection = |draft: &mut Draft<'_, '_>| {
        if introspection.is_none() {
            draft.wrong("introspection_endpoint", "is missing; `verify` needs it");
        }
        let check = draft.introspection(introspection.as_ref()?, &defaults.issuers)?;
        Some(Check::Introspection(check))
    };
    let by_userinfo = |draft: &mut Draft<'_, '_>, binding: Option<Endpoint>| {
        if userinfo.is_none() {
            let field = if draft.kind == Kind::Cognito {
                "domain"
            } else {
                "userinfo_endpoint"
            };
            draft.wrong(field, "is missing; `verify` needs it");
        }
        let endpoint = userinfo.clone()?;
        Some(Check::Userinfo(Userinfo { endpoint, binding }))
    };
    let opaque = defaults.opaque.clone();
    match draft.raw.verify.unwrap_or(Verify::Jwt) {
        Verify::Jwt => (issuers, opaque, None),
        // Userinfo is asked about a token whose signature and client have been verified.
        Verify::JwtUserinfo => (issuers, opaque, by_userinfo(draft, None)),
        Verify::JwtIntrospection => (issuers, opaque, by_introspection(draft)),
        verify @ (Verify::Introspection | Verify::Userinfo) => {
            for issuer in &mut issuers {
                issuer.keys = None;
            }
            let check = if verify == Verify::Introspection {
                opaque
                    .filter(|check| matches!(check, Check::Introspection(_)))
                    .or_else(|| by_introspection(draft))
            } else {
                let binding = draft.raw.binding_endpoint.clone();
                opaque
                    .filter(|check| matches!(check, Check::Userinfo(_)))
                    .or_else(|| by_userinfo(draft, binding))
            };
            (issuers, check, None)
        }
    }
}

fn audience(
    draft: &mut Draft<'_, '_>,
    id_tokens_alone: bool,
    opaque: Option<&Check>,
) -> AudienceRule {
    let rule = AudienceRule {
        any_client: draft.raw.trust == Some(Trust::AnyClient),
        client_ids: draft.raw.client_ids.clone().unwrap_or_default(),
        audiences: draft.raw.audiences.clone().unwrap_or_default(),
        id_tokens_alone,
    };
    let listed = !rule.client_ids.is_empty() || (!rule.audiences.is_empty() && !id_tokens_alone);
    if !listed && !rule.any_client {
        draft.wrong(
            "client_ids",
            "is missing; expected `client_ids` or `audiences`, or tokens of any application \
             would be accepted; \"trust\": \"any_client\" does just that",
        );
    }
    // Both make sense together where the lists are for JWTs, and opaque tokens can't be bound.
    let unbound = opaque.is_some_and(|check| !check.is_bound());
    if listed && rule.any_client && !unbound {
        draft.wrong(
            "trust",
            "contradicts `client_ids` and `audiences`; leave one of them out",
        );
    }
    rule
}

fn algorithms(names: &[String], report: &mut Report<'_>) -> Vec<Algorithm> {
    let known: Vec<_> = names
        .iter()
        .filter_map(|name| crate::keys::algorithm(name))
        .collect();
    if known.len() < names.len() {
        report.wrong(
            "algorithms",
            "expected asymmetric algorithms: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA",
        );
    }
    known
}

fn seconds(
    value: Option<u64>,
    most: u64,
    field: &str,
    report: &mut Report<'_>,
) -> Option<Duration> {
    let value = value?;
    if value == 0 || value > most {
        let most = if most == u64::MAX {
            String::new()
        } else {
            format!(" and at most {most}")
        };
        report.wrong(field, &format!("expected a number of at least 1{most}"));
    }
    Some(Duration::from_secs(value))
}

fn requirements(raw: Vec<RawRequirement>, report: &mut Report<'_>) -> Vec<Requirement> {
    let mut requirements = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let test = match (raw.equals, raw.one_of, raw.contains) {
            (Some(value), None, None) => Some(Test::OneOf(vec![value])),
            (None, Some(values), None) => Some(Test::OneOf(values)),
            (None, None, Some(value)) => Some(Test::Contains(value)),
            _ => None,
        };
        match (raw.claim, test) {
            (Some(claim), Some(test)) => requirements.push(Requirement {
                claim: claim.as_str().into(),
                test,
            }),
            _ => report.wrong(
                &format!("require[{index}]"),
                "expected `claim` and one of `equals`, `one_of` and `contains`",
            ),
        }
    }
    requirements
}

fn username_rule(
    raw: Option<RawUsernameRule>,
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
    if raw.map.is_some() && raw.allow.is_some() {
        report.wrong(
            "username.allow",
            "contradicts `map`, which lists the usernames; leave one of them out",
        );
    }
    let allow = raw.allow.as_deref().unwrap_or(DEFAULT_ALLOW);
    UsernameRule {
        attributes,
        email_must_be_verified: false,
        transforms,
        map: raw
            .map
            .map(|map| usernames(Some(map), "username.map", report)),
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
                "expected usernames of at most 255 printable ASCII characters",
            ),
        }
    }
    users
}

/// Whether a URL leads to this host or one below it.
pub(super) fn is_host_of(url: &str, host: &str) -> bool {
    let found = Endpoint::parse(url)
        .ok()
        .and_then(|endpoint| endpoint.host());
    found.is_some_and(|found| {
        let above = found.strip_suffix(host);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

/// A claim that must have this value, as a kind's own field says.
pub(super) fn equals(claim: &str, value: String) -> Requirement {
    Requirement {
        claim: claim.into(),
        test: Test::OneOf(vec![Value::String(value)]),
    }
}
