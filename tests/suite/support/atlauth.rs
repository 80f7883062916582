//! The operator's tool, as a process of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A command of the tool in an environment without anything else.
pub struct Atlauth(Command);

/// What it said.
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Atlauth {
    /// With these words, separated by spaces.
    pub fn new(words: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atlauth"));
        command.env_clear().args(words.split_whitespace());
        Self(command)
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// With the settings that this names.
    pub fn settings(self, settings: &str) -> Self {
        self.env("AUTHORIZER_SETTINGS", settings)
    }

    pub fn arg(mut self, value: &str) -> Self {
        self.0.arg(value);
        self
    }

    pub fn file(mut self, path: &Path) -> Self {
        self.0.arg(path);
        self
    }

    /// Runs it with this on standard input.
    pub fn run(mut self, input: &str) -> Said {
        use std::io::Write;
        let mut child = self
            .0
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may not read any.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        Said {
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
            code: status.code().unwrap(),
        }
    }
}

impl Said {
    /// The JSON document that it printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("{}{}", self.stdout, self.stderr))
    }

    /// All that it said, for a search.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// All that it printed, on one line.
    pub fn flat(&self) -> String {
        let words: Vec<&str> = self.stdout.split_whitespace().collect();
        words.join(" ")
    }

    /// Succeeds where no line is too long for a terminal, but for names and URLs, which can't be
    /// broken.
    pub fn fits(&self) {
        let folder = std::env::temp_dir().display().to_string();
        for line in self.stdout.lines() {
            let is_free = line.contains(&folder) || line.contains("https://");
            assert!(is_free || line.chars().count() <= 80, "{line}");
        }
    }
}
