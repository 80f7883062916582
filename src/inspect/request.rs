//! One inspection's requests.

use std::time::Duration;

use reqwest::RequestBuilder;

use super::InspectionError;
use super::signed_answer::{AnswerKeys, Verification};
use crate::clock::UnixTime;
use crate::credential::Token;
use crate::http::{Deadline, FetchContext, FetchError, HttpClient, Reply};

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// What one inspection is about, and what it is made with.
pub struct InspectionRequest<'r> {
    pub(crate) http: &'r HttpClient,
    pub(crate) token: &'r Token<'r>,
    pub(crate) now: UnixTime,
    pub(super) deadline: Deadline,
    /// The subject of a signed token.
    pub(super) subject: Option<&'r str>,
    /// Names of claims that mark a client's own token, which are not for its user to say.
    pub(super) machine_claims: &'r [String],
    pub(super) verification: Option<Verification<'r>>,
}

impl<'r> InspectionRequest<'r> {
    /// An inspection of a token, whose requests may take this long together.
    pub fn new(
        http: &'r HttpClient,
        token: &'r Token<'r>,
        now: UnixTime,
        allowed: Duration,
    ) -> Self {
        Self {
            http,
            token,
            now,
            deadline: Deadline::after(allowed),
            subject: None,
            machine_claims: &[],
            verification: None,
        }
    }

    /// About a signed token of this subject, where it names one.
    #[must_use]
    pub fn of_subject(self, subject: Option<&'r str>) -> Self {
        Self { subject, ..self }
    }

    /// At a provider where these claims mark a client's own token.
    #[must_use]
    pub fn without_user_claims(self, machine_claims: &'r [String]) -> Self {
        Self {
            machine_claims,
            ..self
        }
    }

    /// Whose answers may be signed by these keys. Without them, only plain ones are read.
    #[must_use]
    pub fn verified_by(self, keys: &'r AnswerKeys, context: FetchContext<'r>) -> Self {
        let verification = Some(Verification { keys, context });
        Self {
            verification,
            ..self
        }
    }

    /// Sends one of the requests that the inspection takes. Of the statuses, `429` and those from
    /// `500` up are errors.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply, InspectionError> {
        let again = request.try_clone();
        self.send_or_again(request, again).await
    }

    /// As [`InspectionRequest::send`], for a request that may be sent just once.
    pub(crate) async fn send_once(
        &self,
        request: RequestBuilder,
    ) -> Result<Reply, InspectionError> {
        self.send_or_again(request, None).await
    }

    async fn send_or_again(
        &self,
        request: RequestBuilder,
        again: Option<RequestBuilder>,
    ) -> Result<Reply, InspectionError> {
        let send = async |request| {
            let allowed = self.deadline.left(self.http.request_timeout());
            self.http.ask(request, MAX_ANSWER, allowed, self.now).await
        };
        let reply = match (send(request).await, again) {
            // A pooled connection that died while Lambda had the sandbox frozen.
            (Err(FetchError::Connection), Some(again)) => send(again).await?,
            (reply, _) => reply?,
        };
        match reply.status {
            429 => Err(InspectionError::RateLimited(reply.retry_after)),
            500.. => Err(FetchError::Status(reply.status).into()),
            _ => Ok(reply),
        }
    }

    /// A request with the token as its credential.
    pub(crate) fn with_bearer(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.expose_secret())
    }
}
