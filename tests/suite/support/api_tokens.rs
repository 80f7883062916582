//! API tokens, made as an operator makes them, and forged as an attacker would.

use std::time::Duration;

use atlassian_authorizer::api_tokens::{Created, NewToken, create};
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::settings::ApiTokens;
use atlassian_authorizer::settings::source::Source;
use atlassian_authorizer::username::Username;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::lambda::Lambda;
use super::tokens::now;
use super::{Folder, rest_event};

pub const RULES: ApiTokens = ApiTokens {
    allow_basic: false,
    max_lifetime: Duration::from_hours(90 * 24),
    recheck: Duration::from_mins(1),
};

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A token of Alice's for an hour, without scopes, groups and limits.
pub fn of_alice() -> NewToken {
    NewToken {
        username: Username::new("alice".to_owned()).unwrap(),
        name: "nightly export".to_owned(),
        lifetime: Duration::from_hours(1),
        scopes: Vec::new(),
        groups: Some(Vec::new()),
        read_only: false,
        source_cidrs: Vec::new(),
        products: Vec::new(),
    }
}

/// Settings that take API tokens and have one product without rules.
pub fn settings(rules: &Value) -> Value {
    let mut settings = json!({
        "settings": {"api_tokens": {"enabled": true, "max_lifetime_days": 90}},
        "products": {"jira": {"path": "/jira"}},
    });
    let fields = settings["settings"]["api_tokens"].as_object_mut().unwrap();
    fields.extend(rules.as_object().unwrap().clone());
    settings
}

/// The folder's settings as a store of API tokens.
pub fn store(folder: &Folder) -> Source {
    let name = format!("file:{}", folder.path().join("settings.json").display());
    Source::parse(&name, &HttpClient::new().unwrap()).unwrap()
}

/// Makes a token in the folder's store.
pub async fn create_in(folder: &Folder, new: NewToken) -> Created {
    let now = Duration::from_secs(now());
    create(&store(folder), Some(RULES), new, now).await.unwrap()
}

/// A token with a right checksum of any id and secret.
pub fn forge(id: &str, secret: &str) -> String {
    let body = format!("atl_{id}{secret}");
    let digest = digest(&SHA256, body.as_bytes());
    let checksum = digest.as_ref()[..8]
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    body.chars().chain(checksum).collect()
}

/// The id and the secret of a token.
pub fn parts(token: &str) -> (&str, &str) {
    (&token[4..20], &token[20..72])
}

/// An id that nobody has made.
pub fn id(number: usize) -> String {
    let digits = [number / 32 % 32, number % 32].map(|digit| char::from(ALPHABET[digit]));
    format!("aaaaaaaaaaaaaa{}{}", digits[0], digits[1])
}

/// A secret that is no token's.
pub fn secret(number: usize) -> String {
    format!("{}{}", "b".repeat(36), id(number))
}

pub fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

/// A GET in the product, with this token.
pub fn bearer(token: &str) -> Value {
    rest_event("GET", "/jira/rest/api/2/myself", &format!("Bearer {token}"))
}

/// The function with a folder's settings, and these tokens in its store.
pub async fn lambda(folder: &Folder, settings: &Value, variables: &[(&str, &str)]) -> Lambda {
    Lambda::start(&folder.settings(settings), variables).await
}

/// Outcome and code of an event that gets an answer, allowed or not.
pub async fn outcome(lambda: &Lambda, event: &Value) -> (String, String) {
    lambda.invoke(event).await.unwrap();
    let audit = lambda.audit().await;
    let text = |name: &str| audit[name].as_str().unwrap().to_owned();
    (text("outcome"), text("code"))
}

pub fn pair(outcome: &str, code: &str) -> (String, String) {
    (outcome.to_owned(), code.to_owned())
}

pub fn with(token: &str, method: &str, path: &str) -> Value {
    rest_event(method, path, &format!("Bearer {token}"))
}
