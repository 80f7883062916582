//! Where settings and records are read from: `ssm:/prefix` or `file:path`.
//!
//! Reading is all that the Lambda does; its role can do nothing else.

mod file;
mod folder;
mod record;
pub mod records;
mod ssm;

use std::env::VarError;
use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::document::Tree;
use crate::document::problem::Problems;
use crate::http::{Counters, Deadline, HttpClient};
pub use file::{record_folder, record_path};
pub use folder::FOLDERS;
pub use record::RecordName;
pub use ssm::{
    FIRST_WINDOW, LAST_CALL, LEAST_WINDOW, MOST_THROTTLED, SsmSource, WhenThrottled, load_error,
    sdk_http,
};

/// The environment variable that names the source.
pub const VARIABLE: &str = "AUTHORIZER_SETTINGS";

/// Where settings are read from.
#[derive(Clone, Debug)]
pub enum Source {
    /// SSM Parameter Store, all parameters below a prefix.
    Ssm(SsmSource),
    /// One JSON file with the same tree.
    File(PathBuf),
}

impl Source {
    /// The source that [`VARIABLE`] names.
    ///
    /// # Errors
    ///
    /// What is wrong with the variable, and what would be right.
    pub fn from_env(http: &HttpClient) -> Result<Self, SourceError> {
        match std::env::var(VARIABLE) {
            Ok(value) => Self::parse(&value, http),
            Err(VarError::NotPresent | VarError::NotUnicode(_)) => Err(SourceError),
        }
    }

    /// The source of this name, with the AWS credentials that a Lambda function has.
    ///
    /// # Errors
    ///
    /// As [`Source::from_env`].
    pub fn parse(name: &str, http: &HttpClient) -> Result<Self, SourceError> {
        match name.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("ssm", prefix)) => SsmSource::new(prefix, http)
                .map(Self::Ssm)
                .ok_or(SourceError),
            _ => Err(SourceError),
        }
    }

    /// Reads all documents within the deadline, each as it is written. What SSM refuses for its rate is
    /// counted in `ssm_throttles`. A file is read at once, whatever the deadline.
    ///
    /// # Errors
    ///
    /// When they can't be read, and [`LoadError::Invalid`] where documents can't be distinguished.
    pub async fn read(
        &self,
        deadline: Deadline,
        when_throttled: WhenThrottled,
        counters: &Counters,
    ) -> Result<Tree, LoadError> {
        let found = self.find(deadline, when_throttled, counters).await?;
        found.whole()?;
        Ok(found.tree)
    }

    /// As [`Source::read`], where documents that can be distinguished are useful without the
    /// others.
    ///
    /// # Errors
    ///
    /// When they can't be read.
    pub(crate) async fn find(
        &self,
        deadline: Deadline,
        when_throttled: WhenThrottled,
        counters: &Counters,
    ) -> Result<Found, LoadError> {
        match self {
            Self::Ssm(source) => source.read(deadline, when_throttled, counters).await,
            Self::File(path) => file::read(path),
        }
    }

    /// Where records of a kind are, for messages.
    pub(crate) fn record_folder(&self, name: &RecordName) -> String {
        match self {
            Self::Ssm(source) => format!("{}-{}", source.prefix(), name.folder()),
            Self::File(path) => record_folder(path, name.folder()).display().to_string(),
        }
    }

    /// Reads one record: a parameter below `<prefix>-tokens` or `<prefix>-users`, or a file in the
    /// folder of that name beside the settings file. `None` where there is none.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub async fn read_record(
        &self,
        name: &RecordName,
        deadline: Deadline,
        counters: &Counters,
    ) -> Result<Option<String>, LoadError> {
        match self {
            Self::Ssm(source) => source.read_record(name, deadline, counters).await,
            Self::File(path) => if_there(std::fs::read_to_string(record_path(path, name))),
        }
    }
}

/// Documents, as far as they can be distinguished.
pub(crate) struct Found {
    /// The documents.
    pub(crate) tree: Tree,
    /// What is wrong with the rest.
    pub(crate) problems: Problems,
}

impl Found {
    /// The documents, where these are all.
    ///
    /// # Errors
    ///
    /// [`LoadError::Invalid`].
    pub(crate) fn whole(&self) -> Result<&Tree, LoadError> {
        let problems = self.problems.clone();
        problems.or(&self.tree).map_err(LoadError::Invalid)
    }
}

/// A result of the file system, `None` where there is no such file.
///
/// # Errors
///
/// [`LoadError::File`].
pub fn if_there<T>(result: std::io::Result<T>) -> Result<Option<T>, LoadError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LoadError::File(error.kind())),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssm(source) => write!(formatter, "ssm:{}", source.prefix()),
            Self::File(path) => write!(formatter, "file:{}", path.display()),
        }
    }
}

/// [`VARIABLE`] is missing or names no source.
#[derive(Clone, Copy, Debug, Error)]
#[error(
    "{VARIABLE} is not a source of settings; expected `ssm:/path/of/parameters` or `file:path.json`"
)]
pub struct SourceError;

/// Why settings could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// SSM did not answer, or refused.
    #[error("SSM could not be read: {0}")]
    Ssm(String),
    /// SSM did not finish in time.
    #[error("SSM did not answer in time")]
    SsmTimeout,
    /// A file could not be read.
    #[error("the file could not be read: {0}")]
    File(std::io::ErrorKind),
    /// The documents have problems.
    #[error("the settings are invalid: {0}")]
    Invalid(Problems),
}
