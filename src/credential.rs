//! What the caller sent to prove who it is.

mod api_token;
mod digest;
mod vendor;

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::error::Denial;
use crate::event::{Request, Text};
pub use api_token::{
    API_TOKEN_PREFIX, ChecksumKey, Checksums, ID_LENGTH, LEAST_KEY, SECRET_LENGTH, TokenId,
    UnverifiedApiToken,
};
pub use digest::TokenDigest;
pub use vendor::Vendor;

/// The longest token that is looked at, in bytes. API Gateway takes 10,240 bytes of headers.
pub const MAX_TOKEN: usize = 10_240;

/// Base64 with or without its padding, which changes nothing about what it stands for.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A caller's credential, by its form; nothing about it has been verified.
#[derive(Clone, Debug)]
pub enum Credential<'e> {
    /// `Authorization: Bearer …` (RFC 6750, section 2.1).
    Bearer(Token<'e>),
    /// `Authorization: Basic …` (RFC 7617) with an API token of ours as the password.
    BasicApiToken {
        /// The user name beside it.
        unverified_username: String,
        /// The password.
        token: Token<'e>,
    },
    /// `Authorization: Basic …` with any other password, which is not read: nothing here checks
    /// one.
    Basic {
        /// The user name; `None` where there is none to be found.
        unverified_username: Option<String>,
    },
}

impl<'e> Credential<'e> {
    /// Finds the credential of a request.
    ///
    /// # Errors
    ///
    /// [`Denial::CredentialMissing`], [`Denial::CredentialAmbiguous`],
    /// [`Denial::CredentialUnsupported`] or [`Denial::TokenTooLong`].
    pub fn of(request: &'e Request<'_>) -> Result<Self, Denial> {
        match request.authorization.as_slice() {
            [] => Err(Denial::CredentialMissing),
            [value] => Self::parse(value),
            _ => Err(Denial::CredentialAmbiguous),
        }
    }

    fn parse(value: &'e Text<'_>) -> Result<Self, Denial> {
        let value = value.trim_matches([' ', '\t']);
        if value.is_empty() {
            return Err(Denial::CredentialMissing);
        }
        // The scheme is case-insensitive (RFC 9110, section 11.1).
        let Some((scheme, rest)) = value.split_once(' ') else {
            return Err(Denial::CredentialUnsupported);
        };
        let rest = rest.trim_start_matches(' ');
        if scheme.eq_ignore_ascii_case("basic") {
            return Self::parse_basic(rest);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Denial::CredentialUnsupported);
        }
        if rest.len() > MAX_TOKEN {
            return Err(Denial::TokenTooLong);
        }
        if rest.is_empty() || !is_visible(rest) {
            return Err(Denial::CredentialUnsupported);
        }
        Ok(Self::Bearer(Token(Cow::Borrowed(rest))))
    }

    fn parse_basic(value: &str) -> Result<Self, Denial> {
        if value.len() > MAX_TOKEN {
            return Err(Denial::TokenTooLong);
        }
        // The password begins after the first colon (RFC 7617, section 2). Neither a name in
        // Latin-1 nor missing padding may hide an API token, which is not for Atlassian.
        let pair = BASIC.decode(value.trim_end_matches(' ')).ok();
        let pair = pair.as_deref().and_then(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b':');
            parts.next().zip(parts.next())
        });
        Ok(match pair {
            Some((username, password)) if password.starts_with(API_TOKEN_PREFIX.as_bytes()) => {
                Self::BasicApiToken {
                    unverified_username: String::from_utf8_lossy(username).into_owned(),
                    token: Token(Cow::Owned(String::from_utf8_lossy(password).into_owned())),
                }
            }
            pair => Self::Basic {
                unverified_username: pair
                    .map(|(username, _)| String::from_utf8_lossy(username).into_owned()),
            },
        })
    }
}

/// Whether a text is made of visible ASCII characters (RFC 6749, appendix A.12). RFC 6750's b64token
/// has fewer, and several servers' tokens others. No space: there is one where headers were joined.
/// Without a way out in the middle, many bytes are looked at in one step.
fn is_visible(text: &str) -> bool {
    let bytes = text.bytes();
    bytes.fold(true, |all, byte| all & matches!(byte, b'!'..=b'~'))
}

/// A token. It is a password for as long as it lives, so `Debug` doesn't show it, and there is no
/// `Display`.
#[derive(Clone)]
pub struct Token<'e>(Cow<'e, str>);

impl Token<'_> {
    /// A token that no provider has issued.
    pub fn made_up() -> Self {
        Self(Cow::Borrowed(
            "this-is-no-token-but-a-check-of-the-settings",
        ))
    }

    /// A token of any text, as no event could bring it. Tests alone make one.
    #[cfg(feature = "fuzzing")]
    #[doc(hidden)]
    pub fn of_text(text: &str) -> Token<'_> {
        Token(Cow::Borrowed(text))
    }

    /// The token's text. Not for logs, errors or answers.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// What kind of token it is, by its looks.
    pub fn form(&self) -> Form {
        let text = self.expose_secret();
        if text.starts_with(API_TOKEN_PREFIX) {
            Form::ApiToken
        } else if is_jwt(text) {
            Form::Jwt
        } else if Vendor::is_personal_or_machine(text) {
            Form::PersonalOrMachine
        } else {
            Form::Opaque(Vendor::of(text))
        }
    }
}

/// Whether a token is a signed one by its looks: three parts, of which the first begins as an object of
/// JSON does in base64url. An encrypted one has five (RFC 7516, section 3.1), and is its issuer's to read.
fn is_jwt(text: &str) -> bool {
    ["ey", "ew", "e3"]
        .iter()
        .any(|start| text.starts_with(start))
        && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// What kind of token one is, by its looks alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// One of ours.
    ApiToken,
    /// JSON in base64 and two dots.
    Jwt,
    /// A vendor's token that no application is behind.
    PersonalOrMachine,
    /// Anything else; some vendors' begin in a way of their own.
    Opaque(Option<Vendor>),
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[token]")
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{Credential, Form, MAX_TOKEN, Token, Vendor};
    use crate::error::Denial;
    use crate::event::Text;

    fn outcome(value: &str) -> Result<Option<String>, Denial> {
        let text = Text::from(value);
        Credential::parse(&text).map(|credential| match credential {
            Credential::Bearer(token) => Some(token.expose_secret().to_owned()),
            Credential::Basic { .. } | Credential::BasicApiToken { .. } => None,
        })
    }

    #[test]
    fn forms() {
        let token = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(outcome("Bearer abc.def.ghi"), token("abc.def.ghi"));
        assert_eq!(outcome("bearer  abc"), token("abc"));
        assert_eq!(outcome("BEARER abc== "), token("abc=="));
        assert_eq!(outcome("Bearer a|b:c,d"), token("a|b:c,d"));
        assert_eq!(outcome("Basic YWxpY2U6cHc="), Ok(None));
        assert_eq!(outcome("basic x"), Ok(None));
        assert_eq!(outcome(""), Err(Denial::CredentialMissing));
        assert_eq!(outcome(" \t "), Err(Denial::CredentialMissing));
        for value in [
            "Bearer",
            "Bearer a,Bearer b",
            "Bearer a b",
            "Bearer a\u{0}b",
            "Bearer \u{e9}",
            "Bearer\u{a0}abc",
            "Digest username=x",
            "abc.def.ghi",
            "Bearerabc",
        ] {
            assert_eq!(
                outcome(value),
                Err(Denial::CredentialUnsupported),
                "{value}"
            );
        }
        let long = format!("Bearer {}", "x".repeat(MAX_TOKEN + 1));
        assert_eq!(outcome(&long), Err(Denial::TokenTooLong));
    }

    #[test]
    fn debug_is_redacted() {
        let text = Text::from("Bearer s3cr3t");
        let shown = format!("{:?} {text:?}", Credential::parse(&text).unwrap());
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn basic() {
        let basic = |pair: &[u8]| {
            let text = format!("Basic {}", STANDARD.encode(pair));
            let text = Text::from(text.as_str());
            match Credential::parse(&text).unwrap() {
                Credential::Basic {
                    unverified_username,
                } => (unverified_username, None),
                Credential::BasicApiToken {
                    unverified_username,
                    token,
                } => (
                    Some(unverified_username),
                    Some(token.expose_secret().to_owned()),
                ),
                Credential::Bearer(_) => unreachable!(),
            }
        };
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(basic(b"alice:a:b"), (name("alice"), None));
        assert_eq!(basic(b"alice:p\xe4ss"), (name("alice"), None));
        assert_eq!(basic(b"alice:atl_x"), (name("alice"), name("atl_x")));
        let replaced = name("j\u{fffd}rgen");
        assert_eq!(basic(b"j\xfcrgen:x"), (replaced.clone(), None));
        assert_eq!(basic(b"j\xfcrgen:atl_x"), (replaced, name("atl_x")));
        assert_eq!(basic(b":"), (name(""), None));
        assert_eq!(basic(b"atl_x"), (None, None));
    }

    #[test]
    fn tokens_by_their_looks() {
        for (text, form) in [
            ("atl_x", Form::ApiToken),
            ("eyJhbGciOiJFUzI1NiJ9.e30.x", Form::Jwt),
            ("ewogfQ.e30.", Form::Jwt),
            ("e30.e30.x", Form::Jwt),
            ("eyJhbGciOiJFUzI1NiJ9.e30", Form::Opaque(None)),
            ("eyJhbGciOiJkaXIifQ..a.b.c", Form::Opaque(None)),
            ("eyJ.a.b.c", Form::Opaque(None)),
            ("ex.a.b", Form::Opaque(None)),
            ("a!\"#$%&'()*,:;<>?@[]^`{|}", Form::Opaque(None)),
            (
                "0123456789abcdef0123456789abcdef01234567",
                Form::Opaque(None),
            ),
            ("ghp_x", Form::PersonalOrMachine),
            ("github_pat_x", Form::PersonalOrMachine),
            ("glpat-x", Form::PersonalOrMachine),
            ("gho_x", Form::Opaque(Some(Vendor::GitHub))),
            ("ghu_x", Form::Opaque(Some(Vendor::GitHub))),
            ("ya29.a0.x", Form::Opaque(Some(Vendor::Google))),
            ("xoxp-1-2", Form::Opaque(Some(Vendor::Slack))),
            ("EAAB", Form::Opaque(Some(Vendor::Facebook))),
            ("..", Form::Opaque(None)),
            ("0123", Form::Opaque(None)),
        ] {
            assert_eq!(Token(Cow::Borrowed(text)).form(), form, "{text}");
        }
    }
}
