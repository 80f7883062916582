//! Back-off: for which tokens a provider is not asked for a while, and when it is not asked at all.
//!
//! Anyone can send a token that the provider limits or that a firewall on the way drops. So a
//! missing answer, or a limit, first counts only for the token that met it. The authorizer backs off from
//! the provider as a whole once [`SEVERAL`] distinct tokens have met the same in a row. Even then
//! one request about a token of a known caller is sent each second: an outage ends with the first
//! answer.

use std::time::Duration;

use crate::clock::UnixTime;
use crate::credential::TokenDigest;
use crate::error::Fault;
use crate::sync::Recent;

/// How many distinct tokens must meet the same before it is the provider's own.
const SEVERAL: usize = 5;
/// The time within which they must.
const WINDOW: Duration = Duration::from_mins(1);
/// The first pause after silence. During back-off a provider gets one request about a known
/// caller's token in each such time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of one token after silence, and of a provider that refuses our credentials.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause of a silent provider: the silence may be the doing of made-up tokens alone.
const MAX_SILENT_PAUSE: Duration = Duration::from_secs(5);
/// The back-off for a provider that limits our rate without a `Retry-After`.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that is respected, and the longest pause of all.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);
/// The most tokens whose pauses are remembered.
const MAX_TOKENS: usize = 2_000;

/// One token that the provider is to be asked about.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) digest: TokenDigest,
    /// Whether it is of one of our callers: accepted before, or signed by the provider.
    pub(super) is_known: bool,
    pub(super) began: UnixTime,
}

/// The outcome of a request without an answer about the token.
#[derive(Clone, Copy)]
pub(super) enum Trouble {
    /// No answer.
    Silence,
    /// No answer within a time that was too short for one.
    Unheard,
    /// Too many questions; the provider may say when the next may come.
    Limited(Option<Duration>),
    /// Our own credentials were refused. Providers lock out a client that keeps coming with the
    /// wrong secret, so nobody is asked about meanwhile.
    Refused,
    /// An answer that tells nothing. One that comes at once holds nobody up, and may be about this
    /// one token.
    Other,
}

/// The pauses of one provider, and of tokens there.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    tokens: Recent<TokenDigest, (Fault, Pause), MAX_TOKENS>,
    silence: MetBy,
    limit: MetBy,
    whole: Option<Whole>,
}

/// The tokens that have met the same, one after the other.
#[derive(Debug, Default)]
struct MetBy(Vec<(TokenDigest, UnixTime)>);

/// Back-off from the provider as a whole.
#[derive(Debug)]
struct Whole {
    why: Why,
    pause: Pause,
    /// When the next question about a known caller's token may be asked.
    known_until: UnixTime,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Why {
    Silent,
    Limits,
    Refuses,
}

/// No question before `until`.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    failures: u32,
    /// When the last failure came.
    since: UnixTime,
    until: UnixTime,
}

impl Pauses {
    /// Whether the provider may be asked now. With a `lease` the question is about to be asked:
    /// where there was a pause, it is the only one until it has its answer or the lease ends.
    ///
    /// # Errors
    ///
    /// The fault that made the pause.
    pub(super) fn admit(
        &mut self,
        question: &Question,
        now: UnixTime,
        lease: Option<Duration>,
    ) -> Result<(), Fault> {
        let leased = lease.map(|lease| now.saturating_add(lease.min(MAX_PAUSE)));
        let of_token = self.tokens.get(&question.digest).copied();
        if let Some((fault, pause)) = of_token
            && is_before(now, pause.until)
        {
            return Err(fault);
        }
        if let Some(whole) = &mut self.whole {
            let fault = whole.why.fault();
            let next = whole.next(question);
            if is_before(now, *next) {
                return Err(fault);
            }
            *next = leased.unwrap_or(*next);
        }
        if let (Some((fault, pause)), Some(until)) = (of_token, leased) {
            let pause = Pause { until, ..pause };
            self.tokens.put(question.digest, (fault, pause));
        }
        Ok(())
    }

    /// The provider has told of the token.
    pub(super) fn answered(&mut self, question: &Question) {
        self.tokens.remove(&question.digest);
        self.silence.0.clear();
        self.limit.0.clear();
        self.whole = None;
    }

    /// The provider did not answer for the token. Returns whether to back off from it from now on.
    pub(super) fn troubled(
        &mut self,
        question: &Question,
        trouble: Trouble,
        now: UnixTime,
    ) -> bool {
        if !matches!(trouble, Trouble::Silence | Trouble::Unheard) {
            self.silence.0.clear();
            self.whole = self.whole.take().filter(|whole| whole.why != Why::Silent);
        }
        match trouble {
            Trouble::Silence => {
                let longest = if question.is_known {
                    FIRST_PAUSE
                } else {
                    MAX_PAUSE
                };
                self.leave_token_alone(question, Fault::ProviderUnavailable, |pause| {
                    pause.double(question.began, now, longest);
                });
                self.silence.add(question.digest, now)
                    && self.leave_alone(Why::Silent, question, now, |pause| {
                        pause.double(question.began, now, MAX_SILENT_PAUSE);
                    })
            }
            Trouble::Limited(after) => {
                let least = after.unwrap_or(RATE_LIMIT_PAUSE).min(MAX_RETRY_AFTER);
                self.leave_token_alone(question, Fault::ProviderRateLimited, |pause| {
                    pause.extend(now, least);
                });
                self.limit.add(question.digest, now)
                    && self.leave_alone(Why::Limits, question, now, |pause| {
                        // A limit may be that of one caller's tokens.
                        pause.extend(now, least.min(MAX_PAUSE));
                    })
            }
            Trouble::Refused => self.leave_alone(Why::Refuses, question, now, |pause| {
                pause.double(question.began, now, MAX_PAUSE);
            }),
            Trouble::Other | Trouble::Unheard => {
                if matches!(trouble, Trouble::Other) {
                    self.tokens.remove(&question.digest);
                }
                if let Some(whole) = &mut self.whole {
                    *whole.next(question) = now.saturating_add(FIRST_PAUSE);
                }
                false
            }
        }
    }

    fn leave_token_alone(
        &mut self,
        question: &Question,
        fault: Fault,
        lengthen: impl FnOnce(&mut Pause),
    ) {
        let known = self.tokens.get(&question.digest);
        let mut pause = known.map_or_else(Pause::default, |(_, pause)| *pause);
        lengthen(&mut pause);
        self.tokens.put(question.digest, (fault, pause));
    }

    /// Returns whether this back-off is new.
    fn leave_alone(
        &mut self,
        why: Why,
        question: &Question,
        now: UnixTime,
        lengthen: impl FnOnce(&mut Pause),
    ) -> bool {
        let is_new = self.whole.as_ref().is_none_or(|whole| whole.why != why);
        let whole = self
            .whole
            .take()
            .filter(|_| !is_new)
            .unwrap_or_else(|| Whole {
                why,
                pause: Pause::default(),
                known_until: UnixTime::ZERO,
            });
        let whole = self.whole.insert(whole);
        if question.is_known {
            whole.known_until = now.saturating_add(FIRST_PAUSE);
        }
        // What a known caller's token meets says nothing new of others.
        if is_new || !question.is_known || why == Why::Refuses {
            lengthen(&mut whole.pause);
        }
        is_new
    }
}

impl MetBy {
    /// One more token. Returns whether there are several by now.
    fn add(&mut self, digest: TokenDigest, now: UnixTime) -> bool {
        let Self(met) = self;
        met.retain(|(other, at)| {
            let age = now.checked_since(*at);
            *other != digest && age.is_some_and(|age| age <= WINDOW)
        });
        if met.len() >= SEVERAL {
            met.remove(0);
        }
        met.push((digest, now));
        met.len() >= SEVERAL
    }
}

impl Whole {
    /// When the next question of this kind may be asked.
    fn next(&mut self, question: &Question) -> &mut UnixTime {
        if question.is_known && self.why != Why::Refuses {
            &mut self.known_until
        } else {
            &mut self.pause.until
        }
    }
}

impl Why {
    const fn fault(self) -> Fault {
        match self {
            Self::Silent | Self::Refuses => Fault::ProviderUnavailable,
            Self::Limits => Fault::ProviderRateLimited,
        }
    }
}

impl Pause {
    /// Twice as long as before. Of several questions at once the first counts: what began before the
    /// last failure says no more than that did.
    fn double(&mut self, began: UnixTime, now: UnixTime, longest: Duration) {
        if self.failures > 0 && began <= self.since && self.since <= now {
            return;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1_u32 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        self.since = now;
        self.until = now.saturating_add(doubled.min(longest));
    }

    /// At least this long from now. Of several answers at once the longest counts.
    fn extend(&mut self, now: UnixTime, least: Duration) {
        let until = now.saturating_add(least);
        self.until = if is_before(now, self.until) {
            self.until.max(until)
        } else {
            until
        };
    }
}

/// Whether it is not `until` yet. A clock that was set back must not make a pause longer than any is
/// meant to be.
fn is_before(now: UnixTime, until: UnixTime) -> bool {
    let left = until.saturating_since(now);
    !left.is_zero() && left <= MAX_RETRY_AFTER
}

#[cfg(test)]
mod tests;
