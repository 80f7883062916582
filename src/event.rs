//! The five shapes of an API Gateway authorizer event, read into one [`Request`].
//!
//! The shapes are distinguished as AWS documents them: by `version`, then by `type`. Only the
//! fields that a decision needs are read, borrowed from the event; AWS may add others at any time.
//!
//! Sources: [REST and WebSocket input](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html),
//! [HTTP API payloads](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).

mod arn;
mod shape;
mod text;

use std::fmt;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use crate::error::Fault;
pub use arn::RequestArn;
use shape::{Shape, both, decoded};
pub use text::Text;

/// Which of the five shapes an event has; it decides the shape of the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventKind {
    /// REST API, `TOKEN` authorizer.
    RestToken,
    /// REST API, `REQUEST` authorizer.
    RestRequest,
    /// WebSocket API, `REQUEST` authorizer on `$connect`.
    WebSocket,
    /// HTTP API, payload format 1.0.
    Http1,
    /// HTTP API, payload format 2.0.
    Http2,
}

/// What an authorizer event says, whatever its shape.
pub struct Request<'e> {
    /// The event's shape.
    pub kind: EventKind,
    /// The method ARN or route ARN, which API Gateway will match against the policy.
    pub arn: RequestArn<'e>,
    /// The path below the stage as the caller sent it, where the event tells it apart from the ARN.
    pub path: Option<Text<'e>>,
    /// All paths that the event tells beside the ARN's; some begin with a stage or a base path.
    pub paths: Vec<Text<'e>>,
    /// The values that an HTTP API's cache finds the answer by.
    pub identity_source: Vec<Text<'e>>,
    /// The distinct values of all `Authorization` headers, in any case and any place.
    pub authorization: Vec<Text<'e>>,
    /// The values of all `Content-Type` headers.
    pub content_type: Vec<Text<'e>>,
    /// The names of all headers, in the case in which they came and as often.
    pub header_names: Vec<Text<'e>>,
    /// The names and values of the query, decoded, with all that is repeated.
    pub query: Vec<(Text<'e>, Text<'e>)>,
    /// The caller's address as API Gateway saw it.
    pub source_ip: Option<Text<'e>>,
    /// API Gateway's id of the request.
    pub request_id: Option<Text<'e>>,
}

impl<'e> Request<'e> {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// [`Fault::EventMalformed`] when the text is no JSON object of one of the five shapes, or its
    /// ARN is not one of `execute-api`. API Gateway makes the events, so this is never a denial.
    pub fn parse(event: &'e str) -> Result<Self, Fault> {
        let raw: Shape<'e> = serde_json::from_str(event).map_err(|_| Fault::EventMalformed)?;
        let kind = raw.kind()?;
        let arn = if kind == EventKind::Http2 {
            raw.route_arn
        } else {
            raw.method_arn
        }
        .and_then(RequestArn::parse)
        .ok_or(Fault::EventMalformed)?;

        let mut headers = raw.headers;
        headers.extend(raw.multi_value_headers);
        if kind == EventKind::RestToken {
            // This shape has no headers: the token is all that there is.
            headers.authorization = raw.authorization_token.into_iter().collect();
        }
        headers.authorization.sort_unstable();
        headers.authorization.dedup();

        let context = raw.request_context.unwrap_or_default();
        let (http_path, http_source_ip) = context
            .http
            .map(|http| (http.path, http.source_ip))
            .unwrap_or_default();
        let paths = [raw.path.clone(), raw.raw_path, context.path, http_path];
        Ok(Self {
            kind,
            arn,
            path: raw.path,
            paths: paths.into_iter().flatten().collect(),
            identity_source: raw.identity_source.0,
            authorization: headers.authorization,
            content_type: headers.content_type,
            header_names: headers.names,
            query: match raw.raw_query_string {
                Some(query) if kind == EventKind::Http2 => decoded(&query),
                _ => both(
                    raw.multi_value_query_string_parameters,
                    raw.query_string_parameters,
                ),
            },
            source_ip: context
                .identity
                .and_then(|identity| identity.source_ip)
                .or(http_source_ip),
            request_id: context.request_id,
        })
    }
}

impl Request<'_> {
    /// Whether the values that an HTTP API's cache finds the answer by hold the method and the path.
    pub(crate) fn is_found_by_route(&self) -> bool {
        // Payloads of version 1.0 have all of them in one text. In those of 2.0 a comma is the caller's.
        let values = || {
            let values = self.identity_source.iter();
            let is_joined = self.kind == EventKind::Http1;
            values.flat_map(move |value| {
                let parts = value.split(',').filter(move |_| is_joined);
                parts.chain([value.as_ref()])
            })
        };
        let is_path = |value: &str| self.paths.iter().any(|path| path.as_ref() == value);
        values().any(|value| value == self.arn.method()) && values().any(is_path)
    }

    /// The one `Authorization` header, without white space around it.
    pub(crate) fn only_authorization(&self) -> Option<&str> {
        match self.authorization.as_slice() {
            [value] => Some(value.trim_matches([' ', '\t'])),
            _ => None,
        }
    }
}

/// Never shows the credential.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("kind", &self.kind)
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

/// An event's JSON text, as the Lambda runtime hands it over.
///
/// It takes anything: what the runtime itself refuses never reaches our code, and is logged with
/// the offending text.
pub struct EventText(Option<Box<RawValue>>);

impl EventText {
    /// The text; empty where it was no JSON.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().map(RawValue::get).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for EventText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Box::<RawValue>::deserialize(deserializer).ok()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EventKind, Request};
    use crate::error::Fault;

    const ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/rest/api";

    fn rest(headers: &str) -> String {
        format!(r#"{{"type":"REQUEST","methodArn":"{ARN}",{headers}"requestContext":{{}}}}"#)
    }

    #[test]
    fn headers_of_any_case_and_place_are_collected_once() {
        for headers in [
            r#""headers":{"Authorization":"Bearer x"},"#,
            r#""headers":{"AUTHORIZATION":"Bearer x"},"multiValueHeaders":{"AUTHORIZATION":["Bearer x"]},"#,
            r#""headers":null,"multiValueHeaders":{"authorization":["Bearer x","Bearer x"]},"#,
            r#""headers":{"authorization":"Bearer \u0078"},"#,
        ] {
            let event = rest(headers);
            let request = Request::parse(&event).unwrap();
            assert_eq!(request.authorization.len(), 1, "{headers}");
            assert_eq!(&*request.authorization[0], "Bearer x");
        }
    }

    #[test]
    fn differing_headers_are_all_kept() {
        for headers in [
            r#""headers":{"Authorization":"Bearer x","authorization":"Bearer y"},"#,
            r#""headers":{"Authorization":"Bearer y"},"multiValueHeaders":{"Authorization":["Bearer x","Bearer y"]},"#,
        ] {
            let event = rest(headers);
            assert_eq!(Request::parse(&event).unwrap().authorization.len(), 2);
        }
    }

    #[test]
    fn malformed_events() {
        let arn = format!(r#""methodArn":"{ARN}""#);
        for event in [
            String::new(),
            "null".into(),
            "[]".into(),
            "{}".into(),
            format!("{{{arn}}}"),
            format!(r#"{{"type":"OTHER",{arn}}}"#),
            format!(r#"{{"type":"REQUEST","version":"3.0",{arn}}}"#),
            format!(r#"{{"type":"REQUEST","version":2,{arn}}}"#),
            format!(r#"{{"type":"REQUEST","version":"2.0",{arn}}}"#),
            format!(r#"{{"type":"REQUEST","type":"TOKEN",{arn}}}"#),
            format!(r#"{{"type":"REQUEST",{arn},"headers":"x"}}"#),
            format!(r#"{{"type":"REQUEST",{arn},"headers":{{"authorization":7}}}}"#),
            r#"{"type":"REQUEST","methodArn":"arn:aws:s3:::bucket"}"#.into(),
            r#"{"type":"REQUEST","methodArn":7}"#.into(),
        ] {
            assert_eq!(
                Request::parse(&event).unwrap_err(),
                Fault::EventMalformed,
                "{event}"
            );
        }
    }

    #[test]
    fn websocket_is_told_by_its_event_type() {
        let event = r#"{"type":"REQUEST","methodArn":"arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/$connect","requestContext":{"eventType":"CONNECT"}}"#;
        let request = Request::parse(event).unwrap();
        assert_eq!(request.kind, EventKind::WebSocket);
        assert_eq!(request.arn.method(), "$connect");
    }

    proptest! {
        /// Whatever comes, there is an answer.
        #[test]
        fn never_panics(
            members in proptest::collection::vec(
                (
                    "type|version|methodArn|routeArn|headers|multiValueHeaders|authorizationToken|requestContext|x",
                    "\"REQUEST\"|\"TOKEN\"|\"2.0\"|null|7|\\[\\]|\\{\"Authorization\":(7|null|\"\\\\u0000\"|\\[\"a\",\"b\"\\])\\}|\"arn:aws:execute-api:a:1:b/c/GET/d\"",
                ),
                0..6,
            )
        ) {
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            let _ = Request::parse(&format!("{{{}}}", members.join(",")));
        }

        #[test]
        fn never_panics_on_text(text in "\\PC{0,80}") {
            prop_assert!(Request::parse(&text).is_err());
        }
    }

    #[test]
    fn debug_shows_no_credential() {
        let event = rest(r#""headers":{"Authorization":"Bearer s3cr3t"},"#);
        let shown = format!("{:?}", Request::parse(&event).unwrap());
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
