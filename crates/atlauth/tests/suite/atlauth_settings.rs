//! `atlauth settings`: the built tool, with files, moto's SSM and one that fails when told to.

mod check;
mod credentials;
mod init;
mod lint;
mod public_routes;
mod push;

use serde_json::Value;

use testing::Folder;
use testing::atlauth::{Atlauth, Said};
use testing::ssm::sdk_variables;

use crate::atlauth;

/// What every tree here keeps secret.
const SECRET: &str = "the-client-secret-of-the-operator";

/// A machine of an operator's: a home of its own, and maybe an SSM.
struct Operator {
    home: Folder,
    ssm: Option<String>,
}

impl Operator {
    fn new(ssm: Option<&str>) -> Self {
        Self {
            home: Folder::new(),
            ssm: ssm.map(str::to_owned),
        }
    }

    /// The command `atlauth settings` with these arguments.
    fn command(&self, arguments: &[&str]) -> Atlauth {
        let command = atlauth("settings")
            .env("HOME", self.home.path())
            .args(arguments);
        match &self.ssm {
            Some(url) => command.envs(sdk_variables(url)),
            None => command,
        }
    }

    /// Runs the command, and looks for secrets in what it says.
    async fn says(&self, arguments: &[&str]) -> Said {
        let said = self.command(arguments).end("").await;
        let mut secrets = vec![SECRET];
        secrets.extend(
            sdk_variables("")
                .into_iter()
                .skip(3)
                .map(|(_, value)| value),
        );
        for secret in secrets {
            assert!(!said.stdout.contains(secret), "{}", said.stdout);
            assert!(!said.stderr.contains(secret), "{}", said.stderr);
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
