//! Times as people read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// A date and how far it is, such as `2026-11-24 10:00:00Z, in 41 min`.
pub(crate) fn date(seconds: u64, now: u64) -> String {
    let day = plain_date(seconds);
    match seconds.checked_sub(now) {
        Some(0) => format!("{day}, now"),
        Some(ahead) => format!("{day}, in {}", span(ahead)),
        None => format!("{day}, {} ago", span(now.saturating_sub(seconds))),
    }
}

/// A date, such as `2026-11-24 10:00:00Z`.
pub(crate) fn plain_date(seconds: u64) -> String {
    // Beyond the year 9999 `humantime` has no date.
    let seconds = seconds.min(253_402_300_799);
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    humantime::format_rfc3339_seconds(time.unwrap_or(UNIX_EPOCH))
        .to_string()
        .replacen('T', " ", 1)
}

/// A span in its largest unit.
pub(crate) fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (365 * 86_400, "years"),
        (86_400, "days"),
        (3_600, "h"),
        (60, "min"),
    ];
    // The next smaller unit up to two of the larger, so that little is lost.
    let unit = UNITS
        .iter()
        .find(|(size, _)| seconds >= size.saturating_mul(2) || (*size == 60 && seconds >= 60));
    match unit {
        Some((size, name)) => {
            let half = size.checked_div(2).unwrap_or_default();
            let count = seconds.saturating_add(half).checked_div(*size);
            format!("{} {name}", count.unwrap_or_default())
        }
        None => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{date, span};

    #[test]
    fn spans() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (41 * 60, "41 min"),
            (90 * 60, "90 min"),
            (3 * 3_600, "3 h"),
            (47 * 3_600, "47 h"),
            (90 * 86_400, "90 days"),
            (73 * 365 * 86_400, "73 years"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date(0, 60), "1970-01-01 00:00:00Z, 1 min ago");
        assert_eq!(date(2_460, 0), "1970-01-01 00:41:00Z, in 41 min");
        assert!(date(u64::MAX, 0).starts_with("9999-12-31 23:59:59Z"));
    }
}
