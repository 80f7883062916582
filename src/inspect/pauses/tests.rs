//! What becomes of tokens and of their provider, step by step.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::too_many_lines,
    reason = "tables of steps, with small numbers"
)]

use super::{Duration, Fault, MAX_TOKENS, Pauses, Question, Trouble, UnixTime};
use crate::credential::TokenDigest;

const SILENT: Fault = Fault::ProviderUnavailable;
const LIMITED: Fault = Fault::ProviderRateLimited;
const LEASE: Option<Duration> = Some(Duration::from_secs(3));

#[derive(Clone, Copy)]
enum Step {
    /// A stranger's token is about to be asked about.
    Ask(u32, Result<(), Fault>),
    /// So is a known caller's.
    AskKnown(u32, Result<(), Fault>),
    /// What came of a stranger's.
    Met(u32, Trouble),
    /// What came of a known caller's.
    MetKnown(u32, Trouble),
    /// The provider told of it.
    Answered(u32),
    /// Seconds pass.
    Pass(u64),
    /// The clock is set back by so many.
    Back(u64),
}
use Step::{Answered, Ask, AskKnown, Back, Met, MetKnown, Pass};

fn limited(seconds: u64) -> Trouble {
    Trouble::Limited(Some(Duration::from_secs(seconds)))
}

fn run(name: &str, steps: &[Step]) {
    let mut pauses = Pauses::default();
    let mut now = UnixTime::from_secs(10_000);
    for (place, step) in steps.iter().enumerate() {
        let question = |number, is_known| Question {
            digest: TokenDigest::for_test(number),
            is_known,
            began: now,
        };
        match *step {
            Ask(number, expected) => {
                let admitted = pauses.admit(&question(number, false), now, LEASE);
                assert_eq!(admitted, expected, "{name}, step {place}");
            }
            AskKnown(number, expected) => {
                let admitted = pauses.admit(&question(number, true), now, LEASE);
                assert_eq!(admitted, expected, "{name}, step {place}");
            }
            Met(number, trouble) => {
                pauses.troubled(&question(number, false), trouble, now);
            }
            MetKnown(number, trouble) => {
                pauses.troubled(&question(number, true), trouble, now);
            }
            Answered(number) => pauses.answered(&question(number, false)),
            Pass(seconds) => now = now.saturating_add(Duration::from_secs(seconds)),
            Back(seconds) => now = UnixTime::from_secs(now.as_secs() - seconds),
        }
    }
}

/// The same trouble for this many tokens, from the number on.
fn many(from: u32, count: u32, trouble: Trouble) -> Vec<Step> {
    (from..from + count).map(|one| Met(one, trouble)).collect()
}

#[test]
fn what_one_token_meets_is_its_own() {
    let silence = Trouble::Silence;
    for (name, steps) in [
        (
            "silence pauses the token, longer each time, and nobody else",
            vec![
                Met(1, silence),
                Ask(1, Err(SILENT)),
                Ask(2, Ok(())),
                AskKnown(3, Ok(())),
                Pass(1),
                Ask(1, Ok(())),
                Met(1, silence),
                Pass(1),
                Ask(1, Err(SILENT)),
                Pass(1),
                Ask(1, Ok(())),
                Ask(2, Ok(())),
            ],
        ),
        (
            "the longest is half a minute, and a second for a known caller",
            [
                [Met(1, silence), MetKnown(2, silence), Pass(100)].repeat(10),
                vec![
                    Met(1, silence),
                    MetKnown(2, silence),
                    Pass(1),
                    AskKnown(2, Ok(())),
                    Pass(28),
                    Ask(1, Err(SILENT)),
                    Pass(1),
                    Ask(1, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "after a pause one question about the token is asked at a time",
            vec![
                Met(1, silence),
                Pass(1),
                Ask(1, Ok(())),
                Ask(1, Err(SILENT)),
                Pass(2),
                Ask(1, Err(SILENT)),
                Pass(1),
                Ask(1, Ok(())),
            ],
        ),
        (
            "the same token again and again says nothing of the provider",
            [
                [Met(1, silence), Pass(1)].repeat(50),
                vec![Ask(2, Ok(()))],
                [Met(3, limited(30)), Pass(1)].repeat(50),
                vec![Ask(2, Ok(())), Ask(3, Err(LIMITED))],
            ]
            .concat(),
        ),
        (
            "questions at once that meet silence count as one",
            [[Met(1, silence)].repeat(20), vec![Pass(1), Ask(1, Ok(()))]].concat(),
        ),
        (
            "a limit is the token's for its Retry-After, or for 5 s",
            vec![
                Met(1, limited(30)),
                Met(2, Trouble::Limited(None)),
                Pass(4),
                Ask(1, Err(LIMITED)),
                Ask(2, Err(LIMITED)),
                Ask(3, Ok(())),
                Pass(1),
                Ask(2, Ok(())),
                Pass(24),
                Ask(1, Err(LIMITED)),
                Pass(1),
                Ask(1, Ok(())),
            ],
        ),
        (
            "a Retry-After is believed for 5 minutes",
            vec![
                Met(1, limited(u64::MAX)),
                Pass(299),
                Ask(1, Err(LIMITED)),
                Pass(1),
                Ask(1, Ok(())),
            ],
        ),
        (
            "of two limits at once the longer counts",
            vec![
                Met(1, limited(60)),
                Met(1, limited(5)),
                Pass(59),
                Ask(1, Err(LIMITED)),
                Pass(1),
                Ask(1, Ok(())),
            ],
        ),
        (
            "an answer ends the pause",
            vec![Met(1, limited(60)), Answered(1), Ask(1, Ok(()))],
        ),
        (
            "an error that comes at once pauses nobody",
            [
                many(1, 20, Trouble::Other),
                vec![Ask(1, Ok(())), Ask(30, Ok(()))],
            ]
            .concat(),
        ),
        (
            "silence within too short a time says nothing",
            [
                many(1, 20, Trouble::Unheard),
                vec![Ask(1, Ok(())), Ask(30, Ok(()))],
            ]
            .concat(),
        ),
        (
            "a clock that was set back ends pauses rather than make them longer",
            vec![
                Met(1, limited(60)),
                Back(3_600),
                Ask(1, Ok(())),
                Ask(2, Ok(())),
            ],
        ),
    ] {
        run(name, &steps);
    }
}

#[test]
fn what_several_meet_is_the_providers() {
    let silence = Trouble::Silence;
    for (name, steps) in [
        (
            "four are too few, five are enough",
            [
                many(1, 4, silence),
                vec![Ask(10, Ok(())), Met(5, silence), Ask(10, Err(SILENT))],
            ]
            .concat(),
        ),
        (
            "limits too",
            [
                many(1, 4, limited(60)),
                vec![
                    Ask(10, Ok(())),
                    Met(5, limited(20)),
                    Ask(10, Err(LIMITED)),
                    Pass(19),
                    Ask(10, Err(LIMITED)),
                    Pass(1),
                    Ask(10, Ok(())),
                    Ask(11, Err(LIMITED)),
                ],
            ]
            .concat(),
        ),
        (
            "silence and limits are not added up",
            [
                many(1, 4, limited(60)),
                many(5, 4, silence),
                vec![Ask(10, Ok(()))],
            ]
            .concat(),
        ),
        (
            "an answer in between starts anew",
            [
                many(1, 4, silence),
                vec![Answered(20)],
                many(5, 4, silence),
                vec![Ask(10, Ok(()))],
                many(1, 4, limited(60)),
                vec![Answered(20)],
                many(5, 4, limited(60)),
                vec![Ask(10, Ok(()))],
            ]
            .concat(),
        ),
        (
            "an error in between is no silence",
            [
                many(1, 4, silence),
                vec![Met(20, Trouble::Other)],
                many(5, 4, silence),
                vec![Ask(10, Ok(()))],
            ]
            .concat(),
        ),
        (
            "more than a minute apart they have nothing to do with each other",
            (1..20)
                .flat_map(|one| [Met(one, silence), Pass(16), Ask(100, Ok(()))])
                .collect(),
        ),
        (
            "one question ends a silence",
            [
                many(1, 5, silence),
                vec![
                    Ask(10, Err(SILENT)),
                    Pass(1),
                    Ask(10, Ok(())),
                    Ask(11, Err(SILENT)),
                    Answered(10),
                    Ask(11, Ok(())),
                    Ask(12, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "a stranger's question that fails makes the pause longer, 5 s at most",
            [
                many(1, 5, silence),
                vec![
                    Pass(1),
                    Ask(10, Ok(())),
                    Met(10, silence),
                    Pass(1),
                    Ask(11, Err(SILENT)),
                    Pass(1),
                    Ask(11, Ok(())),
                    Met(11, silence),
                    Pass(4),
                    Ask(12, Ok(())),
                    Met(12, silence),
                    Pass(4),
                    Ask(13, Err(SILENT)),
                    Pass(1),
                    Ask(13, Ok(())),
                    Met(13, silence),
                    Pass(5),
                    Ask(14, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "a known caller has a question of its own, one a second",
            [
                many(1, 5, silence),
                vec![
                    AskKnown(20, Ok(())),
                    AskKnown(21, Err(SILENT)),
                    Ask(10, Err(SILENT)),
                    MetKnown(20, silence),
                    AskKnown(21, Err(SILENT)),
                    Pass(1),
                    AskKnown(21, Ok(())),
                    AskKnown(22, Err(SILENT)),
                    Answered(21),
                    Ask(10, Ok(())),
                    AskKnown(22, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "within a limit too, and an answer ends it",
            [
                many(1, 5, limited(300)),
                vec![
                    AskKnown(20, Ok(())),
                    AskKnown(21, Err(LIMITED)),
                    MetKnown(20, limited(300)),
                    Pass(1),
                    AskKnown(20, Err(LIMITED)),
                    AskKnown(21, Ok(())),
                    Answered(21),
                    Ask(10, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "a known caller's failure keeps strangers out no longer",
            [
                many(1, 5, silence),
                vec![
                    AskKnown(20, Ok(())),
                    MetKnown(20, silence),
                    Pass(1),
                    Ask(10, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "a question without an end is waited for no longer than it may take",
            [
                many(1, 5, silence),
                vec![
                    Pass(1),
                    Ask(10, Ok(())),
                    Pass(2),
                    Ask(11, Err(SILENT)),
                    Pass(1),
                    Ask(11, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "an error that comes at once ends silence, and no limit",
            [
                many(1, 5, silence),
                vec![
                    Pass(1),
                    Ask(10, Ok(())),
                    Met(10, Trouble::Other),
                    Ask(11, Ok(())),
                ],
                many(1, 5, limited(60)),
                vec![
                    AskKnown(20, Ok(())),
                    MetKnown(20, Trouble::Other),
                    Ask(10, Err(LIMITED)),
                    AskKnown(21, Err(LIMITED)),
                    Pass(1),
                    AskKnown(21, Ok(())),
                ],
            ]
            .concat(),
        ),
        (
            "a provider that refuses our credentials is asked for nobody",
            vec![
                Met(1, Trouble::Refused),
                Ask(2, Err(SILENT)),
                AskKnown(3, Err(SILENT)),
                Pass(1),
                AskKnown(3, Ok(())),
                Ask(2, Err(SILENT)),
                MetKnown(3, Trouble::Refused),
                Pass(1),
                Ask(2, Err(SILENT)),
                Pass(1),
                Ask(2, Ok(())),
                Answered(2),
                Ask(1, Ok(())),
            ],
        ),
        (
            "a clock that was set back ends its pause",
            [many(1, 5, limited(60)), vec![Back(3_600), Ask(10, Ok(()))]].concat(),
        ),
    ] {
        run(name, &steps);
    }
}

#[test]
fn no_more_tokens_are_remembered_than_the_most() {
    let mut pauses = Pauses::default();
    let now = UnixTime::from_secs(10_000);
    let question = |number| Question {
        digest: TokenDigest::for_test(number),
        is_known: false,
        began: now,
    };
    let most = u32::try_from(MAX_TOKENS).unwrap();
    for number in 0..most + 10 {
        pauses.troubled(&question(number), limited(60), now);
        pauses.answered(&question(most * 2));
    }
    let mut is_paused = |number| pauses.admit(&question(number), now, None).is_err();
    assert!(!is_paused(0) && !is_paused(9) && is_paused(10) && is_paused(most + 9));
    assert!(pauses.limit.0.len() <= 5 && pauses.silence.0.len() <= 5);
}
