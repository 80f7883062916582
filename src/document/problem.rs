//! What is wrong with settings, said so that an operator can mend it.

use std::fmt;

use super::Secrets;
use super::bounds::Bounds;
use crate::secret::{Secret, holds_private_key};

/// One thing that is wrong: where, what, and what would be right. Never a value: an operator may
/// have pasted a secret into the wrong field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The parameter, relative to the prefix.
    pub parameter: String,
    /// The field in the parameter's document; empty for the document as a whole.
    pub field: String,
    /// What is wrong, and what is expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.parameter)?;
        if !self.field.is_empty() {
            write!(formatter, "{}: ", self.field)?;
        }
        formatter.write_str(&self.message)
    }
}

/// All that is wrong with a tree of settings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems in the order of their parameters.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// A report on one parameter.
    pub(crate) fn of<'p>(&'p mut self, parameter: &str) -> Report<'p> {
        Report {
            problems: &mut self.0,
            parameter: parameter.to_owned(),
        }
    }

    /// The value, provided that nothing is wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Collects what is wrong with one parameter.
pub(crate) struct Report<'p> {
    problems: &'p mut Vec<Problem>,
    parameter: String,
}

impl Report<'_> {
    /// Something is wrong with a field. Said once for the same field and message.
    pub(crate) fn wrong(&mut self, field: &str, message: &str) {
        let problem = Problem {
            parameter: self.parameter.clone(),
            field: field.to_owned(),
            message: message.to_owned(),
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// A field that can't be done without, and what it is.
    pub(crate) fn required(
        &mut self,
        value: Option<String>,
        field: &str,
        what: &str,
    ) -> Option<String> {
        if value.is_none() {
            self.wrong(field, &format!("is missing; expected {what}"));
        }
        value
    }

    /// The secret that a field names, which is sent to others: never a private key.
    pub(crate) fn secret(
        &mut self,
        secrets: &Secrets,
        name: Option<&String>,
        field: &str,
    ) -> Option<Secret> {
        let secret = self.any_secret(secrets, name, field)?;
        if holds_private_key(secret.expose_secret()) {
            self.wrong(
                field,
                "names a private key, which is sent to nobody; expected a client secret, a token or a \
                 password, and the key in a field `private_key`",
            );
            return None;
        }
        Some(secret)
    }

    /// The secret with a private key that a field names.
    pub(crate) fn private_key(
        &mut self,
        secrets: &Secrets,
        name: Option<&String>,
        field: &str,
    ) -> Option<Secret> {
        let secret = self.any_secret(secrets, name, field)?;
        if !holds_private_key(secret.expose_secret()) {
            self.wrong(
                field,
                "names no private key; expected one in PEM (`PRIVATE KEY`), and a client secret, a token or a \
                 password in a field `client_secret` or `secret`",
            );
            return None;
        }
        Some(secret)
    }

    fn any_secret(
        &mut self,
        secrets: &Secrets,
        name: Option<&String>,
        field: &str,
    ) -> Option<Secret> {
        let own = format!("`secrets/{}/<name>`", self.parameter);
        let Some(name) = name else {
            let message = format!("is missing; expected the name of a secret, <name> of {own}");
            self.wrong(field, &message);
            return None;
        };
        let secret = secrets.find(name).cloned();
        if secret.is_none() {
            let message = format!(
                "names no secret that is there for it; expected <name> of a parameter {own}, alone, and \
                 never the secret itself"
            );
            self.wrong(field, &message);
        }
        secret
    }

    /// A number within its bounds, or else its default.
    pub(crate) fn bounded(&mut self, value: Option<u64>, bounds: &Bounds, field: &str) -> u64 {
        let Bounds {
            least,
            most,
            default,
        } = *bounds;
        match value {
            None => default,
            Some(value) if (least..=most).contains(&value) => value,
            Some(_) => {
                self.wrong(field, &format!("expected a number from {least} to {most}"));
                default
            }
        }
    }

    /// Something is wrong with the document as a whole.
    pub(crate) fn whole(&mut self, message: &str) {
        self.wrong("", message);
    }
}
