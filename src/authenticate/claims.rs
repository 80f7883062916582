//! Claims that have been verified: by a signature, or by the word of the provider itself.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::SinceEpoch;
use crate::error::Denial;
use crate::identity::AuthMethod;
use crate::username::AttributePath;

/// The names under which providers tell whom a token was issued to: RFC 9068, RFC 7662 and
/// Cognito, OpenID Connect and Keycloak, Okta, Entra ID 1.0.
const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

/// The latest time that a claim may name: 2^53 seconds, as far as a double is exact.
const MAX_NUMERIC_DATE: f64 = 9_007_199_254_740_992.0;

/// Why claims can be believed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof {
    /// A signature of the provider's held.
    Signature,
    /// The provider said so when it was asked.
    Word {
        /// How it was asked.
        method: AuthMethod,
        /// When its word lapses.
        until: SinceEpoch,
        /// Whether it also says whom the token was issued to.
        bound: bool,
    },
}

/// Claims that hold. Only [`super`] makes them.
pub(crate) struct VerifiedClaims {
    claims: Map<String, Value>,
    proof: Proof,
}

impl VerifiedClaims {
    pub(super) const fn new(claims: Map<String, Value>, proof: Proof) -> Self {
        Self { claims, proof }
    }

    /// Claims that nobody has verified, to show what a rule would make of them. Nothing that is
    /// decided rests on these.
    #[cfg(feature = "cli")]
    pub(crate) const fn unverified(claims: Map<String, Value>) -> Self {
        Self::new(claims, Proof::Signature)
    }

    pub(super) const fn proof(&self) -> Proof {
        self.proof
    }

    pub(crate) const fn auth_method(&self) -> AuthMethod {
        match self.proof {
            Proof::Signature => AuthMethod::Jwt,
            Proof::Word { method, .. } => method,
        }
    }

    /// Adds what a provider says of a signed token, where the token itself says nothing.
    ///
    /// # Errors
    ///
    /// [`Denial::SubjectMismatch`] when it speaks of another subject (OpenID Connect Core 1.0,
    /// section 5.3.2).
    pub(super) fn add(&mut self, word: Map<String, Value>) -> Result<(), Denial> {
        merge(&mut self.claims, word)
    }

    /// A claim of any type.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// A claim that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// An attribute that is a non-empty string or an integer, as text.
    pub(crate) fn attribute_text(&self, path: &AttributePath) -> Option<String> {
        match self.attribute(path)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Names: a string or an array of strings; none where the claim is missing. Any other value
    /// is an error rather than no names, for a rule may deny by them.
    pub(crate) fn names(&self, path: &AttributePath) -> Result<Vec<String>, Denial> {
        self.attribute(path).map_or_else(|| Ok(Vec::new()), names)
    }

    /// Whether a claim is left out of the token for its size, to be fetched elsewhere (OpenID
    /// Connect Core 1.0, section 5.6.2; Entra ID also writes `hasgroups`).
    pub(crate) fn is_elsewhere(&self, path: &AttributePath) -> bool {
        let distributed = self.claims.get("_claim_names");
        self.attribute(path).is_none()
            && (distributed.is_some_and(|names| names.get(path.as_str()).is_some())
                || self
                    .claims
                    .get("hasgroups")
                    .is_some_and(|has| *has != false))
    }

    /// OAuth 2.0 scopes: `scope`, separated by spaces (RFC 8693, section 4.2), or `scp`, a string
    /// or an array.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let words = |text: &str| {
            text.split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        match self.claims.get("scope").or_else(|| self.claims.get("scp")) {
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
    pub(crate) fn email_counts(&self, email: &AttributePath, must_be_verified: bool) -> bool {
        let marks = [
            self.attribute(&email.verified_mark()),
            self.claims.get("email_verified"),
        ];
        let verified = |mark: &&Value| **mark == true || **mark == "true";
        let mut marks = marks.into_iter().flatten().peekable();
        (marks.peek().is_some() || !must_be_verified) && marks.all(|mark| verified(&mark))
    }

    pub(crate) fn attribute(&self, path: &AttributePath) -> Option<&Value> {
        let path = path.as_str();
        self.claims.get(path).or_else(|| {
            let (first, rest) = path.split_once('.')?;
            rest.split('.')
                .try_fold(self.claims.get(first)?, |value, name| {
                    value.as_object()?.get(name)
                })
        })
    }

    /// A NumericDate (RFC 7519, section 2).
    pub(super) fn time(&self, name: &str) -> Result<Option<SinceEpoch>, Denial> {
        match self.claims.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_f64()
                .filter(|seconds| (0.0..=MAX_NUMERIC_DATE).contains(seconds))
                .map(|seconds| Some(Duration::from_secs_f64(seconds)))
                .ok_or(Denial::ClaimsMalformed),
        }
    }

    /// `aud`: a string or an array of strings (RFC 7519, section 4.1.3).
    pub(super) fn audiences(&self) -> Result<Vec<&str>, Denial> {
        match self.claims.get("aud") {
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
    pub(super) fn client(&self) -> Result<Option<&str>, Denial> {
        let mut client = None;
        for name in CLIENT_CLAIMS {
            let Some(value) = self.claims.get(name) else {
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

    /// Claims as if a signature had held.
    #[cfg(test)]
    pub(crate) fn for_test(claims: Value) -> Self {
        let claims = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        Self::new(claims, Proof::Signature)
    }
}

/// Adds what is said later to what is known, which stays as it is.
///
/// # Errors
///
/// [`Denial::SubjectMismatch`] when the two speak of different subjects.
pub(super) fn merge(
    known: &mut Map<String, Value>,
    more: Map<String, Value>,
) -> Result<(), Denial> {
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
pub(crate) fn names(value: &Value) -> Result<Vec<String>, Denial> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(name).collect(),
        _ => None,
    }
    .ok_or(Denial::ClaimsMalformed)
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
