//! Claims: what a token or a provider says, read by name, type and path.

mod path;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::error::Denial;
pub use path::AttributePath;

/// The names under which providers tell whom a token was issued to: RFC 9068, RFC 7662 and
/// Cognito, OpenID Connect and Keycloak, Okta, Entra ID 1.0.
const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

/// The latest time that a claim may name: 2^53 seconds, as far as a double is exact.
const MAX_NUMERIC_DATE: f64 = 9_007_199_254_740_992.0;

/// The claims of a token, by name. Whether they hold is for whoever has them to know.
#[derive(Clone, Default)]
pub struct Claims(Map<String, Value>);

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        Self(claims)
    }
}

impl Claims {
    /// Adds what a provider says of a signed token, where the token itself says nothing.
    ///
    /// # Errors
    ///
    /// [`Denial::SubjectMismatch`] when it speaks of another subject (OpenID Connect Core 1.0,
    /// section 5.3.2).
    pub fn add(&mut self, more: Map<String, Value>) -> Result<(), Denial> {
        merge(&mut self.0, more)
    }

    /// A claim of any type.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// An attribute that is a non-empty string or an integer, as text.
    pub fn attribute_text(&self, path: &AttributePath) -> Option<String> {
        match self.attribute(path)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Names: a string or an array of strings; none where the claim is missing. Any other value
    /// is an error rather than no names, for a rule may deny by them.
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`].
    pub fn names(&self, path: &AttributePath) -> Result<Vec<String>, Denial> {
        self.attribute(path).map_or_else(|| Ok(Vec::new()), names)
    }

    /// Whether a claim is left out of the token for its size, to be fetched elsewhere (OpenID
    /// Connect Core 1.0, section 5.6.2; Entra ID also writes `hasgroups`).
    pub fn is_elsewhere(&self, path: &AttributePath) -> bool {
        let distributed = self.0.get("_claim_names");
        self.attribute(path).is_none()
            && (distributed.is_some_and(|names| names.get(path.as_str()).is_some())
                || self.0.get("hasgroups").is_some_and(|has| *has != false))
    }

    /// OAuth 2.0 scopes: `scope`, separated by spaces (RFC 8693, section 4.2), or `scp`, a string
    /// or an array.
    pub fn scopes(&self) -> Vec<String> {
        let words = |text: &str| {
            text.split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        match self.0.get("scope").or_else(|| self.0.get("scp")) {
            Some(Value::String(text)) => words(text),
            Some(Value::Array(items)) => {
                let texts = items.iter().filter_map(Value::as_str);
                texts
                    .filter(|text| !text.contains(' '))
                    .map(str::to_owned)
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether an email address may be used: what marks it, beside it or at the top, says that it
    /// is verified; or nothing marks it, and it need not be. Some providers write the mark as a
    /// string.
    pub fn is_email_acceptable(&self, email: &AttributePath, must_be_verified: bool) -> bool {
        let marks = [
            self.attribute(&email.verified_mark()),
            self.0.get("email_verified"),
        ];
        let verified = |mark: &&Value| **mark == true || **mark == "true";
        let mut marks = marks.into_iter().flatten().peekable();
        (marks.peek().is_some() || !must_be_verified) && marks.all(|mark| verified(&mark))
    }

    /// A claim, or a member of a nested one.
    pub fn attribute(&self, path: &AttributePath) -> Option<&Value> {
        let path = path.as_str();
        self.0.get(path).or_else(|| {
            let (first, rest) = path.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |value, name| {
                value.as_object()?.get(name)
            })
        })
    }

    /// A NumericDate (RFC 7519, section 2).
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`].
    pub fn time(&self, name: &str) -> Result<Option<UnixTime>, Denial> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_f64()
                .filter(|seconds| (0.0..=MAX_NUMERIC_DATE).contains(seconds))
                .map(|seconds| Some(UnixTime::new(Duration::from_secs_f64(seconds))))
                .ok_or(Denial::ClaimsMalformed),
        }
    }

    /// `aud`: a string or an array of strings (RFC 7519, section 4.1.3).
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`].
    pub fn audiences(&self) -> Result<Vec<&str>, Denial> {
        match self.0.get("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(audience)) => Ok(vec![audience]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or(Denial::ClaimsMalformed))
                .collect(),
            Some(_) => Err(Denial::ClaimsMalformed),
        }
    }

    /// Whom the token was issued to. All the claims that say so must agree.
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`], and [`Denial::AudienceMismatch`] when they don't agree.
    pub fn client(&self) -> Result<Option<&str>, Denial> {
        let mut client = None;
        for name in CLIENT_CLAIMS {
            let Some(value) = self.0.get(name) else {
                continue;
            };
            let value = value.as_str().ok_or(Denial::ClaimsMalformed)?;
            if client.is_some_and(|client| client != value) {
                return Err(Denial::AudienceMismatch);
            }
            client = Some(value);
        }
        Ok(client)
    }
}

/// Adds what is said later to what is known, which stays as it is.
///
/// # Errors
///
/// [`Denial::SubjectMismatch`] when the two speak of different subjects.
pub fn merge(known: &mut Map<String, Value>, more: Map<String, Value>) -> Result<(), Denial> {
    let differs = |name: &str| {
        let both = known.get(name).zip(more.get(name));
        both.is_some_and(|(ours, theirs)| ours != theirs)
    };
    if differs("sub") {
        return Err(Denial::SubjectMismatch);
    }
    // What marks one address as verified says nothing of another.
    let mut of_another_address = false;
    if known.get("email") != more.get("email") {
        of_another_address = known.contains_key("email");
        if !of_another_address {
            known.remove("email_verified");
        }
    }
    for (name, value) in more {
        // A name with a dot would win over a path into what is known.
        let hides_path = name
            .split('.')
            .next()
            .is_some_and(|first| first != name && known.contains_key(first));
        let is_foreign_mark = of_another_address && name == "email_verified";
        if !hides_path && !is_foreign_mark {
            known.entry(name).or_insert(value);
        }
    }
    Ok(())
}

/// A string, or the strings of an array.
///
/// # Errors
///
/// [`Denial::ClaimsMalformed`] for anything else.
pub fn names(value: &Value) -> Result<Vec<String>, Denial> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(name).collect(),
        _ => None,
    }
    .ok_or(Denial::ClaimsMalformed)
}

/// How a caller authenticated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// A JWT that we verified ourselves.
    Jwt,
    /// The provider was asked about the token.
    Introspection,
    /// The provider was asked about the token's user.
    Userinfo,
    /// A token that we issued.
    ApiToken,
}

impl AuthMethod {
    /// The name of the method in context and audit line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Introspection => "introspection",
            Self::Userinfo => "userinfo",
            Self::ApiToken => "api_token",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::merge;
    use crate::error::Denial;

    fn merged(known: Value, more: Value) -> Result<Value, Denial> {
        let object = |value| match value {
            Value::Object(object) => object,
            _ => Map::new(),
        };
        let mut known = object(known);
        merge(&mut known, object(more)).map(|()| Value::Object(known))
    }

    #[test]
    fn what_is_known_stays() {
        assert_eq!(
            merged(
                json!({"sub": "1", "a": 1}),
                json!({"sub": "1", "a": 2, "b": 3})
            ),
            Ok(json!({"sub": "1", "a": 1, "b": 3}))
        );
        assert_eq!(
            merged(json!({"sub": "1"}), json!({"sub": "2"})),
            Err(Denial::SubjectMismatch)
        );
        assert_eq!(
            merged(json!({}), json!({"sub": "2"})),
            Ok(json!({"sub": "2"}))
        );
    }

    #[test]
    fn a_name_with_a_dot_does_not_hide_a_path() {
        let known = json!({"realm_access": {"roles": ["user"]}});
        let more = json!({"realm_access.roles": ["admin"], "other.name": 1});
        let claims = merged(known, more).unwrap();
        assert_eq!(
            claims,
            json!({"realm_access": {"roles": ["user"]}, "other.name": 1})
        );
    }

    #[test]
    fn an_address_is_not_verified_by_another() {
        let marked = json!({"email_verified": true});
        let told = json!({"email": "b@x", "email_verified": false});
        assert_eq!(merged(marked, told).unwrap()["email_verified"], false);
        for (known, more, verified) in [
            (
                json!({"email": "a@x"}),
                json!({"email": "b@x", "email_verified": true}),
                false,
            ),
            (
                json!({"email": "a@x"}),
                json!({"email_verified": true}),
                false,
            ),
            (
                json!({"email": "a@x"}),
                json!({"email": "a@x", "email_verified": true}),
                true,
            ),
            (
                json!({}),
                json!({"email": "b@x", "email_verified": true}),
                true,
            ),
        ] {
            let claims = merged(known.clone(), more).unwrap();
            assert_eq!(claims.get("email_verified").is_some(), verified, "{known}");
        }
    }
}
