//! Where settings are, and what the tool itself keeps on this machine.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::settings::source::{LoadError, Source};

use crate::failure::Failure;

/// The source of settings that `--settings` or the environment names, with the AWS credentials that
/// the AWS CLI would find.
pub(crate) fn source(name: Option<&str>) -> Result<Source, Failure> {
    let Some(name) = name else {
        return Err(
            Failure::usage("no settings are named").hint(
                "give --settings ssm:/path/of/parameters or --settings file:path.json, or set AUTHORIZER_SETTINGS",
            ),
        );
    };
    let http = HttpClient::new().map_err(|error| Failure::ours(error.to_string()))?;
    Source::parse_as_operator(name, &http).map_err(|_| {
        Failure::usage(format!("`{name}` names no source of settings"))
            .hint("expected ssm:/path/of/parameters or file:path.json")
    })
}

/// Why settings could not be read or written, and what to do.
pub(crate) fn failure(source: &Source, error: &LoadError) -> Failure {
    match error {
        LoadError::Invalid(problems) => Failure::no(format!("{source} is invalid: {problems}"))
            .hint("`atlauth settings check` shows a problem a line"),
        LoadError::File(_) => Failure::ours(format!("{source}: {error}")),
        _ => Failure::ours(format!("{source}: {error}")).hint(
            "`aws sts get-caller-identity` shows whose credentials these are; AWS_PROFILE and AWS_REGION choose \
             others",
        ),
    }
}

/// The folder for what the tool must remember from one run to the next.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = match (variable("XDG_STATE_HOME"), variable("HOME")) {
        (Some(state), _) => PathBuf::from(state),
        (None, Some(home)) => PathBuf::from(home).join(".local/state"),
        (None, None) => {
            return Err(Failure::ours("neither HOME nor XDG_STATE_HOME is set")
                .hint("set one of them: the values before a change are kept there"));
        }
    }
    .join("atlauth");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| file_failure(&folder, &error))?;
    Ok(folder)
}

/// Writes a file that nobody else may read, and that is either there whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let mut next = path.as_os_str().to_owned();
    next.push(format!(".{}.next", std::process::id()));
    let next = PathBuf::from(next);
    let write = || {
        // What an earlier run left behind may have other rights.
        match std::fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&next, path)
    };
    write().map_err(|error| file_failure(path, &error))
}

/// What the file system said of a file.
pub(crate) fn file_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::ours(format!("{}: {}", path.display(), error.kind()))
}
