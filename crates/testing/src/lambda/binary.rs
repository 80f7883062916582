//! The Lambda's binary, built as it is deployed: with its own features alone.
//!
//! A build of the workspace unifies features: the binary in it has those that the operator's tool
//! and the tests ask for. So this one is built by itself.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::cargo::cargo;

const PACKAGE: &str = "atlassian-authorizer";

/// How long the binary of an earlier build is kept: longer than any run takes.
const KEPT: Duration = Duration::from_hours(24);

/// The binary, built once in a process.
pub(super) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| private(&build()))
}

/// Builds the binary, and returns where cargo put it.
fn build() -> PathBuf {
    let mut command = cargo(&["build", "--locked", "--message-format=json"]);
    command.args(["-p", PACKAGE, "--bin", PACKAGE]);
    let output = command.output().expect("cargo can be run");
    assert!(
        output.status.success(),
        "`cargo build -p {PACKAGE}` failed: what it said stands above"
    );
    let messages = String::from_utf8(output.stdout).unwrap();
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == PACKAGE)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.expect("cargo names the binary that it built")
}

/// A copy that no later build replaces while tests run it, shared by all runs of one build.
fn private(built: &Path) -> PathBuf {
    let target = built.ancestors().nth(2).expect("it lies in target/debug");
    let folder = target.join("tmp").join("lambda");
    std::fs::create_dir_all(&folder).unwrap();
    remove_old(&folder);
    let time = std::fs::metadata(built).unwrap().modified().unwrap();
    let time = time.duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let path = folder.join(format!("{PACKAGE}-{time}"));
    if !path.exists() {
        // Renamed into place, so that nobody runs half of it.
        let part = folder.join(format!("{PACKAGE}-{time}.{}", std::process::id()));
        std::fs::copy(built, &part).unwrap();
        std::fs::rename(part, &path).unwrap();
    }
    path
}

fn remove_old(folder: &Path) {
    let old = SystemTime::now().checked_sub(KEPT).unwrap();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let time = entry.metadata().and_then(|data| data.modified());
        if time.is_ok_and(|time| time < old) {
            // Another process may have done it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
