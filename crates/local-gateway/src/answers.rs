//! What the gateway answers by itself: API Gateway's gateway responses, as the template has them.
//!
//! Source: [gateway responses](https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).

mod kind;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Deserializer};

pub(crate) use kind::Kind;

/// The template's gateway responses.
pub(crate) struct Answers(BTreeMap<String, RawAnswer>);

/// One of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawAnswer {
    #[serde(default, deserialize_with = "maybe_status")]
    status_code: Option<u16>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    #[serde(default)]
    response_templates: BTreeMap<String, String>,
}

/// The ids of a request that the template's responses tell.
pub(crate) struct Ids<'i> {
    pub(crate) request: &'i str,
    pub(crate) extended: &'i str,
    /// What the authorizer's answer names the decision; empty where there is none.
    pub(crate) decision: &'i str,
}

fn maybe_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    status(deserializer).map(Some)
}

impl Answers {
    pub(crate) fn new(raw: BTreeMap<String, RawAnswer>) -> Self {
        Self(raw)
    }

    /// The response of a kind, to a request that has come this far.
    pub(crate) fn response(&self, kind: Kind, ids: &Ids<'_>) -> Response {
        let (name, status, message, error_type) = kind.defaults();
        let fallback = if status < 500 {
            "DEFAULT_4XX"
        } else {
            "DEFAULT_5XX"
        };
        let own = self.0.get(name);
        let raw = own.or_else(|| self.0.get(fallback));
        let own_status = raw.and_then(|raw| raw.status_code);
        let template = raw.and_then(|raw| raw.response_templates.get("application/json"));
        let template = template.map_or(
            r#"{"message":$context.error.messageString}"#,
            String::as_str,
        );
        let quoted = serde_json::Value::from(message).to_string();
        let body = template
            .replace("$context.error.messageString", &quoted)
            .replace("$context.error.message", message)
            .replace("$context.requestId", ids.request)
            .replace("$context.extendedRequestId", ids.extended)
            // Of the authorizer's context the template names nothing else here.
            .replace("$context.authorizer.decision_id", ids.decision);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(own_status.unwrap_or(status))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert("x-amzn-errortype", HeaderValue::from_static(error_type));
        let parameters = raw.into_iter().flat_map(|raw| &raw.response_parameters);
        for (to, from) in parameters {
            let name = to.strip_prefix("gatewayresponse.header.");
            let literal = from.trim_matches('\'');
            let name: Option<HeaderName> = name.and_then(|name| name.parse().ok());
            if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(literal)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A status, as a number or a text.
pub(crate) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scalar {
        Number(u16),
        Text(String),
    }

    match Scalar::deserialize(deserializer)? {
        Scalar::Number(number) => Ok(number),
        Scalar::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
