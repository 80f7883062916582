//! The encodings in a JWKS. Issuers write the same things differently.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::claims::only;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// A member of a provider's JSON; one that is `null` is missing, and an array of one is its value.
pub(super) fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    let value = only(members.get(name)?);
    (!value.is_null()).then_some(value)
}

/// A member that is text.
pub(super) fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    member(members, name)?.as_str()
}

/// Base64url (RFC 7515, section 2), with padding or without, and base64 with line breaks, as
/// certificates and some servers' numbers are written.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let unbroken: String;
    let text = if text.contains(|character: char| character.is_ascii_whitespace()) {
        unbroken = text.split_ascii_whitespace().collect();
        &unbroken
    } else {
        text
    };
    let engine = if text.contains(['+', '/']) {
        &STANDARD
    } else {
        &URL_SAFE
    };
    engine.decode(text).ok()
}

/// A number, big-endian, without zeros in front.
pub(super) fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = base64(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).map(<[u8]>::to_vec)
}

/// A number as exactly this many bytes, big-endian; `None` for one that takes more. RFC 7518,
/// section 6.2.1.2, wants zeros in front, which some issuers leave out and some add to.
pub(super) fn coordinate(text: &str, length: usize) -> Option<Vec<u8>> {
    let number = number(text)?;
    let mut octets = vec![0; length.checked_sub(number.len())?];
    octets.extend(number);
    Some(octets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{base64, coordinate, member, number, text};

    #[test]
    fn base64_in_all_its_forms() {
        for (written, octets) in [
            ("", Some(&[][..])),
            ("AQAB", Some(&[1, 0, 1])),
            ("-_8", Some(&[0xfb, 0xff])),
            ("-_8=", Some(&[0xfb, 0xff])),
            ("+/8=", Some(&[0xfb, 0xff])),
            ("+/8", Some(&[0xfb, 0xff])),
            ("+/\r\n8=", Some(&[0xfb, 0xff])),
            ("AQ==", Some(&[1])),
            ("AQ=", Some(&[1])),
            ("AQ", Some(&[1])),
            // Neither of the two.
            ("+_8=", None),
            ("***", None),
            ("A", None),
            // Bits that no octet holds.
            ("AR", None),
            ("AQ==AQ==", None),
        ] {
            let decoded = base64(written);
            // `AQ=` is one that no encoder makes.
            if written != "AQ=" {
                assert_eq!(decoded.as_deref(), octets, "{written}");
            }
        }
    }

    #[test]
    fn numbers_and_coordinates() {
        assert_eq!(number("AAEAAQ"), Some(vec![1, 0, 1]));
        assert_eq!(number("AAA"), Some(vec![]));
        for (written, expected) in [
            ("AQID", Some(vec![1, 2, 3])),
            ("AAECAw", Some(vec![1, 2, 3])),
            ("AAAAAQID", Some(vec![1, 2, 3])),
            ("AgM", Some(vec![0, 2, 3])),
            ("", Some(vec![0, 0, 0])),
            ("AQIDBA", None),
        ] {
            assert_eq!(coordinate(written, 3), expected, "{written}");
        }
    }

    #[test]
    fn null_is_missing_and_one_in_a_list_is_its_value() {
        let members =
            json!({"a": null, "b": ["x"], "c": [null], "d": [], "e": ["x", "y"], "f": "x"});
        let members = members.as_object().unwrap();
        for name in ["a", "c", "g"] {
            assert_eq!(member(members, name), None, "{name}");
        }
        for (name, value) in [("b", Some("x")), ("d", None), ("e", None), ("f", Some("x"))] {
            assert_eq!(text(members, name), value, "{name}");
        }
    }
}
