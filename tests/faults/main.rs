//! What becomes of callers while something that the authorizer asks goes wrong, as a table:
//! `make faults`.
//!
//! Each row is one fault of one service, each column what the authorizer knew before it. The table is
//! printed; the test fails where a cell lets in whom it should not, takes longer than API Gateway waits,
//! refuses a good caller as a bad one, or does not recover.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and speaks to whoever runs it"
)]

mod providers;
mod ssm;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testing::faults::Fault;
use tokio::sync::Semaphore;

/// The services that can fail.
const SERVICES: [&str; 5] = [
    "settings",
    "JWKS",
    "introspection",
    "userinfo",
    "token store",
];

const FAULTS: [(&str, Fault); 11] = [
    ("refused", Fault::Refused),
    ("black hole", Fault::BlackHole),
    ("slow drip", Fault::SlowDrip),
    ("reset half-way", Fault::ResetHalfWay),
    ("500", Fault::ServerError),
    ("429", Fault::Limited),
    ("429, Retry-After: 7", Fault::LimitedFor(7)),
    ("wrong type", Fault::WrongType),
    ("huge", Fault::Huge),
    ("wrong certificate", Fault::WrongCertificate),
    ("none (control)", Fault::None),
];

/// What the authorizer knew when the fault began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Knowledge {
    /// Nothing: it began after.
    Cold,
    /// What it asked a moment ago.
    Warm,
    /// The same, past the time for which it may be used.
    Past,
}

const KNOWLEDGE: [Knowledge; 3] = [Knowledge::Cold, Knowledge::Warm, Knowledge::Past];

/// How long a decision may take: the function has 5 s for each.
const LONGEST: Duration = Duration::from_millis(5_700);
/// How long a start may take before it, in which settings are read for the first time.
const LONGEST_START: Duration = Duration::from_millis(8_500);
/// Within which time after the end of a fault a good caller must be let in again.
const LONGEST_RECOVERY: u64 = 60;

/// What was seen in a cell.
struct Cell {
    /// The code for a caller who is good, and was let in before where something is known.
    good: String,
    /// The same for one who is good and comes for the first time.
    new: String,
    /// The same for one who is never to be let in.
    bad: String,
    /// The longest time to an answer.
    slowest: Duration,
    /// Seconds from the end of the fault to a good answer; `None` where none came.
    recovery: Option<u64>,
}

/// Sends one event, by which the code of its audit line and the time that it took are known.
async fn timed(code: impl Future<Output = String>, slowest: &mut Duration) -> String {
    let start = Instant::now();
    let code = code.await;
    *slowest = (*slowest).max(start.elapsed());
    code
}

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> ExitCode {
    let mut cells = Vec::new();
    // Processes whose time is real must not wait for a processor.
    let (real, played) = (Arc::new(Semaphore::new(20)), Arc::new(Semaphore::new(32)));
    for (service_place, service) in SERVICES.into_iter().enumerate() {
        for (name, fault) in FAULTS {
            for knowledge in KNOWLEDGE {
                let is_real = ["settings", "token store"].contains(&service);
                let turn = Arc::clone(if is_real { &real } else { &played });
                let cell = tokio::spawn(async move {
                    let _turn = turn.acquire().await.unwrap();
                    match service {
                        "settings" | "token store" => ssm::cell(service, fault, knowledge).await,
                        _ => Some(providers::cell(service, fault, knowledge).await),
                    }
                });
                cells.push((service_place, name, fault, knowledge, cell));
            }
        }
    }

    println!("| service | fault | cold | warm | past the age | slowest | recovery |");
    println!("| --- | --- | --- | --- | --- | --: | --: |");
    let mut wrong = Vec::new();
    let mut row = Vec::new();
    for (service, name, fault, knowledge, cell) in cells {
        let service = SERVICES[service];
        let cell = cell.await.unwrap();
        if let Some(cell) = &cell {
            let what = format!("{service}, {name}, {knowledge:?}");
            wrong.extend(
                faults_of(service, fault, knowledge, cell).map(|fault| format!("{what}: {fault}")),
            );
        }
        row.push(cell);
        if row.len() == KNOWLEDGE.len() {
            println!("| {service} | {name} | {}", line(&row));
            row.clear();
        }
    }
    for wrong in &wrong {
        println!("WRONG: {wrong}");
    }
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn line(row: &[Option<Cell>]) -> String {
    let codes = row.iter().map(|cell| match cell {
        None => "-".to_owned(),
        Some(cell) if cell.good == cell.new => cell.good.clone(),
        Some(cell) => format!("{}; new: {}", cell.good, cell.new),
    });
    let codes: Vec<String> = codes.collect();
    let cells = || row.iter().flatten();
    let slowest = cells().map(|cell| cell.slowest).max().unwrap_or_default();
    let recovery = cells().map(|cell| cell.recovery).max().flatten();
    let recovery = recovery.map_or("-".to_owned(), |seconds| format!("{seconds} s"));
    format!(
        "{} | {:.1} s | {recovery} |",
        codes.join(" | "),
        slowest.as_secs_f64()
    )
}

/// What may not be.
fn faults_of(
    service: &str,
    fault: Fault,
    knowledge: Knowledge,
    cell: &Cell,
) -> impl Iterator<Item = String> {
    let mut wrong = Vec::new();
    let is_fault = |code: &str| {
        [
            "_unavailable",
            "_limited",
            "_rate_limited",
            "_misconfigured",
        ]
        .iter()
        .any(|end| code.ends_with(end))
    };
    if cell.bad == "allowed" {
        wrong.push("lets in who never may".to_owned());
    }
    let starts = service == "settings" && knowledge == Knowledge::Cold;
    let start = if starts {
        LONGEST_START
    } else {
        Duration::ZERO
    };
    if cell.slowest > LONGEST + start {
        wrong.push(format!("takes {:?}", cell.slowest));
    }
    if cell
        .recovery
        .is_none_or(|seconds| seconds > LONGEST_RECOVERY)
    {
        wrong.push(format!("recovers after {:?}", cell.recovery));
    }
    // The last good settings serve on; so do keys and answers for as long as they may be used.
    let serves_on = service == "settings" && knowledge != Knowledge::Cold;
    let good_may = fault == Fault::None || knowledge == Knowledge::Warm || serves_on;
    let new_may =
        fault == Fault::None || serves_on || (service == "JWKS" && knowledge == Knowledge::Warm);
    for (who, code, may) in [("known", &cell.good, good_may), ("new", &cell.new, new_may)] {
        if may && code != "allowed" {
            wrong.push(format!("refuses a good caller who is {who}: {code}"));
        }
        if !may && code == "allowed" {
            wrong.push(format!(
                "lets in a caller who is {who} and that nobody vouches for"
            ));
        }
        if !may && !is_fault(code) {
            wrong.push(format!("blames a good caller who is {who}: {code}"));
        }
    }
    wrong.into_iter()
}
