//! What the gateway answers by itself: API Gateway's gateway responses, as the template has them.
//!
//! Source: [gateway responses](https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

/// Why the gateway answers by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// No identity source, or the authorizer says `Unauthorized`.
    Unauthorized,
    /// The authorizer's policy does not allow the method.
    AccessDenied,
    /// The authorizer failed.
    AuthorizerFailure,
    /// The authorizer's answer is none.
    AuthorizerConfigurationError,
    /// No such route.
    MissingAuthenticationToken,
    /// A path that would be another one at the product.
    BadRequestParameters,
    /// The product can't be reached.
    IntegrationFailure,
    /// The product takes too long.
    IntegrationTimeout,
}

impl Kind {
    /// The name in a template; what API Gateway does where it has none; and the type that it tells.
    const fn defaults(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::Unauthorized => ("UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException"),
            Self::AccessDenied => (
                "ACCESS_DENIED",
                403,
                "User is not authorized to access this resource",
                "AccessDeniedException",
            ),
            Self::AuthorizerFailure => (
                "AUTHORIZER_FAILURE",
                500,
                "",
                "InternalServerErrorException",
            ),
            Self::AuthorizerConfigurationError => (
                "AUTHORIZER_CONFIGURATION_ERROR",
                500,
                "",
                "AuthorizerConfigurationException",
            ),
            Self::MissingAuthenticationToken => (
                "MISSING_AUTHENTICATION_TOKEN",
                403,
                "Missing Authentication Token",
                "MissingAuthenticationTokenException",
            ),
            Self::BadRequestParameters => (
                "BAD_REQUEST_PARAMETERS",
                400,
                "The path is not in its plain form",
                "BadRequestException",
            ),
            Self::IntegrationFailure => (
                "INTEGRATION_FAILURE",
                504,
                "Network error communicating with endpoint",
                "InternalServerErrorException",
            ),
            Self::IntegrationTimeout => (
                "INTEGRATION_TIMEOUT",
                504,
                "Endpoint request timed out",
                "InternalServerErrorException",
            ),
        }
    }
}

/// The template's gateway responses.
pub(crate) struct Answers(BTreeMap<String, RawAnswer>);

/// One of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawAnswer {
    #[serde(default, deserialize_with = "maybe_status")]
    status_code: Option<u16>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    #[serde(default)]
    response_templates: BTreeMap<String, String>,
}

fn maybe_status<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u16>, D::Error> {
    super::api::status(deserializer).map(Some)
}

impl Answers {
    pub(super) fn new(raw: BTreeMap<String, RawAnswer>) -> Self {
        Self(raw)
    }

    /// The response of a kind.
    pub(crate) fn response(&self, kind: Kind, request_id: &str) -> Response {
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
            .replace("$context.requestId", request_id);
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
