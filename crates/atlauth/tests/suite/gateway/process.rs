//! `atlauth local` as a process.

use std::sync::Mutex;

use serde_json::Value;
use testing::Folder;
use testing::atlauth::Running;

use crate::atlauth;

/// A running gateway. When it is dropped it is stopped, and its output searched for every token.
pub struct Local {
    pub url: String,
    pub folder: Folder,
    tool: Running,
    secrets: Mutex<Vec<String>>,
}

impl Local {
    /// Starts it on a free port, with its audit log in a file.
    pub async fn start(settings: &Value, upstreams: &[(&str, &str)], options: &[&str]) -> Self {
        let folder = Folder::new();
        let mut command = atlauth("local --port 0 --settings").arg(folder.settings(settings));
        for (product, url) in upstreams {
            command = command.args(&["--upstream", &format!("{product}={url}")]);
        }
        if !options.contains(&"--invoke-url") {
            command = command.arg("--audit").arg(folder.path().join("audit.log"));
        }
        let mut tool = command.args(options).start("").await;
        let line = tool.said(" -> ").await;
        let authority = line.split('/').nth(2).unwrap();
        let authority = authority.split(' ').next().unwrap();
        let url = format!("http://{authority}");
        tool.said("Listening").await;
        Self {
            url,
            folder,
            tool,
            secrets: Mutex::default(),
        }
    }

    pub fn keep_secret(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    /// The rows of requests up to now, once there are so many.
    pub async fn rows(&self, wanted: usize) -> Vec<String> {
        // The first line is their head.
        let mut lines = self.tool.printed_lines(wanted + 1).await;
        lines.split_off(1)
    }

    /// The audit lines up to now.
    pub fn audits(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What it has said beside its rows up to now.
    pub fn stderr(&self) -> String {
        self.tool.stderr()
    }

    /// The most memory that it ever held, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.tool.peak_memory()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let audit = std::fs::read_to_string(self.folder.path().join("audit.log"));
        let all = [
            self.tool.stdout(),
            self.tool.stderr(),
            audit.unwrap_or_default(),
        ]
        .concat();
        for secret in self.secrets.lock().unwrap().iter() {
            if !std::thread::panicking() {
                assert!(!all.contains(secret.as_str()), "a token is in the output");
            }
        }
    }
}
