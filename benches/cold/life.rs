//! The life of one instance, from the start of its process to an answer from its caches.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use testing::asked::{Asked, ISSUER};
use testing::bench::{Function, Place, event};
use testing::ssm::{FakeSsm, sdk_variables};
use testing::tokens::{SigningKey, access_claims};

use crate::limit::Limit;

/// Between two events: what ran ahead of the limit is paid for by then.
const PAUSE: Duration = Duration::from_millis(100);

/// Lambda waits no longer.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// What an instance lives in.
pub(crate) struct World {
    pub(crate) program: PathBuf,
    pub(crate) key: SigningKey,
    pub(crate) keys: Asked,
    pub(crate) ssm: FakeSsm,
    pub(crate) place: Place,
}

impl World {
    /// An event with a token that no one has seen.
    fn new_event(&self) -> String {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut claims = access_claims(ISSUER);
        claims["jti"] = number.to_string().into();
        event(&self.key.sign(&claims))
    }
}

/// What an instance took for each thing.
pub(crate) struct Life {
    /// From its start until it asks for an event.
    pub(crate) init: Duration,
    /// The answer to its first event.
    pub(crate) first: Duration,
    /// The answer to another new token.
    pub(crate) second: Duration,
    /// The answer to that token once more.
    pub(crate) known: Duration,
    pub(crate) key_fetches: usize,
    pub(crate) ssm_calls: usize,
}

impl Life {
    /// Starts an instance, limits it from the end of INIT on, and sends it events. With a pause it
    /// is one of provisioned concurrency, which has no event to answer yet when INIT ends.
    pub(crate) async fn of_one(
        world: &World,
        memory: u32,
        limit: &dyn Fn(Pid) -> Limit,
        pause: Option<Duration>,
    ) -> Self {
        let fetches = world.keys.count();
        let calls = world.ssm.requests().len();
        let initialization = pause.map_or("on-demand", |_| "provisioned-concurrency");
        // Signing takes a millisecond, which is none of the function's.
        let events = [world.new_event(), world.new_event()];

        let function = Function::start(&world.program, world.place, |command| {
            command
                .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string())
                .env("AWS_LAMBDA_INITIALIZATION_TYPE", initialization)
                .envs(sdk_variables(&world.ssm.url));
        })
        .await;
        let asked = tokio::time::timeout(INIT_LIMIT, function.api.first_asked()).await;
        let asked =
            asked.expect("no INIT lasts for 10 s; SHOW_ERRORS=1 shows what the function says");
        let init = asked - function.started;
        if let Some(pause) = pause {
            // Lambda freezes an instance that has nothing to do.
            kill_process(function.pid(), Signal::STOP).unwrap();
            tokio::time::sleep(pause).await;
            kill_process(function.pid(), Signal::CONT).unwrap();
        }
        let limited = limit(function.pid());
        let first = function.allowed(&events[0]).await;
        tokio::time::sleep(PAUSE).await;
        let second = function.allowed(&events[1]).await;
        tokio::time::sleep(PAUSE).await;
        let known = function.allowed(&events[1]).await;
        drop(limited);
        Self {
            init,
            first,
            second,
            known,
            key_fetches: world.keys.count() - fetches,
            ssm_calls: world.ssm.requests().len() - calls,
        }
    }
}
