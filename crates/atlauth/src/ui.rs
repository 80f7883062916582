//! What is written to the terminal: results to standard output, everything else to standard error.

use std::io::{ErrorKind, IsTerminal, Stderr, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};

use crate::failure::Failure;

/// How long something may take in silence.
const PATIENCE: Duration = Duration::from_secs(1);

/// When to use colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where and how to write.
pub(crate) struct Ui {
    color: bool,
    /// A part of the result could not be written.
    lost: AtomicBool,
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

/// Ends a tone. Marks are characters of a private use area, which become what a terminal
/// understands when they are written: what others wrote can't bring a terminal's own sequences
/// along.
const PLAIN: char = '\u{f0000}';

const TONES: [(char, &str); 6] = [
    (PLAIN, "\u{1b}[0m"),
    ('\u{f0001}', "\u{1b}[32m"),
    ('\u{f0002}', "\u{1b}[31m"),
    ('\u{f0003}', "\u{1b}[33m"),
    ('\u{f0004}', "\u{1b}[2m"),
    ('\u{f0005}', "\u{1b}[1m"),
];

impl Tone {
    const fn mark(self) -> char {
        match self {
            Self::Good => '\u{f0001}',
            Self::Bad => '\u{f0002}',
            Self::Warning => '\u{f0003}',
            Self::Faint => '\u{f0004}',
            Self::Strong => '\u{f0005}',
        }
    }
}

/// A text as a terminal may have it: marks become colours, and what would move the cursor or turn
/// the direction of writing is replaced.
fn shown(text: &str, color: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let tone = TONES.iter().find(|(mark, _)| *mark == character);
        match (character, tone) {
            (_, Some((_, sequence))) if color => shown.push_str(sequence),
            ('\n' | '\t', _) => shown.push(character),
            _ => shown.push(harmless(character)),
        }
    }
    shown
}

/// A text of somebody else's that must not leave its place in a line: it makes no other line, and brings
/// no colour.
pub(crate) fn within_line(text: &str) -> String {
    let is_mark = |one| TONES.iter().any(|(mark, _)| *mark == one);
    let plain = text.chars().map(|one| match one {
        mark if is_mark(mark) => '\u{fffd}',
        other => harmless(other),
    });
    plain.collect()
}

/// The character, or what stands for one that would act on the terminal.
fn harmless(character: char) -> char {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        other => other,
    }
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
            lost: AtomicBool::new(false),
            results: std::io::stdout(),
            notes: std::io::stderr(),
        }
    }

    /// Fails where a part of the result could not be written.
    pub(crate) fn is_all_written(&self) -> Result<(), Failure> {
        let flushed = self.results.lock().flush();
        let broken = flushed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
        if broken || self.lost.load(Ordering::Relaxed) {
            return Err(
                Failure::unavailable("the result could not be written whole")
                    .hint("look whether the disk is full"),
            );
        }
        Ok(())
    }

    /// A text in its colour.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{}{text}{PLAIN}", tone.mark())
        } else {
            text.to_owned()
        }
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: &str) {
        if let Err(error) = writeln!(self.results.lock(), "{}", shown(text, self.color)) {
            // A reader that has gone away is no reason to fail; a full disk is.
            if error.kind() != ErrorKind::BrokenPipe {
                self.lost.store(true, Ordering::Relaxed);
            }
        }
    }

    /// A line beside the result.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(self.notes.lock(), "{}", shown(text, self.color));
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

#[cfg(test)]
mod tests {
    use super::{Tone, shown, within_line};

    #[test]
    fn what_others_wrote_moves_no_cursor() {
        let hostile = "a\u{1b}[2Jb\u{9b}31mc\u{202e}d\re";
        assert_eq!(
            shown(hostile, true),
            "a\u{fffd}[2Jb\u{fffd}31mc\u{fffd}d\u{fffd}e"
        );
        assert_eq!(shown("x\n\ty", false), "x\n\ty");
        let mark = Tone::Bad.mark();
        let marked = format!("{mark}x\n\u{202e}y");
        assert_eq!(shown(&marked, true), "\u{1b}[31mx\n\u{fffd}y");
        assert_eq!(within_line(&marked), "\u{fffd}x\u{fffd}\u{fffd}y");
    }
}
