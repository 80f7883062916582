//! What every outgoing request of a decision needs, and how such requests are counted.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Deadline, HttpClient};
use crate::clock::Clock;

/// How often something was tried since the last audit line, and how often it failed.
#[derive(Debug, Default)]
pub struct Counter {
    tried: AtomicU64,
    failed: AtomicU64,
}

impl Counter {
    /// One more try.
    pub fn count_try(&self) {
        self.tried.fetch_add(1, Ordering::Relaxed);
    }

    /// One more failure of a try that has been counted.
    pub fn count_failure(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the numbers of tries and of failures, and begins again at zero.
    pub fn drain(&self) -> (u64, u64) {
        // A plain load first: there is seldom anything to take.
        let drain = |counter: &AtomicU64| match counter.load(Ordering::Relaxed) {
            0 => 0,
            _ => counter.swap(0, Ordering::Relaxed),
        };
        (drain(&self.tried), drain(&self.failed))
    }
}

/// A number that is measured now and then.
#[derive(Debug, Default)]
pub struct Reading(AtomicU64);

impl Reading {
    /// Takes the place of what was measured before.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Takes what was measured since the last time, or zero.
    pub fn drain(&self) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.0.swap(0, Ordering::Relaxed),
        }
    }
}

/// What is counted for the metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Fetches of JWKS documents.
    pub key_fetches: Counter,
    /// Requests to a provider about a token.
    pub inspections: Counter,
    /// Look-ups of records: API tokens and credentials of users.
    pub record_reads: Counter,
    /// Loads of the settings.
    pub settings_loads: Counter,
    /// The age of the settings in force when newer ones could last not be loaded, in seconds.
    pub settings_age: Reading,
    /// Calls that SSM refused for their rate, of settings and of records, repeated ones too. None of
    /// them is a failure by itself.
    pub ssm_throttles: Counter,
}

/// What a fetch needs from its surroundings.
#[derive(Clone, Copy)]
pub struct FetchContext<'c> {
    /// The HTTP client.
    pub http: &'c HttpClient,
    /// The clock.
    pub clock: &'c dyn Clock,
    /// Where it is counted.
    pub counters: &'c Counters,
    /// When the decision must be made.
    pub deadline: Deadline,
}
