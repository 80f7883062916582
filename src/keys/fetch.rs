//! Fetching a JWKS, and the discovery document that names it, and what may be wrong with them.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::http::{Deadline, Endpoint, FetchContext, FetchError, Fetched, HttpClient};
use crate::keys::cache::KeySource;
use crate::keys::{KeySet, KeySetError, Skipped};

/// Where AD FS's discovery document names the issuer of its access tokens.
const ACCESS_TOKEN_ISSUER: &str = "access_token_issuer";

/// The largest JWKS and discovery document that are read, in bytes.
const MAX_DOCUMENT: usize = 256 * 1024;

/// Why keys could not be fetched. It shows an issuer that a discovery document names, and nothing else
/// of what was received.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFetchError {
    /// No answer, or none that can be used.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A redirect, which is not followed.
    #[error("a redirect, status {status}, is not followed; set `{field}` to its target URL")]
    Redirect {
        /// The field of the provider's settings.
        field: &'static str,
        /// The status.
        status: u16,
        /// Where it leads, if that may be fetched.
        to: Option<Endpoint>,
    },
    /// A JWKS without any key that can be used.
    #[error("the JWKS has no usable key: {0}")]
    NoKeys(Skipped),
    /// A discovery document of another issuer.
    #[error("{}", other_issuer(.named.as_deref(), .jwks_uri.as_ref()))]
    OtherIssuer {
        /// The issuer that it names, where that can be shown.
        named: Option<String>,
        /// The JWKS that it names.
        jwks_uri: Option<Endpoint>,
    },
}

fn other_issuer(named: Option<&str>, jwks_uri: Option<&Endpoint>) -> String {
    const NOT_OURS: &str =
        "the response was not a discovery document of the issuer in the settings";
    let keys = jwks_uri.map_or_else(String::new, |uri| format!(" to {uri:?}"));
    match named {
        None => format!("{NOT_OURS}; it names no `issuer` in printable characters"),
        // Entra's, for all tenants.
        Some(named) if named.contains('{') => format!(
            "{NOT_OURS}, but of many tenants, as {named}; set `discovery` to the URL of your tenant's \
             document, or `jwks_uri`{keys}"
        ),
        Some(named) => format!(
            "{NOT_OURS}, but of {named}; where tokens have that as `iss`, set `issuer` to it and \
             `discovery` to the document's URL, else set `jwks_uri`{keys}"
        ),
    }
}

/// What was fetched from a source of keys.
#[derive(Debug)]
pub struct FetchedSet {
    /// The keys.
    pub keys: KeySet,
    /// How long the answer says that they may be kept.
    pub max_age: Option<Duration>,
    /// The issuer that access tokens have, where the discovery document names one of their own, as
    /// that of AD FS does
    /// ([MS-OIDCE](https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-oidce/586de7dd-3385-47c7-93a2-935d9e90441c)).
    pub access_token_issuer: Option<String>,
}

/// Fetches a JWKS, whatever is cached.
///
/// # Errors
///
/// When the answer does not come in time, or is not what was asked for.
pub async fn fetch(
    source: &KeySource,
    context: FetchContext<'_>,
) -> Result<FetchedSet, KeyFetchError> {
    let discovered;
    let mut access_token_issuer = None;
    let endpoint = match source {
        KeySource::Jwks(endpoint) => endpoint,
        KeySource::Discovery { endpoint, issuer } => {
            let FetchContext { http, deadline, .. } = context;
            let document = discovery_document(http, endpoint, issuer, deadline).await?;
            let keys = endpoint_of(&document, "jwks_uri", endpoint);
            discovered = keys.ok_or(FetchError::Unusable(
                "a discovery document with an https jwks_uri",
            ))?;
            access_token_issuer = shown(&document, ACCESS_TOKEN_ISSUER);
            &discovered
        }
        KeySource::Inline(keys) => {
            return Ok(FetchedSet {
                keys: KeySet::clone(keys),
                max_age: None,
                access_token_issuer,
            });
        }
    };
    let fetched = get(context.http, endpoint, "jwks_uri", context.deadline).await?;
    let keys = KeySet::parse(&fetched.body).map_err(|error| match error {
        KeySetError::Malformed => FetchError::Unusable("a JWKS").into(),
        KeySetError::NoUsableKey(skipped) => KeyFetchError::NoKeys(skipped),
    })?;
    Ok(FetchedSet {
        keys,
        max_age: fetched.max_age,
        access_token_issuer,
    })
}

/// Fetches what a field of the settings leads to.
async fn get(
    http: &HttpClient,
    endpoint: &Endpoint,
    field: &'static str,
    deadline: Deadline,
) -> Result<Fetched, KeyFetchError> {
    let fetched = http.get(endpoint, MAX_DOCUMENT, deadline).await;
    fetched.map_err(|error| match error {
        FetchError::Redirect { status, to } => KeyFetchError::Redirect { field, status, to },
        error => error.into(),
    })
}

/// The discovery document of an issuer, which it must name: as its own or, as AD FS does, as that of
/// its access tokens.
///
/// # Errors
///
/// When the answer does not come in time, or is not what was asked for.
pub async fn discovery_document(
    http: &HttpClient,
    endpoint: &Endpoint,
    issuer: &str,
    deadline: Deadline,
) -> Result<Value, KeyFetchError> {
    let fetched = get(http, endpoint, "discovery", deadline).await?;
    let document = crate::json::parse(&fetched.body)
        .map_err(|_| FetchError::Unusable("a discovery document"))?;
    let names = |name| document.get(name).and_then(Value::as_str) == Some(issuer);
    if names("issuer") || names(ACCESS_TOKEN_ISSUER) {
        return Ok(document);
    }
    Err(KeyFetchError::OtherIssuer {
        named: shown(&document, "issuer"),
        jwks_uri: endpoint_of(&document, "jwks_uri", endpoint),
    })
}

/// A member that may be shown: printable text of some length at most.
fn shown(document: &Value, name: &str) -> Option<String> {
    let text = document.get(name)?.as_str()?;
    let is_clean = text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_clean.then(|| text.to_owned())
}

/// An endpoint that the discovery document at `from` names.
pub fn endpoint_of(document: &Value, name: &str, from: &Endpoint) -> Option<Endpoint> {
    let endpoint = Endpoint::parse(document.get(name)?.as_str()?).ok()?;
    // A document from the network must not point us at our own machine.
    (from.is_loopback() || !endpoint.is_loopback()).then_some(endpoint)
}
