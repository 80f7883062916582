//! The parameter `settings`.

use std::time::Duration;

use crate::settings::document::{Mode, RawApiTokens, RawBasicAuth, RawGeneral};
use crate::settings::problem::Report;

/// How long settings are used before they are read again.
const DEFAULT_REFRESH: Duration = Duration::from_mins(5);

const DAY: Duration = Duration::from_hours(24);

/// General settings.
#[derive(Clone, Debug)]
pub struct General {
    /// How long to use these settings before reading them again.
    pub refresh: Duration,
    /// What becomes of decisions.
    pub mode: Mode,
    /// What becomes of Basic credentials.
    pub basic_auth: BasicAuth,
    /// Our own tokens; `None` accepts none.
    pub api_tokens: Option<ApiTokens>,
    /// The order in which providers are asked about opaque tokens.
    pub(crate) opaque_order: Vec<String>,
}

/// What becomes of Basic credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BasicAuth {
    /// They are refused.
    Deny,
    /// Atlassian checks them.
    PassThrough,
    /// Atlassian checks those of some users, and all on some paths; the rest is refused.
    Some {
        /// User names, in lower case, with `*` for any characters.
        users: Vec<String>,
        /// Paths in the API, with `*` for any characters.
        paths: Vec<String>,
    },
}

/// The rules of our own tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApiTokens {
    /// Accepted as the password of Basic auth too.
    pub allow_basic: bool,
    /// The longest time from creation.
    pub max_lifetime: Duration,
    /// How long a record is used before it is read again.
    pub recheck: Duration,
}

impl Default for General {
    fn default() -> Self {
        Self {
            refresh: DEFAULT_REFRESH,
            mode: Mode::Enforce,
            basic_auth: BasicAuth::Deny,
            api_tokens: None,
            opaque_order: Vec::new(),
        }
    }
}

impl General {
    pub(super) fn resolve(raw: RawGeneral, report: &mut Report<'_>) -> Self {
        let refresh = bounded(
            raw.refresh_seconds,
            DEFAULT_REFRESH.as_secs(),
            3_600,
            "refresh_seconds",
            report,
        );
        Self {
            refresh: Duration::from_secs(refresh),
            mode: raw.mode.unwrap_or_default(),
            basic_auth: basic_auth(raw.basic_auth, report),
            api_tokens: raw.api_tokens.and_then(|raw| api_tokens(&raw, report)),
            opaque_order: raw.opaque_order.unwrap_or_default(),
        }
    }
}

fn basic_auth(raw: Option<RawBasicAuth>, report: &mut Report<'_>) -> BasicAuth {
    let rule = match raw {
        None | Some(RawBasicAuth::Deny) => return BasicAuth::Deny,
        Some(RawBasicAuth::PassThrough) => return BasicAuth::PassThrough,
        Some(RawBasicAuth::Some(rule)) => rule,
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
        users: users.iter().map(|user| user.to_ascii_lowercase()).collect(),
        paths,
    }
}

fn api_tokens(raw: &RawApiTokens, report: &mut Report<'_>) -> Option<ApiTokens> {
    let days = bounded(
        raw.max_lifetime_days,
        365,
        3_650,
        "api_tokens.max_lifetime_days",
        report,
    );
    let recheck = bounded(
        raw.recheck_seconds,
        60,
        3_600,
        "api_tokens.recheck_seconds",
        report,
    );
    let tokens = ApiTokens {
        allow_basic: raw.allow_basic.unwrap_or_default(),
        max_lifetime: DAY.saturating_mul(u32::try_from(days).unwrap_or(1)),
        recheck: Duration::from_secs(recheck),
    };
    raw.enabled.unwrap_or_default().then_some(tokens)
}

fn bounded(
    value: Option<u64>,
    default: u64,
    most: u64,
    field: &str,
    report: &mut Report<'_>,
) -> u64 {
    match value {
        None => default,
        Some(value) if (1..=most).contains(&value) => value,
        Some(_) => {
            report.wrong(field, &format!("expected a number from 1 to {most}"));
            default
        }
    }
}
