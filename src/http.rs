//! The HTTP client: key sets are fetched and providers asked through it, and the AWS SDK speaks
//! through it too.
//!
//! It verifies certificates against Mozilla's roots, or those of a provider's settings, follows no redirect, uses no proxy and sends
//! no cookies. Every call is bounded in time and size.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;

/// The longest that all outgoing requests of one decision may take together.
pub const TOTAL_DEADLINE: Duration = Duration::from_secs(5);

/// The longest that one outgoing request may take, connecting and reading included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// The moment by which a decision must be made.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// [`TOTAL_DEADLINE`] from now.
    pub fn start() -> Self {
        Self::after(TOTAL_DEADLINE)
    }

    /// This long from now.
    pub fn after(duration: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(duration).unwrap_or(now))
    }

    /// The time left, but no more than `most`.
    pub fn left(self, most: Duration) -> Duration {
        self.0.saturating_duration_since(Instant::now()).min(most)
    }
}

/// A URL that may be fetched: `https`, or `http` on a loopback address for emulators.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Parses a URL from the settings or from a discovery document.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what would be right, without the URL.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const RULE: &str = "expected an https URL without user, password or fragment";
        let url = Url::parse(text).map_err(|_| RULE)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || url.fragment().is_some() || url.host_str().is_none() {
            return Err(RULE);
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err("expected an https URL; http is accepted for loopback addresses alone"),
            _ => Err(RULE),
        }
    }

    /// Whether the address is this machine's own.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The same URL with these members added to its query, percent-encoded.
    pub(crate) fn with_query(&self, members: &[(&str, &str)]) -> Self {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(members);
        Self(url)
    }

    /// The host, in lower case and without a dot at its end.
    pub(crate) fn host(&self) -> Option<String> {
        let host = self.0.host_str()?;
        Some(host.strip_suffix('.').unwrap_or(host).to_owned())
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Without the query, where some services want a key.
impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        url.set_query(None);
        formatter.write_str(url.as_str())
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn is_loopback(url: &Url) -> bool {
    address(url).is_some_and(|address| address.is_loopback())
}

/// By address alone: what `localhost` resolves to is the resolver's word.
fn address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Where the SDK may send requests without TLS: emulators, and the link-local addresses at which
/// AWS hands out credentials.
fn may_be_plain(url: &Url) -> bool {
    address(url).is_some_and(|address| {
        address.is_loopback() || matches!(address, IpAddr::V4(address) if address.is_link_local())
    })
}

/// Why a fetch failed. Says nothing of what was received.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nothing complete within the time allowed.
    #[error("no complete answer in time")]
    Timeout,
    /// No connection, a broken one, or one whose certificate failed.
    #[error("the connection failed")]
    Connection,
    /// A status other than 200.
    #[error("the answer's status was {0}")]
    Status(u16),
    /// More than the bytes allowed.
    #[error("the answer was larger than {0} bytes")]
    TooLarge(usize),
    /// A key set without any key that can be used.
    #[error("the key set has no usable key")]
    NoKeys,
    /// The SDK was told to use `http` on the network.
    #[error("the endpoint is not https")]
    Plain,
    /// Not what was asked for.
    #[error("the answer was not {0}")]
    Unusable(&'static str),
}

/// A body and how long it may be kept.
pub(crate) struct Fetched {
    pub(crate) body: Vec<u8>,
    /// `Cache-Control: max-age`, zero for `no-store` and `no-cache` (RFC 9111, section 5.2.2).
    pub(crate) max_age: Option<Duration>,
}

/// The client. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct HttpClient(reqwest::Client);

/// What a provider answered to a question.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `Retry-After` in seconds (RFC 9110, section 10.2.3).
    pub(crate) retry_after: Option<Duration>,
    /// `WWW-Authenticate` says that the token lacks a scope (RFC 6750, section 3.1).
    pub(crate) insufficient_scope: bool,
    /// `X-RateLimit-Remaining: 0`, as GitHub has it.
    pub(crate) rate_exhausted: bool,
    pub(crate) body: Vec<u8>,
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
    /// When the text holds no certificate, or one that can't be an authority's.
    pub(crate) fn trusting_pem(pem: &str) -> Result<Self, HttpSetupError> {
        Self::trusting(roots_of(pem)?)
    }

    /// TLS as this client has it, for one that a tool sets up itself: by Mozilla's roots, or by the
    /// certificates in a PEM text and no others.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::new`], and when the text holds no authority's certificate.
    #[cfg(feature = "cli")]
    pub fn tls(authority: Option<&str>) -> Result<rustls::ClientConfig, HttpSetupError> {
        tls(match authority {
            Some(pem) => roots_of(pem)?,
            None => mozilla(),
        })
    }

    fn trusting(roots: rustls::RootCertStore) -> Result<Self, HttpSetupError> {
        Ok(Self(
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls(roots)?)
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .http1_only()
                .connect_timeout(REQUEST_TIMEOUT)
                .tcp_nodelay(true)
                // A connection that Lambda froze is likely dead when the sandbox thaws.
                .pool_idle_timeout(Duration::from_secs(5))
                .user_agent(concat!("atlassian-authorizer/", env!("CARGO_PKG_VERSION")))
                .build()?,
        ))
    }

    /// Fetches a document of at most `limit` bytes, within [`REQUEST_TIMEOUT`] and the deadline.
    pub(crate) async fn get(
        &self,
        endpoint: &Endpoint,
        limit: usize,
        deadline: Deadline,
    ) -> Result<Fetched, FetchError> {
        let request = self
            .0
            .get(endpoint.0.clone())
            .header("accept", "application/json");
        let work = async {
            let mut response = request.send().await.map_err(|_| FetchError::Connection)?;
            if response.status() != 200 {
                return Err(FetchError::Status(response.status().as_u16()));
            }
            let max_age = response
                .headers()
                .get("cache-control")
                .and_then(|value| value.to_str().ok())
                .and_then(max_age);
            let body = read(&mut response, limit).await?;
            Ok(Fetched { body, max_age })
        };
        tokio::time::timeout(deadline.left(REQUEST_TIMEOUT), work)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    /// The innermost reason for which there is no connection to an endpoint, such as what is wrong with
    /// its certificate; `None` where there is one.
    #[cfg(feature = "cli")]
    pub(crate) async fn no_connection(&self, endpoint: &Endpoint) -> Option<String> {
        let request = self.0.head(endpoint.0.clone()).timeout(REQUEST_TIMEOUT);
        let error = request.send().await.err()?;
        let mut reason: &dyn std::error::Error = &error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        Some(reason.to_string())
    }

    /// A GET of an endpoint, for [`HttpClient::ask`].
    pub(crate) fn get_request(&self, endpoint: &Endpoint) -> RequestBuilder {
        self.0.get(endpoint.0.clone())
    }

    /// A POST of a JSON value.
    pub(crate) fn post_json(&self, endpoint: &Endpoint, body: &Value) -> RequestBuilder {
        self.0
            .post(endpoint.0.clone())
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A POST of a form.
    pub(crate) fn post_form(&self, endpoint: &Endpoint, form: &[(&str, &str)]) -> RequestBuilder {
        let mut body = form_urlencoded::Serializer::new(String::new());
        self.0
            .post(endpoint.0.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.extend_pairs(form).finish())
    }

    /// Asks a question, and reads an answer of any status, of at most `limit` bytes.
    pub(crate) async fn ask(
        &self,
        question: RequestBuilder,
        limit: usize,
        allowed: Duration,
    ) -> Result<Reply, FetchError> {
        let work = async {
            let mut response = question
                .header("accept", "application/json")
                .send()
                .await
                .map_err(|_| FetchError::Connection)?;
            let number = |name| response.headers().get(name)?.to_str().ok()?.parse().ok();
            let retry_after = number("retry-after").map(Duration::from_secs);
            let insufficient_scope = response
                .headers()
                .get("www-authenticate")
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| value.contains("insufficient_scope"));
            let rate_exhausted = number("x-ratelimit-remaining") == Some(0);
            Ok(Reply {
                status: response.status().as_u16(),
                retry_after,
                rate_exhausted,
                insufficient_scope,
                body: read(&mut response, limit).await?,
            })
        };
        tokio::time::timeout(allowed, work)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    /// Sends a request of the AWS SDK, whose own time limits apply.
    pub(crate) async fn send(
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
            .0
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

#[cfg(feature = "cli")]
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

async fn read(response: &mut reqwest::Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| FetchError::Connection)? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(FetchError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn max_age(cache_control: &str) -> Option<Duration> {
    let mut age = None;
    for directive in cache_control.split(',') {
        let directive = directive.trim().to_ascii_lowercase();
        if directive == "no-store" || directive == "no-cache" {
            return Some(Duration::ZERO);
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            age = seconds
                .trim_matches('"')
                .parse()
                .ok()
                .map(Duration::from_secs);
        }
    }
    age
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Endpoint, max_age};

    #[test]
    fn endpoints() {
        for accepted in [
            "https://idp.example.com/keys",
            "https://idp.example.com:8443/keys?tenant=1",
            "http://127.0.0.1:9000/keys",
            "http://127.9.9.9/keys",
            "http://[::1]:9000/keys",
        ] {
            assert!(Endpoint::parse(accepted).is_ok(), "{accepted}");
        }
        for refused in [
            "",
            "keys",
            "//idp.example.com/keys",
            "http://idp.example.com/keys",
            "http://localhost:9000/keys",
            "http://127.0.0.1.example.com/keys",
            "https://user@idp.example.com/keys",
            "https://user:password@idp.example.com/keys",
            "https://idp.example.com/keys#fragment",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(Endpoint::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn cache_control() {
        for (header, seconds) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age=\"3600\", must-revalidate", Some(3_600)),
            ("no-store", Some(0)),
            ("max-age=60, no-cache", Some(0)),
            ("public", None),
            ("max-age=-1", None),
            ("max-age=99999999999999999999999", None),
        ] {
            assert_eq!(
                max_age(header),
                seconds.map(Duration::from_secs),
                "{header}"
            );
        }
    }
}
