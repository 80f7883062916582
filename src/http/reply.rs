//! What a provider answers to a request about a token.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use serde_json::{Map, Value};

use super::FetchError;
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
        match crate::json::parse(&self.body) {
            Ok(Value::Object(object)) => Ok(without_nulls(object)),
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

/// An object without members that are `null`, at any depth: servers write what they don't know as
/// `null`. Items of arrays keep their place.
pub fn without_nulls(object: Map<String, Value>) -> Map<String, Value> {
    let members = object.into_iter().filter(|(_, value)| !value.is_null());
    let members = members.map(|(name, value)| match value {
        Value::Object(inner) => (name, Value::Object(without_nulls(inner))),
        value => (name, value),
    });
    members.collect()
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

    use super::{Reply, UnixTime, max_age, retry_after};

    #[test]
    fn null_members_are_absent() {
        for (body, expected) in [
            (r#"{"a":null,"b":1}"#, json!({"b": 1})),
            (
                r#"{"a":{"b":null,"c":{"d":null}}}"#,
                json!({"a": {"c": {}}}),
            ),
            (
                r#"{"a":[null,{"b":null}]}"#,
                json!({"a": [null, {"b": null}]}),
            ),
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
