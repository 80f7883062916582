//! The HTTP client: it fetches JWKS documents and sends requests to providers, and the AWS SDK
//! speaks through it too.
//!
//! It verifies certificates against Mozilla's roots, or those of a provider's settings, follows no
//! redirect, uses no proxy and sends no cookies. Every call is bounded in time and size.

mod context;
mod deadline;
mod endpoint;
mod reply;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use thiserror::Error;

use crate::clock::UnixTime;

pub use context::{Counter, Counters, FetchContext};
pub use deadline::{Deadline, TOTAL_DEADLINE};
pub use endpoint::Endpoint;
use endpoint::address;
pub use reply::Reply;

/// The longest that one outgoing request may take, connecting and reading included,
/// where the settings don't say.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest that the settings may allow.
pub const MAX_REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// The media type of a JWKS (RFC 7517, section 8.5), and what servers send that ignore `Accept`.
const DOCUMENTS: &str = "application/json, application/jwk-set+json;q=0.9, */*;q=0.1";

/// Why a fetch failed. Says nothing of what was received.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nothing complete within the time allowed.
    #[error("no complete response in time")]
    Timeout,
    /// No connection, one that was closed before an answer, or one whose certificate failed.
    #[error("the connection failed")]
    Connection,
    /// A connection that was closed within an answer.
    #[error("the connection was closed during the response")]
    Broken,
    /// A redirect, which is not followed.
    #[error("the response was a redirect, status {status}, which is not followed")]
    Redirect {
        /// The status.
        status: u16,
        /// Where it leads, if that may be fetched.
        to: Option<Endpoint>,
    },
    /// A compressed answer, though none was asked for.
    #[error("the response's Content-Encoding is {0}, but `identity` was requested")]
    Encoded(&'static str),
    /// A status other than 200.
    #[error("the response status was {0}")]
    Status(u16),
    /// More than the bytes allowed.
    #[error("the response was larger than {0} bytes")]
    TooLarge(usize),
    /// The SDK was told to use `http` on the network.
    #[error("the endpoint is not https")]
    Plain,
    /// Not what was asked for.
    #[error("the response was not {0}")]
    Unusable(&'static str),
}

/// A body and how long it may be kept.
pub struct Fetched {
    /// The body.
    pub body: Vec<u8>,
    /// How long the answer says that it may be kept.
    pub max_age: Option<Duration>,
}

/// The client. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    request_timeout: Duration,
}

/// Where the SDK may send requests without TLS: emulators, and the link-local addresses at which
/// AWS hands out credentials.
fn may_be_plain(url: &Url) -> bool {
    address(url).is_some_and(|address| {
        address.is_loopback() || matches!(address, IpAddr::V4(address) if address.is_link_local())
    })
}

fn mozilla() -> rustls::RootCertStore {
    rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

fn roots_of(pem: &str) -> Result<rustls::RootCertStore, HttpSetupError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|_| HttpSetupError::Pem)?)?;
    }
    if roots.is_empty() {
        return Err(HttpSetupError::Pem);
    }
    Ok(roots)
}

fn tls(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, HttpSetupError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

impl HttpClient {
    /// Sets the client up; no connection is made.
    ///
    /// # Errors
    ///
    /// Only when the TLS library refuses its own defaults.
    pub fn new() -> Result<Self, HttpSetupError> {
        Self::trusting(mozilla())
    }

    /// A client that trusts the certificates in this PEM text and no others.
    ///
    /// # Errors
    ///
    /// When the text holds no certificate, or one that can't be a CA's.
    pub fn trusting_pem(pem: &str) -> Result<Self, HttpSetupError> {
        Self::trusting(roots_of(pem)?)
    }

    /// TLS as this client has it, for one that a tool sets up itself: by Mozilla's roots, or by the
    /// certificates in a PEM text and no others.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::new`], and when the text holds no CA certificate.
    pub fn tls(authority: Option<&str>) -> Result<rustls::ClientConfig, HttpSetupError> {
        tls(match authority {
            Some(pem) => roots_of(pem)?,
            None => mozilla(),
        })
    }

    fn trusting(roots: rustls::RootCertStore) -> Result<Self, HttpSetupError> {
        Ok(Self {
            client: reqwest::Client::builder()
                .tls_backend_preconfigured(tls(roots)?)
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .http1_only()
                .connect_timeout(MAX_REQUEST_TIMEOUT)
                .tcp_nodelay(true)
                // A connection that Lambda froze is likely dead when the sandbox thaws.
                .pool_idle_timeout(Duration::from_secs(5))
                .user_agent(concat!("atlassian-authorizer/", env!("CARGO_PKG_VERSION")))
                .build()?,
            request_timeout: REQUEST_TIMEOUT,
        })
    }

    /// The same client, and pool, for requests that may take this long.
    #[must_use]
    pub fn with_request_timeout(&self, request_timeout: Duration) -> Self {
        Self {
            client: self.client.clone(),
            request_timeout,
        }
    }

    /// The longest that one request may take.
    pub fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// Fetches a document of at most `limit` bytes, within the client's time for a request and the
    /// deadline. Where the connection fails or is closed, it is asked for once more.
    ///
    /// # Errors
    ///
    /// [`FetchError`], which says nothing of what was sent or received.
    pub async fn get(
        &self,
        endpoint: &Endpoint,
        limit: usize,
        deadline: Deadline,
    ) -> Result<Fetched, FetchError> {
        let once = async || {
            let request = self.get_request(endpoint);
            let request = request.header("accept", DOCUMENTS);
            let mut response = send(request).await?;
            let status = response.status();
            if status.is_redirection() {
                return Err(FetchError::Redirect {
                    status: status.as_u16(),
                    to: reply::location(response.headers(), endpoint),
                });
            }
            if status != 200 {
                return Err(FetchError::Status(status.as_u16()));
            }
            reply::check_encoding(response.headers())?;
            let max_age = reply::max_age(response.headers());
            let body = read_text(&mut response, limit).await?;
            Ok(Fetched { body, max_age })
        };
        let work = async {
            match once().await {
                // A connection that was kept while Lambda froze the instance can be dead, and not know it.
                Err(FetchError::Connection | FetchError::Broken) => once().await,
                fetched => fetched,
            }
        };
        tokio::time::timeout(deadline.left(self.request_timeout), work)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    /// The innermost reason for which there is no connection to an endpoint, such as what is wrong
    /// with its certificate; `None` where there is one.
    pub async fn no_connection(&self, endpoint: &Endpoint) -> Option<String> {
        let request = self
            .client
            .head(endpoint.0.clone())
            .timeout(self.request_timeout);
        let error = request.send().await.err()?;
        let mut reason: &dyn std::error::Error = &error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        Some(reason.to_string())
    }

    /// Connects to an endpoint's server, within the time of one request and the deadline, so that
    /// the next request finds a connection. It sends `HEAD /` without any credential, and ignores what
    /// comes of it.
    pub async fn connect(&self, endpoint: &Endpoint, deadline: Deadline) {
        let mut root = endpoint.0.clone();
        root.set_path("/");
        root.set_query(None);
        let request = self
            .client
            .head(root)
            .timeout(deadline.left(self.request_timeout));
        let _ = request.send().await;
    }

    /// A GET of an endpoint, for [`HttpClient::ask`].
    pub fn get_request(&self, endpoint: &Endpoint) -> RequestBuilder {
        self.client.get(endpoint.0.clone())
    }

    /// A POST of a JSON value.
    pub fn post_json(&self, endpoint: &Endpoint, body: &Value) -> RequestBuilder {
        self.client
            .post(endpoint.0.clone())
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A POST of a form.
    pub fn post_form(&self, endpoint: &Endpoint, form: &[(&str, &str)]) -> RequestBuilder {
        let mut body = form_urlencoded::Serializer::new(String::new());
        self.client
            .post(endpoint.0.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.extend_pairs(form).finish())
    }

    /// Sends a request, and reads an answer of any status, of at most `limit` bytes. `now` is what
    /// dates in the answer are compared with.
    ///
    /// # Errors
    ///
    /// [`FetchError`], which says nothing of what was sent or received.
    pub async fn ask(
        &self,
        request: RequestBuilder,
        limit: usize,
        allowed: Duration,
        now: UnixTime,
    ) -> Result<Reply, FetchError> {
        let work = async {
            let request = request.header("accept", "application/json");
            let mut response = send(request).await?;
            let status = response.status().as_u16();
            if status == 200 {
                reply::check_encoding(response.headers())?;
            }
            let mut reply = Reply::of_head(status, response.headers(), now);
            reply.body = read_text(&mut response, limit).await?;
            Ok(reply)
        };
        tokio::time::timeout(allowed, work)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    /// Sends a request of the AWS SDK, whose own time limits apply.
    ///
    /// # Errors
    ///
    /// [`FetchError`], which says nothing of what was sent or received.
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        limit: usize,
    ) -> Result<http::Response<Vec<u8>>, FetchError> {
        let request =
            reqwest::Request::try_from(request).map_err(|_| FetchError::Unusable("sendable"))?;
        if request.url().scheme() != "https" && !may_be_plain(request.url()) {
            return Err(FetchError::Plain);
        }
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(|_| FetchError::Connection)?;
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        *answer.body_mut() = read(&mut response, limit).await?;
        Ok(answer)
    }
}

impl HttpClient {
    /// Sends any request, and reads an answer of any status, of at most 256 KiB. The caller bounds
    /// the time.
    ///
    /// # Errors
    ///
    /// [`FetchError`], which says nothing of what was sent or received.
    pub async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchError> {
        const MAX_ANSWER: usize = 256 * 1024;
        self.send(request, MAX_ANSWER).await
    }
}

/// Sends a request of our own, and reads the answer's head.
async fn send(request: RequestBuilder) -> Result<reqwest::Response, FetchError> {
    // Some servers compress where nothing is said; what is not read needs no limit.
    let request = request.header("accept-encoding", "identity");
    request.send().await.map_err(|_| FetchError::Connection)
}

/// The body, without the byte order mark that some servers put before it (RFC 8259, section 8.1).
async fn read_text(response: &mut reqwest::Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut body = read(response, limit).await?;
    if body.starts_with(MARK) {
        body.drain(..MARK.len());
    }
    Ok(body)
}

async fn read(response: &mut reqwest::Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| FetchError::Broken)? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(FetchError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The TLS library or the HTTP client refused its settings.
#[derive(Debug, Error)]
pub enum HttpSetupError {
    /// From rustls.
    #[error("the TLS settings were refused")]
    Tls(#[from] rustls::Error),
    /// No certificate where one was expected.
    #[error("expected certificates in PEM")]
    Pem,
    /// From reqwest.
    #[error("the HTTP client could not be built")]
    Client(#[from] reqwest::Error),
}
