//! What came of a burst of starts, whether it was measured or computed.

use std::time::Duration;

/// One instance of a burst.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    /// From the burst's begin to its first call to SSM.
    pub(crate) first_call: Duration,
    /// Calls until it served.
    pub(crate) calls: u32,
    /// Its first answer was a fault.
    pub(crate) failed_first: bool,
    /// How often Lambda ended its INIT.
    pub(crate) restarts: u32,
    /// From the burst's begin to its first answer that was none.
    pub(crate) served: Duration,
}

/// The numbers of a burst; of several, their means.
#[derive(Clone, Copy, Default)]
pub(crate) struct Numbers {
    pub(crate) failed_first: f64,
    pub(crate) mean_calls: f64,
    pub(crate) most_calls: f64,
    pub(crate) restarts: f64,
    /// In seconds.
    pub(crate) all_serve: f64,
    pub(crate) median_start: f64,
}

impl Numbers {
    pub(crate) fn of(instances: &[Instance]) -> Self {
        let count = instances.len() as f64;
        let mut served: Vec<f64> = instances
            .iter()
            .map(|instance| instance.served.as_secs_f64())
            .collect();
        served.sort_by(f64::total_cmp);
        let sum = |of: fn(&Instance) -> u32| instances.iter().map(of).sum::<u32>();
        let most = instances.iter().map(|instance| instance.calls).max();
        Self {
            failed_first: f64::from(sum(|instance| instance.failed_first.into())),
            mean_calls: f64::from(sum(|instance| instance.calls)) / count,
            most_calls: f64::from(most.unwrap_or_default()),
            restarts: f64::from(sum(|instance| instance.restarts)),
            all_serve: served.last().copied().unwrap_or_default(),
            median_start: served.get(served.len() / 2).copied().unwrap_or_default(),
        }
    }

    pub(crate) fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        Self {
            failed_first: mean(|one| one.failed_first),
            mean_calls: mean(|one| one.mean_calls),
            most_calls: mean(|one| one.most_calls),
            restarts: mean(|one| one.restarts),
            all_serve: mean(|one| one.all_serve),
            median_start: mean(|one| one.median_start),
        }
    }

    /// A row of the table.
    pub(crate) fn row(&self, starts: usize, how: &str) -> String {
        format!(
            "| {starts} | {how} | {:.1} | {:.2} | {:.1} | {:.1} | {:.2} s | {:.2} s |",
            self.failed_first,
            self.mean_calls,
            self.most_calls,
            self.restarts,
            self.all_serve,
            self.median_start,
        )
    }

    /// The names of those that a model must get right and that are further apart than this share of
    /// the larger.
    pub(crate) fn differences(&self, other: &Self, tolerance: f64) -> Vec<&'static str> {
        // A tenth of a second is what processes on one machine hold up each other.
        let compared = [
            (
                "failed first answers",
                self.failed_first,
                other.failed_first,
                0.0,
            ),
            ("calls a start", self.mean_calls, other.mean_calls, 0.0),
            ("time until all serve", self.all_serve, other.all_serve, 0.1),
        ];
        let apart = compared.into_iter().filter(|(_, one, other, slack)| {
            (one - other).abs() > (tolerance * one.max(*other)).max(*slack)
        });
        apart.map(|(name, ..)| name).collect()
    }
}
