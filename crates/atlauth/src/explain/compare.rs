//! What a token has, beside what the settings want.

mod access;
mod claims;
mod times;

use atlassian_authorizer::access::BasicAuth;
use atlassian_authorizer::claims::Claims;
use atlassian_authorizer::error::{Denial, Forbidden, Refusal};
use atlassian_authorizer::identity::Identity;
use atlassian_authorizer::provider::Provider;
use atlassian_authorizer::settings::Settings;
use serde::Serialize;

use super::{Access, Decoded};
use crate::ui::{Ui, within_line};

/// What a request has beside its token.
const OF_REQUESTS: [&str; 4] = ["user", "credential", "path", "source address"];

/// The most values that are shown of one side.
const MOST: usize = 8;

/// One thing that a token or a request has, and what the settings want in its place.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// The claim's name, or what else it is: `source address`.
    pub(crate) claim: String,
    /// Its values; none where it is missing.
    pub(crate) token: Vec<String>,
    /// The field of the settings.
    pub(crate) setting: String,
    /// What is accepted.
    pub(crate) wanted: Vec<String>,
}

impl Comparison {
    fn new(claim: &str, token: Vec<String>, setting: &str, wanted: Vec<String>) -> Self {
        Self {
            claim: claim.to_owned(),
            token,
            setting: setting.to_owned(),
            wanted,
        }
    }
}

/// What a comparison looks at.
#[derive(Clone, Copy)]
pub(super) struct Basis<'b> {
    pub(super) token: &'b Decoded,
    /// The claims that the provider's rules were applied to.
    pub(super) claims: Option<&'b Claims>,
    pub(super) provider: Option<&'b Provider>,
    pub(super) settings: &'b Settings,
    pub(super) identity: Option<&'b Identity>,
    pub(super) access: Option<&'b Access>,
    /// The address that the request comes from.
    pub(super) source: Option<&'b str>,
    pub(super) now: u64,
}

/// What differs, for a refusal that is due to a difference.
pub(super) fn compare(refusal: Refusal, basis: Basis<'_>) -> Vec<Comparison> {
    match refusal {
        Refusal::Denied(Denial::BasicDenied) => basic(basis).into_iter().collect(),
        Refusal::Denied(denial) => claims::compare(denial, basis),
        Refusal::Forbidden(Forbidden::RouteNotAllowed) => access::compare(basis),
        Refusal::Forbidden(Forbidden::SourceNotAllowed) => {
            let limits = basis.identity.map(|one| &one.limits.source_cidrs);
            let networks = limits.into_iter().flatten().map(ToString::to_string);
            let source = basis.source.map(str::to_owned).into_iter().collect();
            vec![Comparison::new(
                "source address",
                source,
                "networks of the API token",
                networks.collect(),
            )]
        }
        Refusal::Forbidden(_) | Refusal::Failed(_) => Vec::new(),
    }
}

/// The user of Basic credentials, and who may use them.
fn basic(basis: Basis<'_>) -> Option<Comparison> {
    let user = match basis.token {
        Decoded::Basic { user } => user,
        Decoded::ApiToken { .. } => {
            return Some(Comparison::new(
                "credential",
                vec!["an API token by Basic auth".to_owned()],
                "api_tokens.allow_basic",
                vec!["true".to_owned()],
            ));
        }
        _ => return None,
    };
    let (setting, wanted) = match &basis.settings.general.basic_auth {
        BasicAuth::Deny => ("basic_auth", vec!["deny".to_owned()]),
        BasicAuth::PassThrough => return None,
        BasicAuth::Some { users, .. } => ("basic_auth.allowed_users", users.clone()),
    };
    Some(Comparison::new("user", vec![user.clone()], setting, wanted))
}

/// Shows each comparison as two lines, of which the second stands below the first.
pub(crate) fn show(all: &[Comparison], ui: &Ui) {
    for one in all {
        let longest = one.claim.chars().count().max(one.setting.chars().count());
        let line = |side: &str, name: &str, values: &[String]| {
            let name = within_line(name);
            let values = joined(values, ui);
            ui.line(format!("{side:<8}  {name:<longest$}  {values}").trim_end());
        };
        ui.line("");
        let is_of_request = OF_REQUESTS.contains(&one.claim.as_str());
        let side = if is_of_request { "request" } else { "token" };
        line(side, &one.claim, &one.token);
        line("settings", &one.setting, &one.wanted);
    }
}

fn joined(values: &[String], ui: &Ui) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = values
        .iter()
        .take(MOST)
        .map(|one| within_line(one))
        .collect();
    let more = values.len().saturating_sub(MOST);
    match more {
        0 => shown.join(", "),
        _ => format!("{}, {} and {more} more", shown.join(", "), ui.ellipsis()),
    }
}
