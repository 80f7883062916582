//! From a decision to what API Gateway reads. The one place that maps errors to outcomes.
//!
//! Sources: [REST output](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html),
//! [HTTP API output](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).

use std::borrow::Cow;

use lambda_runtime::Diagnostic;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::value::RawValue;

use crate::deployment::Deployment;
use crate::error::{Fault, Refusal};
use crate::event::EventKind;
use crate::identity::Identity;
use crate::json::ObjectWriter;
use crate::username::NO_USER;

/// The most bytes of an answer. API Gateway takes 8 KB.
pub const MAX_ANSWER: usize = 8_000;

/// What is percent-encoded in context values other than the username, so that they are
/// header-safe, unambiguous as comma-separated lists, and the same length in JSON. Text outside
/// ASCII always is. A username is header-safe by itself, and passed on as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b',').add(b'"').add(b'\\');

/// The principal of a caller that nobody has verified.
const UNVERIFIED: &str = "unverified";

/// What the caller may do, and whether that includes this request.
pub struct Decision<'d> {
    /// The verified caller; `None` for one that was let through without being verified.
    pub identity: Option<&'d Identity>,
    /// How a caller without an identity came: `basic`, or empty.
    pub unverified_method: &'static str,
    /// What Atlassian is sent as `Authorization`, if anything.
    pub authorization: Option<&'d str>,
    /// The user whom an OAuth 1.0a signature in `authorization` is for.
    pub xoauth_requestor_id: Option<&'d str>,
    /// The value of the API key whose usage plan the request counts for.
    pub usage_key: Option<&'d str>,
    /// The product's name; empty where the path belongs to none.
    pub product: &'d str,
    /// What the caller may do in the product, as JSON.
    pub policy_document: &'d str,
    /// Whether the policy lets this request through.
    pub allowed: bool,
}

impl Decision<'_> {
    /// The answer for an event of this kind.
    ///
    /// # Errors
    ///
    /// [`Fault::AnswerTooLarge`] when the answer exceeds API Gateway's limit even without the
    /// caller's groups.
    pub fn answer(&self, kind: EventKind, deployment: &Deployment) -> Result<Box<RawValue>, Fault> {
        let mut context = Context::of(self);
        let simple = deployment.simple_responses && kind == EventKind::Http2;
        loop {
            let answer = self.written(&context, simple);
            let excess = answer.len().saturating_sub(MAX_ANSWER);
            if excess == 0 {
                return RawValue::from_string(answer).map_err(|_| Fault::AnswerTooLarge);
            }
            context.cut_groups(excess)?;
        }
    }

    fn written(&self, context: &Context<'_>, simple: bool) -> String {
        let mut answer = ObjectWriter::new();
        if simple {
            answer.raw("isAuthorized", self.allowed);
            if self.allowed {
                answer.object("context", |members| context.write(members));
            }
            return answer.finish();
        }
        let principal = self.identity.map_or(UNVERIFIED, |_| &context.principal);
        answer.text("principalId", principal);
        answer.raw("policyDocument", self.policy_document);
        answer.object("context", |members| context.write(members));
        if let Some(key) = self.usage_key {
            answer.text("usageIdentifierKey", key);
        }
        answer.finish()
    }
}

/// What mappings can read as `$context.authorizer.…`: strings only, all of them always there.
#[derive(Default)]
struct Context<'a> {
    username: &'a str,
    principal: Cow<'a, str>,
    product: &'a str,
    provider: &'a str,
    auth_method: &'a str,
    client_id: Cow<'a, str>,
    scope: String,
    groups: String,
    token_id: Cow<'a, str>,
    authorization: &'a str,
    xoauth_requestor_id: &'a str,
    user_header: &'a str,
}

/// What Atlassian is sent as `Authorization` when it is sent none: API Gateway takes the caller's
/// own away only by putting something in its place.
const NO_AUTHORIZATION: &str = "none";

impl<'a> Context<'a> {
    fn of(decision: &'a Decision<'_>) -> Self {
        let list = |items: &[String], separator| {
            let mut list = String::new();
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    list.push(separator);
                }
                list.push_str(&encode(item));
            }
            list
        };
        let authorization = decision
            .authorization
            .filter(|value| value.bytes().all(|byte| matches!(byte, b' '..=b'~')))
            .unwrap_or(NO_AUTHORIZATION);
        let Some(identity) = decision.identity else {
            return Self {
                product: decision.product,
                auth_method: decision.unverified_method,
                authorization,
                user_header: NO_USER,
                ..Self::default()
            };
        };
        Self {
            username: identity.username.as_str(),
            principal: encode(&identity.principal),
            product: decision.product,
            provider: identity.provider.as_str(),
            auth_method: identity.auth_method.as_str(),
            client_id: encode(identity.client_id.as_deref().unwrap_or_default()),
            scope: list(&identity.scopes, ' '),
            groups: list(&identity.groups, ','),
            token_id: encode(identity.token_id.as_deref().unwrap_or_default()),
            authorization,
            xoauth_requestor_id: decision.xoauth_requestor_id.unwrap_or_default(),
            user_header: identity.username.as_str(),
        }
    }

    fn write(&self, members: &mut ObjectWriter) {
        members.text("username", self.username);
        members.text("principal", &self.principal);
        members.text("product", self.product);
        members.text("provider", self.provider);
        members.text("auth_method", self.auth_method);
        members.text("client_id", &self.client_id);
        members.text("scope", &self.scope);
        members.text("groups", &self.groups);
        members.text("token_id", &self.token_id);
        members.text("authorization", self.authorization);
        members.text("xoauth_requestor_id", self.xoauth_requestor_id);
        members.text("user_header", self.user_header);
    }

    /// Makes the groups shorter by at least `excess` bytes, at a whole name.
    fn cut_groups(&mut self, excess: usize) -> Result<(), Fault> {
        if self.groups.is_empty() {
            return Err(Fault::AnswerTooLarge);
        }
        let keep = self.groups.len().saturating_sub(excess);
        // The byte after the kept part may be the comma itself.
        let head = self.groups.get(..=keep).unwrap_or_default();
        let end = head.rfind(',').unwrap_or_default();
        self.groups.truncate(end);
        Ok(())
    }
}

fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, ENCODED).into()
}

/// The error that the Lambda runtime reports.
///
/// API Gateway makes a 401 of exactly `Unauthorized`, and a 500 of every other text. The caller
/// sees neither text.
impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(_) => Self {
                error_type: "Unauthorized".to_owned(),
                error_message: "Unauthorized".to_owned(),
            },
            // What is forbidden has an answer; as an error it would be our own.
            Refusal::Forbidden(_) | Refusal::Failed(_) => Self {
                error_type: "Fault".to_owned(),
                error_message: format!("no decision: {refusal}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Context;
    use crate::error::{Denial, Fault, Refusal};
    use lambda_runtime::Diagnostic;

    #[test]
    fn refusals_to_the_letter() {
        let message = |refusal: Refusal| Diagnostic::from(refusal).error_message;
        assert_eq!(message(Denial::TokenExpired.into()), "Unauthorized");
        assert_eq!(
            message(Fault::KeysUnavailable.into()),
            "no decision: the provider's keys could not be fetched"
        );
    }

    #[test]
    fn groups_are_cut_at_whole_names() {
        let mut context = Context {
            groups: "alpha,beta,gamma".to_owned(),
            ..Context::default()
        };
        for (excess, left) in [(1, "alpha,beta"), (5, "alpha"), (1, "")] {
            context.cut_groups(excess).unwrap();
            assert_eq!(context.groups, left);
        }
        assert_eq!(context.cut_groups(1).unwrap_err(), Fault::AnswerTooLarge);
    }
}
