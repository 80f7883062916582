//! Where settings come from: `ssm:/prefix` or `file:path`.

use std::env::VarError;
use std::fmt::{self, Write};
use std::path::PathBuf;

use thiserror::Error;

use crate::authenticate::api_token::TokenId;
use crate::http::{Deadline, HttpClient};
use crate::settings::problem::Problems;
use crate::settings::{Tree, file, ssm};
use crate::username::Username;
#[cfg(feature = "cli")]
use crate::{response::Options, settings::Settings};

/// The environment variable that names the source.
pub const VARIABLE: &str = "AUTHORIZER_SETTINGS";

/// Where settings are read from.
#[derive(Debug)]
pub enum Source {
    /// SSM Parameter Store, all parameters below a prefix.
    Ssm(ssm::SsmSource),
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

    /// The source of this name.
    ///
    /// # Errors
    ///
    /// As [`Source::from_env`].
    pub fn parse(name: &str, http: &HttpClient) -> Result<Self, SourceError> {
        Self::of(name, ssm::Who::Function, http)
    }

    fn of(name: &str, who: ssm::Who, http: &HttpClient) -> Result<Self, SourceError> {
        match name.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("ssm", prefix)) => ssm::SsmSource::new(prefix, who, http)
                .map(Self::Ssm)
                .ok_or(SourceError),
            _ => Err(SourceError),
        }
    }

    /// Reads all documents, within the deadline.
    pub(crate) async fn read(&self, deadline: Deadline) -> Result<Tree, LoadError> {
        match self {
            Self::Ssm(source) => source.read(deadline).await,
            Self::File(path) => file::read(path),
        }
    }

    /// Where records of a kind are, for messages.
    pub(crate) fn record_folder(&self, name: RecordName<'_>) -> String {
        match self {
            Self::Ssm(source) => format!("{}-{}", source.prefix(), name.folder()),
            Self::File(path) => file::record_folder(path, name.folder())
                .display()
                .to_string(),
        }
    }

    /// Reads one record: a parameter below `<prefix>-tokens` or `<prefix>-users`, or a file in the
    /// folder of that name beside the settings file. `None` where there is none.
    pub(crate) async fn read_record(
        &self,
        name: RecordName<'_>,
        deadline: Deadline,
    ) -> Result<Option<String>, LoadError> {
        match self {
            Self::Ssm(source) => source.read_record(name, deadline).await,
            Self::File(path) => if_there(std::fs::read_to_string(file::record_path(path, name))),
        }
    }
}

#[cfg(feature = "cli")]
impl Source {
    /// Reads and checks all settings, for an API Gateway that is set up as `options` says.
    ///
    /// # Errors
    ///
    /// When they can't be read, and all their problems when they have any.
    pub async fn load(&self, options: &Options) -> Result<Settings, LoadError> {
        let tree = self.read(Deadline::start()).await?;
        Settings::parse(&tree, options).map_err(LoadError::Invalid)
    }

    /// As [`Source::parse`], with the AWS credentials that the AWS CLI would find.
    ///
    /// # Errors
    ///
    /// As [`Source::parse`].
    pub fn parse_as_operator(name: &str, http: &HttpClient) -> Result<Self, SourceError> {
        Self::of(name, ssm::Who::Operator, http)
    }

    /// All documents, unchecked.
    ///
    /// # Errors
    ///
    /// When they can't be read.
    pub async fn tree(&self) -> Result<Tree, LoadError> {
        self.read(Deadline::start()).await
    }

    /// Writes the record of a new API token; an id that is taken is an error.
    pub(crate) async fn write_token(
        &self,
        id: &TokenId,
        record: &str,
        deadline: Deadline,
    ) -> Result<(), LoadError> {
        match self {
            Self::Ssm(source) => source.write_token(id, record, deadline).await,
            Self::File(path) => file::write_token(path, id, record),
        }
    }

    /// The ids and records of all API tokens.
    pub(crate) async fn token_records(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<(String, String)>, LoadError> {
        match self {
            Self::Ssm(source) => source.token_records(deadline).await,
            Self::File(path) => Ok(if_there(file::token_records(path))?.unwrap_or_default()),
        }
    }

    /// Writes a new record of an API token over the one before.
    pub(crate) async fn replace_token(
        &self,
        id: &TokenId,
        record: &str,
        deadline: Deadline,
    ) -> Result<(), LoadError> {
        match self {
            Self::Ssm(source) => source.replace_token(id, record, deadline).await,
            Self::File(path) => file::replace_token(path, id, record),
        }
    }

    /// Deletes the record of an API token; `false` where there is none.
    pub(crate) async fn delete_token(
        &self,
        id: &TokenId,
        deadline: Deadline,
    ) -> Result<bool, LoadError> {
        match self {
            Self::Ssm(source) => source.delete_token(id, deadline).await,
            Self::File(path) => {
                let removed = if_there(std::fs::remove_file(file::record_path(
                    path,
                    RecordName::ApiToken(id),
                )))?;
                Ok(removed.is_some())
            }
        }
    }
}

#[cfg(feature = "cli")]
impl Source {
    /// Reads all documents, for [`crate::settings::Settings::parse`].
    ///
    /// # Errors
    ///
    /// When the source can't be read; what is in the documents is not looked at.
    pub async fn documents(&self) -> Result<Tree, LoadError> {
        self.read(Deadline::start()).await
    }
}

/// What is stored beside the settings' tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RecordName<'n> {
    /// What is known of an API token.
    ApiToken(&'n TokenId),
    /// The credential of a user.
    User(&'n Username),
}

impl RecordName<'_> {
    /// What the folder's name ends with.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::ApiToken(_) => "tokens",
            Self::User(_) => "users",
        }
    }

    /// The last part of the name. SSM takes letters, digits, `.`, `-` and `_` there; of user names
    /// the rest is written as `_` and two hexadecimal digits, so that no two have the same.
    pub(crate) fn last_part(self) -> String {
        match self {
            Self::ApiToken(id) => id.as_str().to_owned(),
            Self::User(username) => {
                let mut name = String::new();
                for (index, byte) in username.as_str().bytes().enumerate() {
                    // A dot in front would hide a file, or lead out of the folder.
                    let plain =
                        byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'.' && index > 0);
                    if plain {
                        name.push(char::from(byte));
                    } else {
                        let _ = write!(name, "_{byte:02X}");
                    }
                }
                name
            }
        }
    }
}

/// A result of the file system, `None` where there is no such file.
fn if_there<T>(result: std::io::Result<T>) -> Result<Option<T>, LoadError> {
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
    "{VARIABLE} names no source of settings; expected `ssm:/path/of/parameters` or `file:path.json`"
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
