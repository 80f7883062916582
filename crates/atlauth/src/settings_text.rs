//! A settings file as a text, of which one value is changed and all else stays as somebody wrote it.

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::json;

/// JSON as the settings are read, and nothing beyond it.
pub(crate) const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The text with this value at a parameter's place, `a/b/c`; `None` where that can't be.
pub(crate) fn with(text: &str, parameter: &str, value: &str) -> Option<String> {
    edited(text, parameter, |object, name, rest| {
        if let Some(place) = place_of(object, name) {
            let known = object.properties.get(place).filter(|_| rest.is_empty())?;
            let range = (known.value.start(), known.value.end());
            return Some((range, json!(value).to_string()));
        }
        let parents = rest.iter().rev();
        let nested = parents.fold(json!(value), |inner, name| json!({*name: inner}));
        let comma = if object.properties.is_empty() {
            ""
        } else {
            ", "
        };
        let after = object.start().checked_add(1)?;
        let member = format!("{}: {nested}{comma}", json!(name));
        Some(((after, after), member))
    })
}

/// The text without a parameter, or as it is where there is none; `None` where that can't be told. The
/// objects around it go with it where nothing else is in them: settings with empty ones are refused.
pub(crate) fn without(text: &str, parameter: &str) -> Option<String> {
    let mut text = without_member(text, parameter)?;
    let mut inner = parameter;
    while let Some((outer, _)) = inner.rsplit_once('/') {
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        let object = value.pointer(&format!("/{outer}"));
        if object != Some(&json!({})) {
            break;
        }
        text = without_member(&text, outer)?;
        inner = outer;
    }
    Some(text)
}

fn without_member(text: &str, parameter: &str) -> Option<String> {
    edited(text, parameter, |object, name, rest| {
        let Some(place) = place_of(object, name).filter(|_| rest.is_empty()) else {
            return Some(((0, 0), String::new()));
        };
        let at = |place: Option<usize>| place.and_then(|place| object.properties.get(place));
        let own = at(Some(place))?;
        let range = match (at(place.checked_sub(1)), at(place.checked_add(1))) {
            (_, Some(after)) => (own.start(), after.start()),
            (Some(before), None) => (before.end(), own.end()),
            (None, None) => (own.start(), own.end()),
        };
        Some((range, String::new()))
    })
}

/// The text with what `change` says in place of what stands from one offset to another. It is given the
/// innermost object on the way to the parameter, the name that comes next, and the names after it.
fn edited(
    text: &str,
    parameter: &str,
    change: impl FnOnce(&Object<'_>, &str, &[&str]) -> Option<((usize, usize), String)>,
) -> Option<String> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).ok()?;
    let Some(Value::Object(top)) = parsed.value else {
        return None;
    };
    let names: Vec<&str> = parameter.split('/').collect();
    let (mut name, mut rest) = names.split_first()?;
    let mut object = &top;
    while let (Some(place), Some((next, others))) = (place_of(object, name), rest.split_first()) {
        let Value::Object(inner) = &object.properties.get(place)?.value else {
            return None;
        };
        (object, name, rest) = (inner, next, others);
    }
    let ((start, end), new) = change(object, name, rest)?;
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    Some([before, &new, after].concat())
}

fn place_of(object: &Object<'_>, name: &str) -> Option<usize> {
    let mut members = object.properties.iter();
    members.position(|member| member.name.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::{with, without};

    #[test]
    fn a_value_is_put_and_all_else_stays() {
        for (text, expected) in [
            ("{}", r#"{"a": {"b":{"c":"x\"y"}}}"#),
            (
                "{\n  \"z\": 1\n}\n",
                "{\"a\": {\"b\":{\"c\":\"x\\\"y\"}}, \n  \"z\": 1\n}\n",
            ),
            (r#"{"a": {}}"#, r#"{"a": {"b": {"c":"x\"y"}}}"#),
            (
                r#"{"a": {"b": {"d": 1}}}"#,
                r#"{"a": {"b": {"c": "x\"y", "d": 1}}}"#,
            ),
            (
                r#"{"a": {"b": {"c": "old", "d": 1}}}"#,
                r#"{"a": {"b": {"c": "x\"y", "d": 1}}}"#,
            ),
        ] {
            assert_eq!(
                with(text, "a/b/c", "x\"y").as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in ["", "[]", r#"{"a": 1}"#, r#"{"a": {"b": "c"}}"#, "{a: {}}"] {
            assert_eq!(with(text, "a/b/c", "x"), None, "{text}");
        }
    }

    #[test]
    fn a_value_is_taken_out_and_all_else_stays() {
        for (text, expected) in [
            (r#"{"a": {"b": 1, "c": 2}}"#, r#"{"a": {"c": 2}}"#),
            (r#"{"a": {"c": 2, "b": 1}}"#, r#"{"a": {"c": 2}}"#),
            (
                r#"{"a": {"c": 2, "b": 1, "d": 3}}"#,
                r#"{"a": {"c": 2, "d": 3}}"#,
            ),
            (r#"{"a": {"b": 1}}"#, "{}"),
            (r#"{"a": {"b": 1}, "c": {}}"#, r#"{"c": {}}"#),
            (r#"{"a": {"c": 1}}"#, r#"{"a": {"c": 1}}"#),
            ("{}", "{}"),
        ] {
            assert_eq!(without(text, "a/b").as_deref(), Some(expected), "{text}");
        }
        for (text, expected) in [
            (r#"{"a": {"b": {"c": 1}}}"#, "{}"),
            (r#"{"a": {"b": {"c": 1}, "d": 1}}"#, r#"{"a": {"d": 1}}"#),
            (
                r#"{"a": {"b": {"c": 1, "d": 1}}}"#,
                r#"{"a": {"b": {"d": 1}}}"#,
            ),
            (
                "{\n  \"z\": 1,\n  \"a\": {\"b\": {\"c\": 1}}\n}\n",
                "{\n  \"z\": 1\n}\n",
            ),
        ] {
            assert_eq!(without(text, "a/b/c").as_deref(), Some(expected), "{text}");
        }
    }
}
