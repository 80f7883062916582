//! Diagnostic logs: JSON lines on standard output.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs at the level that `AWS_LAMBDA_LOG_LEVEL` names, `INFO` without it.
///
/// The level is ours alone: at its lowest, the Lambda runtime logs whole events and the HTTP
/// stack whole headers, and both hold tokens. They are heard from warnings up, and the part of the
/// runtime that repeats our own refusals not at all.
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stdout);
    // Only fails when a subscriber is there already, and then that one serves.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .try_init();
}
