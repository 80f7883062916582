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
use std::time::{Duration, Instant};

use serde_json::json;

use testing::bench::{Function, Place, event, median, pin};
use testing::issuer::Issuer;
use testing::ssm::{FakeSsm, sdk_variables};
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, root};

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
    /// Settings from a file, with the keys in them.
    from_file: bool,
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
    /// The settings as a file, with the keys in them.
    file: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    testing::undo::at_any_end();
    let root = root();
    let release = root.join("target/release");
    let key = SigningKey::generate("key", "RS256");
    let issuer = Issuer::start(&[&key]).await;
    let ssm = FakeSsm::start().await;
    let mut settings = json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": issuer.url, "jwks_uri": issuer.jwks_uri(),
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {
            "kind": "jira", "path": "/",
            "access": [{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}],
        }},
    });
    ssm.put(&settings);
    let idp = settings["providers"]["idp"].as_object_mut().unwrap();
    idp.remove("jwks_uri");
    idp.insert("jwks".to_owned(), json!({"keys": [key.jwk]}));
    let folder = Folder::new();
    let file = folder.settings(&settings);
    let world = World {
        issuer,
        ssm,
        key,
        file,
    };

    let program = |name, command: PathBuf, arguments: &[&str], bare| Program {
        name,
        command,
        arguments: arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect(),
        bare,
        from_file: false,
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
        Program {
            from_file: true,
            ..program(
                "atlassian-authorizer, settings from a file",
                release.join("atlassian-authorizer"),
                &[],
                false,
            )
        },
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
    pin(rustix::process::getpid());
    for one in &running {
        pin(one.function.pid());
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
            cold: median(&cold[index]),
            known_token: median(&known[index]),
            new_token: median(&new[index]),
            peak_kib: running[index].function.peak_kib(),
        })
        .collect()
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
    let peak = running.function.peak_kib() as f64 / 1024.0;
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

/// A started function, and whether it answers with a policy.
struct Running {
    function: Function,
    bare: bool,
}

impl Running {
    async fn start(program: &Program, world: &World) -> Self {
        let peers = root().join("tools/bench");
        let function = Function::start(&program.command, Place::Anywhere, |command| {
            command
                .args(&program.arguments)
                .current_dir(&peers)
                .env("PATH", std::env::var_os("PATH").unwrap())
                .env("LAMBDA_TASK_ROOT", &peers)
                .env("_HANDLER", "peer.handler")
                // boto3 takes no other name.
                .env("AWS_DEFAULT_REGION", "eu-west-1")
                .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
                .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
                .envs(sdk_variables(&world.ssm.url));
            if program.from_file {
                command.env("AUTHORIZER_SETTINGS", &world.file);
            }
        });
        Self {
            function: function.await,
            bare: program.bare,
        }
    }

    async fn invoke(&self, event: &str) {
        let (failed, body) = self.function.api.invoke_raw(event.to_owned()).await;
        let right = self.bare || body.windows(7).any(|window| window == b"\"Allow\"");
        assert!(!failed && right, "{}", String::from_utf8_lossy(&body));
    }

    /// Time on a core for each of these events.
    async fn cpu_each(&self, events: &[String]) -> Duration {
        let before = self.function.cpu();
        for event in events {
            self.invoke(event).await;
        }
        self.function.cpu().saturating_sub(before) / u32::try_from(events.len()).unwrap()
    }
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
