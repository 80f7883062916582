//! What the caller sent to prove who it is.

use std::fmt;

use crate::error::Denial;
use crate::event::{Request, Text};

/// The longest token that is looked at, in bytes. API Gateway takes 10,240 bytes of headers.
pub const MAX_TOKEN: usize = 10_240;

/// A caller's credential, by its form; nothing about it has been verified.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'e> {
    /// `Authorization: Bearer …` (RFC 6750, section 2.1).
    Bearer(Token<'e>),
    /// `Authorization: Basic …` (RFC 7617). The password is not read: nothing here checks one.
    Basic,
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
            return Ok(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Denial::CredentialUnsupported);
        }
        if rest.len() > MAX_TOKEN {
            return Err(Denial::TokenTooLong);
        }
        // RFC 6750's b64token. A comma, where HTTP/2 joined two headers, is outside of it.
        let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if rest.is_empty() || !rest.bytes().all(is_token_byte) {
            return Err(Denial::CredentialUnsupported);
        }
        Ok(Self::Bearer(Token(rest)))
    }
}

/// A bearer token. It is a password for as long as it lives, so `Debug` doesn't show it, and
/// there is no `Display`.
#[derive(Clone, Copy)]
pub struct Token<'e>(&'e str);

impl<'e> Token<'e> {
    /// The token's text. Not for logs, errors or answers.
    pub(crate) const fn reveal(self) -> &'e str {
        self.0
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[token]")
    }
}

#[cfg(test)]
mod tests {
    use super::{Credential, MAX_TOKEN};
    use crate::error::Denial;
    use crate::event::Text;

    fn outcome(value: &str) -> Result<Option<String>, Denial> {
        let text = Text::from(value);
        Credential::parse(&text).map(|credential| match credential {
            Credential::Bearer(token) => Some(token.reveal().to_owned()),
            Credential::Basic => None,
        })
    }

    #[test]
    fn forms() {
        let token = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(outcome("Bearer abc.def.ghi"), token("abc.def.ghi"));
        assert_eq!(outcome("bearer  abc"), token("abc"));
        assert_eq!(outcome("BEARER abc== "), token("abc=="));
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
}
