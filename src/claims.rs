//! Claims: what a token or a provider says, read by name, type and path.

mod merge;
mod path;
mod token_use;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::error::Denial;
pub use merge::merge;
pub use path::AttributePath;
pub(crate) use token_use::media_type;
pub use token_use::{ID_TOKEN_CLAIMS, TOKEN_USE_CLAIMS, TokenUse};

/// The names under which providers tell whom a token was issued to: RFC 9068, RFC 7662 and
/// Cognito, OpenID Connect and Keycloak, Okta, Entra ID 1.0.
pub const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

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

    /// The subject: `sub`, where it is not empty. Servers that are asked may write a number; a token may
    /// not (RFC 7519, section 4.1.2).
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`] for a value that names nobody.
    pub fn subject(&self, may_be_number: bool) -> Result<Option<Cow<'_, str>>, Denial> {
        match self.0.get("sub").map(only) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::Number(_)) if !may_be_number => Err(Denial::ClaimsMalformed),
            Some(value) => name_of(value).map(Some).ok_or(Denial::ClaimsMalformed),
        }
    }

    /// The one attribute that is a non-empty string or an integer, as text.
    pub fn attribute_text(&self, path: &AttributePath) -> Option<String> {
        let name = name_of(only(self.attribute(path)?))?;
        (!name.is_empty()).then(|| name.into_owned())
    }

    /// Names: a string or a number, those of an array, or the names of an object's members; none where
    /// the claim is missing. Any other value is an error rather than no names, for a rule may deny by them.
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`].
    pub fn names(
        &self,
        path: &AttributePath,
        separator: Option<char>,
    ) -> Result<ClaimedNames, Denial> {
        let found = path.find(&self.0);
        let name = |value| {
            let name = name_of(value).map(Cow::into_owned);
            name.ok_or(Denial::ClaimsMalformed)
        };
        let mut names = Vec::new();
        for value in found.values {
            match (value, separator) {
                (Value::String(text), Some(separator)) => {
                    let parts = text.split(separator).map(str::trim);
                    names.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
                }
                (Value::Object(members), _) => names.extend(members.keys().cloned()),
                (Value::Array(items), _) => {
                    for item in items {
                        names.push(name(item)?);
                    }
                }
                (value, _) => names.push(name(value)?),
            }
        }
        Ok(ClaimedNames {
            names,
            is_missing: !found.is_there,
            is_partial: found.is_partial,
        })
    }

    /// Whether a claim is left out of the token for its size, to be fetched elsewhere (OpenID
    /// Connect Core 1.0, section 5.6.2; Entra ID also writes `hasgroups`).
    pub fn is_elsewhere(&self, path: &AttributePath) -> bool {
        let distributed = self.0.get("_claim_names");
        self.attribute(path).is_none()
            && (distributed.is_some_and(|names| names.get(path.as_str()).is_some())
                || self.0.get("hasgroups").is_some_and(|has| *has != false))
    }

    /// OAuth 2.0 scopes: `scope`, separated by spaces (RFC 8693, section 4.2) or, where the settings say
    /// so, by commas; or, where it names none, `scp`: a string or an array.
    pub fn scopes(&self, by_commas: bool) -> Vec<String> {
        let of = |name| {
            let value = self.0.get(name);
            value
                .map(|value| scopes(value, by_commas))
                .unwrap_or_default()
        };
        let scopes = of("scope");
        if scopes.is_empty() { of("scp") } else { scopes }
    }

    /// Whether an email address may be used, by the mark that the rule wants. Some providers write
    /// the mark as a string.
    pub fn is_email_acceptable(&self, email: &AttributePath, rule: EmailRule) -> bool {
        let own = self.attribute(&email.verified_mark());
        let top = self.0.get("email_verified");
        let is_marked = match rule {
            EmailRule::NotUnverified => true,
            // The mark at the top is that of the address at the top.
            EmailRule::Verified => {
                let address = self.attribute(email).map(only);
                let of_top = self.0.get("email").map(only);
                own.is_some() || (top.is_some() && (of_top.is_none() || of_top == address))
            }
            // Entra ID writes a number as well.
            EmailRule::MarkedBy(name) => self.0.get(name).is_some_and(|mark| {
                let mark = only(mark);
                is_true(mark) || *mark == 1 || *mark == "1"
            }),
        };
        is_marked && own.into_iter().chain(top).map(only).all(is_true)
    }

    /// All values that a path leads to.
    pub(crate) fn all(&self, path: &AttributePath) -> Vec<&Value> {
        path.find(&self.0).values
    }

    /// A claim, or a member of a nested one.
    pub fn attribute(&self, path: &AttributePath) -> Option<&Value> {
        path.find_one(&self.0)
    }

    /// A NumericDate (RFC 7519, section 2). A time that is too far for a number is the latest that
    /// there is.
    ///
    /// # Errors
    ///
    /// [`Denial::ClaimsMalformed`].
    pub fn time(&self, name: &str) -> Result<Option<UnixTime>, Denial> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => only(value)
                .as_f64()
                .filter(|seconds| *seconds >= 0.0)
                .map(|seconds| seconds.min(MAX_NUMERIC_DATE))
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

    /// Who acts for the subject of a token that was exchanged: the `sub` of `act`, the current actor first
    /// (RFC 8693, section 4.1), separated by commas, and of at most eight. A comma in one of them becomes
    /// `?`, as one that is missing does.
    pub fn actors(&self) -> Option<String> {
        const MOST: usize = 8;
        let first = self.0.get("act").and_then(Value::as_object)?;
        let actors = std::iter::successors(Some(first), |actor| {
            actor.get("act").and_then(Value::as_object)
        });
        let names: Vec<String> = actors
            .take(MOST)
            .map(|actor| {
                let name = actor.get("sub").map(only).and_then(name_of);
                let name = name.filter(|name| !name.is_empty());
                name.map_or_else(|| "?".to_owned(), |name| name.replace(',', "?"))
            })
            .collect();
        Some(names.join(","))
    }

    /// Whom the token was issued to. All the claims that say so must agree; an empty one says nothing.
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
            if value.is_empty() {
                continue;
            }
            if client.is_some_and(|client| client != value) {
                return Err(Denial::AudienceMismatch);
            }
            client = Some(value);
        }
        Ok(client)
    }
}

/// A string, or the strings of an array.
///
/// # Errors
///
/// [`Denial::ClaimsMalformed`] for anything else.
pub fn names(value: &Value) -> Result<Vec<String>, Denial> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::Array(items) => items.iter().map(name).collect(),
        value => name(value).map(|name| vec![name]),
    }
    .ok_or(Denial::ClaimsMalformed)
}

/// Names that a claim holds.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct ClaimedNames {
    /// The names.
    pub names: Vec<String>,
    /// Whether there is no such claim.
    pub is_missing: bool,
    /// Whether items of an array have no name where the path wants one.
    pub is_partial: bool,
}

/// When an email address may be used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum EmailRule {
    /// Unless what marks it, beside it or at the top, says that it is not verified.
    #[default]
    NotUnverified,
    /// Where something marks it, and all that does says that it is verified.
    Verified,
    /// Where this claim says so, and no mark says otherwise.
    MarkedBy(&'static str),
}

/// Where one value is wanted, an array of exactly one is that value: some servers write all
/// attributes as arrays.
pub(crate) fn only(value: &Value) -> &Value {
    match value {
        Value::Array(items) => match items.as_slice() {
            [item] => item,
            _ => value,
        },
        value => value,
    }
}

/// Whether a mark says yes.
fn is_true(mark: &Value) -> bool {
    *mark == true || *mark == "true"
}

/// A string or an integer, as text.
pub(crate) fn name_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            Some(Cow::Owned(number.to_string()))
        }
        _ => None,
    }
}

/// The scopes that a value names. A scope may hold a comma (RFC 6749, section 3.3).
fn scopes(value: &Value, by_commas: bool) -> Vec<String> {
    match only(value) {
        Value::String(text) => {
            let words = text.split(|one| one == ' ' || (by_commas && one == ','));
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        }
        Value::Array(items) => {
            let texts = items.iter().filter_map(Value::as_str);
            texts
                .filter(|text| !text.is_empty() && !text.contains(' '))
                .map(str::to_owned)
                .collect()
        }
        _ => Vec::new(),
    }
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
