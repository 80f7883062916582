//! A long run: very many requests of all kinds through the Runtime API, while settings change. Each
//! answer is compared with what must come of the request, and memory must not grow.
//!
//! `make soak REQUESTS=1000000` builds and runs it. It fails at the first answer that is wrong.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers, which fails by panicking"
)]

mod mix;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;

use mix::{Expected, Mix, Request};
use testing::introspection::Introspector;
use testing::issuer::Issuer;
use testing::runtime_api::RuntimeApi;
use testing::ssm::FakeSsm;
use testing::tokens::SigningKey;
use world::{Function, Output, Settings, WITH_WRITERS};

/// Requests between two looks at the memory.
const SAMPLE: usize = 50_000;
/// The most that memory may grow in the second half of a run, in MiB, once all caches are full.
const MAX_GROWTH: f64 = 1.0;
/// The fewest requests that fill all caches in the first half.
const FILLING: usize = 400_000;
/// A run of so many seconds meets all settings.
const ROUND: f64 = 10.0;
/// For so many seconds every record is used that was read.
const RECHECK: f64 = 300.0;
/// The most memory that the process may ever hold, in MiB.
const MAX_PEAK: f64 = 24.0;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let requests = std::env::args().nth(1).map_or(1_000_000, |count| {
        count.parse().expect("the number of requests")
    });
    let program = std::env::args().nth(2);
    let program = program.unwrap_or_else(|| "target/release/atlassian-authorizer".to_owned());
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let introspector = Introspector::start(Duration::ZERO).await;
    let ssm = FakeSsm::start().await;
    let api = RuntimeApi::start().await;
    let mix = Arc::new(Mix::new(&issuer.url, key));
    let mut settings = Settings::new(&ssm, &issuer, &introspector, &mix);
    let function = Function::start(&program, &api, &ssm);

    let mut made = make(mix, requests);
    let mut seen = Seen::default();
    let mut samples = Vec::new();
    let started = Instant::now();
    for number in 0..requests {
        let request = made.recv().await.unwrap();
        let (failed, body) = api.invoke_raw(request.event.clone()).await;
        if let Err(wrong) = seen.take(&request, failed, &body, &settings) {
            let event = String::from_utf8_lossy(&request.event);
            let body = String::from_utf8_lossy(&body);
            panic!(
                "request {number}, {}: {wrong}\n{event}\n{body}",
                request.kind
            );
        }
        if number % 100 == 0 {
            settings.advance();
        }
        if (number + 1) % SAMPLE == 0 || number + 1 == requests {
            let held = function.memory("VmRSS:");
            println!("{:>9} requests: {held:.1} MiB", number + 1);
            samples.push(held);
        }
    }
    let took = started.elapsed().as_secs_f64();
    let peak = function.memory("VmHWM:");
    // The last line is on its way.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let output = function.stop();

    println!(
        "{requests} requests in {took:.1} s, {:.0} a second",
        requests as f64 / took
    );
    println!(
        "key fetches {}, introspections {}",
        issuer.fetches(),
        introspector.questions()
    );
    seen.report(&output);
    assert_eq!(
        seen.codes, output.codes,
        "each request has an audit line with its code"
    );
    if took > ROUND {
        assert!(
            ["jira-a", "jira-b"]
                .iter()
                .all(|name| seen.products.contains_key(*name)),
            "each of the settings takes effect"
        );
        assert!(
            output.metrics["settings_load_failures"] > 0,
            "settings with an error are refused"
        );
    }
    let twice = read_twice(&ssm);
    assert!(took > RECHECK || twice.is_empty(), "read twice: {twice:?}");
    judge(&samples, peak, requests);
}

/// The records that were there and were read more than once.
fn read_twice(ssm: &FakeSsm) -> Vec<String> {
    let mut reads = BTreeMap::<String, usize>::new();
    for request in ssm.requests() {
        if let Some(name) = request["Name"].as_str() {
            *reads.entry(name.to_owned()).or_default() += 1;
        }
    }
    ssm.change(|state| {
        reads.retain(|name, count| *count > 1 && state.parameters.contains_key(name));
    });
    reads.into_keys().collect()
}

/// Makes requests on a thread of its own, some ahead of what is sent.
fn make(mix: Arc<Mix>, requests: usize) -> mpsc::Receiver<Request> {
    let (sender, receiver) = mpsc::channel(1_000);
    std::thread::spawn(move || {
        for number in 0..requests {
            // The run is over early.
            if sender.blocking_send(mix.request(number)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What came of the requests so far.
#[derive(Default)]
struct Seen {
    kinds: BTreeMap<&'static str, usize>,
    codes: BTreeMap<String, usize>,
    products: BTreeMap<String, usize>,
}

impl Seen {
    /// Compares an answer with what must come of its request.
    fn take(
        &mut self,
        request: &Request,
        failed: bool,
        body: &[u8],
        settings: &Settings<'_>,
    ) -> Result<(), String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let product = body["context"]["product"].as_str().unwrap_or_default();
        let (username, authorization, code) = match &request.expected {
            Expected::Unauthorized(code) | Expected::Failed(code) => (None, None, *code),
            Expected::Forbidden(username, code) => (Some(username), None, *code),
            Expected::Allowed(username, authorization) => {
                (Some(username), Some(authorization), "allowed")
            }
            Expected::AllowedToWriters(username) if product == WITH_WRITERS => {
                (Some(username), None, "allowed")
            }
            Expected::AllowedToWriters(username) => (Some(username), None, "route_not_allowed"),
        };
        let check = |holds: bool, what: &str| holds.then_some(()).ok_or_else(|| what.to_owned());
        check(
            failed == username.is_none(),
            "an error in place of an answer, or the other way round",
        )?;
        if let Some(username) = username {
            let context = &body["context"];
            let effect = &body["policyDocument"]["Statement"][0]["Effect"];
            check(context["username"] == **username, "another user")?;
            check(
                (effect == "Allow") == (code == "allowed"),
                "another decision",
            )?;
            check(
                authorization.is_none_or(|one| context["authorization"] == **one),
                "another credential",
            )?;
            let is_jira = product.starts_with("jira-");
            check(
                !is_jira || settings.may_be_in_force(product),
                "by settings that are not in force",
            )?;
            *self.products.entry(product.to_owned()).or_default() += 1;
        } else {
            let is_denial = matches!(request.expected, Expected::Unauthorized(_));
            check(
                (body["errorMessage"] == "Unauthorized") == is_denial,
                "another error",
            )?;
        }
        *self.kinds.entry(request.kind).or_default() += 1;
        *self.codes.entry(code.to_owned()).or_default() += 1;
        Ok(())
    }

    fn report(&self, output: &Output) {
        let show = |what: &str, counts: Vec<(String, u64)>| {
            println!("{what}:");
            for (name, count) in counts {
                println!("  {count:>9} {name}");
            }
        };
        let named = |counts: &BTreeMap<String, usize>| {
            let counts = counts.iter();
            counts
                .map(|(name, count)| (name.clone(), *count as u64))
                .collect()
        };
        let kinds = self
            .kinds
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count as u64));
        show("requests by kind", kinds.collect());
        show("outcomes by code", named(&self.codes));
        show(
            "answers by product, which tells the settings in force",
            named(&self.products),
        );
        let metrics = output
            .metrics
            .iter()
            .map(|(name, sum)| ((*name).to_owned(), *sum));
        show("metrics", metrics.collect());
        show("other lines", named(&output.messages));
    }
}

/// Says whether memory is flat.
fn judge(samples: &[f64], peak: f64, requests: usize) {
    println!("peak memory: {peak:.1} MiB of {MAX_PEAK}");
    assert!(peak <= MAX_PEAK, "the function held too much memory");
    if requests < FILLING {
        println!("memory: too few requests to tell whether it is flat; {FILLING} can");
        return;
    }
    let (first, second) = samples.split_at(samples.len() / 2);
    let most = |samples: &[f64]| samples.iter().copied().fold(0.0, f64::max);
    let growth = most(second) - most(first);
    println!(
        "memory: {growth:+.1} MiB from the first half's most to the second's, at most {MAX_GROWTH}"
    );
    assert!(growth <= MAX_GROWTH, "memory grows");
    println!("memory is flat");
}
