//! Why a command did not do what it was asked to.

use std::io::ErrorKind;

use atlassian_authorizer::random::RandomError;

/// The exit code where the answer is no.
const NEGATIVE: u8 = 1;
/// The exit code of a wrong command line.
pub(crate) const USAGE: u8 = 2;
/// The exit code where there is no answer.
const UNAVAILABLE: u8 = 3;

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
        Self::new(message, NEGATIVE)
    }

    /// The command line asks for what makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message, USAGE)
    }

    /// It could not be found out.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(message, UNAVAILABLE)
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

/// An error of the file system, as people say it.
pub(crate) fn in_words(error: &std::io::Error) -> String {
    kind_in_words(error.kind()).map_or_else(|| error.to_string(), str::to_owned)
}

/// As [`in_words`], by the kind of error alone.
pub(crate) fn kind_in_words(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "there is no such file",
        ErrorKind::PermissionDenied => "you may not read or write it",
        ErrorKind::IsADirectory => "it is a folder, and not a file",
        ErrorKind::NotADirectory => "a part of its path is a file, and not a folder",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::InvalidData => "it is not UTF-8 text",
        _ => return None,
    })
}
