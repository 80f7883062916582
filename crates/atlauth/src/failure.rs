//! Why a command did not do what it was asked to.

use atlassian_authorizer::random::RandomError;

/// What went wrong, and what to do next. Never holds a secret.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// It is not so: refused, invalid, different.
    pub(crate) fn negative(message: impl Into<String>) -> Self {
        Self::new(message, 1)
    }

    /// The command line asks for what makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message, 2)
    }

    /// It could not be found out.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(message, 3)
    }

    /// With what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn new(message: impl Into<String>, code: u8) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code,
        }
    }

    /// What went wrong; empty where the command has said it all.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do next.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        Self::unavailable(error.to_string())
    }
}
