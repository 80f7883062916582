//! Process-level comparison in one run: two bare handlers, ours, and two peers, each behind the
//! same Runtime API, with the same settings and keys on loopback.
//!
//! `make bench` builds and runs it. Every number is a median; CPU is the processes' own time on a
//! core, by the kernel's scheduler statistics, so it does not depend on how fast this driver is.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use testing::issuer::Issuer;
use testing::root;
use testing::runtime_api::RuntimeApi;
use testing::ssm::{FakeSsm, PREFIX, sdk_variables};
use testing::tokens::{SigningKey, access_claims};

const COLD_STARTS: usize = 31;
const WARM_UP: usize = 500;
const WARM: usize = 200;
const ROUNDS: usize = 25;
const DISTINCT: usize = 100_000;

/// A program under test, and how to start it.
struct Program {
    name: &'static str,
    command: PathBuf,
    arguments: Vec<String>,
    bare: bool,
}

/// What was measured of one program.
struct Measured {
    cold: Duration,
    new_token: Duration,
    known_token: Duration,
    peak_kib: u64,
}

struct World {
    issuer: Issuer,
    ssm: FakeSsm,
    key: SigningKey,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let root = root();
    let release = root.join("target/release");
    let key = SigningKey::generate("key", "RS256");
    let issuer = Issuer::start(&[&key]).await;
    let ssm = FakeSsm::start().await;
    ssm.put(&json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": issuer.url, "jwks_uri": issuer.jwks_uri(),
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read", "@write"]}]}},
    }));
    let world = World { issuer, ssm, key };

    let program = |name, command: PathBuf, arguments: &[&str], bare| Program {
        name,
        command,
        arguments: arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect(),
        bare,
    };
    let peers = root.join("tools/bench");
    let node_ric = peers.join("node_modules/.bin/aws-lambda-ric");
    let all = [
        program("bare handler", release.join("examples/bare"), &[], true),
        program(
            "bare + one RSA verification",
            release.join("examples/bare_verify"),
            &[],
            true,
        ),
        program(
            "atlassian-authorizer",
            release.join("atlassian-authorizer"),
            &[],
            false,
        ),
        program(
            "aws-jwt-verify, Node",
            "node".into(),
            &[node_ric.to_str().unwrap(), "peer.handler"],
            false,
        ),
        program(
            "PyJWT + boto3, Python",
            root.join(".tools/venv/bin/python"),
            &["-m", "awslambdaric", "peer.handler"],
            false,
        ),
    ];
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let programs: Vec<&Program> = all
        .iter()
        .filter(|program| program.bare || program.name.contains(&wanted))
        .collect();

    println!(
        "cold start to first answer, medians of {COLD_STARTS}; CPU per warm invocation, medians of {ROUNDS} x {WARM}"
    );
    let rows = measure(&programs, &world).await;
    print(&programs, &rows);

    let size = std::fs::metadata(release.join("atlassian-authorizer"))
        .unwrap()
        .len();
    println!(
        "Lambda binary, stripped: {:.2} MiB",
        size as f64 / 1_048_576.0
    );
    memory(&all[2], &world).await;
}

/// Measures the programs in turns, so that what else the machine does meets all of them alike.
async fn measure(programs: &[&Program], world: &World) -> Vec<Measured> {
    let tokens = Tokens::new(world);
    let mut cold = vec![Vec::new(); programs.len()];
    for _ in 0..COLD_STARTS {
        for (program, times) in programs.iter().zip(&mut cold) {
            let started = Instant::now();
            let running = Running::start(program, world).await;
            running.invoke(&tokens.known).await;
            times.push(started.elapsed());
        }
    }

    let mut running = Vec::new();
    for program in programs {
        let one = Running::start(program, world).await;
        for _ in 0..WARM_UP {
            one.invoke(&tokens.known).await;
        }
        running.push(one);
    }
    // On one core with this driver: a wake-up across cores costs several times what is measured,
    // and now happens and now doesn't.
    pin(std::process::id()).await;
    for one in &running {
        pin(one.child.id().unwrap()).await;
    }
    let mut known = vec![Vec::new(); programs.len()];
    let mut new = vec![Vec::new(); programs.len()];
    let known_events = vec![tokens.known.clone(); WARM];
    for _ in 0..ROUNDS {
        for (index, one) in running.iter().enumerate() {
            known[index].push(one.cpu_each(&known_events).await);
        }
        let fresh = Tokens::fresh(world, WARM);
        for (index, one) in running.iter().enumerate() {
            new[index].push(one.cpu_each(&fresh).await);
        }
    }
    (0..programs.len())
        .map(|index| Measured {
            cold: median(&mut cold[index]),
            known_token: median(&mut known[index]),
            new_token: median(&mut new[index]),
            peak_kib: running[index].peak_kib(),
        })
        .collect()
}

/// Binds all threads of a process to the first core.
async fn pin(process: u32) {
    let process = process.to_string();
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--pid", "--cpu-list", "0", &process]);
    let status = taskset.stdout(Stdio::null()).status().await.unwrap();
    assert!(status.success(), "taskset failed");
}

/// 100,000 distinct tokens, and what the process has held at its peak.
async fn memory(program: &Program, world: &World) {
    let key = SigningKey::generate("ec", "ES256");
    world.issuer.publish(&[&world.key, &key]);
    let running = Running::start(program, world).await;
    let mut claims = access_claims(&world.issuer.url);
    for number in 0..DISTINCT {
        claims["jti"] = number.to_string().into();
        claims["username"] = format!("user-{number}").into();
        running.invoke(&event(&key.sign(&claims))).await;
    }
    let peak = running.peak_kib() as f64 / 1024.0;
    println!("peak memory after {DISTINCT} distinct tokens: {peak:.1} MiB");
}

struct Tokens {
    known: String,
}

impl Tokens {
    fn new(world: &World) -> Self {
        Self {
            known: event(&world.key.sign(&access_claims(&world.issuer.url))),
        }
    }

    fn fresh(world: &World, count: usize) -> Vec<String> {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let mut claims = access_claims(&world.issuer.url);
        (0..count)
            .map(|_| {
                claims["jti"] = NEXT
                    .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                    .to_string()
                    .into();
                event(&world.key.sign(&claims))
            })
            .collect()
    }
}

/// A REST REQUEST event as API Gateway sends it, with the headers of a usual client.
fn event(token: &str) -> String {
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

/// A started function.
struct Running {
    api: RuntimeApi,
    child: Child,
    bare: bool,
}

impl Running {
    async fn start(program: &Program, world: &World) -> Self {
        let api = RuntimeApi::start().await;
        let peers = root().join("tools/bench");
        let child = Command::new(&program.command)
            .args(&program.arguments)
            .current_dir(&peers)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "authorizer")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AUTHORIZER_SETTINGS", format!("ssm:{PREFIX}"))
            // As the template has it: each answer is about one request.
            .env("AUTHORIZER_CACHE_SECONDS", "0")
            .env("LAMBDA_TASK_ROOT", &peers)
            .env("_HANDLER", "peer.handler")
            // boto3 takes no other name.
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .envs(sdk_variables(&world.ssm.url))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if std::env::var_os("SHOW_ERRORS").is_some() {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            api,
            child,
            bare: program.bare,
        }
    }

    async fn invoke(&self, event: &str) {
        let (failed, body) = self.api.invoke_raw(event.to_owned()).await;
        let right = self.bare || body.windows(7).any(|window| window == b"\"Allow\"");
        assert!(!failed && right, "{}", String::from_utf8_lossy(&body));
    }

    /// Time on a core for each of these events.
    async fn cpu_each(&self, events: &[String]) -> Duration {
        let before = self.cpu();
        for event in events {
            self.invoke(event).await;
        }
        self.cpu().saturating_sub(before) / u32::try_from(events.len()).unwrap()
    }

    /// Time on a core, of all threads.
    fn cpu(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.child.id().unwrap());
        let nanoseconds = std::fs::read_dir(tasks)
            .unwrap()
            .map(|task| {
                let text = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
                text.split(' ').next().unwrap().parse::<u64>().unwrap()
            })
            .sum();
        Duration::from_nanos(nanoseconds)
    }

    fn peak_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

fn median(values: &mut [Duration]) -> Duration {
    values.sort();
    values[values.len() / 2]
}

fn print(programs: &[&Program], rows: &[Measured]) {
    let bare = &rows[0];
    let verify = &rows[1];
    println!();
    println!(
        "| program | cold start | x bare | CPU, new token | x bare + verification | CPU, known token | x bare | peak memory |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: |");
    for (program, row) in programs.iter().zip(rows) {
        let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        println!(
            "| {} | {:.1} ms | {:.2} | {:.1} us | {:.2} | {:.1} us | {:.2} | {:.1} MiB |",
            program.name,
            row.cold.as_secs_f64() * 1e3,
            ratio(row.cold, bare.cold),
            row.new_token.as_secs_f64() * 1e6,
            ratio(row.new_token, verify.new_token),
            row.known_token.as_secs_f64() * 1e6,
            ratio(row.known_token, bare.known_token),
            row.peak_kib as f64 / 1024.0,
        );
    }
    println!();
}
