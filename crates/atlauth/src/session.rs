//! The token of the last login, kept for the commands that take one.
//!
//! It is a file that its owner alone may read, written whole or not at all. Nothing else is kept:
//! no refresh token, no client secret.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use atlassian_authorizer::clock::{Clock, SystemClock, UnixTime};
use atlassian_authorizer::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::private_file::{self, Existing};
use crate::state;

/// What is in the file.
#[derive(Deserialize, Serialize)]
struct Stored {
    token: String,
    /// The provider's id in the settings.
    provider: String,
    /// Seconds since 1970; missing where nobody has said.
    expires: Option<u64>,
}

/// Keeps a token in place of the one before, and returns where.
pub(crate) fn store(
    token: &Secret,
    provider: &str,
    expires: Option<UnixTime>,
) -> Result<PathBuf, Failure> {
    let path = path()?;
    let stored = Stored {
        token: token.expose_secret().to_owned(),
        provider: provider.to_owned(),
        expires: expires.map(UnixTime::as_secs),
    };
    let text =
        serde_json::to_vec(&stored).map_err(|error| Failure::unavailable(error.to_string()))?;
    private_file::write(&path, &text, Existing::Replace)?;
    Ok(path)
}

/// The token that is kept; `None` where there is none.
///
/// # Errors
///
/// When it has expired, or can't be read, or others may read it too.
pub(crate) fn stored_token() -> Result<Option<Secret>, Failure> {
    let path = path()?;
    let text = match private(&path).and_then(|()| fs::read(&path)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", &path, &error)),
    };
    let stored: Stored = serde_json::from_slice(&text).map_err(|_| {
        Failure::unavailable(format!("{} holds no token", path.display()))
            .hint("delete it with `atlauth login --forget`, and log in again")
    })?;
    let now = SystemClock.now().as_secs();
    if let Some(expires) = stored.expires.filter(|expires| *expires <= now) {
        let when = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(expires));
        let when = when.map(|when| humantime::format_rfc3339_seconds(when).to_string());
        return Err(Failure::negative(format!(
            "the stored token expired at {}",
            when.unwrap_or_default()
        ))
        .hint(format!("log in again: `atlauth login {}`", stored.provider)));
    }
    Ok(Some(Secret::new(&stored.token)))
}

/// Removes the token; `false` where there was none.
pub(crate) fn forget() -> Result<bool, Failure> {
    let path = path()?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(cannot("removed", &path, &error)),
    }
}

fn path() -> Result<PathBuf, Failure> {
    Ok(state::state_folder()?.join("token.json"))
}

/// Refuses a file that others may read: somebody has loosened it, and may have read it.
fn private(path: &Path) -> io::Result<()> {
    let others = fs::metadata(path)?.permissions().mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        ErrorKind::PermissionDenied,
        "users other than its owner can read it",
    ))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::unavailable(format!(
        "the token in {} could not be {what}: {error}",
        path.display()
    ))
    .hint("delete it with `atlauth login --forget`, or get a token with --print-token")
}
