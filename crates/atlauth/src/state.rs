//! What the tool itself keeps on this machine.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder for what the tool must remember from one run to the next.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    // A relative path is to be ignored, says the XDG Base Directory Specification.
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))
        .ok_or_else(|| {
            Failure::unavailable("neither HOME nor XDG_STATE_HOME is set")
                .hint("set one of them: the tool stores its state there")
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
    Failure::unavailable(format!("{}: {}", path.display(), error.kind()))
}
