//! From verified claims to an Atlassian username.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use regex_lite::Regex;

use crate::claims::{AttributePath, Claims, EmailRule};
use crate::error::Denial;

/// The longest username, in bytes; Atlassian's own columns hold 255.
pub const MAX_USERNAME: usize = 255;

/// What stands for the username in a header when there is none: API Gateway takes the caller's own
/// header away only by putting something in its place. No username is this text.
pub const NO_USER: &str = "-";

/// What usernames look like where the settings have no `allow` pattern.
pub const DEFAULT_ALLOW: &str = "[A-Za-z0-9_][A-Za-z0-9._@+-]*";

/// An Atlassian username: not empty, at most [`MAX_USERNAME`] bytes of visible characters, without a
/// space at either end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Username(String);

/// What is percent-encoded of a username in a header. The percent sign is, so that no two names have
/// one encoding, and what would end a text in the JSON of an access log.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b'"').add(b'\\');

impl Username {
    /// Takes a text that can be told to Atlassian; `None` for one that is empty, longer than
    /// [`MAX_USERNAME`], with a character that nobody sees, with a space at an end, or the `-` that
    /// stands for no user.
    pub fn new(text: String) -> Option<Self> {
        let trimmed = text.trim_matches(' ').len() == text.len();
        let named = !text.is_empty() && text != NO_USER;
        // Most names are ASCII.
        let visible =
            text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.chars().all(is_visible);
        (named && text.len() <= MAX_USERNAME && visible && trimmed).then_some(Self(text))
    }

    /// The username's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The username as the value of a header: what is not ASCII, and `%`, is percent-encoded (RFC 3986,
    /// section 2.1).
    pub fn header_value(&self) -> Cow<'_, str> {
        utf8_percent_encode(&self.0, ENCODED).into()
    }
}

/// Whether a character shows, is no space but the common one, and no other case of an ASCII letter:
/// Atlassian would take the Kelvin sign for a `k`, and so one user for another.
fn is_visible(character: char) -> bool {
    let is_ascii_letter = matches!(character, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}');
    let is_odd = is_ascii_letter || is_hidden(character) || character.is_whitespace();
    character == ' ' || !is_odd
}

/// Whether a character acts on a terminal, turns the direction of writing, or takes no room, so that two
/// texts look the same: controls, default-ignorable code points (Unicode, `DerivedCoreProperties`), what
/// marks lines and annotations, private use, and what is no character.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || u32::from(character) & 0xfffe == 0xfffe
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
                | '\u{f0000}'..
        )
}

/// A name in small letters, as Atlassian compares names.
pub fn lowercase(name: &str) -> Cow<'_, str> {
    if !name.is_ascii() {
        return name.to_lowercase().into();
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return name.to_ascii_lowercase().into();
    }
    name.into()
}

/// A name in one case, for what refuses. Some characters share a capital letter and differ as small
/// ones, so all become capital letters first.
pub fn folded(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return lowercase(name);
    }
    name.to_uppercase().to_lowercase().into()
}

/// How a provider's claims become a username.
#[derive(Clone, Debug)]
pub struct UsernameRule {
    /// Where to look, in order; the first attribute with a value decides.
    pub attributes: Vec<AttributePath>,
    /// When an email address counts.
    pub email: EmailRule,
    /// Applied one after the other.
    pub transforms: Vec<Transform>,
    /// Usernames by what the transforms give; without an entry there is no username.
    pub map: Option<BTreeMap<String, Username>>,
    /// What the result must match from end to end; without it there is no username. It is missing
    /// only while settings are read whose expression was refused, and that are refused with it.
    pub allow: Option<Pattern>,
}

impl UsernameRule {
    /// The username of a token.
    ///
    /// # Errors
    ///
    /// [`Denial::UsernameMissing`], [`Denial::EmailUnverified`], [`Denial::UsernameUnmapped`] or
    /// [`Denial::UsernameRejected`].
    pub fn apply(&self, claims: &Claims) -> Result<Username, Denial> {
        let mut missing = Denial::UsernameMissing;
        let mut found = None;
        for attribute in &self.attributes {
            let Some(value) = claims.attribute_text(attribute) else {
                continue;
            };
            if attribute.is_email() && !claims.is_email_acceptable(attribute, self.email) {
                missing = Denial::EmailUnverified;
            } else {
                found = Some(value);
                break;
            }
        }
        let mut name = found.ok_or(missing)?;
        for transform in &self.transforms {
            name = transform.apply(&name).ok_or(Denial::UsernameRejected)?;
        }
        if let Some(map) = &self.map {
            return map.get(&name).cloned().ok_or(Denial::UsernameUnmapped);
        }
        Username::new(name)
            .filter(|username| self.allows(username))
            .ok_or(Denial::UsernameRejected)
    }

    /// Whether a username matches from end to end.
    pub fn allows(&self, username: &Username) -> bool {
        let pattern = self.allow.as_ref();
        pattern.is_some_and(|pattern| pattern.matches(username.as_str()))
    }
}

/// One step from an attribute's value towards a username.
#[derive(Clone, Debug)]
pub enum Transform {
    /// ASCII letters to lower case. Only ASCII: Unicode folds other letters onto ASCII ones
    /// (the Kelvin sign onto `k`), and so one user onto another.
    Lowercase,
    /// ASCII letters to upper case.
    Uppercase,
    /// What stands before the `@`; values without one stay as they are. A second `@` is refused:
    /// the name before it was the user's own choice.
    StripDomain,
    /// The one capture of an expression that must match from end to end.
    Capture(Pattern),
}

impl Transform {
    fn apply(&self, name: &str) -> Option<String> {
        match self {
            Self::Lowercase => Some(name.to_ascii_lowercase()),
            Self::Uppercase => Some(name.to_ascii_uppercase()),
            Self::StripDomain => match name.split_once('@') {
                None => Some(name.to_owned()),
                Some((user, domain)) => (!domain.contains('@')).then(|| user.to_owned()),
            },
            Self::Capture(pattern) => pattern.capture(name),
        }
    }
}

/// A regular expression that matches whole texts only.
#[derive(Clone)]
pub struct Pattern {
    regex: Regex,
    /// It is [`DEFAULT_ALLOW`], which each new token meets: a regular expression takes longer for it
    /// than all other rules together.
    is_default: bool,
}

impl Pattern {
    /// Compiles an expression; it is anchored at both ends.
    ///
    /// # Errors
    ///
    /// What the regular expression library says of it.
    pub fn new(expression: &str) -> Result<Self, regex_lite::Error> {
        // The expression alone first: `a)(b` would be well-formed inside the group.
        Regex::new(expression)?;
        let regex = Regex::new(&format!("^(?:{expression})$"))?;
        Ok(Self {
            regex,
            is_default: expression == DEFAULT_ALLOW,
        })
    }

    /// The expression as it was written.
    pub fn expression(&self) -> &str {
        let anchored = self.regex.as_str();
        let inner = anchored.strip_prefix("^(?:");
        inner
            .and_then(|inner| inner.strip_suffix(")$"))
            .unwrap_or(anchored)
    }

    /// How many capture groups the expression has.
    pub fn captures(&self) -> usize {
        self.regex.captures_len().saturating_sub(1)
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        if self.is_default {
            is_default_name(text)
        } else {
            self.regex.is_match(text)
        }
    }

    fn capture(&self, text: &str) -> Option<String> {
        let captures = self.regex.captures(text)?;
        captures.get(1).map(|capture| capture.as_str().to_owned())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.regex.as_str())
    }
}

/// Whether a text is one of [`DEFAULT_ALLOW`]'s.
fn is_default_name(text: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_later = |byte: u8| is_first(&byte) || b".@+-".contains(&byte);
    text.as_bytes().first().is_some_and(is_first) && text.bytes().all(is_later)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{DEFAULT_ALLOW, Pattern, Transform, Username, UsernameRule, is_default_name};
    use crate::claims::{AttributePath, Claims, EmailRule};
    use crate::error::Denial;

    fn rule(attributes: &[&str], transforms: Vec<Transform>) -> UsernameRule {
        UsernameRule {
            attributes: attributes
                .iter()
                .copied()
                .map(AttributePath::from)
                .collect(),
            email: EmailRule::NotUnverified,
            transforms,
            map: None,
            allow: Some(Pattern::new(DEFAULT_ALLOW).unwrap()),
        }
    }

    fn username(rule: &UsernameRule, claims: Value) -> Result<String, Denial> {
        let Value::Object(claims) = claims else {
            panic!("an object of claims");
        };
        rule.apply(&Claims::from(claims))
            .map(|username| username.as_str().to_owned())
    }

    proptest! {
        /// The short cut says what the expression says.
        #[test]
        fn default_names(name in "[a-zA-Z0-9._@+ é\\n-]{0,6}") {
            let expression = regex_lite::Regex::new(&format!("^(?:{DEFAULT_ALLOW})$")).unwrap();
            prop_assert_eq!(is_default_name(&name), expression.is_match(&name), "{}", name);
        }
    }

    #[test]
    fn attributes_in_order() {
        let rule = rule(
            &[
                "preferred_username",
                "user.login",
                "https://a.example/n",
                "id",
            ],
            vec![],
        );
        for (claims, expected) in [
            (json!({"preferred_username": "alice", "id": 7}), Ok("alice")),
            (json!({"user": {"login": "bob"}}), Ok("bob")),
            (json!({"https://a.example/n": "carol"}), Ok("carol")),
            (
                json!({"user.login": "dora", "user": {"login": "eve"}}),
                Ok("dora"),
            ),
            (json!({"preferred_username": "", "id": 7}), Ok("7")),
            (json!({"preferred_username": null, "id": 7}), Ok("7")),
            (json!({"preferred_username": ["alice"]}), Ok("alice")),
            (
                json!({"preferred_username": ["alice", "bob"]}),
                Err(Denial::UsernameMissing),
            ),
            (
                json!({"preferred_username": [["alice"]]}),
                Err(Denial::UsernameMissing),
            ),
            (
                json!({"preferred_username": []}),
                Err(Denial::UsernameMissing),
            ),
            (
                json!({"preferred_username": true}),
                Err(Denial::UsernameMissing),
            ),
            (json!({"id": 1.5}), Err(Denial::UsernameMissing)),
            (json!({"user": "login"}), Err(Denial::UsernameMissing)),
            (json!({}), Err(Denial::UsernameMissing)),
        ] {
            assert_eq!(
                username(&rule, claims.clone()),
                expected.map(str::to_owned),
                "{claims}"
            );
        }
    }

    #[test]
    fn transforms() {
        let domain = || Transform::Capture(Pattern::new(r"(.+)@example\.com").unwrap());
        for (transforms, value, expected) in [
            (vec![Transform::Lowercase], "Alice", Ok("alice")),
            (vec![Transform::Uppercase], "Alice", Ok("ALICE")),
            (
                vec![Transform::StripDomain],
                "alice@example.com",
                Ok("alice"),
            ),
            (vec![Transform::StripDomain], "alice", Ok("alice")),
            (
                vec![Transform::StripDomain],
                "@example.com",
                Err(Denial::UsernameRejected),
            ),
            (
                vec![Transform::StripDomain],
                "admin@x@example.com",
                Err(Denial::UsernameRejected),
            ),
            (
                vec![domain(), Transform::Lowercase],
                "Alice@example.com",
                Ok("alice"),
            ),
            (
                vec![domain()],
                "alice@example.com.evil.org",
                Err(Denial::UsernameRejected),
            ),
            (
                vec![domain()],
                "alice@evil.org",
                Err(Denial::UsernameRejected),
            ),
            // The Kelvin sign must not become a `k`.
            (
                vec![Transform::Lowercase],
                "\u{212a}ate",
                Err(Denial::UsernameRejected),
            ),
        ] {
            let rule = rule(&["u"], transforms);
            assert_eq!(
                username(&rule, json!({"u": value})),
                expected.map(str::to_owned),
                "{value}"
            );
        }
    }

    #[test]
    fn unverified_email_is_never_a_username() {
        let email = |verified: Value| json!({"email": "a@b.example", "email_verified": verified});
        let rule = rule(&["email"], vec![]);
        for verified in [json!(true), json!("true")] {
            assert!(username(&rule, email(verified)).is_ok());
        }
        assert!(username(&rule, json!({"email": "a@b.example"})).is_ok());
        for unverified in [
            json!(false),
            json!("false"),
            json!(null),
            json!(1),
            json!("yes"),
        ] {
            assert_eq!(
                username(&rule, email(unverified)),
                Err(Denial::EmailUnverified)
            );
        }
        let nested = |claims| {
            username(
                &UsernameRule {
                    attributes: vec!["user.email".into()],
                    ..rule.clone()
                },
                claims,
            )
        };
        for marks in [
            json!({"user": {"email": "a@b.example", "email_verified": false}}),
            json!({"user": {"email": "a@b.example"}, "email_verified": false}),
        ] {
            assert_eq!(nested(marks), Err(Denial::EmailUnverified));
        }
        let strict = UsernameRule {
            email: EmailRule::Verified,
            ..rule.clone()
        };
        assert_eq!(
            username(&strict, json!({"email": "a@b.example"})),
            Err(Denial::EmailUnverified)
        );
        assert!(username(&strict, email(json!("true"))).is_ok());
        let other = UsernameRule {
            attributes: vec!["custom:email".into()],
            ..strict.clone()
        };
        for (claims, is_verified) in [
            (
                json!({"custom:email": "a@b.example", "email_verified": true}),
                true,
            ),
            (
                json!({"custom:email": "a@b.example", "email": "a@b.example", "email_verified": true}),
                true,
            ),
            (
                json!({"custom:email": "a@b.example", "email": "c@b.example", "email_verified": true}),
                false,
            ),
            (json!({"custom:email": "a@b.example"}), false),
        ] {
            assert_eq!(
                username(&other, claims.clone()).is_ok(),
                is_verified,
                "{claims}"
            );
        }
        for none in [json!({}), json!({"email": "", "email_verified": false})] {
            assert_eq!(username(&strict, none), Err(Denial::UsernameMissing));
        }
        let fallback = UsernameRule {
            attributes: vec!["email".into(), "sub".into()],
            ..rule
        };
        let claims = json!({"email": "a@b.example", "email_verified": false, "sub": "42"});
        assert_eq!(username(&fallback, claims), Ok("42".to_owned()));
    }

    #[test]
    fn header_safe_or_refused() {
        let mut rule = rule(&["u"], vec![]);
        rule.allow = Some(Pattern::new("(?s).*").unwrap());
        for value in [
            "a\r\nx: y",
            "a\nb",
            "a\0",
            " a",
            "a ",
            "a\u{a0}b",
            "a\u{202e}b",
            "a\u{200b}",
            "a\u{ad}b",
            "a\u{e000}",
            "\u{212a}ate",
            "\u{17f}am",
            "al\u{131}ce",
            "a\u{85}b",
            "",
            "-",
            &"x".repeat(256),
        ] {
            let refused = username(&rule, json!({"u": value})).unwrap_err();
            assert!(
                matches!(refused, Denial::UsernameRejected | Denial::UsernameMissing),
                "{value}"
            );
        }
        for value in ["a b", "j\u{fc}rgen", "\u{5c71}\u{7530}", "\u{395}\u{3bb}"] {
            assert_eq!(username(&rule, json!({"u": value})), Ok(value.to_owned()));
        }
    }

    /// No two names have one header value, and `map` admits a name as `allow` does.
    #[test]
    fn names_outside_of_ascii() {
        let header = |name: &str| {
            let username = Username::new(name.to_owned()).unwrap();
            username.header_value().into_owned()
        };
        assert_eq!(header("j\u{fc}rgen"), "j%C3%BCrgen");
        assert_eq!(header("j%C3%BCrgen"), "j%25C3%25BCrgen");
        assert_eq!(header("a b@c+d"), "a b@c+d");
        assert_eq!(header("a\",\"b\\"), "a%22,%22b%5C");
        let mut rule = rule(&["u"], vec![]);
        let claims = || json!({"u": "j\u{fc}rgen"});
        assert_eq!(username(&rule, claims()), Err(Denial::UsernameRejected));
        let user = Username::new("j\u{fc}rgen".to_owned()).unwrap();
        rule.map = Some([("j\u{fc}rgen".to_owned(), user)].into());
        assert_eq!(username(&rule, claims()), Ok("j\u{fc}rgen".to_owned()));
    }

    #[test]
    fn without_a_pattern_nobody_is_allowed() {
        let mut rule = rule(&["u"], vec![]);
        rule.allow = None;
        assert_eq!(
            username(&rule, json!({"u": "alice"})),
            Err(Denial::UsernameRejected)
        );
    }

    #[test]
    fn patterns_match_whole_texts() {
        assert!(Pattern::new("a)(b").is_err());
        assert!(!Pattern::new("a|b").unwrap().matches("ab"));
        assert!(!Pattern::new("a").unwrap().matches("a\n"));
        assert!(!Pattern::new("(?m)a").unwrap().matches("a\nb"));
    }

    proptest! {
        #[test]
        fn any_accepted_username_is_a_header_value(text in "\\PC{0,40}|[\\x00-\\x7f]{0,10}") {
            if let Some(username) = Username::new(text) {
                let value = username.header_value();
                prop_assert!(value.is_ascii());
                prop_assert!(http::HeaderValue::from_str(&value).is_ok());
                let decoded = percent_encoding::percent_decode_str(&value);
                prop_assert_eq!(decoded.decode_utf8().unwrap(), username.as_str());
            }
        }
    }
}
