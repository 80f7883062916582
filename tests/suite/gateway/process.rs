//! `atlauth local` as a process.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::support::Folder;

/// A running gateway. When it is dropped it is stopped, and its output searched for every token.
pub struct Local {
    pub url: String,
    pub folder: Folder,
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    errors: Arc<Mutex<Vec<String>>>,
    secrets: Mutex<Vec<String>>,
}

/// The tool with a clean environment.
pub fn atlauth() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlauth"));
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Local {
    /// Starts it on a free port, with its audit log in a file.
    pub async fn start(settings: &Value, upstreams: &[(&str, &str)], options: &[&str]) -> Self {
        let folder = Folder::new();
        let mut command = atlauth();
        command
            .args(["local", "--port", "0", "--settings"])
            .arg(folder.settings(settings));
        for (product, url) in upstreams {
            command.args(["--upstream", &format!("{product}={url}")]);
        }
        if !options.contains(&"--invoke-url") {
            command.arg("--audit").arg(folder.path().join("audit.log"));
        }
        let mut child = command.args(options).spawn().unwrap();
        let output = collect(child.stdout.take().unwrap());
        let errors = collect(child.stderr.take().unwrap());
        let mut local = Self {
            url: String::new(),
            folder,
            child,
            output,
            errors,
            secrets: Mutex::default(),
        };
        local.listening().await;
        local
    }

    async fn listening(&mut self) {
        for _ in 0..500 {
            let errors = self.errors();
            if errors.contains("Listening") {
                let line = errors.lines().find(|line| line.contains(" -> ")).unwrap();
                let authority = line.split('/').nth(2).unwrap();
                let authority = authority.split(' ').next().unwrap();
                self.url = format!("http://{authority}");
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{status}: {errors}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not listen: {}", self.errors());
    }

    pub fn keep_secret(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    pub fn errors(&self) -> String {
        self.errors.lock().unwrap().join("\n")
    }

    /// The rows of requests up to now, once there are so many.
    pub async fn rows(&self, wanted: usize) -> Vec<String> {
        for _ in 0..500 {
            let rows: Vec<String> = self
                .output
                .lock()
                .unwrap()
                .iter()
                .skip(1)
                .cloned()
                .collect();
            if rows.len() >= wanted {
                return rows;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {wanted} rows: {:?}", self.output.lock().unwrap());
    }

    /// The audit lines up to now.
    pub fn audits(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The most memory that it ever held, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let id = self.child.id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
        kilobytes.parse::<u64>().unwrap() * 1_024
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let output = self.output.lock().unwrap().join("\n");
        let errors = self.errors();
        let audit = std::fs::read_to_string(self.folder.path().join("audit.log"));
        let all = [output, errors, audit.unwrap_or_default()].concat();
        for secret in self.secrets.lock().unwrap().iter() {
            if !std::thread::panicking() {
                assert!(!all.contains(secret.as_str()), "a token is in the output");
            }
        }
    }
}

fn collect(stream: impl AsyncRead + Unpin + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&lines);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            collected.lock().unwrap().push(line);
        }
    });
    lines
}
