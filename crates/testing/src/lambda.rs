//! The Lambda binary as a process, between a Runtime API and its captured output.

mod binary;

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::runtime_api::{Answer, RuntimeApi};

/// A running function. When it is dropped, it is stopped, and its output is searched for every
/// credential that it was ever sent.
pub struct Lambda {
    api: RuntimeApi,
    child: Child,
    output: Arc<Mutex<String>>,
    secrets: Mutex<Vec<String>>,
    /// How many events were answered: each has an audit line.
    answered: AtomicUsize,
}

impl Lambda {
    /// Starts the function with these settings and variables, and nothing else from outside. Its API
    /// finds answers by route, as the template's does, unless a variable says something else.
    pub async fn start(settings: &str, variables: &[(&str, &str)]) -> Self {
        let api = RuntimeApi::start().await;
        let mut command = Command::new(binary::path());
        command
            .env_clear()
            .envs(api.variables())
            // The lowest level: what is not logged now never is.
            .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
            .env("RUST_LOG", "trace")
            .env("AUTHORIZER_SETTINGS", settings)
            .env("AUTHORIZER_CACHE_KEY", "route")
            .env("AUTHORIZER_CACHED_BY_SOURCE_IP", "true")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &output);
        collect(child.stderr.take().unwrap(), &output);
        Self {
            api,
            child,
            output,
            secrets: Mutex::default(),
            answered: AtomicUsize::new(0),
        }
    }

    /// A text that must never be in the output.
    pub fn keep_secret(&self, secret: &str) {
        if secret.len() >= 6 {
            self.secrets.lock().unwrap().push(secret.to_owned());
        }
    }

    /// Sends an event, and waits for the answer.
    pub async fn invoke(&self, event: &Value) -> Answer {
        self.remember_credentials(event);
        self.answer(event.to_string().into_bytes()).await
    }

    /// Sends any bytes as an event, and waits for the answer.
    pub async fn invoke_text(&self, event: impl Into<Vec<u8>>) -> Answer {
        self.answer(event.into()).await
    }

    async fn answer(&self, event: Vec<u8>) -> Answer {
        let answer = self.api.invoke(event).await;
        self.answered.fetch_add(1, Ordering::SeqCst);
        answer
    }

    /// The most events that the function has had at once.
    pub fn most_in_flight(&self) -> usize {
        self.api.most_in_flight()
    }

    /// The output up to now.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// The audit line of the last decision, once it is there.
    pub async fn audit(&self) -> Value {
        self.audits().await.pop().expect("an audit line")
    }

    /// All audit lines, once the last can have arrived: they come by a pipe, beside the answers.
    pub async fn audits(&self) -> Vec<Value> {
        let mut lines = Vec::new();
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            lines = self
                .output()
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .filter(|line| line["event"] == "decision")
                .collect();
            if lines.len() >= self.answered.load(Ordering::SeqCst) {
                break;
            }
        }
        lines
    }

    /// Sends an event that must be refused with a 401, and returns the code of its audit line.
    pub async fn denied(&self, event: &Value) -> String {
        let answer = self.invoke(event).await;
        let error = answer.expect_err("a denial");
        assert_eq!(error.error_message, "Unauthorized");
        self.audit().await["code"].as_str().unwrap().to_owned()
    }

    /// Sends an event that must fail with a 500, and returns the code of its audit line.
    pub async fn failed(&self, event: &Value) -> String {
        let error = self.invoke(event).await.expect_err("a fault");
        assert!(
            error.error_message.starts_with("no decision: "),
            "{error:?}"
        );
        self.audit().await["code"].as_str().unwrap().to_owned()
    }

    /// Sends an event that must be allowed, and returns the username.
    pub async fn allowed(&self, event: &Value) -> String {
        let answer = self.invoke(event).await.expect("an answer");
        assert_eq!(self.audit().await["outcome"], "allowed");
        answer["context"]["username"].as_str().unwrap().to_owned()
    }

    /// The exit status, of a function that should end by itself.
    pub async fn exit(&mut self) -> Option<i32> {
        let status = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        status.expect("the function ends").unwrap().code()
    }

    /// Everything after a scheme in any string of an event is a credential, and so is each part
    /// of a token.
    fn remember_credentials(&self, event: &Value) {
        match event {
            Value::String(text) => {
                let scheme = text.split(' ').next().unwrap_or_default();
                if ["bearer", "basic", "digest"].contains(&scheme.to_ascii_lowercase().as_str()) {
                    let credential = text[scheme.len()..].trim();
                    self.keep_secret(credential);
                    credential
                        .split('.')
                        .for_each(|part| self.keep_secret(part));
                }
            }
            Value::Array(items) => items
                .iter()
                .for_each(|item| self.remember_credentials(item)),
            Value::Object(members) => {
                members
                    .values()
                    .for_each(|member| self.remember_credentials(member));
            }
            _ => {}
        }
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("output of the function:\n{}", self.output());
            return;
        }
        let output = self.output();
        for secret in self.secrets.lock().unwrap().iter() {
            assert!(
                !output.contains(secret),
                "the output holds a secret:\n{output}"
            );
        }
        assert!(!output.contains("panicked"), "{output}");
    }
}

fn collect(stream: impl AsyncRead + Send + Unpin + 'static, output: &Arc<Mutex<String>>) {
    let output = Arc::clone(output);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut output = output.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    });
}
