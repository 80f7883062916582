//! The numbers of the settings: what each may be, and what it is where it is left out.

use std::time::Duration;

use crate::http::{MAX_REQUEST_TIMEOUT, REQUEST_TIMEOUT};

/// What a number may be, and what it is by default.
pub(crate) struct Bounds {
    pub(crate) least: u64,
    pub(crate) most: u64,
    pub(crate) default: u64,
}

impl Bounds {
    const fn to(most: u64, default: u64) -> Self {
        Self {
            least: 1,
            most,
            default,
        }
    }
}

/// `refresh_seconds` of the general settings.
pub(crate) const REFRESH_SECONDS: Bounds = Bounds::to(3_600, 300);

/// The most that `max_settings_age_seconds` can be: older settings say little of today.
pub(crate) const MAX_SETTINGS_AGE: Duration = Duration::from_hours(30 * 24);

/// `max_lifetime_days` of API tokens.
pub(crate) const API_TOKEN_LIFETIME_DAYS: Bounds = Bounds::to(3_650, 365);

/// `recheck_seconds` of API tokens.
pub(crate) const API_TOKEN_RECHECK_SECONDS: Bounds = Bounds::to(3_600, 60);

/// `recheck_seconds` of a provider.
pub(crate) const PROVIDER_RECHECK_SECONDS: Bounds = Bounds::to(3_600, 60);

/// `recheck_seconds` of the upstream mode `per_user`.
pub(crate) const USER_RECHECK_SECONDS: Bounds = Bounds::to(3_600, 300);

/// `request_timeout_seconds` of a provider.
pub(crate) const REQUEST_TIMEOUT_SECONDS: Bounds =
    Bounds::to(MAX_REQUEST_TIMEOUT.as_secs(), REQUEST_TIMEOUT.as_secs());

/// `keys_max_stale_seconds` of a provider: 4 hours by default, as long as an outage may last.
pub(crate) const KEYS_MAX_STALE_SECONDS: Bounds = Bounds {
    least: 300,
    most: 86_400,
    default: 4 * 3_600,
};
