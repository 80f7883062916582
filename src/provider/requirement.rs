//! Rules about single claims of a provider's tokens.

use serde_json::Value;

use crate::claims::{AttributePath, Claims, only};

/// One rule of `require` or `machine_when`: a claim, and what it must be.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The claim, or a path into nested ones.
    pub claim: AttributePath,
    /// What its value must meet.
    pub test: Test,
}

/// What a claim's value must meet. A claim that is missing meets nothing else than [`Test::Missing`].
#[derive(Clone, Debug)]
pub enum Test {
    /// It is one of these values.
    OneOf(Vec<Value>),
    /// It is an array that holds this value, or a string with it among words separated by spaces; or
    /// one of several values is.
    Contains(Value),
    /// There is none, or an empty one.
    Missing,
}

impl Requirement {
    /// Whether claims meet it.
    pub(crate) fn holds(&self, claims: &Claims) -> bool {
        let found = claims.all(&self.claim);
        let is_one_of =
            |values: &[Value], value| values.contains(value) || values.contains(only(value));
        match &self.test {
            Test::OneOf(values) => matches!(found.as_slice(), [value] if is_one_of(values, value)),
            Test::Contains(wanted) => found.into_iter().any(|value| contains(value, wanted)),
            Test::Missing => found.into_iter().all(is_empty),
        }
    }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match value {
        Value::Array(items) => items.contains(wanted),
        Value::String(text) => text.split(' ').any(|word| Some(word) == wanted.as_str()),
        _ => false,
    }
}

fn is_empty(value: &Value) -> bool {
    *value == "" || value.as_array().is_some_and(Vec::is_empty)
}
