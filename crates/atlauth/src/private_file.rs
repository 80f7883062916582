//! Files that nobody else may read.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::{Failure, in_words};

/// What becomes of a file that already exists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Existing {
    /// It stays, and that is an error.
    Keep,
    /// It gives way.
    Replace,
}

/// Writes a file with the mode 0600, whole or not at all.
pub(crate) fn write(path: &Path, content: &[u8], existing: Existing) -> Result<(), Failure> {
    let mut next = path.as_os_str().to_owned();
    next.push(format!(".{}.next", std::process::id()));
    let next = Path::new(&next);
    let put = || {
        // What a killed process of the same number left behind may have other rights.
        let _ = std::fs::remove_file(next);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(next)?;
        file.write_all(content)?;
        file.sync_all()?;
        match existing {
            Existing::Replace => std::fs::rename(next, path),
            // A link fails where there is a file, and a renaming would not.
            Existing::Keep => std::fs::hard_link(next, path),
        }
    };
    let result = put();
    let _ = std::fs::remove_file(next);
    result.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format!("{} already exists", path.display()))
            .hint("give another file: nothing is overwritten"),
        _ => Failure::unavailable(format!(
            "{} could not be written: {}",
            path.display(),
            in_words(&error)
        )),
    })
}

/// Refuses a file that already exists, before any work is done for it.
pub(crate) fn refuse_existing(path: Option<&Path>, force: bool) -> Result<(), Failure> {
    match path.filter(|path| !force && path.exists()) {
        None => Ok(()),
        Some(path) => Err(Failure::usage(format!("{} already exists", path.display()))
            .hint("give --force to overwrite it")),
    }
}
