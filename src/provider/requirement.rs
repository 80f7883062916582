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
    /// It is an array that holds this value, or a string with it among words separated by spaces.
    Contains(Value),
    /// There is none, or an empty one.
    Missing,
}

impl Requirement {
    /// Whether claims meet it.
    pub(crate) fn holds(&self, claims: &Claims) -> bool {
        let value = claims.attribute(&self.claim);
        let Some(value) = value else {
            return matches!(self.test, Test::Missing);
        };
        match &self.test {
            Test::OneOf(values) => values.contains(value) || values.contains(only(value)),
            Test::Missing => value == "",
            Test::Contains(wanted) => match value {
                Value::Array(items) => items.contains(wanted),
                Value::String(text) => text.split(' ').any(|word| Some(word) == wanted.as_str()),
                _ => false,
            },
        }
    }
}
