//! From a stored credential to the value of `Authorization`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::secret::holds_private_key;

/// The most bytes of a credential: it must fit into an answer beside policy and context.
const MAX_CREDENTIAL: usize = 1_000;

/// How a credential is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub(super) enum Scheme {
    /// A personal access token, sent as `Authorization: Bearer`.
    #[default]
    Bearer,
    /// `user:password`, or `email:token` of Atlassian Cloud, sent as `Authorization: Basic`.
    Basic,
}

/// The header's value for a credential; `None` for what is none of that scheme.
///
/// Bearer: a token of RFC 6750, section 2.1. Basic: `user:password` in UTF-8 (RFC 7617, section 2).
/// What holds a private key is none: a key is never sent.
pub(super) fn header(scheme: Scheme, credential: &str) -> Option<String> {
    if credential.is_empty() || credential.len() > MAX_CREDENTIAL || holds_private_key(credential) {
        return None;
    }
    match scheme {
        Scheme::Bearer => {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
            credential
                .bytes()
                .all(is_token)
                .then(|| format!("Bearer {credential}"))
        }
        Scheme::Basic => {
            let (user, _) = credential.split_once(':')?;
            let well_formed = !user.is_empty() && !credential.contains(char::is_control);
            well_formed.then(|| format!("Basic {}", STANDARD.encode(credential)))
        }
    }
}

/// What would be right.
pub(super) const fn expected(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Bearer => {
            "is not a Bearer token; expected a personal access token of at most 1000 letters, digits and \
             `-._~+/=`, or for `user:password` the scheme `basic`"
        }
        Scheme::Basic => {
            "is not a pair; expected `user:password` or `email:token`, of at most 1000 bytes without \
             control characters, or the scheme `bearer` for a token alone"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let bearer = |text| header(Scheme::Bearer, text);
        let basic = |text| header(Scheme::Basic, text);
        assert_eq!(bearer("MDEyMzQ1+/=").unwrap(), "Bearer MDEyMzQ1+/=");
        assert_eq!(basic("svc:a:b").unwrap(), "Basic c3ZjOmE6Yg==");
        assert_eq!(basic("j\u{fc}rgen:x").unwrap(), "Basic asO8cmdlbjp4");
        for text in [
            "",
            "\n",
            "a b",
            "a\n",
            "a\nb",
            "a\r\nX-Y: z",
            "\u{e9}",
            &"x".repeat(1_001),
        ] {
            assert_eq!(bearer(text), None, "{text}");
        }
        for text in [
            "",
            "token",
            ":password",
            "svc:a\n",
            "svc:a\nb",
            "svc:\u{0}",
            "svc:-----BEGIN PRIVATE KEY----- x -----END PRIVATE KEY-----",
        ] {
            assert_eq!(basic(text), None, "{text}");
        }
    }
}
