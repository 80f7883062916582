//! What else the claims of a provider's tokens must be.

use serde_json::Value;

use crate::claims::{AttributePath, Claims};

/// One rule of `require`: a claim, and what it must be.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The claim, or a path into nested ones.
    pub claim: AttributePath,
    /// What its value must meet.
    pub test: Test,
}

/// What a claim's value must meet. A claim that is missing meets nothing.
#[derive(Clone, Debug)]
pub enum Test {
    /// It is one of these values.
    OneOf(Vec<Value>),
    /// It is an array that holds this value, or a string with it among words separated by spaces.
    Contains(Value),
}

impl Requirement {
    /// Whether claims meet it.
    pub(crate) fn holds(&self, claims: &Claims) -> bool {
        let Some(value) = claims.attribute(&self.claim) else {
            return false;
        };
        match &self.test {
            Test::OneOf(values) => values.contains(value),
            Test::Contains(wanted) => match value {
                Value::Array(items) => items.contains(wanted),
                Value::String(text) => text.split(' ').any(|word| Some(word) == wanted.as_str()),
                _ => false,
            },
        }
    }
}
