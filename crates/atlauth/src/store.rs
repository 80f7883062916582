//! Where settings are, and what the tool itself keeps on this machine.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::{LoadError, Source};

use crate::failure::Failure;

/// The source of settings that `--settings` or the environment names, with the AWS credentials that
/// the AWS CLI would find.
pub(crate) fn source(name: Option<&str>) -> Result<Source, Failure> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(
            Failure::usage("no settings are named").hint(
                "give --settings ssm:/path/of/parameters or --settings file:path.json, or set AUTHORIZER_SETTINGS",
            ),
        );
    };
    let http = HttpClient::new().map_err(|error| Failure::ours(error.to_string()))?;
    Source::parse_as_operator(name, &http).map_err(|_| {
        Failure::usage(format!("`{name}` names no source of settings"))
            .hint("expected ssm:/path/of/parameters or file:path.json, such as file:settings.json")
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

/// Nothing at all is below a prefix, or in a file.
pub(crate) fn nothing_there(source: &Source) -> Failure {
    Failure::ours(format!("there are no settings in {source}")).hint(
        "look at the path, and at the account and region that AWS_PROFILE and AWS_REGION choose",
    )
}

/// The folder for what the tool must remember from one run to the next.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    // A relative path is to be ignored, says the XDG Base Directory Specification.
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))
        .ok_or_else(|| {
            Failure::ours("neither HOME nor XDG_STATE_HOME is set")
                .hint("set one of them: what the tool must remember is kept there")
        })?;
    let folder = state.join("atlauth");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| file_failure(&folder, &error))?;
    // It may have been there, and open to others.
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700))
        .map_err(|error| file_failure(&folder, &error))?;
    Ok(folder)
}

/// What the file system said of a file.
pub(crate) fn file_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::ours(format!("{}: {}", path.display(), error.kind()))
}
