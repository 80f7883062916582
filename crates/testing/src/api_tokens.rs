//! API tokens, forged as an attacker would, and what the function makes of them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::lambda::Lambda;
use crate::{Folder, rest_event};

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

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

/// An `Authorization` by Basic auth.
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

/// What [`outcome`] returns, for a comparison.
pub fn pair(outcome: &str, code: &str) -> (String, String) {
    (outcome.to_owned(), code.to_owned())
}

/// A request in any product, with this token.
pub fn with(token: &str, method: &str, path: &str) -> Value {
    rest_event(method, path, &format!("Bearer {token}"))
}
