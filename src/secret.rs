//! Texts that are passwords to somebody, and how they are compared.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};

/// A client secret, a private key or a token.
///
/// `Debug` doesn't show it, there is no `Display`, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text as a secret. One line break at its end (`\n` or `\r\n`) is the file's that it came
    /// from, and is dropped: here, and nowhere else.
    pub fn new(text: &str) -> Self {
        let line = text.strip_suffix('\n');
        let line = line.map(|line| line.strip_suffix('\r').unwrap_or(line));
        Self(line.unwrap_or(text).into())
    }

    /// The text. Not for logs, errors or answers.
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Whether a text holds a private key, or is one: in PEM of any kind and on any number of lines, DER in
/// base64, a JWK (RFC 7517), or as `PuTTY` has it. Also after `user:`, as a password.
pub fn holds_private_key(text: &str) -> bool {
    let password = text.split_once(':').map(|(_, password)| password);
    has_pem_key(text)
        || text.contains("PuTTY-User-Key-File")
        || std::iter::once(text)
            .chain(password)
            .any(|text| is_private_jwk(text) || is_private_der(text))
}

/// `BEGIN PRIVATE KEY` and `BEGIN … PRIVATE KEY` (RFC 7468, sections 10 and 11, and older ones).
fn has_pem_key(text: &str) -> bool {
    let mut begins = text.split("-----BEGIN ").skip(1);
    begins.any(|label| {
        let end = label.find("-----").unwrap_or(label.len());
        label.get(..end).unwrap_or_default().contains("PRIVATE KEY")
    })
}

fn is_private_jwk(text: &str) -> bool {
    let is_key = |key: &serde_json::Value| {
        let has = |member| key.get(member).is_some();
        has("kty") && (has("d") || has("k"))
    };
    text.trim_start().starts_with('{')
        && serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| {
            let keys = value.get("keys").and_then(serde_json::Value::as_array);
            is_key(&value) || keys.is_some_and(|keys| keys.iter().any(is_key))
        })
}

/// PKCS #8 (RFC 5958), PKCS #1 (RFC 8017, appendix A.1.2) and SEC 1 (RFC 5915) begin with a sequence as
/// long as the rest, and in it a version of one byte, 0 or 1.
fn is_private_der(text: &str) -> bool {
    let body: String = text.split_ascii_whitespace().collect();
    let Ok(der) = DER.decode(body) else {
        return false;
    };
    let content = match der.as_slice() {
        [0x30, 0x81, length, content @ ..] if usize::from(*length) == content.len() => content,
        [0x30, 0x82, high, low, content @ ..]
            if usize::from(u16::from_be_bytes([*high, *low])) == content.len() =>
        {
            content
        }
        [0x30, length, content @ ..] if usize::from(*length) == content.len() => content,
        _ => return false,
    };
    // A short text of that form is as likely a token.
    content.len() >= 32 && matches!(content, [2, 1, 0 | 1, ..])
}

/// Base64 with or without its padding.
const DER: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether two values are the same, in a time that tells nothing but their lengths.
pub fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{Secret, constant_time_eq, holds_private_key};

    #[test]
    fn debug_is_redacted() {
        assert_eq!(
            format!("{:?}", Some(Secret::new("s3cr3t"))),
            "Some([secret])"
        );
    }

    #[test]
    fn one_line_break_at_the_end_is_dropped() {
        for (text, secret) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret\n\n", "secret\n"),
            ("secret\r\n\r\n", "secret\r\n"),
            ("secret\r", "secret\r"),
            ("secret \n", "secret "),
            ("\nsecret", "\nsecret"),
            ("sec\nret\n", "sec\nret"),
            ("\n", ""),
            ("\r\n", ""),
            ("", ""),
        ] {
            assert_eq!(Secret::new(text).expose_secret(), secret, "{text:?}");
        }
    }

    /// Shapes alone: none of these is a key.
    #[test]
    fn private_keys_by_their_forms() {
        let der = |length: &[u8], rest: usize| {
            let content = [[2, 1, 0].as_slice(), &vec![4; rest]].concat();
            STANDARD.encode([[0x30].as_slice(), length, &content].concat())
        };
        let short = der(&[51], 48);
        let long = der(&[0x82, 1, 4], 257);
        let (first, second) = long.split_at(64);
        for text in [
            "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\\nx\\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY----- x -----END EC PRIVATE KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----",
            "-----BEGIN EC PARAMETERS-----\nx\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nx",
            "svc:-----BEGIN PRIVATE KEY-----\nx",
            "PuTTY-User-Key-File-3: ssh-rsa",
            r#"{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d"}"#,
            r#"{"kty": "oct", "k": "k"}"#,
            r#"{"keys": [{"kty": "RSA", "n": "n", "e": "e", "d": "d"}]}"#,
            &short,
            short.trim_end_matches('='),
            &der(&[0x81, 131], 128),
            &long,
            &format!("{first}\r\n{second}"),
            &format!("svc:{long}"),
        ] {
            assert!(holds_private_key(text), "{text}");
        }
        for text in [
            "",
            "s3cr3t",
            "svc:the private key is under the mat",
            "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nx",
            "-----BEGIN ",
            r#"{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}"#,
            r#"{"jira": "a-token", "d": "x"}"#,
            "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx",
            "MAMCAQA=",
            "MII=",
            "MIIA",
            &der(&[52], 48),
            &der(&[0x82, 1, 5], 257),
        ] {
            assert!(!holds_private_key(text), "{text}");
        }
    }

    #[test]
    fn comparison() {
        assert!(constant_time_eq(b"a", b"a"));
        assert!(!constant_time_eq(b"a", b"b"));
        assert!(!constant_time_eq(b"a", b"ab"));
        assert!(constant_time_eq(b"", b""));
    }
}
