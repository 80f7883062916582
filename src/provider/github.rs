//! GitHub, and GitHub Enterprise Server by `base_url`: tokens of OAuth apps and GitHub Apps.
//!
//! GitHub's check answers for tokens of one application alone, so it binds the token and tells of
//! its user in one request: [check a token](https://docs.github.com/en/rest/apps/oauth-applications#check-a-token).

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Value, json};

use super::Vendor;
use super::draft::{Draft, is_host_of};
use super::resolve::{Defaults, resolve_shared};
use crate::authenticate::online::{AskError, Check, Question, Word, renamed};
use crate::http::Endpoint;
use crate::secret::Secret;

/// The check of a token of our application.
#[derive(Clone, Debug)]
pub(crate) struct TokenCheck {
    /// `…/applications/{client_id}/token`.
    pub(crate) endpoint: Endpoint,
    /// The application.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: Secret,
}

pub(super) fn resolve(mut draft: Draft<'_, '_>) -> super::Provider {
    draft.takes(&["base_url", "client_id", "client_secret", "binding_endpoint"]);
    let api = draft.base_url().map_or_else(
        || "https://api.github.com".to_owned(),
        |base| format!("{base}/api/v3"),
    );
    if api.ends_with("/api/v3/api/v3") {
        draft.wrong(
            "base_url",
            "expected the server's URL without `/api/v3`, for example `https://github.example.com`",
        );
    }
    let client = draft.client_secret();
    let check = client.and_then(|(client_id, client_secret)| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !client_id.bytes().all(is_plain) {
            draft.wrong("client_id", "expected letters, digits, `.`, `_` and `-`");
            return None;
        }
        let url = format!("{api}/applications/{client_id}/token");
        let endpoint = draft.endpoint(draft.raw.binding_endpoint.clone(), "base_url", &url)?;
        Some(Check::GitHub(TokenCheck {
            endpoint,
            client_id,
            client_secret,
        }))
    });
    if let (Some(Check::GitHub(check)), Some(ids)) = (&check, &draft.raw.client_ids)
        && ids.as_slice() != [check.client_id.clone()]
    {
        draft.wrong("client_ids", "expected just `client_id`, or the field to be left out: GitHub tells of tokens of that application alone");
    }
    let client_ids = draft.raw.client_id.clone().into_iter().collect();
    draft.raw.client_ids.get_or_insert(client_ids);
    if is_host_of(&api, "github.com") {
        draft.needs_known_users("GitHub");
    }
    resolve_shared(
        draft,
        Defaults {
            opaque: check,
            vendor: Some(Vendor::GitHub),
            username: Some(&["login"]),
            ..Defaults::default()
        },
    )
}

impl TokenCheck {
    pub(crate) async fn ask(&self, question: &Question<'_>) -> Result<Word, AskError> {
        let body = json!({"access_token": question.token.reveal()});
        let request = question
            .http
            .post_json(&self.endpoint, &body)
            .basic_auth(&self.client_id, Some(self.client_secret.reveal()))
            .header("x-github-api-version", "2022-11-28");
        let reply = question.send(request).await?;
        match reply.status {
            200 => {}
            // Not a token of this application, or none that GitHub takes for one.
            404 | 422 => return Ok(Word::NotMine),
            403 if reply.is_rate_limited() => return Err(AskError::RateLimited(reply.retry_after)),
            _ => return Err(reply.refusal()),
        }
        let answer = reply.object()?;
        let mut claims = answer
            .get("user")
            .and_then(Value::as_object)
            .map(|user| {
                renamed(
                    user,
                    &[("login", "login"), ("id", "id"), ("email", "email")],
                )
            })
            .unwrap_or_default();
        if let Some(id) = claims.get("id").and_then(Value::as_u64) {
            claims.insert("sub".to_owned(), id.to_string().into());
        }
        if let Some(id) = answer.get("app").and_then(|app| app.get("client_id")) {
            claims.insert("client_id".to_owned(), id.clone());
        }
        claims.extend(renamed(&answer, &[("scopes", "scope")]));
        if let Some(expires) = answer.get("expires_at").filter(|at| !at.is_null()) {
            let seconds = expires
                .as_str()
                .and_then(|text| DateTime::from_str(text, Format::DateTimeWithOffset).ok())
                .map(|time| time.secs());
            // A time that can't be read fails the claims rules.
            claims.insert("exp".to_owned(), seconds.map_or(Value::Null, Value::from));
        }
        Ok(Word::Claims(claims))
    }
}
