//! What a provider answers to a request about a token.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use serde_json::{Map, Value};

use super::{Endpoint, FetchError};
use crate::clock::UnixTime;

/// A provider's answer, of any status.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// How long to wait before the next request (RFC 9110, section 10.2.3).
    pub retry_after: Option<Duration>,
    /// `WWW-Authenticate` says that the token lacks a scope (RFC 6750, section 3.1).
    pub insufficient_scope: bool,
    /// `X-RateLimit-Remaining: 0`, as GitHub has it.
    pub rate_exhausted: bool,
    /// `Content-Type` in lower case, without parameters.
    pub media_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// What the head of an answer says, received at `now`.
    pub(super) fn of_head(status: u16, headers: &HeaderMap, now: UnixTime) -> Self {
        let text = |name| headers.get(name)?.to_str().ok();
        Self {
            status,
            retry_after: text(header::RETRY_AFTER).and_then(|value| retry_after(value, now)),
            insufficient_scope: text(header::WWW_AUTHENTICATE)
                .is_some_and(|value| value.contains("insufficient_scope")),
            rate_exhausted: text(HeaderName::from_static("x-ratelimit-remaining"))
                .and_then(|left| left.parse().ok())
                == Some(0),
            media_type: text(header::CONTENT_TYPE).map(|value| {
                let (media_type, _) = value.split_once(';').unwrap_or((value, ""));
                media_type.trim().to_ascii_lowercase()
            }),
            body: Vec::new(),
        }
    }

    /// The answer as a JSON object with unique members, without those that are `null`.
    ///
    /// # Errors
    ///
    /// [`FetchError::Unusable`] when it is none.
    pub fn object(&self) -> Result<Map<String, Value>, FetchError> {
        match crate::json::parse_of_provider(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(FetchError::Unusable("a JSON object")),
        }
    }

    /// Whether a `403` is a rate limit in another form, as GitHub has it.
    pub fn is_rate_limited(&self) -> bool {
        self.retry_after.is_some() || self.rate_exhausted
    }

    /// Whether the answer refuses our own credentials, in the words of RFC 6749, section 5.2
    /// (Keycloak's is `invalid_request`). A firewall that refuses one caller's token has other
    /// words.
    pub fn refuses_client(&self) -> bool {
        let error = self.error();
        match self.status {
            401 => matches!(
                error.as_deref(),
                Some("invalid_client" | "unauthorized_client" | "invalid_request")
            ),
            403 => matches!(
                error.as_deref(),
                Some("invalid_client" | "unauthorized_client")
            ),
            _ => false,
        }
    }

    /// The body's `error`, as OAuth 2.0 has it.
    pub fn error(&self) -> Option<String> {
        match self.object().ok()?.remove("error")? {
            Value::String(error) => Some(error),
            _ => None,
        }
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). A date that has passed tells nothing:
/// one of the two clocks may be wrong.
fn retry_after(value: &str, now: UnixTime) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date = UnixTime::new(date.duration_since(std::time::UNIX_EPOCH).ok()?);
    date.checked_since(now).filter(|wait| !wait.is_zero())
}

/// Nothing is decompressed here, so that what a small answer can become needs no limit.
///
/// # Errors
///
/// [`FetchError::Encoded`] for an answer that is compressed (RFC 9110, section 8.4).
pub(super) fn check_encoding(headers: &HeaderMap) -> Result<(), FetchError> {
    const KNOWN: [&str; 5] = ["gzip", "x-gzip", "deflate", "br", "zstd"];
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let value = value.to_str().unwrap_or("?").trim();
        if value.is_empty() || value.eq_ignore_ascii_case("identity") {
            continue;
        }
        let mut known = KNOWN.into_iter();
        let known = known.find(|known| value.eq_ignore_ascii_case(known));
        return Err(FetchError::Encoded(known.unwrap_or("not `identity`")));
    }
    Ok(())
}

/// Where a redirect leads (RFC 9110, section 10.2.2), if that may be fetched. An answer from the network
/// must not point us at our own machine.
pub(super) fn location(headers: &HeaderMap, from: &Endpoint) -> Option<Endpoint> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    let location = from.0.join(location).ok()?;
    let to = Endpoint::parse(location.as_str()).ok()?;
    (from.is_loopback() || !to.is_loopback()).then_some(to)
}

/// How long an answer may be kept: `Cache-Control: max-age`, zero for `no-store` and `no-cache`
/// (RFC 9111, section 5.2.2). `None` where the header does not say.
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(header::CACHE_CONTROL);
    let values: Vec<String> = values
        .iter()
        .filter_map(|value| Some(value.to_str().ok()?.to_ascii_lowercase()))
        .collect();
    let directives = || {
        values
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
    };
    if directives().any(|directive| matches!(directive, "no-store" | "no-cache")) {
        return Some(Duration::ZERO);
    }
    let mut ages = directives().filter_map(|directive| directive.strip_prefix("max-age="));
    let seconds = ages.next_back()?.trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, header};
    use serde_json::{Value, json};

    use super::{Endpoint, Reply, UnixTime, check_encoding, location, max_age, retry_after};

    #[test]
    fn content_encodings() {
        for (value, good) in [
            (None, true),
            (Some(""), true),
            (Some("identity"), true),
            (Some("Identity"), true),
            (Some("gzip"), false),
            (Some("GZIP"), false),
            (Some("deflate"), false),
            (Some("br"), false),
            (Some("gzip, identity"), false),
            (Some("aws-chunked"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::CONTENT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(check_encoding(&headers).is_ok(), good, "{value:?}");
        }
    }

    #[test]
    fn locations() {
        let from = Endpoint::parse("https://idp.example.com/old/keys").unwrap();
        for (value, to) in [
            (
                "https://other.example.com/keys",
                Some("https://other.example.com/keys"),
            ),
            ("/keys", Some("https://idp.example.com/keys")),
            ("new", Some("https://idp.example.com/old/new")),
            ("http://idp.example.com/keys", None),
            ("https://user:secret@idp.example.com/keys", None),
            ("http://127.0.0.1/keys", None),
            ("https://127.0.0.1/keys", None),
            ("file:///etc/passwd", None),
            ("https://", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, value.parse().unwrap());
            let found = location(&headers, &from);
            assert_eq!(found.as_ref().map(Endpoint::as_str), to, "{value}");
        }
        assert_eq!(location(&HeaderMap::new(), &from), None);
    }

    #[test]
    fn null_members_are_absent() {
        for (body, expected) in [
            (r#"{"a":null,"b":1}"#, json!({"b": 1})),
            (
                r#"{"a":{"b":null,"c":{"d":null}}}"#,
                json!({"a": {"c": {}}}),
            ),
            (r#"{"a":[null,{"b":null}]}"#, json!({"a": [null, {}]})),
            (
                r#"{"a":"null","b":false,"c":0,"d":""}"#,
                json!({"a": "null", "b": false, "c": 0, "d": ""}),
            ),
        ] {
            let mut reply = Reply::of_head(200, &HeaderMap::new(), UnixTime::ZERO);
            reply.body = body.into();
            assert_eq!(Value::Object(reply.object().unwrap()), expected, "{body}");
        }
    }

    #[test]
    fn media_types() {
        for (value, expected) in [
            ("application/jwt", Some("application/jwt")),
            ("Application/JWT ; charset=utf-8", Some("application/jwt")),
            ("", Some("")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            let reply = Reply::of_head(200, &headers, UnixTime::ZERO);
            assert_eq!(reply.media_type.as_deref(), expected, "{value}");
        }
        let without = Reply::of_head(200, &HeaderMap::new(), UnixTime::ZERO);
        assert_eq!(without.media_type, None);
    }

    #[test]
    fn cache_control() {
        for (value, seconds) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age=\"3600\", must-revalidate", Some(3_600)),
            ("no-store", Some(0)),
            ("max-age=60, no-cache", Some(0)),
            ("public", None),
            ("max-age=0, max-age=60", Some(60)),
            ("max-age=-1", None),
            ("max-age=99999999999999999999999", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
            assert_eq!(
                max_age(&headers),
                seconds.map(Duration::from_secs),
                "{value}"
            );
        }
    }

    #[test]
    fn retry_after_in_seconds_or_by_date() {
        // The example of RFC 9110, section 5.6.7, ten seconds before.
        let now = UnixTime::from_secs(784_111_767);
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(10)),
            ("Sun Nov  6 08:49:37 1994", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", None),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(252_618_189_032)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(
                retry_after(value, now),
                seconds.map(Duration::from_secs),
                "{value}"
            );
        }
    }
}
