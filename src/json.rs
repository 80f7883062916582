//! JSON whose objects have unique members.
//!
//! RFC 7519, section 4, lets a receiver reject a claims set with duplicate names or take the last
//! one; two parsers that choose differently see two different users. So duplicates are rejected, at
//! every depth, in tokens, JWKS documents and settings alike.

mod writer;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub(crate) use writer::{ObjectWriter, push_text};

/// Parses one JSON text whose objects have unique members.
///
/// # Errors
///
/// A syntax error, trailing text, a nesting deeper than 128, or a duplicate member. The message
/// names a position, never a value.
pub(crate) fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    read(text, Nulls::Kept)
}

/// Parses a JSON text that a provider wrote, in a token, a JWKS or a response: a member that is
/// `null` counts as missing, at every depth. Many servers write `null` for what they don't have.
///
/// # Errors
///
/// As [`parse`]. Two members of one name are duplicates, `null` or not.
pub(crate) fn parse_of_provider(text: &[u8]) -> Result<Value, serde_json::Error> {
    read(text, Nulls::Dropped)
}

fn read(text: &[u8], nulls: Nulls) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = UniqueSeed(nulls).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// What becomes of members that are `null`.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Nulls {
    Kept,
    Dropped,
}

#[derive(Clone, Copy)]
struct UniqueSeed(Nulls);

impl<'de> DeserializeSeed<'de> for UniqueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueSeed {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut any_null = false;
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("an object has a duplicate member"));
            }
            let value = members.next_value_seed(self)?;
            any_null |= value.is_null();
            object.insert(name, value);
        }
        if any_null && self.0 == Nulls::Dropped {
            object.retain(|_, value| !value.is_null());
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{parse, parse_of_provider};

    #[test]
    fn null_of_a_provider_is_missing() {
        let text = br#"{"a":null,"b":{"c":null,"d":[null,{"e":null}]},"f":false,"g":""}"#;
        assert_eq!(
            parse_of_provider(text).unwrap(),
            json!({"b": {"d": [null, {}]}, "f": false, "g": ""})
        );
        assert_eq!(parse(text).unwrap()["a"], json!(null));
        for duplicate in [r#"{"a":null,"a":1}"#, r#"{"a":1,"a":null}"#] {
            assert!(parse_of_provider(duplicate.as_bytes()).is_err());
        }
    }

    #[test]
    fn same_value_as_serde_json() {
        let text = br#"{"a":[1,-2,3.5,null,true,"x"],"b":{"c":{}},"\u00e9":"\ud83d\ude00"}"#;
        assert_eq!(
            parse(text).unwrap(),
            serde_json::from_slice::<serde_json::Value>(text).unwrap()
        );
    }

    #[test]
    fn refused() {
        for text in [
            &br#"{"a":1,"a":1}"#[..],
            br#"{"x":[{"a":1,"\u0061":2}]}"#,
            b"{} {}",
            b"{\"a\":\"\xff\"}",
            b"",
        ] {
            assert!(parse(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
        let deep = [vec![b'['; 200], vec![b']'; 200]].concat();
        assert!(parse(&deep).is_err());
    }
}
