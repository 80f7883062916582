//! The times of a token, beside those that the settings and the clock allow.

use std::time::Duration;

use atlassian_authorizer::claims::Claims;
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::error::Denial;
use atlassian_authorizer::provider::Provider;

use super::Comparison;
use super::claims::values;
use crate::times::{date, plain_date, span};

/// What is wrong with a time.
pub(super) fn times(
    denial: Denial,
    provider: &Provider,
    claims: &Claims,
    now: u64,
) -> Vec<Comparison> {
    let at = |name: &str| claims.time(name).ok().flatten().map(UnixTime::as_secs);
    let shown = |name: &str| at(name).map(|time| date(time, now)).into_iter().collect();
    let seconds = |most: Option<Duration>| {
        let most = most.map(|most| format!("at most {} s", most.as_secs()));
        most.into_iter().collect()
    };
    match denial {
        Denial::TokenExpired => vec![Comparison::new(
            "exp",
            shown("exp"),
            "the time now",
            vec![plain_date(now)],
        )],
        Denial::TokenNotYetValid => {
            let name = if at("nbf") > at("iat") { "nbf" } else { "iat" };
            let wanted = vec![format!("{} and 60 s at most", plain_date(now))];
            vec![Comparison::new(name, shown(name), "the time now", wanted)]
        }
        Denial::TokenTooOld => vec![Comparison::new(
            "iat",
            shown("iat"),
            "max_token_age_seconds",
            seconds(provider.max_token_age),
        )],
        Denial::TokenLifetimeTooLong => {
            let start = at("iat").or(at("nbf")).unwrap_or(now);
            let life = at("exp").map(|end| end.saturating_sub(start));
            let life = life.map(|life| format!("{life} s ({})", span(life)));
            vec![Comparison::new(
                "exp - iat",
                life.into_iter().collect(),
                "max_token_lifetime_seconds",
                seconds(provider.lifetime.most),
            )]
        }
        Denial::ClaimsMalformed => ["exp", "iat", "nbf"]
            .into_iter()
            .filter(|name| claims.time(name).is_err() || (*name == "exp" && at(name).is_none()))
            .map(|name| {
                let wanted = vec!["seconds since 1970, as a number".to_owned()];
                Comparison::new(name, values(claims, name), "RFC 7519", wanted)
            })
            .collect(),
        _ => Vec::new(),
    }
}
