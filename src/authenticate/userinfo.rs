//! A provider's userinfo, and what binds a token to a client beside it.
//!
//! Userinfo alone answers for every application's token of the same user: whoever runs any
//! application could use its users' tokens here. So it comes with an endpoint that tells the
//! token's client, or with `"trust": "any_client"`.

use reqwest::RequestBuilder;
use serde_json::{Map, Value};

use super::online::{AskError, Question, Word};
use crate::error::Denial;
use crate::http::Endpoint;

/// A userinfo endpoint.
#[derive(Clone, Debug)]
pub struct Userinfo {
    /// The endpoint (OpenID Connect Core 1.0, section 5.3).
    pub endpoint: Endpoint,
    /// An endpoint that tells of the token itself, its client above all.
    pub binding: Option<Endpoint>,
}

impl Userinfo {
    pub(super) const fn is_bound(&self) -> bool {
        self.binding.is_some()
    }

    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Word, AskError> {
        let token = match &self.binding {
            None => Map::new(),
            Some(binding) => match read(question, question.http.get_request(binding)).await? {
                Word::Claims(claims)
                    if claims.get("active").is_some_and(|active| *active != true) =>
                {
                    return Ok(Word::NotMine);
                }
                Word::Claims(claims) => claims,
                other => return Ok(other),
            },
        };
        add(&self.endpoint, question, token).await
    }
}

/// Adds what userinfo says to what is known of a token.
///
/// The token's own members stay as they are: userinfo says nothing of clients and lifetimes.
pub(crate) async fn add(
    endpoint: &Endpoint,
    question: &Question<'_>,
    token: Map<String, Value>,
) -> Result<Word, AskError> {
    let user = match read(question, question.http.get_request(endpoint)).await? {
        Word::Claims(user) => user,
        other => return Ok(other),
    };
    if let (Some(one), Some(other)) = (token.get("sub"), user.get("sub"))
        && one != other
    {
        return Ok(Word::Refused(Denial::SubjectMismatch));
    }
    let mut claims = token;
    for (name, value) in user {
        claims.entry(name).or_insert(value);
    }
    Ok(Word::Claims(claims))
}

/// Sends a request with the token as its credential (RFC 6750).
pub(crate) async fn read(
    question: &Question<'_>,
    request: RequestBuilder,
) -> Result<Word, AskError> {
    let reply = question.send(question.with_bearer(request)).await?;
    match reply.status {
        200 => reply.object().map(Word::Claims),
        // RFC 6750, section 3.1: `invalid_request`, `invalid_token`, `insufficient_scope`.
        400 | 401 => Ok(Word::NotMine),
        403 => Ok(Word::Refused(Denial::ScopeInsufficient)),
        status => Err(AskError::Misconfigured(status)),
    }
}
