//! `atlauth` as a process: what it writes, line by line, and how it ends.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::support::Folder;

/// A running `atlauth login`.
pub struct Tool {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    written: String,
}

/// How it ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}", self.stderr))
    }

    /// Whether anything that it wrote holds this.
    pub fn tells(&self, secret: &str) -> bool {
        assert!(!secret.is_empty());
        self.stdout.contains(secret) || self.stderr.contains(secret)
    }
}

/// Where a test's tool keeps its token.
pub fn kept_in(folder: &Folder) -> PathBuf {
    folder.path().join("state/atlauth/token.json")
}

impl Tool {
    /// Starts it with an environment of its own, and this on its standard input.
    pub async fn start(folder: &Folder, settings: &str, arguments: &[&str], input: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_atlauth"))
            .arg("login")
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .env("AUTHORIZER_SETTINGS", settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self {
            child,
            stderr,
            written: String::new(),
        }
    }

    pub async fn run(folder: &Folder, settings: &str, arguments: &[&str]) -> Ended {
        Self::start(folder, settings, arguments, "")
            .await
            .end()
            .await
    }

    /// Waits for a line of standard error that has this in it, and returns the line.
    pub async fn line(&mut self, part: &str) -> String {
        let work = async {
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                self.written.push_str(&line);
                self.written.push('\n');
                if line.contains(part) {
                    return line.trim().to_owned();
                }
            }
            panic!("no line with {part}: {}", self.written);
        };
        let waited = tokio::time::timeout(Duration::from_mins(1), work).await;
        waited.expect("it says so within a minute")
    }

    pub async fn end(mut self) -> Ended {
        let work = async {
            let mut stdout = String::new();
            let mut out = self.child.stdout.take().unwrap();
            let (read, ()) = tokio::join!(out.read_to_string(&mut stdout), async {
                while let Some(line) = self.stderr.next_line().await.unwrap() {
                    self.written.push_str(&line);
                    self.written.push('\n');
                }
            });
            read.unwrap();
            let status = self.child.wait().await.unwrap();
            Ended {
                code: status.code().expect("no signal"),
                stdout,
                stderr: self.written,
            }
        };
        let ended = tokio::time::timeout(Duration::from_mins(1), work).await;
        ended.expect("it ends within a minute")
    }
}
