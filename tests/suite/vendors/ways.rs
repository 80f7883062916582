//! The ways in which tokens are verified: a kind of provider, and how it judges.

mod signed;
mod told;

use serde_json::{Value, json};

use super::with;
use testing::tokens::{SigningKey, now};

pub(super) use signed::{API, APP, TENANT};

/// One way to verify a token.
pub(super) struct Way {
    pub(super) name: &'static str,
    /// The file of `tests/vendors` with the answers of the vendor, where it is asked.
    pub(super) vendor: Option<&'static str>,
    /// The provider's settings, with the address at which the vendor is asked.
    pub(super) settings: fn(&str) -> Value,
    pub(super) token: Token,
}

/// What a token looks like.
pub(super) enum Token {
    /// A JWT.
    Jwt {
        claims: fn() -> Value,
        /// What differs in a token of the same user by way of another application.
        other_client: Value,
        /// Another issuer of the same vendor.
        other_issuer: &'static str,
        /// The vendor alone judges it, not its signature.
        by_word: bool,
    },
    /// Any other text.
    Opaque(&'static str),
}

impl Way {
    /// The settings of a provider that is asked at this address, and whose keys are ours.
    pub(super) fn provider(&self, url: &str) -> Value {
        let provider = (self.settings)(url);
        match self.token {
            Token::Jwt { by_word: false, .. } => with(
                provider,
                &json!({"jwks": {"keys": [SigningKey::development().jwk]}}),
            ),
            _ => provider,
        }
    }

    /// A good token.
    pub(super) fn token(&self) -> String {
        match &self.token {
            Token::Jwt { claims, .. } => sign(&claims()),
            Token::Opaque(token) => (*token).to_owned(),
        }
    }

    /// A good token that differs from [`Way::token`], so that no verdict on that one serves.
    pub(super) fn another_token(&self) -> String {
        match &self.token {
            Token::Jwt { claims, .. } => sign(&with(claims(), &json!({"iat": now() - 30}))),
            Token::Opaque(token) => format!("{token}2"),
        }
    }
}

/// All ways, in the order of the table.
pub(super) fn all() -> Vec<Way> {
    [signed::ways(), told::ways()]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn way(name: &str) -> Way {
    let mut ways = all().into_iter();
    ways.find(|way| way.name == name).expect("a way")
}

/// Claims with times as of now, signed.
pub(super) fn sign(claims: &Value) -> String {
    let times = json!({"iat": now() - 60, "exp": now() + 3_600});
    SigningKey::development().sign(&with(times, claims))
}
