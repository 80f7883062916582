//! A burst of starts without processes: events in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::outcome::Instance;
use crate::policy::Policy;
use crate::random::Random;
use crate::{AGAIN, INIT_LIMIT};

/// What instances start in.
#[derive(Clone)]
pub(crate) struct Scene {
    /// When each instance makes its first call, from the burst's begin on.
    pub(crate) first_calls: Vec<Duration>,
    /// Calls that SSM accepts at once.
    pub(crate) capacity: u32,
    /// Calls that it takes in a second.
    pub(crate) each_second: u32,
    /// From a call to its answer.
    pub(crate) answer: Duration,
    /// From settings to the answer to an event.
    pub(crate) serve: Duration,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    /// A load begins.
    Load,
    /// It calls SSM.
    Call,
    /// SSM has answered, with settings or with its refusal.
    Answer { is_settings: bool },
    /// The time of a load is over.
    LoadEnds,
    /// An event has come.
    Event,
    /// The time of INIT is over.
    InitEnds,
}

/// A step of an instance, and of which of its loads: what belongs to an earlier one is void.
type Due = Reverse<(Duration, u64, usize, u32, Step)>;

#[derive(Clone, Default)]
struct State {
    load: u32,
    is_in_init: bool,
    load_ends: Duration,
    calls_of_load: u32,
    failures: u32,
    failed_at: Duration,
    calls: u32,
    restarts: u32,
    failed_first: bool,
    served: Option<Duration>,
}

struct Model<'a> {
    policy: &'a Policy,
    scene: &'a Scene,
    random: Random,
    due: BinaryHeap<Due>,
    steps: u64,
    states: Vec<State>,
    /// Calls that SSM has left, and since when.
    left: f64,
    filled: Duration,
}

/// Plays one burst.
pub(crate) fn play(policy: &Policy, scene: &Scene, seed: u64) -> Vec<Instance> {
    let state = State {
        is_in_init: true,
        ..State::default()
    };
    let mut model = Model {
        policy,
        scene,
        random: Random::seeded(seed),
        due: BinaryHeap::new(),
        steps: 0,
        states: vec![state; scene.first_calls.len()],
        left: scene.capacity.into(),
        filled: Duration::ZERO,
    };
    for (index, first_call) in scene.first_calls.iter().enumerate() {
        model.add(*first_call, index, Step::Load);
        model.add(INIT_LIMIT, index, Step::InitEnds);
    }
    while let Some(Reverse((now, _, index, load, step))) = model.due.pop() {
        model.take(now, index, load, step);
    }
    let states = model.states.into_iter().zip(&scene.first_calls);
    states
        .map(|(state, first_call)| Instance {
            first_call: *first_call,
            calls: state.calls,
            failed_first: state.failed_first,
            restarts: state.restarts,
            served: state.served.expect("events come until it serves"),
        })
        .collect()
}

impl Model<'_> {
    fn add(&mut self, time: Duration, index: usize, step: Step) {
        self.steps += 1;
        let load = self.states[index].load;
        self.due
            .push(Reverse((time, self.steps, index, load, step)));
    }

    fn take(&mut self, now: Duration, index: usize, load: u32, step: Step) {
        let state = &mut self.states[index];
        let is_current = state.load == load && state.served.is_none();
        match step {
            Step::InitEnds if state.is_in_init => {
                // Lambda starts it again, and this time waits for as long as the function may run.
                state.restarts += 1;
                state.load += 1;
                self.add(now + self.scene.first_calls[index], index, Step::Load);
            }
            Step::InitEnds => {}
            Step::Event => self.event(now, index),
            _ if !is_current => {}
            Step::Load => self.load(now, index),
            Step::Call => {
                state.calls += 1;
                state.calls_of_load += 1;
                let is_settings = self.passes(now);
                self.add(now + self.scene.answer, index, Step::Answer { is_settings });
            }
            Step::Answer { is_settings: true } => {
                state.is_in_init = false;
                state.served = Some(now + self.scene.serve);
            }
            Step::Answer { is_settings: false } => {
                let left = state.load_ends.saturating_sub(now);
                let wait = self
                    .policy
                    .wait(state.calls_of_load, left, &mut self.random);
                match wait {
                    Some(wait) => self.add(now + wait, index, Step::Call),
                    None => self.fail(now, index),
                }
            }
            Step::LoadEnds => self.fail(now, index),
        }
    }

    fn load(&mut self, now: Duration, index: usize) {
        let state = &mut self.states[index];
        let longest = if state.is_in_init {
            self.policy.init
        } else {
            self.policy.decision
        };
        state.load += 1;
        state.calls_of_load = 0;
        state.load_ends = now + longest;
        let ends = state.load_ends;
        self.add(ends, index, Step::LoadEnds);
        self.add(now, index, Step::Call);
    }

    /// A load has failed, in INIT or for an event.
    fn fail(&mut self, now: Duration, index: usize) {
        let state = &mut self.states[index];
        state.load += 1;
        state.failures += 1;
        state.failed_at = now;
        if state.is_in_init {
            state.is_in_init = false;
            if self.policy.first_decision_loads {
                state.failures = 0;
            }
            // The first event has waited for this.
            self.add(now, index, Step::Event);
        } else {
            self.fault(now, index);
        }
    }

    fn event(&mut self, now: Duration, index: usize) {
        let state = &self.states[index];
        if now.saturating_sub(state.failed_at) < self.policy.pause(state.failures) {
            self.fault(now, index);
        } else {
            self.load(now, index);
        }
    }

    /// An event is answered with a fault, and others come. Those of the pause change nothing, so they
    /// are left out.
    fn fault(&mut self, now: Duration, index: usize) {
        let state = &mut self.states[index];
        state.failed_first = true;
        let pause_ends = state.failed_at + self.policy.pause(state.failures);
        let paused = pause_ends.saturating_sub(now).as_secs_f64();
        let events = (paused / AGAIN.as_secs_f64()).ceil().max(1.0);
        self.add(now + AGAIN.mul_f64(events), index, Step::Event);
    }

    /// Whether SSM takes a call now.
    fn passes(&mut self, now: Duration) -> bool {
        let earned =
            now.saturating_sub(self.filled).as_secs_f64() * f64::from(self.scene.each_second);
        self.left = (self.left + earned).min(self.scene.capacity.into());
        self.filled = now;
        let passes = self.left >= 1.0;
        if passes {
            self.left -= 1.0;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Scene, play};
    use crate::AGAIN;
    use crate::outcome::{Instance, Numbers};
    use crate::policy::{Policy, Windows};

    const SECOND: Duration = Duration::from_secs(1);
    const ANSWER: Duration = Duration::from_millis(12);

    fn scene(starts: usize, capacity: u32, each_second: u32) -> Scene {
        Scene {
            first_calls: vec![Duration::from_millis(20); starts],
            capacity,
            each_second,
            answer: ANSWER,
            serve: Duration::from_millis(1),
        }
    }

    #[test]
    fn with_room_for_all_each_calls_once() {
        let instances = play(&Policy::QUICK, &scene(10, 10, 10), 1);
        let expected = Instance {
            first_call: Duration::from_millis(20),
            calls: 1,
            failed_first: false,
            restarts: 0,
            served: Duration::from_millis(33),
        };
        assert_eq!(instances, vec![expected; 10]);
    }

    #[test]
    fn a_seed_repeats_a_burst() {
        let play = |seed| play(&Policy::SPREAD, &scene(60, 10, 10), seed);
        assert_eq!(play(1), play(1));
        assert_ne!(play(1), play(2));
    }

    #[test]
    fn a_failed_load_is_repeated_after_its_pause_by_an_event() {
        // Of two calls one passes; the other load has one call, and ends with it.
        let policy = Policy {
            most_calls: 1,
            ..Policy::QUICK
        };
        let instances = play(&policy, &scene(2, 1, 1), 1);
        let late = instances.iter().find(|one| one.failed_first).unwrap();
        assert_eq!((late.calls, late.restarts), (2, 0));
        // Its pause is a second from its failure, at 32 ms, and events come all the while.
        let served = SECOND + Duration::from_millis(45);
        assert!(
            late.served >= served && late.served < served + AGAIN,
            "{late:?}"
        );
    }

    #[test]
    fn a_first_decision_may_load_again_at_once() {
        let policy = Policy {
            most_calls: 1,
            first_decision_loads: true,
            ..Policy::QUICK
        };
        // The second call of the late one comes 12 ms after the first, and finds the next place.
        let instances = play(&policy, &scene(2, 1, 100), 1);
        assert!(instances.iter().all(|one| !one.failed_first));
        assert_eq!(instances.iter().map(|one| one.calls).sum::<u32>(), 3);
    }

    #[test]
    fn an_init_that_lasts_too_long_is_begun_again() {
        // Of 30 starts 10 pass at once, and of the second calls those within the next 10 s.
        let policy = Policy {
            init: SECOND * 20,
            windows: Windows::Doubling {
                first: SECOND * 20,
                longest: SECOND * 20,
            },
            ..Policy::SPREAD
        };
        let restarts = (0..20).map(|seed| {
            let scene = scene(30, 10, 1);
            Numbers::of(&play(&policy, &scene, seed)).restarts
        });
        assert!(restarts.sum::<f64>() > 20.0);
    }

    #[test]
    fn ssm_takes_no_more_than_its_rate() {
        for policy in [Policy::QUICK, Policy::SPREAD] {
            let scene = scene(300, 10, 10);
            let mut served: Vec<Duration> = play(&policy, &scene, 1)
                .into_iter()
                .map(|instance| instance.served)
                .collect();
            served.sort();
            for (before, time) in served.iter().enumerate().skip(10) {
                let least = (before as f64 - 10.0) / 10.0;
                assert!(time.as_secs_f64() >= least, "{before} by {time:?}");
            }
        }
    }

    #[test]
    fn what_spreads_its_calls_fails_less_and_calls_less() {
        let mean = |policy: &Policy| {
            let scene = scene(60, 10, 10);
            let all: Vec<Numbers> = (0..20)
                .map(|seed| Numbers::of(&play(policy, &scene, seed)))
                .collect();
            Numbers::mean(&all)
        };
        let (quick, spread) = (mean(&Policy::QUICK), mean(&Policy::SPREAD));
        assert!(spread.failed_first < quick.failed_first);
        assert!(spread.mean_calls < quick.mean_calls);
    }
}
