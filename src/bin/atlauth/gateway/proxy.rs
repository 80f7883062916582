//! Sending a request on and its response back, as streams.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::Response;

use super::answers::Kind;
use super::mapping::Outgoing;

/// What is about one connection alone (RFC 9110, section 7.6.1), what this end of it settles by
/// itself, and `Host`, which is the product's.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Response headers that API Gateway passes on under another name.
///
/// Source: [important notes](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
const REMAPPED: [&str; 3] = ["date", "server", "www-authenticate"];

/// Takes away the headers that are about one connection alone.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Sends a request on, and returns what comes back.
///
/// The time limit is for the head of the response: a long body may take as long as it takes.
pub(super) async fn send(
    client: &reqwest::Client,
    method: Method,
    outgoing: Outgoing,
    body: Body,
    timeout: Duration,
) -> Result<Response, Kind> {
    let mut request = client
        .request(method, outgoing.url)
        .headers(outgoing.headers);
    // A request without a body stays one: a stream would be sent in chunks, if of nothing.
    if !body.is_end_stream() {
        request = request.body(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    let received = match tokio::time::timeout(timeout, request.send()).await {
        Ok(Ok(received)) => received,
        Ok(Err(_)) => return Err(Kind::IntegrationFailure),
        Err(_) => return Err(Kind::IntegrationTimeout),
    };
    let status = received.status();
    let mut headers = received.headers().clone();
    remove_hop_by_hop(&mut headers);
    for name in REMAPPED {
        let value: Option<HeaderValue> = headers.remove(name);
        let remapped = format!("x-amzn-remapped-{name}").parse::<HeaderName>();
        if let (Some(value), Ok(remapped)) = (value, remapped) {
            headers.insert(remapped, value);
        }
    }
    let mut response = Response::new(Body::from_stream(received.bytes_stream()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
