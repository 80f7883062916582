//! `atlauth login` with a state folder of its own.

use std::path::PathBuf;

use testing::Folder;
use testing::atlauth::{Running, Said};

use crate::atlauth;

/// Where a test's tool keeps its token.
pub fn kept_in(folder: &Folder) -> PathBuf {
    folder.path().join("state/atlauth/token.json")
}

/// Starts it with this on its standard input.
pub async fn start(folder: &Folder, settings: &str, arguments: &[&str], input: &str) -> Running {
    atlauth("login")
        .args(arguments)
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .settings(settings)
        .start(input)
        .await
}

/// Runs it to its end.
pub async fn run(folder: &Folder, settings: &str, arguments: &[&str]) -> Said {
    start(folder, settings, arguments, "").await.end().await
}
