//! What must be known of each kind of provider.

use atlassian_authorizer::document::Kind;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value};

use crate::failure::Failure;

/// One field that a kind can't do without.
pub(super) struct Question {
    pub(super) field: &'static str,
    pub(super) what: &'static str,
    pub(super) example: &'static str,
    pub(super) answer: Answer,
}

/// What an answer becomes.
pub(super) enum Answer {
    /// A text.
    Text,
    /// A text; no answer leaves the field out.
    Optional,
    /// Texts, by commas.
    List,
    /// Texts by texts, `a=b,c=d`.
    Map,
    /// A secret of the provider's.
    Secret,
}

const fn question(
    field: &'static str,
    what: &'static str,
    example: &'static str,
    answer: Answer,
) -> Question {
    Question {
        field,
        what,
        example,
        answer,
    }
}

const CLIENT_IDS: Question = question(
    "client_ids",
    "ids of the clients that tokens may be issued to",
    "by commas",
    Answer::List,
);
const CLIENT_ID: Question = question(
    "client_id",
    "id of your application at the provider",
    "such as Iv1.0123456789abcdef",
    Answer::Text,
);
const CLIENT_SECRET: Question = question(
    "client_secret",
    "client secret of your application",
    "",
    Answer::Secret,
);

static COGNITO: [Question; 2] = [
    question(
        "user_pool_id",
        "user pool id",
        "eu-west-1_AbCdEfGhI",
        Answer::Text,
    ),
    CLIENT_IDS,
];
static ENTRA: [Question; 2] = [
    question(
        "tenant_id",
        "directory (tenant) id",
        "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b",
        Answer::Text,
    ),
    question(
        "audiences",
        "audiences of your API",
        "api://jira-gateway; several separated by commas",
        Answer::List,
    ),
];
static KEYCLOAK: [Question; 3] = [
    question(
        "base_url",
        "URL of the server",
        "https://sso.example.com",
        Answer::Text,
    ),
    question("realm", "name of the realm", "main", Answer::Text),
    CLIENT_IDS,
];
static OKTA: [Question; 2] = [
    question("domain", "Okta domain", "example.okta.com", Answer::Text),
    CLIENT_IDS,
];
static GOOGLE: [Question; 2] = [
    CLIENT_IDS,
    question(
        "hd",
        "Google Workspace domain of your users",
        "example.com",
        Answer::Text,
    ),
];
static GITHUB: [Question; 4] = [
    question(
        "base_url",
        "URL of your GitHub Enterprise Server",
        "leave empty for github.com",
        Answer::Optional,
    ),
    CLIENT_ID,
    CLIENT_SECRET,
    question(
        "username.map",
        "map from GitHub's `id` to Atlassian usernames",
        "583231=alice,583232=bob; leave empty to use the logins of your own server",
        Answer::Map,
    ),
];
static GITLAB: [Question; 3] = [
    question(
        "base_url",
        "URL of your GitLab",
        "leave empty for gitlab.com",
        Answer::Optional,
    ),
    CLIENT_IDS,
    question(
        "username.map",
        "map from GitLab's `username` to Atlassian usernames",
        "alice.w=alice; leave empty to use the usernames of your own server",
        Answer::Map,
    ),
];
static SLACK: [Question; 3] = [
    question(
        "team_id",
        "id of the workspace",
        "T0123ABC456",
        Answer::Text,
    ),
    CLIENT_IDS,
    question(
        "username.map",
        "map from Slack's user id to Atlassian usernames",
        "U0123ABC456=alice",
        Answer::Map,
    ),
];
static FACEBOOK: [Question; 3] = [
    CLIENT_ID,
    CLIENT_SECRET,
    question(
        "username.map",
        "map from Facebook's user id to Atlassian usernames",
        "10001=alice",
        Answer::Map,
    ),
];
static CUSTOM: [Question; 3] = [
    question(
        "issuer",
        "the exact `iss` of its tokens",
        "https://sso.example.com",
        Answer::Text,
    ),
    CLIENT_IDS,
    question(
        "username",
        "claim that holds the Atlassian username",
        "preferred_username",
        Answer::Text,
    ),
];

/// What a kind can't do without.
pub(super) const fn questions(kind: Kind) -> &'static [Question] {
    match kind {
        Kind::Cognito => &COGNITO,
        Kind::Entra => &ENTRA,
        Kind::Keycloak => &KEYCLOAK,
        Kind::Okta => &OKTA,
        Kind::Google => &GOOGLE,
        Kind::Github => &GITHUB,
        Kind::Gitlab => &GITLAB,
        Kind::Slack => &SLACK,
        Kind::Facebook => &FACEBOOK,
        Kind::Custom => &CUSTOM,
    }
}

/// What the client's secret is called among the provider's.
pub(super) const CLIENT_SECRET_NAME: &str = "client-secret";

/// Reads a kind as an argument.
pub(super) fn parser() -> impl TypedValueParser<Value = Kind> {
    let names = Kind::ALL.iter().map(|kind| kind.as_str());
    PossibleValuesParser::new(names).try_map(|name| of_name(&name).ok_or("not a kind of provider"))
}

/// The kinds, as a question names them.
pub(super) fn names() -> String {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    names.join(", ")
}

/// The kind that an answer names.
pub(super) fn named(name: &str) -> Result<Kind, Failure> {
    of_name(name).ok_or_else(|| {
        Failure::usage(format!(
            "not a kind of provider; expected one of {}",
            names()
        ))
    })
}

fn of_name(name: &str) -> Option<Kind> {
    let mut kinds = Kind::ALL.iter().copied();
    kinds.find(|kind| kind.as_str().eq_ignore_ascii_case(name))
}

impl Answer {
    /// The value; `None` leaves the field out.
    pub(super) fn value(&self, text: &str) -> Result<Option<Value>, Failure> {
        if text.is_empty() && matches!(self, Self::Optional | Self::Map) {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Text | Self::Optional | Self::Secret => text.into(),
            Self::List => list(text),
            Self::Map => map(text)?,
        }))
    }
}

/// The value of a field that nobody has asked for.
pub(super) fn plain(field: &str, text: &str) -> Result<Value, Failure> {
    Ok(match field {
        _ if is_json(text) => json(field, text)?,
        _ if field.ends_with("_seconds") || field == "discovery" => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
        "client_ids" | "audiences" | "algorithms" => list(text),
        "username.map" | "machine_users" => map(text)?,
        _ => text.into(),
    })
}

/// Whether a field is given as a JSON object or array, as a settings file has it.
pub(super) fn is_json(text: &str) -> bool {
    text.starts_with(['{', '['])
}

/// A field that is given as JSON.
pub(super) fn json(field: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("--set {field}: it is no JSON: {error}"))
            .hint("write it as in a settings file, in single quotes for the shell")
    })
}

/// Sets a field, or one within `username`.
pub(super) fn insert(document: &mut Map<String, Value>, field: &str, value: Value) {
    let Some((outer, inner)) = field.split_once('.') else {
        document.insert(field.to_owned(), value);
        return;
    };
    let is_github = document.get("kind").is_some_and(|kind| kind == "github");
    let outer = document.entry(outer).or_insert_with(|| Map::new().into());
    if let Value::Object(rule) = outer {
        rule.insert(inner.to_owned(), value);
        if is_github && inner == "map" {
            // Logins change hands, ids don't.
            rule.insert("attributes".to_owned(), Value::Array(vec!["id".into()]));
        }
    }
}

fn list(text: &str) -> Value {
    text.split(',').map(str::trim).collect()
}

fn map(text: &str) -> Result<Value, Failure> {
    let pairs = text.split(',').map(|pair| {
        let (from, to) = pair.split_once('=')?;
        Some((from.trim().to_owned(), to.trim().into()))
    });
    let pairs: Option<Map<String, Value>> = pairs.collect();
    pairs
        .map(Value::Object)
        .ok_or_else(|| Failure::usage("expected pairs such as 583231=alice,583232=bob"))
}
