//! Sending a request on and its response back, as streams.

use std::time::Duration;

use atlassian_authorizer::http::{HttpClient, HttpSetupError};
use axum::body::{Body, HttpBody};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use thiserror::Error;

use crate::answers::Kind;
use crate::headers::remove_hop_by_hop;
use crate::mapping::IntegrationRequest;

/// Response headers that API Gateway passes on under another name.
///
/// Source: [important notes](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
const REMAPPED: [&str; 3] = ["date", "server", "www-authenticate"];

/// Why there is no HTTP client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The certificates can't be used.
    #[error(transparent)]
    Certificates(#[from] HttpSetupError),
    /// The client can't be made.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// A client that passes on what it is given: it follows no redirect, keeps no cookies, decompresses
/// nothing and uses no proxy.
///
/// The CA is given as certificates in PEM, and replaces Mozilla's roots.
///
/// # Errors
///
/// When the CA is not given as certificates in PEM.
pub fn client(authority: Option<&str>) -> Result<reqwest::Client, ClientError> {
    let tls = HttpClient::tls(authority)?;
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .http1_only()
        .tcp_nodelay(true)
        .build()?)
}

/// Sends a request on, and returns what comes back.
///
/// The time limit is for the head of the response: a long body may take as long as it takes.
pub(crate) async fn send(
    client: &reqwest::Client,
    method: Method,
    outgoing: IntegrationRequest,
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
