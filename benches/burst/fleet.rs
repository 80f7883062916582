//! Instances of the function as processes, all started at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testing::bench::{Function, Place};
use testing::ssm::{FakeSsm, Throttle, sdk_variables};
use tokio::task::JoinSet;

use crate::outcome::Instance;
use crate::{AGAIN, CAPACITY, EACH_SECOND, INIT_LIMIT};

/// What instances start in.
pub(crate) struct World {
    pub(crate) program: PathBuf,
    pub(crate) ssm: FakeSsm,
    pub(crate) event: String,
    pub(crate) place: Place,
}

/// Starts so many instances, and returns once all of them serve.
pub(crate) async fn burst(world: &Arc<World>, starts: usize) -> Vec<Instance> {
    world
        .ssm
        .change(|state| state.throttle = Some(Throttle::new(CAPACITY, EACH_SECOND)));
    let begun = Instant::now();
    let mut instances = JoinSet::new();
    for _ in 0..starts {
        instances.spawn(live(Arc::clone(world), begun));
    }
    instances.join_all().await
}

async fn live(world: Arc<World>, begun: Instant) -> Instance {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    // By which SSM tells whose call it is.
    let access_key = format!("AKID{number:016}");
    let mut function = start(&world, &access_key).await;
    let mut restarts = 0;
    let mut failed_first = false;
    loop {
        let answer = tokio::select! {
            answer = function.invoke(&world.event) => answer,
            () = init_is_too_long(&function), if restarts == 0 => {
                restarts += 1;
                function = start(&world, &access_key).await;
                continue;
            }
        };
        if !answer.0 && answer.1.contains("\"Allow\"") {
            break;
        }
        failed_first = true;
        tokio::time::sleep(AGAIN).await;
    }
    let served = begun.elapsed();
    let calls = world.ssm.calls_with(&access_key);
    Instance {
        first_call: calls.first().map_or(Duration::ZERO, |call| *call - begun),
        calls: calls.len().try_into().unwrap(),
        failed_first,
        restarts,
        served,
    }
}

async fn start(world: &World, access_key: &str) -> Function {
    let start = Function::start(&world.program, world.place, |command| {
        command
            .envs(sdk_variables(&world.ssm.url))
            .env("AWS_ACCESS_KEY_ID", access_key);
    });
    start.await
}

/// Returns when INIT has lasted for longer than Lambda waits, and else never.
async fn init_is_too_long(function: &Function) {
    let limit = tokio::time::Instant::from_std(function.started + INIT_LIMIT);
    let asked = tokio::time::timeout_at(limit, function.api.first_asked()).await;
    if asked.is_ok() {
        std::future::pending::<()>().await;
    }
}
