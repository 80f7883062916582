//! Reading one document, with all that is wrong in it reported at once.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::document::problem::Report;

/// Reads a value into a struct, whose type only the caller knows.
pub(super) type Attempt<'a> =
    dyn FnMut(&Value) -> Result<(), serde_path_to_error::Error<serde_json::Error>> + 'a;

/// Reads a document, and reports everything in it that can't be read.
///
/// `None` when anything was wrong.
pub(crate) fn read<T: DeserializeOwned>(text: &str, report: &mut Report<'_>) -> Option<T> {
    let value = parse(text, "object", Value::is_object, report)?;
    let is_filled = !report_empty(&value, "", report);
    let mut found = None;
    let is_clean = read_value(value, "", report, &mut |value| {
        found = Some(serde_path_to_error::deserialize(value)?);
        Ok(())
    });
    found.filter(|_| is_filled && is_clean)
}

/// Attempts to read a value until it can be read: after each error the field at fault is removed,
/// and reported with `prefix` before its path. `false` if there was any.
pub(super) fn read_value(
    mut value: Value,
    prefix: &str,
    report: &mut Report<'_>,
    attempt: &mut Attempt<'_>,
) -> bool {
    let mut is_clean = true;
    while let Err(error) = attempt(&value) {
        is_clean = false;
        let path = error.path().clone();
        report.wrong(
            &format!("{prefix}{path}"),
            &expectation(&error.into_inner()),
        );
        if !take_out(&mut value, &path) {
            break;
        }
    }
    is_clean
}

/// Reads a document that is a list of texts; it may be empty, but none of the texts may.
pub(crate) fn read_list(text: &str, report: &mut Report<'_>) -> Option<BTreeSet<String>> {
    const EXPECTED: &str = "array of non-empty strings";
    let list = parse(text, EXPECTED, Value::is_array, report)?;
    let list = serde_json::from_value::<BTreeSet<String>>(list).ok();
    let list = list.filter(|list| !list.contains(""));
    if list.is_none() {
        report.whole(&format!("expected a JSON {EXPECTED}"));
    }
    list
}

/// Reads JSON, of which `what` is expected.
pub(super) fn parse(
    text: &str,
    what: &str,
    is_right: fn(&Value) -> bool,
    report: &mut Report<'_>,
) -> Option<Value> {
    match crate::json::parse(text.as_bytes()) {
        Ok(value) if is_right(&value) => return Some(value),
        Ok(_) => report.whole(&format!("expected a JSON {what}")),
        Err(error) => report.whole(&format!(
            "expected a JSON {what} with unique members: {error}"
        )),
    }
    None
}

/// Reports every empty string, list or object and every null; `true` if there is any.
pub(super) fn report_empty(value: &Value, path: &str, report: &mut Report<'_>) -> bool {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() && !path.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if empty {
        report.wrong(
            path,
            "is empty; expected a value, or the field to be left out",
        );
    }
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("{path}[{index}]"), item))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| {
                let dot = if path.is_empty() { "" } else { "." };
                (format!("{path}{dot}{name}"), member)
            })
            .collect(),
        _ => Vec::new(),
    };
    inner.into_iter().fold(empty, |any, (path, value)| {
        report_empty(value, &path, report) || any
    })
}

/// What serde expected, without the value that it found: that may be a secret in the wrong place.
fn expectation(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if message.starts_with("unknown field") {
        return message.replacen("unknown field", "is unknown:", 1);
    }
    match message.rsplit_once("expected ") {
        Some((_, "u64")) => "expected a whole number, not negative".to_owned(),
        Some((_, "a sequence")) => "expected an array".to_owned(),
        Some((_, expected)) if expected.starts_with("struct ") => "expected an object".to_owned(),
        Some((_, expected)) if !message.starts_with("expected") => format!("expected {expected}"),
        _ => message,
    }
}

/// Removes what a path leads to. An array is removed as a whole: without one of its elements, the
/// places of the others would be reported wrongly.
fn take_out(value: &mut Value, path: &serde_path_to_error::Path) -> bool {
    let segments: Vec<&Segment> = path.iter().collect();
    let Some(last_name) = segments
        .iter()
        .rposition(|segment| matches!(segment, Segment::Map { .. }))
    else {
        return false;
    };
    let mut place = value;
    for segment in segments.iter().take(last_name) {
        let next = match segment {
            Segment::Map { key } => place.get_mut(key),
            Segment::Seq { index } => place.get_mut(index),
            Segment::Enum { variant } => place.get_mut(variant),
            Segment::Unknown => None,
        };
        let Some(next) = next else {
            return false;
        };
        place = next;
    }
    match (place, segments.get(last_name)) {
        (Value::Object(members), Some(Segment::Map { key })) => members.remove(key).is_some(),
        _ => false,
    }
}
