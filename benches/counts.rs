//! Instructions for each event, by callgrind, beside those of two bare handlers.
//!
//! Instructions do not depend on what else the machine does, so that a change of a hundredth shows.
//! What was measured last stands in `benches/counts.txt`: this program fails where a count is more
//! than 3 % from there. `make counts` runs it, and with `RECORD=1` writes the file anew.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use serde_json::json;
use testing::bench::event;
use testing::runtime_api::RuntimeApi;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, root};
use tokio::process::Command;

/// The counts of a run less those of a shorter one are those of the events between them.
const FEW: usize = 200;
const MANY: usize = 800;
/// The most that a count may differ from what is recorded.
const TOLERANCE: f64 = 0.03;
const ISSUER: &str = "https://idp.example.com";

/// What is counted.
struct Case {
    name: &'static str,
    program: &'static str,
    /// Each event has a token of its own.
    new_tokens: bool,
    /// The case that it is compared with, and the budget.
    budget: Option<(&'static str, f64)>,
}

const CASES: [Case; 4] = [
    Case {
        name: "bare",
        program: "examples/bare",
        new_tokens: false,
        budget: None,
    },
    Case {
        name: "bare + verification",
        program: "examples/bare_verify",
        new_tokens: false,
        budget: None,
    },
    Case {
        name: "known token",
        program: "atlassian-authorizer",
        new_tokens: false,
        budget: Some(("bare", 1.5)),
    },
    Case {
        name: "new token",
        program: "atlassian-authorizer",
        new_tokens: true,
        budget: Some(("bare + verification", 1.2)),
    },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let key = SigningKey::generate("key", "RS256");
    let mut claims = access_claims(ISSUER);
    let events: Vec<String> = (0..MANY)
        .map(|number| {
            // Of one length, so that each event has as many bytes.
            claims["jti"] = format!("{number:08}").into();
            event(&key.sign(&claims))
        })
        .collect();
    let folder = Folder::new();
    let settings = folder.settings(&json!({
        "settings": {"refresh_seconds": 3_600},
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {
            "kind": "jira", "path": "/",
            "access": [{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}],
        }},
    }));

    let recorded = recorded();
    let mut counts: Vec<(&str, f64)> = Vec::new();
    let mut is_right = true;
    println!("| instructions for each event | count | x | budget | recorded |");
    println!("| --- | --: | --: | --: | --: |");
    for case in &CASES {
        let count = count(case, &settings, &events).await;
        counts.push((case.name, count));
        let ratio = case.budget.map_or_else(String::new, |(other, budget)| {
            let (_, other_count) = counts.iter().find(|(name, _)| *name == other).unwrap();
            format!("{:.2} x {other} | {budget}", count / other_count)
        });
        let before = recorded.iter().find(|(name, _)| name == case.name);
        let change = before.map(|(_, before)| count / before - 1.0);
        is_right &= change.is_some_and(|change| change.abs() <= TOLERANCE);
        println!(
            "| {} | {count:.0} | {} | {} |",
            case.name,
            if ratio.is_empty() { "- | -" } else { &ratio },
            change.map_or_else(
                || "nothing".to_owned(),
                |change| format!("{:+.1} %", change * 100.0)
            ),
        );
    }
    if std::env::var_os("RECORD").is_some() {
        let lines = counts
            .iter()
            .map(|(name, count)| format!("{count:.0} {name}\n"));
        std::fs::write(file(), lines.collect::<String>()).unwrap();
        return ExitCode::SUCCESS;
    }
    if !is_right {
        println!(
            "\nA count differs by more than {:.0} % from benches/counts.txt. If that is meant, run \
             `make counts RECORD=1`.",
            TOLERANCE * 100.0
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The instructions for each event of a case.
async fn count(case: &Case, settings: &str, events: &[String]) -> f64 {
    let program = root().join("target/release").join(case.program);
    let one = [events[0].clone()];
    let events = |count: usize| -> Vec<&String> {
        let events = if case.new_tokens { events } else { &one };
        events.iter().cycle().take(count).collect()
    };
    let (few, many) = tokio::join!(
        total(&program, settings, events(FEW)),
        total(&program, settings, events(MANY))
    );
    (many - few) / (MANY - FEW) as f64
}

/// The instructions of a process that answers these events.
async fn total(program: &Path, settings: &str, events: Vec<&String>) -> f64 {
    let api = RuntimeApi::start().await;
    let child = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(api.variables())
        .env("AUTHORIZER_SETTINGS", settings)
        // As the template has it: each answer is about one request.
        .env("AUTHORIZER_CACHE_SECONDS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("valgrind is installed (Debian's package `valgrind`)");
    for event in events {
        let (failed, body) = api.invoke_raw(event.clone()).await;
        let is_right = body.starts_with(b"{}") || body.windows(7).any(|part| part == b"\"Allow\"");
        assert!(!failed && is_right, "{}", String::from_utf8_lossy(&body));
    }
    let process = child.id().unwrap().to_string();
    let status = Command::new("kill").arg(&process).status().await.unwrap();
    assert!(status.success());
    let output = child.wait_with_output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let (_, count) = text.split_once("Collected : ").expect("callgrind's total");
    let count: String = count.chars().take_while(char::is_ascii_digit).collect();
    count.parse().unwrap()
}

fn file() -> PathBuf {
    root().join("benches/counts.txt")
}

/// What was measured last.
fn recorded() -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    text.lines()
        .map(|line| {
            let (count, name) = line.split_once(' ').unwrap();
            (name.to_owned(), count.parse().unwrap())
        })
        .collect()
}
