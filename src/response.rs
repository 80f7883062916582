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
/// ASCII always is. A username has its own form in headers ([`Username::header_value`]).
///
/// [`Username::header_value`]: crate::username::Username::header_value
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b',').add(b'"').add(b'\\');

/// The member that names the decision.
const DECISION_ID: &str = "decision_id";

/// The principal of a caller that nobody has verified.
const UNVERIFIED: &str = "unverified";

/// What the caller may do, and whether that includes this request.
pub struct Decision<'d> {
    /// Its name, which the audit line has too.
    pub decision_id: &'d str,
    /// The verified caller; `None` for one that was allowed without being verified.
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
    /// [`Fault::AnswerTooLarge`] when the answer exceeds API Gateway's limit even without what the
    /// token says beside its user.
    pub fn answer(&self, kind: EventKind, deployment: &Deployment) -> Result<Box<RawValue>, Fault> {
        let mut context = Context::of(self);
        let simple = deployment.simple_responses && kind == EventKind::Http2;
        loop {
            let answer = self.written(&context, simple);
            let excess = answer.len().saturating_sub(MAX_ANSWER);
            if excess == 0 {
                return RawValue::from_string(answer).map_err(|_| Fault::AnswerTooLarge);
            }
            context.cut(excess)?;
        }
    }

    fn written(&self, context: &Context<'_>, simple: bool) -> String {
        let mut answer = ObjectWriter::new();
        if simple {
            answer.raw("isAuthorized", self.allowed);
            answer.object("context", |members| {
                if self.allowed {
                    context.write(members);
                } else {
                    members.text(DECISION_ID, context.decision_id);
                }
            });
            return answer.finish();
        }
        let principal = self
            .identity
            .map_or(UNVERIFIED, |_| &context.principal.value);
        answer.text("principalId", principal);
        answer.raw("policyDocument", self.policy_document);
        answer.object("context", |members| context.write(members));
        if let Some(key) = self.usage_key {
            answer.text("usageIdentifierKey", key);
        }
        answer.finish()
    }
}

/// What mappings can read as `$context.authorizer.…`: strings only, all of them always there. What a
/// token says can be of any length, so it is cut where the answer has no room, with a mark beside it:
/// `groups_truncated` and the like.
#[derive(Default)]
struct Context<'a> {
    decision_id: &'a str,
    username: Cow<'a, str>,
    principal: Id<'a>,
    product: &'a str,
    provider: &'a str,
    auth_method: &'a str,
    client_id: Id<'a>,
    scope: List,
    groups: List,
    token_id: Id<'a>,
    authorization: &'a str,
    xoauth_requestor_id: &'a str,
    /// What the header that names the user holds, where that is not the username.
    user_header: Option<&'static str>,
}

/// A name that a provider chose.
#[derive(Default)]
struct Id<'a> {
    text: &'a str,
    /// As it is written.
    value: Cow<'a, str>,
    is_cut: bool,
}

/// The longest id that is told, in bytes before it is encoded, and the longest where there is no room.
const LONGEST_ID: usize = 512;
const SHORTEST_ID: usize = 64;

impl<'a> Id<'a> {
    fn new(text: &'a str) -> Self {
        let mut id = Self {
            text,
            value: Cow::Borrowed(""),
            is_cut: false,
        };
        if !id.cut(LONGEST_ID) {
            id.value = encode(text);
        }
        id
    }

    /// Makes the id no longer than `most`; `false` where it is not.
    fn cut(&mut self, most: usize) -> bool {
        let end = self.text.floor_char_boundary(most);
        let (head, rest) = self.text.split_at(end);
        if rest.is_empty() {
            return false;
        }
        self.text = head;
        self.value = encode(head);
        self.is_cut = true;
        true
    }
}

/// Encoded names with a separator between them.
#[derive(Default)]
struct List {
    value: String,
    is_cut: bool,
}

impl List {
    fn new(items: &[String], separator: char) -> Self {
        let mut value = String::new();
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                value.push(separator);
            }
            value.push_str(&encode(item));
        }
        Self {
            value,
            is_cut: false,
        }
    }

    /// Makes the list shorter by at least `excess` bytes, at a whole name; `false` where it is empty.
    fn cut(&mut self, excess: usize, separator: char) -> bool {
        if self.value.is_empty() {
            return false;
        }
        let keep = self.value.len().saturating_sub(excess);
        // The byte after the kept part may be the separator itself.
        let head = self.value.get(..=keep).unwrap_or_default();
        let end = head.rfind(separator).unwrap_or_default();
        self.value.truncate(end);
        self.is_cut = true;
        true
    }
}

/// What Atlassian is sent as `Authorization` when it is sent none: API Gateway takes the caller's
/// own away only by putting something in its place.
const NO_AUTHORIZATION: &str = "none";

impl<'a> Context<'a> {
    fn of(decision: &'a Decision<'_>) -> Self {
        let authorization = decision
            .authorization
            .filter(|value| value.bytes().all(|byte| matches!(byte, b' '..=b'~')))
            .unwrap_or(NO_AUTHORIZATION);
        let Some(identity) = decision.identity else {
            return Self {
                decision_id: decision.decision_id,
                product: decision.product,
                auth_method: decision.unverified_method,
                authorization,
                user_header: Some(NO_USER),
                ..Self::default()
            };
        };
        Self {
            decision_id: decision.decision_id,
            username: identity.username.header_value(),
            principal: Id::new(&identity.principal),
            product: decision.product,
            provider: identity.provider.as_str(),
            auth_method: identity.auth_method.as_str(),
            client_id: Id::new(identity.client_id.as_deref().unwrap_or_default()),
            scope: List::new(&identity.scopes, ' '),
            groups: List::new(&identity.groups, ','),
            token_id: Id::new(identity.token_id.as_deref().unwrap_or_default()),
            authorization,
            xoauth_requestor_id: decision.xoauth_requestor_id.unwrap_or_default(),
            user_header: None,
        }
    }

    fn write(&self, members: &mut ObjectWriter) {
        members.text("username", &self.username);
        members.text("principal", &self.principal.value);
        members.text("product", self.product);
        members.text("provider", self.provider);
        members.text("auth_method", self.auth_method);
        members.text("client_id", &self.client_id.value);
        members.text("scope", &self.scope.value);
        members.text("groups", &self.groups.value);
        members.text("token_id", &self.token_id.value);
        members.text("authorization", self.authorization);
        members.text("xoauth_requestor_id", self.xoauth_requestor_id);
        members.text("user_header", self.user_header.unwrap_or(&self.username));
        members.text(DECISION_ID, self.decision_id);
        for (mark, is_cut) in [
            ("groups_truncated", self.groups.is_cut),
            ("scope_truncated", self.scope.is_cut),
            ("token_id_truncated", self.token_id.is_cut),
            ("client_id_truncated", self.client_id.is_cut),
            ("principal_truncated", self.principal.is_cut),
        ] {
            if is_cut {
                members.text(mark, "true");
            }
        }
    }

    /// Makes the answer shorter: by `excess` bytes of groups, or else of scopes, or else by what is
    /// long of an id.
    fn cut(&mut self, excess: usize) -> Result<(), Fault> {
        let is_cut = self.groups.cut(excess, ',')
            || self.scope.cut(excess, ' ')
            || self.token_id.cut(SHORTEST_ID)
            || self.client_id.cut(SHORTEST_ID)
            || self.principal.cut(SHORTEST_ID);
        is_cut.then_some(()).ok_or(Fault::AnswerTooLarge)
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
    use lambda_runtime::Diagnostic;
    use serde_json::Value;

    use super::{Decision, Id, LONGEST_ID, List};
    use crate::clock::UnixTime;
    use crate::deployment::Deployment;
    use crate::error::{Denial, Fault, Refusal};
    use crate::event::EventKind;
    use crate::identity::Identity;

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
    fn lists_are_cut_at_whole_names() {
        let names = ["alpha", "beta", "gamma"].map(str::to_owned);
        let mut list = List::new(&names, ',');
        for (excess, left) in [(1, "alpha,beta"), (5, "alpha"), (1, "")] {
            assert!(list.cut(excess, ','));
            assert_eq!(list.value, left);
            assert!(list.is_cut);
        }
        assert!(!list.cut(1, ','));
    }

    #[test]
    fn ids_are_cut_at_whole_characters() {
        let long = "\u{fc}".repeat(300);
        let id = Id::new(&long);
        assert!(id.is_cut);
        assert_eq!(id.value, "%C3%BC".repeat(LONGEST_ID / 2));
        assert!(!Id::new(&long[..LONGEST_ID]).is_cut);
    }

    /// What a token says is cut in its order, and nothing that is left says more than before.
    #[test]
    fn whatever_a_token_says_has_room() {
        let names = |count: usize| vec!["a name of some length".to_owned(); count];
        let long = "x".repeat(5_000);
        for (groups, scopes, id, marks) in [
            (0, 0, "short", vec![]),
            (500, 10, "short", vec!["groups_truncated"]),
            (
                500,
                500,
                "short",
                vec!["groups_truncated", "scope_truncated"],
            ),
            (
                0,
                0,
                long.as_str(),
                vec![
                    "token_id_truncated",
                    "client_id_truncated",
                    "principal_truncated",
                ],
            ),
        ] {
            let identity = Identity::for_test("alice", names(groups), UnixTime::MAX)
                .with_ids(id, names(scopes));
            let policy = format!("{:?}", "p".repeat(6_400));
            let decision = Decision {
                decision_id: "abcdefghijkm",
                identity: Some(&identity),
                unverified_method: "",
                authorization: None,
                xoauth_requestor_id: None,
                usage_key: None,
                product: "jira",
                policy_document: &policy,
                allowed: true,
            };
            let answer = decision.answer(EventKind::RestRequest, &Deployment::default());
            let answer: Value = serde_json::from_str(answer.unwrap().get()).unwrap();
            let context = answer["context"].as_object().unwrap();
            let found: Vec<_> = context
                .keys()
                .filter(|name| name.ends_with("_truncated"))
                .collect();
            let mut marks = marks;
            marks.sort_unstable();
            assert_eq!(found, marks, "{groups} {scopes}");
            for name in found {
                assert_eq!(context[name], "true");
            }
        }
    }
}
