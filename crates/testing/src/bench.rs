//! What benchmarks share: the function as a process under measurement, its events, and medians.

use std::path::Path;
use std::process::Stdio;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, setpriority_process};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::runtime_api::RuntimeApi;
use crate::ssm::PREFIX;
use crate::undo::Undo;

/// A started function.
pub struct Function {
    /// What sends it events.
    pub api: RuntimeApi,
    /// When it was started.
    pub started: Instant,
    child: Child,
    _undo: Undo,
}

impl Function {
    /// Starts a program with the variables that Lambda gives a function, and with settings from
    /// SSM; `adapt` says what else it needs.
    pub async fn start(program: &Path, place: Place, adapt: impl FnOnce(&mut Command)) -> Self {
        let api = RuntimeApi::start().await;
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(api.variables())
            .env("AUTHORIZER_SETTINGS", format!("ssm:{PREFIX}"))
            // As the template has it: each answer is about one request.
            .env("AUTHORIZER_CACHE_SECONDS", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if std::env::var_os("SHOW_ERRORS").is_some() {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .kill_on_drop(true);
        adapt(&mut command);
        let (started, child) = place.start(|| (Instant::now(), command.spawn().unwrap()));
        let pid = pid_of(&child);
        Self {
            api,
            started,
            child,
            // Before the child is reaped, so the number is still its own.
            _undo: Undo::with(move || {
                let _ = kill_process(pid, Signal::KILL);
            }),
        }
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        pid_of(&self.child)
    }

    /// Sends an event: whether the answer is an error, and its text.
    pub async fn invoke(&self, event: &str) -> (bool, String) {
        let (failed, body) = self.api.invoke_raw(event.to_owned()).await;
        (failed, String::from_utf8_lossy(&body).into_owned())
    }

    /// Sends an event that must be allowed, and returns how long the answer took.
    pub async fn allowed(&self, event: &str) -> Duration {
        let sent = Instant::now();
        let (failed, body) = self.invoke(event).await;
        let took = sent.elapsed();
        assert!(!failed && body.contains("\"Allow\""), "{body}");
        took
    }

    /// Time on a core up to now.
    pub fn cpu(&self) -> Duration {
        Scheduled::of(self.pid()).expect("the function runs").ran
    }

    /// The most memory that it has held.
    pub fn peak_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).unwrap();
        let mut lines = status.lines();
        let line = lines.find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// On which cores something is started.
#[derive(Clone, Copy)]
pub enum Place {
    /// On any.
    Anywhere,
    /// On this many, but for the first: it is the driver's, which must neither starve nor be starved.
    Apart(usize),
}

impl Place {
    /// Keeps the first core to the calling thread, and to what it starts elsewhere than in this place.
    pub fn apart() -> Self {
        let cores = std::thread::available_parallelism().unwrap().get();
        pin_thread([0]);
        // What else this machine does takes nothing from either, where we have the right to say so.
        let _ = setpriority_process(None, -20);
        Self::Apart(cores)
    }

    /// Starts something in this place.
    pub fn start<T>(self, start: impl FnOnce() -> T) -> T {
        match self {
            Self::Anywhere | Self::Apart(1) => start(),
            Self::Apart(cores) => {
                // Whoever is started begins where its starter runs.
                pin_thread(1..cores);
                let started = start();
                pin_thread([0]);
                started
            }
        }
    }
}

fn pid_of(child: &Child) -> Pid {
    let pid = child.id().expect("the function runs");
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// What the kernel's scheduler has counted of a process, all threads together.
#[derive(Clone, Copy, Default)]
pub struct Scheduled {
    /// Time on a core.
    pub ran: Duration,
    /// Time in which it could have run, while something else did.
    pub waited: Duration,
}

impl Scheduled {
    /// Up to now; `None` once the process has ended.
    pub fn of(process: Pid) -> Option<Self> {
        let mut all = Self::default();
        for task in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            let mut numbers = text.split(' ').map(str::parse);
            all.ran += Duration::from_nanos(numbers.next()?.ok()?);
            all.waited += Duration::from_nanos(numbers.next()?.ok()?);
        }
        Some(all)
    }
}

/// Binds the calling thread, and what it starts from now on, to some cores.
fn pin_thread(cores: impl IntoIterator<Item = usize>) {
    sched_setaffinity(None, &set(cores)).unwrap();
}

/// Binds all threads of a process to the first core.
pub fn pin(process: Pid) {
    for task in std::fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        let name = task.unwrap().file_name();
        let thread = name.to_str().unwrap().parse().unwrap();
        sched_setaffinity(Pid::from_raw(thread), &set([0])).unwrap();
    }
}

fn set(cores: impl IntoIterator<Item = usize>) -> CpuSet {
    let mut set = CpuSet::new();
    cores.into_iter().for_each(|core| set.set(core));
    set
}

/// The median; of an even number of values, the upper of the two in the middle.
pub fn median<T: Copy + PartialOrd>(values: &[T]) -> T {
    let mut values = values.to_vec();
    values.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    values[values.len() / 2]
}

/// What follows an option on the command line.
pub fn option<T: FromStr>(name: &str, default: T) -> T {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    let value = arguments.nth(1);
    value.map_or(default, |value| {
        let Ok(value) = value.parse() else {
            panic!("{name}: {value} is no value for it");
        };
        value
    })
}

/// A REST REQUEST event as API Gateway sends it, with the headers of a usual client.
pub fn event(token: &str) -> String {
    let headers = json!({
        "Accept": "application/json", "Accept-Encoding": "gzip, deflate", "Authorization": format!("Bearer {token}"),
        "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com", "User-Agent": "python-requests/2.34.2",
        "X-Amzn-Trace-Id": "Root=1-5e1b4151-5ac6c58f3375aa3c7c6b73c9", "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
    });
    let many: serde_json::Map<String, Value> = headers
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect();
    json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/rest/api/2/issue/A-1",
        "resource": "/{proxy+}", "path": "/rest/api/2/issue/A-1", "httpMethod": "GET",
        "headers": headers, "multiValueHeaders": many,
        "queryStringParameters": {"fields": "summary"}, "multiValueQueryStringParameters": {"fields": ["summary"]},
        "pathParameters": {"proxy": "rest/api/2/issue/A-1"}, "stageVariables": {},
        "requestContext": {
            "resourceId": "a1b2c3", "resourcePath": "/{proxy+}", "httpMethod": "GET", "path": "/prod/rest/api/2/issue/A-1",
            "accountId": "123456789012", "stage": "prod", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "apiId": "abcdef1234", "identity": {"sourceIp": "203.0.113.7", "userAgent": "python-requests/2.34.2"},
        },
    })
    .to_string()
}
