//! How a token's header names its key, and how keys are named.

use std::sync::OnceLock;

use aws_lc_rs::digest;
use serde_json::{Map, Value};

use super::encoding;

/// The `kid` of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyId(String);

impl KeyId {
    /// The `kid`, exactly as the JWKS or the token has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for KeyId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// What a token's header says of its key (RFC 7515, sections 4.1.4, 4.1.7 and 4.1.8). It chooses
/// among the keys of the settings, and can't add one.
#[derive(Clone, Debug, Default)]
pub struct KeyHint {
    /// `kid`.
    pub id: Option<KeyId>,
    /// `x5t` and `x5t#S256`, which name the key where `kid` does not.
    pub certificate: CertificateDigests,
}

impl KeyHint {
    /// Whether it says nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.id.is_none() && self.certificate.is_empty()
    }
}

/// The digests of an X.509 certificate that stand for its key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CertificateDigests {
    sha1: Option<[u8; 20]>,
    sha256: Option<[u8; 32]>,
}

impl CertificateDigests {
    /// The members `x5t` and `x5t#S256` of a token's header or of a key (RFC 7517, sections 4.8
    /// and 4.9). What is none of that form is left out: the two are hints.
    ///
    /// WSO2 Identity Server encodes the digest's hexadecimal digits in place of its octets
    /// (`wso2/product-is` 19876), and others write the digits alone.
    pub fn of(members: &Map<String, Value>) -> Self {
        let text = |name: &str| encoding::text(members, name);
        Self {
            sha1: text("x5t").and_then(read),
            sha256: text("x5t#S256").and_then(read),
        }
    }

    /// Computed of a certificate in DER.
    fn of_certificate(der: &[u8]) -> Self {
        let octets = |algorithm| digest::digest(algorithm, der);
        Self {
            sha1: octets(&digest::SHA1_FOR_LEGACY_USE_ONLY)
                .as_ref()
                .try_into()
                .ok(),
            sha256: octets(&digest::SHA256).as_ref().try_into().ok(),
        }
    }

    fn is_empty(&self) -> bool {
        self.sha1.is_none() && self.sha256.is_none()
    }

    /// Whether both are of one certificate; `None` where there is nothing to compare. SHA-1 decides
    /// nothing where SHA-256 can.
    fn is_of(&self, other: &Self) -> Option<bool> {
        let by_sha256 = self.sha256.zip(other.sha256).map(|(one, two)| one == two);
        by_sha256.or_else(|| self.sha1.zip(other.sha1).map(|(one, two)| one == two))
    }
}

fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let decoded = encoding::base64(text).unwrap_or_default();
    if let Ok(octets) = decoded.as_slice().try_into() {
        return Some(octets);
    }
    hexadecimal(&decoded).or_else(|| hexadecimal(text.as_bytes()))
}

fn hexadecimal<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut digits = text.iter().filter(|byte| **byte != b':');
    let mut octets = [0; N];
    for octet in &mut octets {
        let mut digit = || char::from(*digits.next()?).to_digit(16);
        *octet = u8::try_from(digit()?.checked_mul(16)?.checked_add(digit()?)?).ok()?;
    }
    digits.next().is_none().then_some(octets)
}

/// The certificate of a key in a set.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    named: CertificateDigests,
    /// The first of `x5c`, which is the key's own (RFC 7517, section 4.7), in base64.
    text: Option<String>,
    /// Computed when the first token comes that needs it: most keys have a `kid`.
    computed: OnceLock<CertificateDigests>,
}

impl Certificate {
    pub(super) fn of(jwk: &Map<String, Value>) -> Self {
        let chain = jwk.get("x5c").and_then(Value::as_array);
        let first = chain.and_then(|chain| chain.first()).or(jwk.get("x5c"));
        Self {
            named: CertificateDigests::of(jwk),
            text: first.and_then(Value::as_str).map(str::to_owned),
            computed: OnceLock::new(),
        }
    }

    /// Whether a token's header names it.
    pub(super) fn is_named_by(&self, hint: &CertificateDigests) -> bool {
        !hint.is_empty()
            && (self.named.is_of(hint) == Some(true) || self.computed().is_of(hint) == Some(true))
    }

    /// Whether a token's header names another.
    pub(super) fn is_not(&self, hint: &CertificateDigests) -> bool {
        !hint.is_empty()
            && !self.is_named_by(hint)
            && (self.named.is_of(hint).is_some() || self.computed().is_of(hint).is_some())
    }

    fn computed(&self) -> &CertificateDigests {
        self.computed.get_or_init(|| {
            let der = self.text.as_deref().and_then(encoding::base64);
            der.map_or_else(CertificateDigests::default, |der| {
                CertificateDigests::of_certificate(&der)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::{Certificate, CertificateDigests};

    /// Digests of the text "certificate", computed by another program.
    const SHA1: &str = "735ad571c189d7ba84464bf4a9f1d2280175b128";
    const SHA256: &str = "03d66dd08835c1ca3f128cceacd1f31ac94163096b20f445ae84285bc0832d72";

    fn octets(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..][..2], 16).unwrap())
            .collect()
    }

    fn is_named(jwk: &Value, header: &Value) -> bool {
        let hint = CertificateDigests::of(header.as_object().unwrap());
        Certificate::of(jwk.as_object().unwrap()).is_named_by(&hint)
    }

    /// Each way to write a digest in a header, against each place where a key may have it.
    #[test]
    fn certificates_by_place_and_form() {
        let forms = |hex: &str| {
            let colons: Vec<&str> = (0..hex.len())
                .step_by(2)
                .map(|at| &hex[at..at + 2])
                .collect();
            [
                // RFC 7515, section 4.1.7.
                URL_SAFE_NO_PAD.encode(octets(hex)),
                URL_SAFE.encode(octets(hex)),
                // wso2/product-is 19876.
                URL_SAFE_NO_PAD.encode(hex),
                hex.to_owned(),
                hex.to_uppercase(),
                colons.join(":"),
            ]
        };
        let chain = STANDARD.encode("certificate");
        for (member, hex) in [("x5t", SHA1), ("x5t#S256", SHA256)] {
            for in_header in forms(hex) {
                let header = json!({ member: in_header });
                for in_key in forms(hex) {
                    assert!(is_named(&json!({ member: in_key }), &header));
                }
                assert!(is_named(&json!({"x5c": [chain]}), &header));
                assert!(is_named(&json!({"x5c": [chain, "other"]}), &header));
                assert!(is_named(&json!({"x5c": chain}), &header));
                assert!(!is_named(&json!({"x5c": ["other", chain]}), &header));
                assert!(!is_named(&json!({"x5c": []}), &header));
                assert!(!is_named(&json!({"x5c": [null]}), &header));
                assert!(!is_named(&json!({"x5c": null, member: null}), &header));
                assert!(!is_named(&json!({}), &header));
            }
        }
        // SHA-1 decides nothing where SHA-256 tells them apart.
        let other = URL_SAFE_NO_PAD.encode([7; 32]);
        let sha1 = URL_SAFE_NO_PAD.encode(octets(SHA1));
        assert!(!is_named(
            &json!({"x5t": sha1, "x5t#S256": other}),
            &json!({"x5t": sha1, "x5t#S256": URL_SAFE_NO_PAD.encode(octets(SHA256))}),
        ));
    }

    #[test]
    fn what_is_no_digest_names_nothing() {
        for value in [
            json!(null),
            json!(""),
            json!(7),
            json!("***"),
            json!("AQ"),
            json!({}),
        ] {
            for member in ["x5t", "x5t#S256"] {
                assert!(!is_named(
                    &json!({ member: value }),
                    &json!({ member: value })
                ));
            }
        }
    }
}
