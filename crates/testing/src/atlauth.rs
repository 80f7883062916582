//! The operator's tool as a process: a command in an environment of its own, run to its end or kept
//! running.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::task::JoinHandle;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command of the tool in an environment without anything else.
#[must_use = "it does nothing until it is run"]
pub struct Atlauth(Command);

/// What it said, and how it ended.
pub struct Said {
    /// Its result.
    pub stdout: String,
    /// All else that it wrote.
    pub stderr: String,
    /// Its exit code.
    pub code: i32,
}

/// A command that runs; stopped with the test.
pub struct Running {
    child: Child,
    stdout: Collected,
    stderr: Collected,
}

/// What a stream has brought up to now, and how many of its lines a test has waited for.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    seen: usize,
    task: JoinHandle<()>,
}

impl Atlauth {
    /// With these words, separated by spaces. The binary is `env!("CARGO_BIN_EXE_atlauth")`, which
    /// is there in the tests of its own package alone.
    pub fn new(binary: &str, words: &str) -> Self {
        let mut command = Command::new(binary);
        command.env_clear().args(words.split_whitespace());
        Self(command)
    }

    /// With a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// With variables.
    pub fn envs(mut self, variables: Vec<(&str, &str)>) -> Self {
        self.0.envs(variables);
        self
    }

    /// With the settings that this names.
    pub fn settings(self, settings: &str) -> Self {
        self.env("AUTHORIZER_SETTINGS", settings)
    }

    /// With one more argument.
    pub fn arg(mut self, value: impl AsRef<OsStr>) -> Self {
        self.0.arg(value);
        self
    }

    /// With more arguments.
    pub fn args(mut self, values: &[&str]) -> Self {
        self.0.args(values);
        self
    }

    /// Runs it to its end with this on standard input. Blocks the thread meanwhile.
    pub fn run(mut self, input: &str) -> Said {
        use std::io::Write;
        let mut child = self.piped().spawn().unwrap();
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
            code: status.code().expect("no signal"),
        }
    }

    /// Starts it with this on standard input.
    pub async fn start(mut self, input: &str) -> Running {
        self.piped();
        let mut command = tokio::process::Command::from(self.0);
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        // It may not read any.
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        Running {
            stdout: Collected::of(child.stdout.take().unwrap()),
            stderr: Collected::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// As [`Atlauth::run`], while the test's own servers go on.
    pub async fn end(self, input: &str) -> Said {
        self.start(input).await.end().await
    }

    fn piped(&mut self) -> &mut Command {
        self.0
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
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

    /// Whether anything that it said holds this.
    pub fn tells(&self, secret: &str) -> bool {
        assert!(!secret.is_empty());
        self.stdout.contains(secret) || self.stderr.contains(secret)
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

impl Running {
    /// What it has printed up to now.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has said on standard error up to now.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits for a line of the result that has this in it, behind the one that was waited for last.
    pub async fn printed(&mut self, part: &str) -> String {
        let found = self.stdout.line(part).await;
        found.unwrap_or_else(|| panic!("no line with {part}: {}{}", self.stdout(), self.stderr()))
    }

    /// Waits for a line of standard error that has this in it, behind the one that was waited for
    /// last.
    pub async fn said(&mut self, part: &str) -> String {
        let found = self.stderr.line(part).await;
        found.unwrap_or_else(|| panic!("no line with {part}: {}{}", self.stdout(), self.stderr()))
    }

    /// All lines that it has printed up to now, once there are so many.
    pub async fn printed_lines(&self, count: usize) -> Vec<String> {
        let work = async {
            loop {
                let text = self.stdout();
                let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
                let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
                if lines.len() >= count {
                    return lines;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, work).await;
        waited.unwrap_or_else(|_| panic!("no {count} lines: {}{}", self.stdout(), self.stderr()))
    }

    /// Waits for its end.
    pub async fn end(mut self) -> Said {
        let ended = tokio::time::timeout(PATIENCE, async {
            self.stdout.end().await;
            self.stderr.end().await;
            self.child.wait().await.unwrap()
        });
        let status = ended.await.expect("it ends within a minute");
        Said {
            stdout: self.stdout(),
            stderr: self.stderr(),
            code: status.code().expect("no signal"),
        }
    }

    /// Presses Ctrl-C.
    pub async fn interrupt(&self) {
        let id = self.id().to_string();
        let mut kill = tokio::process::Command::new("kill");
        assert!(kill.args(["-INT", &id]).status().await.unwrap().success());
    }

    /// The most memory that it ever held, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
        kilobytes.parse::<u64>().unwrap() * 1_024
    }

    fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }
}

impl Collected {
    fn of(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&bytes);
        let task = tokio::spawn(async move {
            let mut piece = [0; 8_192];
            while let Ok(count @ 1..) = stream.read(&mut piece).await {
                collected.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Self {
            bytes,
            seen: 0,
            task,
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// The next whole line that has this in it; `None` where the stream ends before.
    async fn line(&mut self, part: &str) -> Option<String> {
        let work = async {
            loop {
                // Asked first: what comes between the two questions is read on the next turn.
                let is_done = self.task.is_finished();
                let text = self.text();
                let whole = text.split_inclusive('\n').skip(self.seen);
                for line in whole.filter(|line| line.ends_with('\n') || is_done) {
                    self.seen += 1;
                    if line.contains(part) {
                        return Some(line.trim().to_owned());
                    }
                }
                if is_done {
                    return None;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, work).await;
        waited.expect("it says so within a minute")
    }

    async fn end(&mut self) {
        if !self.task.is_finished() {
            (&mut self.task).await.unwrap();
        }
    }
}
