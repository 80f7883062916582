//! What could be the username, and what the groups: attributes of a token or of a response about it,
//! to choose the settings by. Nothing here is verified.

use std::collections::BTreeSet;

use atlassian_authorizer::claims::{AttributePath, Claims};
use atlassian_authorizer::error::Denial;
use atlassian_authorizer::provider::{Groups, Provider};
use atlassian_authorizer::username::UsernameRule;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::ui::{Tone, Ui, within_line};

/// Attributes in which providers put names, those that suit best first.
const USUAL_NAMES: [&str; 10] = [
    "preferred_username",
    "username",
    "cognito:username",
    "upn",
    "unique_name",
    "login",
    "nickname",
    "email",
    "id",
    "sub",
];

/// Claims in which providers put groups and roles.
const USUAL_GROUPS: [&str; 9] = [
    "groups",
    "cognito:groups",
    "roles",
    "role",
    "realm_access.roles",
    "groups_direct",
    "memberOf",
    "permissions",
    "entitlements",
];

/// The longest value in a table of claims, so that it is readable at 80 columns.
const LONGEST: usize = 52;
/// The longest value in a table with a username beside it.
const LONGEST_BESIDE: usize = 28;
/// The longest value that is shown again as the username that it makes.
const LONGEST_AGAIN: usize = 20;

/// An attribute that could be the username's.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) attribute: String,
    pub(crate) value: String,
    /// The username that this provider's rule would make of it, or the code of the refusal.
    pub(crate) username: Result<String, &'static str>,
    /// The rule looks at it.
    pub(crate) in_rule: bool,
}

/// A claim that could be the groups'.
#[derive(Debug, Serialize)]
pub(crate) struct GroupCandidate {
    pub(crate) claim: String,
    pub(crate) groups: Vec<String>,
    /// The provider's settings look at it.
    pub(crate) in_rule: bool,
}

impl Candidate {
    /// As `--json` shows it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "attribute": self.attribute,
            "value": self.value,
            "username": self.username.as_ref().ok(),
            "code": self.username.as_ref().err(),
            "in_rule": self.in_rule,
        })
    }
}

/// What could be the username: the attributes of the provider's rule, and others that are usual.
pub(crate) fn usernames(provider: &Provider, claims: &Map<String, Value>) -> Vec<Candidate> {
    let rule = &provider.username.attributes;
    let rule: Vec<&str> = rule.iter().map(AttributePath::as_str).collect();
    let candidate = |attribute: &str| {
        let value = match at(claims, attribute)? {
            Value::String(text) => text.clone(),
            number @ Value::Number(_) => number.to_string(),
            _ => return None,
        };
        Some(Candidate {
            attribute: attribute.to_owned(),
            value,
            username: username_by(provider, attribute, claims),
            in_rule: rule.contains(&attribute),
        })
    };
    let attributes = unique(rule.iter().copied().chain(USUAL_NAMES));
    attributes.into_iter().filter_map(candidate).collect()
}

/// What could be the groups: the claim that the provider's settings name, and others that are usual.
pub(crate) fn groups(provider: &Provider, claims: &Map<String, Value>) -> Vec<GroupCandidate> {
    let (own, separator) = match &provider.groups {
        Groups::Claim { path, separator } => (Some(path.as_str()), *separator),
        Groups::None | Groups::KeycloakRoles => (None, None),
    };
    let by_roles = matches!(provider.groups, Groups::KeycloakRoles);
    let clients = claims.get("resource_access").and_then(Value::as_object);
    let clients = clients.into_iter().flatten();
    let of_clients: Vec<String> = clients
        .map(|(client, _)| format!("resource_access.{client}.roles"))
        .collect();
    let usual = USUAL_GROUPS
        .into_iter()
        .chain(of_clients.iter().map(String::as_str));
    let claims = Claims::from(claims.clone());
    let candidate = |name: &str| {
        let is_own = own == Some(name);
        let found = claims.names(&name.into(), separator.filter(|_| is_own));
        let groups = found.ok()?.names;
        let is_role = name == "realm_access.roles" || name.starts_with("resource_access.");
        (!groups.is_empty()).then(|| GroupCandidate {
            claim: name.to_owned(),
            groups,
            in_rule: is_own || (by_roles && is_role),
        })
    };
    let names = unique(own.into_iter().chain(usual));
    names.into_iter().filter_map(candidate).collect()
}

/// Shows both in tables; nothing where there are none.
pub(crate) fn show(usernames: &[Candidate], groups: &[GroupCandidate], ui: &Ui) {
    let mark = |in_rule: bool| if in_rule { "by the rule" } else { "" }.to_owned();
    if !usernames.is_empty() {
        ui.line(&format!(
            "\n{}",
            ui.paint(Tone::Strong, "Possible usernames")
        ));
        let rows: Vec<Vec<String>> = usernames
            .iter()
            .map(|candidate| {
                let username = match &candidate.username {
                    Ok(username)
                        if *username == candidate.value
                            && username.chars().count() > LONGEST_AGAIN =>
                    {
                        "the same".to_owned()
                    }
                    Ok(username) => within_line(username),
                    Err(code) => format!("none: {code}"),
                };
                vec![
                    within_line(&candidate.attribute),
                    shortened(&candidate.value, LONGEST_BESIDE, ui),
                    username,
                    mark(candidate.in_rule),
                ]
            })
            .collect();
        ui.table(&["attribute", "value", "username", ""], &rows);
    }
    if !groups.is_empty() {
        ui.line(&format!("\n{}", ui.paint(Tone::Strong, "Possible groups")));
        let rows: Vec<Vec<String>> = groups
            .iter()
            .map(|candidate| {
                vec![
                    within_line(&candidate.claim),
                    short(&candidate.groups.join(", "), ui),
                    mark(candidate.in_rule),
                ]
            })
            .collect();
        ui.table(&["claim", "groups", ""], &rows);
    }
}

/// A text of a token or a provider, as it may stand in a table.
pub(crate) fn short(text: &str, ui: &Ui) -> String {
    shortened(text, LONGEST, ui)
}

fn shortened(text: &str, longest: usize, ui: &Ui) -> String {
    let text = within_line(text);
    if text.chars().count() <= longest {
        return text;
    }
    let mark = ui.ellipsis();
    let room = longest.saturating_sub(mark.chars().count());
    let kept: String = text.chars().take(room).collect();
    format!("{kept}{mark}")
}

/// Each name once, in their order.
fn unique<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

/// A claim of this name, or one within others.
fn at<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at(claims.get(first)?.as_object()?, rest)
    })
}

/// The username that the provider's rule would make of this one attribute, or the code of the
/// refusal. The claims are as they stand: nothing has been verified.
fn username_by(
    provider: &Provider,
    attribute: &str,
    claims: &Map<String, Value>,
) -> Result<String, &'static str> {
    let rule = UsernameRule {
        attributes: vec![AttributePath::from(attribute)],
        ..provider.username.clone()
    };
    rule.apply(&Claims::from(claims.clone()))
        .map(|username| username.as_str().to_owned())
        .map_err(Denial::code)
}
