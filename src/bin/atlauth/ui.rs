//! What is written to the terminal: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Stderr, Stdout, Write};
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};

use crate::cli::Color;
use crate::failure::Failure;

/// How long something may take in silence.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where and how to write.
pub(crate) struct Ui {
    color: bool,
    results: Stdout,
    notes: Stderr,
}

/// What a text means.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// As it should not be.
    Bad,
    /// Worth a look.
    Warning,
    /// Less important than what stands beside it.
    Faint,
    /// A heading.
    Strong,
}

impl Ui {
    pub(crate) fn new(color: Color) -> Self {
        let wanted = || {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::io::stdout().is_terminal()
        };
        Self {
            color: match color {
                Color::Auto => wanted(),
                Color::Always => true,
                Color::Never => false,
            },
            results: std::io::stdout(),
            notes: std::io::stderr(),
        }
    }

    /// A text in its colour.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warning => "33",
            Tone::Faint => "2",
            Tone::Strong => "1",
        };
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: &str) {
        // A reader that has gone away is no reason to fail.
        let _ = writeln!(self.results.lock(), "{text}");
    }

    /// A line beside the result.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(self.notes.lock(), "{text}");
    }

    /// A table of the result, as wide as the terminal at most.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(head);
        // In a pipe, each row is a line however long it is.
        match terminal_size::terminal_size_of(&self.results) {
            Some((width, _)) => table.set_width(width.0),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        for row in rows {
            table.add_row(row);
        }
        for line in table.lines() {
            self.line(line.trim_end());
        }
    }

    /// Says why a command did not do what it was asked to.
    pub(crate) fn failure(&self, failure: &Failure) {
        if !failure.message().is_empty() {
            self.note(&format!(
                "{} {}",
                self.paint(Tone::Bad, "error:"),
                failure.message()
            ));
        }
        if let Some(hint) = failure.next_step() {
            self.note(&format!("{} {hint}", self.paint(Tone::Faint, "next:")));
        }
    }

    /// Does some work, and says what it is once it takes longer than a second.
    pub(crate) async fn progress<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(PATIENCE) => {}
        }
        self.note(&format!("{what} ..."));
        work.await
    }
}
