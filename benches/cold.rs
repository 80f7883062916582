//! Cold starts as Lambda plays them: INIT at full speed, and all after it at the share of a core
//! that the memory gives, with settings and keys as far away as in a region.
//!
//! `make bench-cold` builds and runs it. Options: `--ssm-ms 12`, `--keys-ms 25`, `--handshake-ms 0`,
//! `--starts 21`, `--provisioned-starts 3`, `--program path`.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

#[path = "cold/life.rs"]
mod life;
#[path = "cold/limit.rs"]
mod limit;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use testing::asked::{Asked, ISSUER};
use testing::bench::{Place, median, option};
use testing::root;
use testing::ssm::FakeSsm;
use testing::tls::Authority;
use testing::tokens::SigningKey;

use life::{Life, World};
use limit::{BUSY, Way};

const MEMORIES: [u32; 3] = [128, 256, 512];
/// The memory at which a function has all of a core.
const WHOLE_CORE: f64 = 1_769.0;
/// How far a share may be from what was asked for.
const EVEN_ENOUGH: f64 = 0.15;
/// Longer than an idle connection is kept: what INIT has connected is of no use after it.
const PROVISIONED_PAUSE: Duration = Duration::from_secs(6);

/// How far away things are.
struct Distances {
    ssm: Duration,
    keys: Duration,
    handshake: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if std::env::args().nth(1).is_some_and(|first| first == BUSY) {
        loop {
            std::hint::spin_loop();
        }
    }
    testing::undo::at_any_end();
    measure().await;
}

async fn measure() {
    let place = Place::apart();
    let milliseconds = |name, default| Duration::from_millis(option(name, default));
    let distances = Distances {
        ssm: milliseconds("--ssm-ms", 12),
        keys: milliseconds("--keys-ms", 25),
        handshake: milliseconds("--handshake-ms", 0),
    };
    let (ways, notes) = Way::all(place);
    say(&distances, place);
    for note in notes {
        println!("{note}");
    }
    let world = world(&distances, place).await;
    for way in ways {
        println!();
        println!("## Limited {way}");
        table(&world, way, "on demand", option("--starts", 21), None).await;
        table(
            &world,
            way,
            "provisioned-concurrency",
            option("--provisioned-starts", 3),
            Some(PROVISIONED_PAUSE),
        )
        .await;
    }
}

fn say(distances: &Distances, place: Place) {
    println!(
        "SSM answers {} ms after a request, and the JWKS server {} ms after one. That is all the \
         distance there is: connecting takes none, and a handshake by TLS waits {} ms before it begins.",
        distances.ssm.as_millis(),
        distances.keys.as_millis(),
        distances.handshake.as_millis()
    );
    match place {
        Place::Apart(cores) if cores > 1 => {
            println!("The function has cores of its own; the first core is this driver's.");
        }
        _ => println!("ONE CORE serves both function and driver: the numbers are too high."),
    }
}

/// A JWKS behind TLS, and settings that name it.
async fn world(distances: &Distances, place: Place) -> World {
    let key = SigningKey::generate("key", "RS256");
    let authority = Authority::new();
    let keys = Asked::start_tls_at(&authority, "127.0.0.1", distances.handshake).await;
    keys.change(|answers| {
        answers.keys = json!({"keys": [key.jwk]});
        answers.delay = distances.keys;
    });
    let ssm = FakeSsm::start().await;
    ssm.change(|state| state.delay = distances.ssm);
    ssm.put(&json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks_uri": format!("{}/keys", keys.url),
            "client_ids": ["client"], "username": "username", "ca_certificates": authority.pem,
        }},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read", "@write"]}]}},
    }));
    let binary = root().join("target/release/atlassian-authorizer");
    World {
        program: PathBuf::from(option("--program", binary.display().to_string())),
        key,
        keys,
        ssm,
        place,
    }
}

/// Measures and prints one way to limit, at all sizes of memory.
async fn table(world: &World, way: Way, kind: &str, starts: usize, pause: Option<Duration>) {
    if starts == 0 {
        return;
    }
    println!();
    match pause {
        None => println!("Medians of {starts} starts {kind}, the first event right after INIT:"),
        Some(pause) => println!(
            "Medians of {starts} starts as `{kind}`, frozen for {pause:?} between INIT and the first event:"
        ),
    }
    println!();
    println!(
        "| memory | share (a busy process got) | INIT | first answer | INIT + first answer | second new token | known token | key fetches | SSM calls |"
    );
    println!("| --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    let mut is_even = true;
    for memory in MEMORIES {
        let share = f64::from(memory) / WHOLE_CORE;
        let achieved = way.achieved(share, world.place);
        let mut lives = Vec::new();
        for _ in 0..starts {
            lives.push(Life::of_one(world, memory, &|pid| way.limit(pid, share), pause).await);
        }
        row(memory, share, achieved, &lives);
        is_even &= (achieved / share - 1.0).abs() < EVEN_ENOUGH;
    }
    if !is_even {
        println!();
        println!(
            "NOT WHAT WAS ASKED FOR: shares were not met, as the machine does something else too."
        );
    }
}

fn row(memory: u32, share: f64, achieved: f64, lives: &[Life]) {
    let of = |time: fn(&Life) -> Duration| {
        let times: Vec<f64> = lives
            .iter()
            .map(|life| time(life).as_secs_f64() * 1e3)
            .collect();
        median(&times)
    };
    println!(
        "| {memory} MB | {:.1} % ({:.1} %) | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {} | {} |",
        share * 100.0,
        achieved * 100.0,
        of(|life| life.init),
        of(|life| life.first),
        of(|life| life.init + life.first),
        of(|life| life.second),
        of(|life| life.known),
        counts(lives.iter().map(|life| life.key_fetches)),
        counts(lives.iter().map(|life| life.ssm_calls)),
    );
}

/// One number where all starts have the same, else the least and the most.
fn counts(counts: impl Iterator<Item = usize> + Clone) -> String {
    let (least, most) = (counts.clone().min(), counts.max());
    match (least, most) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
        (least, _) => least.unwrap_or_default().to_string(),
    }
}
