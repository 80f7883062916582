//! Many instances that start at once, while SSM throttles as it does for an account and region.
//!
//! `make bench-burst` builds and runs it. Ten and sixty starts are measured, as processes, and
//! computed by a model; of a thousand there is the model alone. Options: `--rounds 3` (0 for the model
//! alone), `--ssm-ms 12`, `--policy` (what the model plays, `quick` or `spread`), `--program path`.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

#[path = "burst/fleet.rs"]
mod fleet;
#[path = "burst/model.rs"]
mod model;
#[path = "burst/outcome.rs"]
mod outcome;
#[path = "burst/policy.rs"]
mod policy;
#[path = "burst/random.rs"]
mod random;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use testing::bench::{Place, event, median, option};
use testing::root;
use testing::ssm::FakeSsm;
use testing::tokens::{SigningKey, access_claims};

use fleet::World;
use model::Scene;
use outcome::{Instance, Numbers};
use policy::Policy;

/// Calls that SSM accepts at once. Its throughput is one for an account and region, so part of it is
/// used by others: <https://docs.aws.amazon.com/general/latest/gr/ssm.html>.
const CAPACITY: u32 = 10;
/// Calls that it takes in a second.
const EACH_SECOND: u32 = 10;
/// Lambda ends an INIT that lasts longer, and starts the instance again:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// From an answer that was a fault to the next event.
const AGAIN: Duration = Duration::from_millis(100);
/// How far a model may be from what was measured.
const TOLERANCE: f64 = 0.2;
/// From the start of an instance to its first call, where it has a core to itself.
const ALONE: Duration = Duration::from_millis(10);
/// How many bursts the model plays. Those of a thousand starts differ less.
const PLAYED: u64 = 200;
const PLAYED_OF_MANY: u64 = 20;

const ISSUER: &str = "https://idp.example.com";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    testing::undo::at_any_end();
    let place = Place::apart();
    let policy = option("--policy", Policy::IN_FORCE.name.to_owned());
    let policy = Policy::named(&policy).expect("a policy of policy.rs");
    let rounds = option("--rounds", 3_usize);
    let delay = Duration::from_millis(option("--ssm-ms", 12));
    let world = world(place, delay).await;
    println!(
        "SSM takes {CAPACITY} calls at once and {EACH_SECOND} a second, and answers after {delay:?}. Each instance \
         has an event from its start on, and after a fault the next one {AGAIN:?} later. Means of {rounds} \
         measured bursts and of {PLAYED} computed ones, of the policy `{}`.",
        policy.name
    );
    println!();
    println!(
        "| starts | how | failed first answers | SSM calls a start | most of one | killed in INIT | all serve after | median start |"
    );
    println!("| --: | --- | --: | --: | --: | --: | --: | --: |");
    let mut verdicts = Vec::new();
    let mut settled = delay;
    for starts in [10, 60] {
        if rounds == 0 {
            let scene = scene(vec![ALONE; starts], delay, settled);
            let computed = computed(&policy, &[scene], PLAYED);
            println!("{}", computed.row(starts, "model"));
            continue;
        }
        let mut measured = Vec::new();
        for _ in 0..rounds {
            measured.push(fleet::burst(&world, starts).await);
        }
        let numbers: Vec<Numbers> = measured.iter().map(|one| Numbers::of(one)).collect();
        let numbers = Numbers::mean(&numbers);
        println!("{}", numbers.row(starts, "measured"));
        settled = settling(&measured);
        // On this machine processes hold up each other, so the model has their first calls from them.
        let scenes: Vec<Scene> = measured
            .iter()
            .map(|instances| scene(first_calls(instances), delay, settled))
            .collect();
        let computed = computed(&policy, &scenes, PLAYED);
        println!("{}", computed.row(starts, "model"));
        verdicts.push(verdict(starts, &numbers, &computed));
    }
    let many = scene(vec![ALONE; 1_000], delay, settled);
    println!(
        "{}",
        computed(&policy, &[many], PLAYED_OF_MANY).row(1_000, "model")
    );
    println!();
    for verdict in verdicts {
        println!("{verdict}");
    }
    println!(
        "The thousand make their first calls {ALONE:?} after their start, all at once: Lambda's \
         instances do not hold up each other."
    );
}

/// An SSM with settings of one page, that hold the keys: nothing else is asked for anything.
async fn world(place: Place, delay: Duration) -> Arc<World> {
    let key = SigningKey::generate("key", "RS256");
    let ssm = FakeSsm::start().await;
    ssm.put(&json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read", "@write"]}]}},
    }));
    ssm.change(|state| state.delay = delay);
    let binary = root().join("target/release/atlassian-authorizer");
    Arc::new(World {
        program: PathBuf::from(option("--program", binary.display().to_string())),
        ssm,
        event: event(&key.sign(&access_claims(ISSUER))),
        place,
    })
}

fn first_calls(instances: &[Instance]) -> Vec<Duration> {
    instances
        .iter()
        .map(|instance| instance.first_call)
        .collect()
}

/// From the first call of an instance that needs no second to its first answer.
fn settling(measured: &[Vec<Instance>]) -> Duration {
    let instances = measured.iter().flatten();
    let times: Vec<Duration> = instances
        .filter(|instance| instance.calls == 1 && !instance.failed_first)
        .map(|instance| instance.served.saturating_sub(instance.first_call))
        .collect();
    median(&times)
}

fn scene(first_calls: Vec<Duration>, delay: Duration, settling: Duration) -> Scene {
    Scene {
        first_calls,
        capacity: CAPACITY,
        each_second: EACH_SECOND,
        answer: delay,
        serve: settling.saturating_sub(delay),
    }
}

/// What the model makes of these scenes in turn.
fn computed(policy: &Policy, scenes: &[Scene], count: u64) -> Numbers {
    let played: Vec<Numbers> = (0..count)
        .zip(scenes.iter().cycle())
        .map(|(seed, scene)| Numbers::of(&model::play(policy, scene, seed)))
        .collect();
    Numbers::mean(&played)
}

fn verdict(starts: usize, measured: &Numbers, computed: &Numbers) -> String {
    let apart = measured.differences(computed, TOLERANCE);
    if apart.is_empty() {
        format!("{starts} starts: model and measurement agree within 20 %.")
    } else {
        let apart = apart.join(", ");
        format!(
            "{starts} starts: MODEL AND MEASUREMENT DISAGREE by more than 20 % in: {apart}. Either the \
             model is wrong, or `--policy` names another policy than the function has."
        )
    }
}
