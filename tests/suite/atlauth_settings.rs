//! `atlauth settings`: the built tool, with files, moto's SSM and one that fails when told to.

mod check;
mod credentials;
mod init;
mod lint;
mod push;

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::support::Folder;
use crate::support::ssm::sdk_variables;

/// What every tree here keeps secret.
const SECRET: &str = "the-client-secret-of-the-operator";

/// A machine of an operator's: a home of its own, and maybe an SSM.
struct Operator {
    home: Folder,
    ssm: Option<String>,
}

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Operator {
    fn new(ssm: Option<&str>) -> Self {
        Self {
            home: Folder::new(),
            ssm: ssm.map(str::to_owned),
        }
    }

    /// The command `atlauth settings` with these arguments.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atlauth"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            .arg("settings")
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(url) = &self.ssm {
            command.envs(sdk_variables(url));
        }
        command
    }

    /// Runs the command, and looks for secrets in what it says.
    async fn says(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().await.unwrap();
        let said = Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        let mut secrets = vec![SECRET];
        secrets.extend(
            sdk_variables("")
                .into_iter()
                .skip(3)
                .map(|(_, value)| value),
        );
        for secret in secrets {
            assert!(!said.out.contains(secret), "{}", said.out);
            assert!(!said.err.contains(secret), "{}", said.err);
        }
        said
    }

    /// Writes a file of settings.
    fn file(&self, name: &str, settings: &Value) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, format!("{settings:#}")).unwrap();
        path.display().to_string()
    }

    /// The files that the tool keeps, and what is in them.
    fn kept(&self) -> Vec<(std::path::PathBuf, String)> {
        let folder = self.home.path().join(".local/state/atlauth");
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                (path, text)
            })
            .collect()
    }
}
