//! Two-legged OAuth 1.0a with impersonation: the signature that Atlassian Data Center takes.
//!
//! Sources: [RFC 5849](https://www.rfc-editor.org/rfc/rfc5849), section 3, and what Atlassian's
//! application links demand beyond it: RSA-SHA1, an empty `oauth_token`, and the user in the query
//! parameter `xoauth_requestor_id`.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

use super::sent_path::as_sent;
use crate::random;
use crate::username::Username;

/// The parameter that names the user. Atlassian reads it from the query alone.
const REQUESTOR: &str = "xoauth_requestor_id";

/// What stays as it is in names and values: RFC 3986's unreserved characters (RFC 5849, section
/// 3.6).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What stands before a SHA-1 digest in PKCS #1 v1.5 (RFC 8017, section 9.2, note 1).
const SHA1_PREFIX: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// Characters of a nonce: 120 bits.
const NONCE_LENGTH: usize = 24;

/// Signs requests for a product.
#[derive(Clone)]
pub struct Signer {
    consumer_key: String,
    key: Box<PrivateKey>,
    /// `scheme://host[:port]/path`, the port left out where it is the scheme's own, and without a
    /// slash at the end.
    base_url: String,
}

/// What a signer can't be made of. Says nothing of the values: one of them is a secret.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SignerError {
    /// The consumer key.
    #[error("expected 1 to 255 printable ASCII characters without spaces")]
    ConsumerKey,
    /// The private key.
    #[error(
        "is not an RSA private key; expected PEM (`PRIVATE KEY` or `RSA PRIVATE KEY`) of 2048 to \
         4096 bits, not encrypted"
    )]
    PrivateKey,
    /// The base URL.
    #[error(
        "expected the product's own base URL, such as `https://jira.example.com/jira`: only scheme, host, \
         port and path"
    )]
    BaseUrl,
}

/// The library refused; nothing the caller can mend.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the request could not be signed")]
pub struct SignError;

/// When a request is signed, and what makes it unlike every other (RFC 5849, section 3.3).
#[derive(Clone, Debug)]
pub struct Moment {
    /// Seconds since the epoch. Atlassian takes 300 s more or less.
    pub seconds: u64,
    /// Letters and digits, once per consumer.
    pub nonce: String,
}

impl Moment {
    /// A moment with a random nonce.
    ///
    /// # Errors
    ///
    /// [`SignError`] when there is no randomness.
    pub fn at(seconds: u64) -> Result<Self, SignError> {
        Ok(Self {
            seconds,
            nonce: random::text(NONCE_LENGTH).map_err(|_| SignError)?,
        })
    }
}

impl Signer {
    /// A signer with the consumer key of an application link, the RSA key whose public half the link
    /// has, and what the product believes its own base URL to be.
    ///
    /// # Errors
    ///
    /// Which of the three can't be used, and what would be right.
    pub fn new(consumer_key: &str, private_key: &str, base_url: &str) -> Result<Self, SignerError> {
        let plain = consumer_key.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(1..=255).contains(&consumer_key.len()) {
            return Err(SignerError::ConsumerKey);
        }
        Ok(Self {
            consumer_key: consumer_key.to_owned(),
            key: read_key(private_key).ok_or(SignerError::PrivateKey)?,
            base_url: read_base_url(base_url).ok_or(SignerError::BaseUrl)?,
        })
    }

    /// The value of `Authorization` for one request of a user, to which the gateway adds
    /// `xoauth_requestor_id`.
    ///
    /// `path` is what follows the product's base URL, as the caller sent it: it is signed as the
    /// gateway sends it on. `query` has the decoded names and values of the request's own query, in
    /// any order.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the signature can't be made.
    pub fn authorization(
        &self,
        method: &str,
        path: &str,
        query: &[(impl AsRef<str>, impl AsRef<str>)],
        username: &Username,
        moment: &Moment,
    ) -> Result<String, SignError> {
        let seconds = moment.seconds.to_string();
        let fields = [
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_nonce", &moment.nonce),
            ("oauth_signature_method", "RSA-SHA1"),
            ("oauth_timestamp", &seconds),
            ("oauth_token", ""),
            ("oauth_version", "1.0"),
        ];
        let own = fields.into_iter().chain([(REQUESTOR, username.as_str())]);
        let sent = query
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        let base = self.base_string(method, path, own.chain(sent));
        let signature = self.sign(base.as_bytes())?;
        let mut header = String::from("OAuth ");
        for (name, value) in fields {
            header.extend([name, "=\"", &encode(value), "\", "]);
        }
        header.extend(["oauth_signature=\"", &encode(&signature), "\""]);
        Ok(header)
    }

    /// The base string of a request with these parameters. Fuzzers alone ask for it.
    #[cfg(feature = "fuzzing")]
    #[doc(hidden)]
    pub fn base_string_of(&self, method: &str, path: &str, query: &[(&str, &str)]) -> String {
        self.base_string(method, path, query.iter().copied())
    }

    /// RFC 5849, section 3.4.1.
    fn base_string<'p>(
        &self,
        method: &str,
        path: &str,
        parameters: impl Iterator<Item = (&'p str, &'p str)>,
    ) -> String {
        let mut parameters: Vec<(String, String)> = parameters
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        // By their encoded bytes: by name, and those of one name by value.
        parameters.sort_unstable();
        let parameters: Vec<String> = parameters
            .into_iter()
            .map(|(name, value)| [name, value].join("="))
            .collect();
        let url = [self.base_url.as_str(), &as_sent(path)].concat();
        [method, &url, &parameters.join("&")].map(encode).join("&")
    }

    fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
        let padding = Pkcs1v15Sign {
            hash_len: Some(digest.as_ref().len()),
            prefix: SHA1_PREFIX.into(),
        };
        // Blinded by the system's random generator.
        let signature = self.key.sign(padding, digest.as_ref());
        signature
            .map(|signature| STANDARD.encode(signature))
            .map_err(|_| SignError)
    }
}

/// Shows neither key.
impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Signer")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn read_key(pem: &str) -> Option<Box<PrivateKey>> {
    let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()? {
        PrivateKeyDer::Pkcs8(key) => PrivateKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?,
        PrivateKeyDer::Pkcs1(key) => PrivateKey::from_pkcs1_der(key.secret_pkcs1_der()).ok()?,
        _ => return None,
    };
    (256..=512).contains(&key.size()).then(|| Box::new(key))
}

/// Scheme and host in lower case, without the scheme's own port (RFC 5849, section 3.4.1.2).
fn read_base_url(text: &str) -> Option<String> {
    let uri: http::Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let own_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let authority = uri.authority()?;
    if uri.query().is_some() || text.contains(['#', '?', '@']) || authority.host().is_empty() {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let port = match authority.as_str().get(host.len()..)?.strip_prefix(':') {
        None => String::new(),
        Some(port) => match port.parse::<u16>().ok()? {
            port if port == own_port => String::new(),
            port => format!(":{port}"),
        },
    };
    let path = uri.path().trim_end_matches('/');
    Some(format!("{scheme}://{host}{port}{path}"))
}
