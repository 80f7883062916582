//! What the library logs, kept to be shown where it explains a failure.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The lines that have been logged. The library's never hold a secret; those of others, which may,
/// are not heard.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Keeps from now on what is logged.
    pub(crate) fn capture() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt::layer()
            .without_time()
            .with_target(false)
            .with_writer(move || writer.clone())
            .with_filter(Targets::new().with_target("atlassian_authorizer", LevelFilter::WARN));
        // Only fails when a subscriber already exists, and then that one serves.
        let _ = tracing_subscriber::registry().with(lines).try_init();
        log
    }

    /// The errors, or else the warnings.
    pub(crate) fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        let of = |level: &str| -> Vec<String> {
            let lines = text.lines().map(str::trim_start);
            lines
                .filter_map(|line| Some(line.strip_prefix(level)?.trim_start().to_owned()))
                .collect()
        };
        let errors = of("ERROR");
        if errors.is_empty() {
            of("WARN")
        } else {
            errors
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
