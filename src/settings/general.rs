//! The parameter `settings`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::access::BasicAuth;
use crate::authenticate::ApiTokenRules;
use crate::authenticate::api_token::{API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY};
use crate::credential::{ChecksumKey, Checksums};
use crate::document::bounds::{
    API_TOKEN_LIFETIME_DAYS, API_TOKEN_RECHECK_SECONDS, MAX_SETTINGS_AGE, REFRESH_SECONDS,
};
use crate::document::problem::Report;
use crate::document::{ApiTokensDocument, BasicAuthDocument, GeneralDocument, Mode, Secrets};
use crate::username::lowercase;

const DAY: Duration = Duration::from_hours(24);

/// General settings.
#[derive(Clone, Debug)]
pub struct General {
    /// How long to use these settings before reading them again.
    pub refresh: Duration,
    /// How long to use them while newer ones can't be loaded; `None` sets no limit.
    pub max_age: Option<Duration>,
    /// What becomes of decisions.
    pub mode: Mode,
    /// What becomes of Basic credentials.
    pub basic_auth: BasicAuth,
    /// Our own tokens; `None` accepts none.
    pub api_tokens: Option<ApiTokenRules>,
    /// The order in which providers are asked about opaque tokens.
    pub(crate) opaque_order: Vec<String>,
    /// Names of headers that name users at the origin, in lower case and with `-` for `_`.
    pub(crate) identity_headers: Vec<String>,
    /// Values of API keys by client id, `*` for all others.
    pub(crate) usage_keys: BTreeMap<String, String>,
}

impl Default for General {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(REFRESH_SECONDS.default),
            max_age: None,
            mode: Mode::Enforce,
            basic_auth: BasicAuth::Deny,
            api_tokens: None,
            opaque_order: Vec::new(),
            identity_headers: identity_headers(&[], None),
            usage_keys: BTreeMap::new(),
        }
    }
}

impl General {
    pub(super) fn resolve(
        raw: GeneralDocument,
        secrets: &Secrets,
        report: &mut Report<'_>,
    ) -> Self {
        let refresh = report.bounded(raw.refresh_seconds, &REFRESH_SECONDS, "refresh_seconds");
        let max_age = raw.max_settings_age_seconds;
        if max_age.is_some_and(|age| age <= refresh || age > MAX_SETTINGS_AGE.as_secs()) {
            report.wrong(
                "max_settings_age_seconds",
                &format!(
                    "expected a number from 2 to {}, and more than `refresh_seconds`, which is {} by default",
                    MAX_SETTINGS_AGE.as_secs(),
                    REFRESH_SECONDS.default
                ),
            );
        }
        Self {
            refresh: Duration::from_secs(refresh),
            max_age: max_age.map(Duration::from_secs),
            mode: raw.mode.unwrap_or_default(),
            basic_auth: basic_auth(raw.basic_auth, report),
            api_tokens: raw
                .api_tokens
                .and_then(|raw| api_tokens(&raw, secrets, report)),
            opaque_order: raw.opaque_order.unwrap_or_default(),
            identity_headers: identity_headers(
                raw.identity_headers.as_deref().unwrap_or_default(),
                Some(report),
            ),
            usage_keys: usage_keys(raw.usage_keys.unwrap_or_default(), report),
        }
    }

    /// Whether something at the origin may take a header of this name for the user's.
    pub(crate) fn is_identity_header(&self, name: &str) -> bool {
        let mut known = self.identity_headers.iter();
        known.any(|known| is_same_header(known, name))
    }

    /// The value of the API key that requests of a client count for.
    pub(crate) fn usage_key(&self, client_id: Option<&str>) -> Option<&str> {
        let own = client_id.and_then(|client_id| self.usage_keys.get(client_id));
        own.or_else(|| self.usage_keys.get("*")).map(String::as_str)
    }
}

/// Whether a header has a name, which is given in lower case and with `-` for `_`: some origins make
/// the same of all cases and of both characters, as CGI does.
pub(crate) fn is_same_header(known: &str, name: &str) -> bool {
    known.len() == name.len()
        && known.bytes().zip(name.bytes()).all(|(known, byte)| {
            known == byte.to_ascii_lowercase() || (known == b'-' && byte == b'_')
        })
}

/// The header by which the template tells the product of the user.
const USER_HEADER: &str = "x-authorizer-username";

fn identity_headers(names: &[String], report: Option<&mut Report<'_>>) -> Vec<String> {
    // RFC 9110, section 5.6.2.
    let is_token = |name: &String| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let is_needed = |name: &String| {
        ["authorization", "content-type", "host", "accept"]
            .contains(&name.to_ascii_lowercase().as_str())
    };
    if let Some(report) = report
        && names.iter().any(|name| !is_token(name) || is_needed(name))
    {
        report.wrong(
            "identity_headers",
            "expected names of headers such as `X-Forwarded-User`, none of which every request has",
        );
    }
    let mut folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
    folded.push(USER_HEADER.to_owned());
    folded
}

/// Some origins make the same of `-` and `_`, as CGI does.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn usage_keys(keys: BTreeMap<String, String>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let is_key = |key: &String| {
        (20..=128).contains(&key.len())
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !keys.values().all(is_key) {
        report.wrong(
            "usage_keys",
            "expected values of API keys, of 20 to 128 letters, digits and `-`, by client id or `*`",
        );
    }
    keys
}

fn basic_auth(raw: Option<BasicAuthDocument>, report: &mut Report<'_>) -> BasicAuth {
    let rule = match raw.unwrap_or_default() {
        BasicAuthDocument::Deny => return BasicAuth::Deny,
        BasicAuthDocument::PassThrough => return BasicAuth::PassThrough,
        BasicAuthDocument::Some(rule) => rule,
    };
    let users = rule.allowed_users.unwrap_or_default();
    let paths = rule.allowed_paths.unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@=/*".contains(&byte);
    if !paths
        .iter()
        .all(|path| path.starts_with('/') && path.bytes().all(plain))
    {
        report.wrong(
            "basic_auth.allowed_paths",
            "expected paths such as `/jira/rest/api/2/serverInfo`, of letters, digits, `-._~:@=/` and `*`",
        );
    }
    if users.iter().any(|user| user.contains('?')) {
        report.wrong(
            "basic_auth.allowed_users",
            "expected user names, with `*` for any characters and without `?`",
        );
    }
    BasicAuth::Some {
        users: users
            .iter()
            .map(|user| lowercase(user).into_owned())
            .collect(),
        paths,
    }
}

fn api_tokens(
    raw: &ApiTokensDocument,
    secrets: &Secrets,
    report: &mut Report<'_>,
) -> Option<ApiTokenRules> {
    let field = "api_tokens.max_lifetime_days";
    let days = report.bounded(raw.max_lifetime_days, &API_TOKEN_LIFETIME_DAYS, field);
    let field = "api_tokens.recheck_seconds";
    let recheck = report.bounded(raw.recheck_seconds, &API_TOKEN_RECHECK_SECONDS, field);
    // Keys that are too short have been reported.
    let keys = [API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY];
    let keys = keys.iter().filter_map(|name| secrets.find(name));
    let tokens = ApiTokenRules {
        allow_basic: raw.allow_basic.unwrap_or_default(),
        max_lifetime: DAY.saturating_mul(u32::try_from(days).unwrap_or(1)),
        recheck: Duration::from_secs(recheck),
        checksums: Checksums {
            keys: keys.filter_map(ChecksumKey::new).collect(),
            accept_unkeyed: raw.accept_unkeyed.unwrap_or_default(),
        },
    };
    raw.enabled.unwrap_or_default().then_some(tokens)
}
