//! Cargo, as a test starts it: the one that runs the test, on this workspace.

use std::process::{Command, Stdio};

use crate::root;

/// What cargo tells a test of the package that it belongs to. A build script that saw it would
/// build something else.
const OF_A_PACKAGE: [&str; 6] = [
    "CARGO_BIN_",
    "CARGO_CFG_",
    "CARGO_CRATE_",
    "CARGO_FEATURE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
];

/// A command of cargo in the workspace's folder, whose errors whoever runs the tests sees.
pub fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root())
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_A_PACKAGE.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}
