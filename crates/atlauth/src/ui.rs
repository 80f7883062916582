//! What is written to the terminal: results to standard output, everything else to standard error.

use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, IsTerminal, Stderr, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atlassian_authorizer::username::is_hidden;
use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

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
    /// What is written is plain ASCII, but for what others wrote.
    ascii: bool,
    marks: Marks,
    /// A part of the result could not be written.
    lost: AtomicBool,
    results: Stdout,
    notes: Stderr,
}

/// What a text means.
#[derive(Clone, Copy, Eq, PartialEq)]
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

/// What stands in a text for a colour, until the text is written: a sequence of characters that take
/// no room, drawn anew for each run. What others wrote can hold any character, and not this sequence.
struct Marks(String);

/// What a mark's last character is counted from: variation selectors, of which there are 240.
const FIRST_SELECTOR: u32 = 0xe0100;
const SELECTORS: u64 = 240;

/// What stands for a character that is not written.
const REPLACED: char = '\u{fffd}';

/// Ends a tone.
const PLAIN: &str = "\u{1b}[0m";

const TONES: [(Tone, &str); 5] = [
    (Tone::Good, "\u{1b}[32m"),
    (Tone::Bad, "\u{1b}[31m"),
    (Tone::Warning, "\u{1b}[33m"),
    (Tone::Faint, "\u{1b}[2m"),
    (Tone::Strong, "\u{1b}[1m"),
];

impl Marks {
    fn new() -> Self {
        // Its keys are random, and new in each process.
        let mut random = RandomState::new().build_hasher().finish();
        let mut selector = || {
            let place = random.checked_rem(SELECTORS).unwrap_or_default();
            random = random.checked_div(SELECTORS).unwrap_or_default();
            let place = u32::try_from(place).unwrap_or_default();
            char::from_u32(FIRST_SELECTOR.saturating_add(place))
        };
        Self((0..8).filter_map(|_| selector()).collect())
    }

    /// A text between its marks.
    fn around(&self, tone: Tone, text: &str) -> String {
        let Self(secret) = self;
        let begin = TONES.iter().zip('0'..).find(|((one, _), _)| *one == tone);
        let begin = begin.map_or('p', |(_, digit)| digit);
        format!("{secret}{begin}{text}{secret}p")
    }

    /// The sequence of a mark at the beginning of a text, and what follows it.
    fn first<'t>(&self, text: &'t str) -> Option<(&'static str, &'t str)> {
        let rest = text.strip_prefix(self.0.as_str())?;
        let mut rest = rest.chars();
        let which = rest.next()?;
        let tone = TONES.iter().zip('0'..).find(|(_, digit)| *digit == which);
        let sequence = tone.map_or(PLAIN, |((_, sequence), _)| *sequence);
        Some((sequence, rest.as_str()))
    }

    /// A text as a terminal may have it: marks become colours, and what would act on the terminal, or
    /// could not be seen, is replaced.
    fn shown(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some((sequence, after)) = self.first(rest) {
                shown.push_str(sequence);
                rest = after;
                continue;
            }
            shown.push(match character {
                '\n' | '\t' => character,
                other => harmless(other),
            });
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
        shown
    }
}

/// A text of somebody else's that must not leave its place in a line: it makes no other line.
pub(crate) fn within_line(text: &str) -> String {
    text.chars().map(harmless).collect()
}

/// Lines of a log, written as [`within_line`] has them.
pub(crate) struct HarmlessLines<W>(pub(crate) W);

impl<W: Write> Write for HarmlessLines<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<String> = text.split('\n').map(within_line).collect();
        self.0.write_all(lines.join("\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// A JSON text that says the same, with what would act on a terminal or could not be seen written as
/// escapes. Such characters stand in strings alone.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || harmless(character) == character {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// A text in lines of at most so many columns. A longer word has a line of its own.
pub(crate) fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let length = line.chars().count().saturating_add(word.chars().count());
        if line.is_empty() {
            line.push_str(word);
        } else if length < width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// What a table puts around each cell.
const PADDING: usize = 2;

/// The length of the longest word of each column.
fn longest_words(head: &[&str], rows: &[Vec<String>]) -> Vec<usize> {
    let is_mark = |one: &char| {
        (FIRST_SELECTOR..FIRST_SELECTOR.saturating_add(240)).contains(&u32::from(*one))
    };
    let longest = |text: &str| {
        let words = text.split(' ');
        let length = |word: &str| word.chars().filter(|one| !is_mark(one)).count();
        words.map(length).max().unwrap_or_default()
    };
    head.iter()
        .enumerate()
        .map(|(place, name)| {
            let cells = rows.iter().filter_map(|row| row.get(place));
            let cells = cells.map(|cell| longest(cell));
            cells.max().unwrap_or_default().max(longest(name))
        })
        .collect()
}

/// The character, or what stands for one that would act on the terminal or hide something.
fn harmless(character: char) -> char {
    if is_hidden(character) {
        REPLACED
    } else {
        character
    }
}

impl Ui {
    pub(crate) fn new(color: Color) -> Self {
        let ascii = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let wanted = || {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && !ascii
                && std::io::stdout().is_terminal()
        };
        Self {
            color: match color {
                Color::Auto => wanted(),
                Color::Always => true,
                Color::Never => false,
            },
            ascii,
            marks: Marks::new(),
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
                Failure::unavailable("the result could not be written completely")
                    .hint("check whether the disk is full"),
            );
        }
        Ok(())
    }

    /// What stands for a part that is left out.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.ascii { "..." } else { "\u{2026}" }
    }

    /// A text as this terminal may have it.
    fn shown(&self, text: &str) -> String {
        let shown = self.marks.shown(text);
        if self.ascii {
            shown.replace(REPLACED, "?")
        } else {
            shown
        }
    }

    /// A text in its colour.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if self.color && !text.is_empty() {
            self.marks.around(tone, text)
        } else {
            text.to_owned()
        }
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: &str) {
        self.write(&self.shown(text));
    }

    /// A JSON document of the result, which says the same whoever reads it.
    pub(crate) fn json(&self, text: &str) {
        self.write(&escaped(text));
    }

    /// A text of the program's own, such as a script, as it stands.
    pub(crate) fn verbatim(&self, text: &str) {
        self.write(text.trim_end());
    }

    fn write(&self, text: &str) {
        if let Err(error) = writeln!(self.results.lock(), "{text}") {
            // A reader that has gone away is no reason to fail; a full disk is.
            if error.kind() != ErrorKind::BrokenPipe {
                self.lost.store(true, Ordering::Relaxed);
            }
        }
    }

    /// A line beside the result.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(self.notes.lock(), "{}", self.shown(text));
    }

    /// A table of the result, as wide as the terminal at most. No word is broken: where the longest of
    /// all columns don't fit beside each other, each row is a block of lines.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        // No cell makes lines of its own.
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|cell| cell.replace(['\n', '\t'], "\u{fffd}"))
            })
            .map(Iterator::collect)
            .collect();
        let width = self.width();
        let longest = longest_words(head, &rows);
        let least = longest.iter().fold(0_usize, |sum, one| {
            sum.saturating_add(*one).saturating_add(PADDING)
        });
        if width.is_some_and(|width| least > usize::from(width)) {
            self.blocks(head, &rows, width.map_or(usize::MAX, usize::from));
            return;
        }
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(head);
        // In a pipe, each row is a line however long it is.
        match width {
            Some(width) => table.set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        for row in rows {
            table.add_row(row);
        }
        for (place, longest) in longest.into_iter().enumerate() {
            let least = u16::try_from(longest.saturating_add(PADDING)).unwrap_or(u16::MAX);
            if let Some(column) = table.column_mut(place) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
        for line in table.lines() {
            self.line(line.trim_end());
        }
    }

    /// A table as blocks: the cells of a row below each other.
    fn blocks(&self, head: &[&str], rows: &[Vec<String>], width: usize) {
        let longest = head.iter().map(|name| name.chars().count()).max();
        let longest = longest.unwrap_or_default();
        for (place, row) in rows.iter().enumerate() {
            if place > 0 {
                self.line("");
            }
            let cells = head.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            for (name, cell) in cells {
                let room = width.saturating_sub(longest.saturating_add(3));
                for (line, text) in folded(cell, room).into_iter().enumerate() {
                    let name = if line == 0 { name } else { "" };
                    self.line(format!(" {name:<longest$}  {text}").trim_end());
                }
            }
        }
    }

    /// How wide a result may be; `None` in a pipe, unless `COLUMNS` says it.
    fn width(&self) -> Option<u16> {
        let said = std::env::var("COLUMNS").ok();
        let said = said.and_then(|text| text.parse().ok());
        said.filter(|width| *width > 0).or_else(|| {
            let (width, _) = terminal_size::terminal_size_of(&self.results)?;
            Some(width.0)
        })
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
    use serde_json::{Value, json};

    use std::io::Write;

    use super::{Color, HarmlessLines, Marks, Tone, Ui, escaped, harmless, within_line};

    /// What acts on a terminal or can't be seen, one of each kind.
    const HOSTILE: [char; 27] = [
        '\u{0}',
        '\u{7}',
        '\u{8}',
        '\r',
        '\u{1b}',
        '\u{7f}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200d}',
        '\u{200f}',
        '\u{2028}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{e000}',
        '\u{f8ff}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{fffa}',
        '\u{e0041}',
        '\u{e0100}',
        '\u{f0001}',
        '\u{f0002}',
        '\u{10fffd}',
    ];

    #[test]
    fn what_others_wrote_acts_on_no_terminal() {
        let marks = Marks::new();
        for character in HOSTILE {
            let text = format!("a{character}b");
            assert_eq!(marks.shown(&text), "a\u{fffd}b", "{character:?}");
            assert_eq!(within_line(&text), "a\u{fffd}b", "{character:?}");
            let mut written = HarmlessLines(Vec::new());
            write!(written, "{text}\n{text}\n").unwrap();
            let written = String::from_utf8(written.0).unwrap();
            assert_eq!(written, "a\u{fffd}b\na\u{fffd}b\n", "{character:?}");
        }
        for plain in [
            "a b",
            "\u{e9}\u{df}",
            "\u{4e2d}\u{6587}",
            "\u{5d0}\u{627}",
            "\u{1f600}",
        ] {
            assert_eq!(marks.shown(plain), plain);
            assert_eq!(within_line(plain), plain);
        }
        assert_eq!(marks.shown("x\n\ty"), "x\n\ty");
        assert_eq!(within_line("x\n\ty"), "x\u{fffd}\u{fffd}y");
    }

    #[test]
    fn colours_are_ours_alone() {
        let ui = Ui::new(Color::Always);
        let painted = ui.paint(Tone::Bad, "a\u{1b}[2Jb");
        let shown = ui.marks.shown(&format!("{painted} c"));
        assert_eq!(shown, "\u{1b}[31ma\u{fffd}[2Jb\u{1b}[0m c");
        // Those of another run, and each character that marks are made of.
        let others = Ui::new(Color::Always).paint(Tone::Good, "x");
        let shown = ui.marks.shown(&others);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        let each: String = ('\u{e0100}'..='\u{e01ef}')
            .flat_map(|one| [one, '0', 'p'])
            .collect();
        assert!(!ui.marks.shown(&each).contains('\u{1b}'));
        assert_eq!(Ui::new(Color::Never).paint(Tone::Bad, "x"), "x");
        assert_eq!(ui.marks.0.chars().count(), 8);
    }

    /// What is written past [`Ui`] is ours: the questions of two commands, a new token, the shell's
    /// completions, and the log, whose lines are made harmless.
    #[test]
    fn nothing_else_writes() {
        const OTHERS: [&str; 6] = [
            "cli.rs", "init.rs", "local.rs", "push.rs", "token.rs", "ui.rs",
        ];
        let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.file_name().unwrap().to_str().unwrap();
                let writes = ["println!", "print!", "stdout()", "stderr()"];
                let is_ours = OTHERS.contains(&name);
                assert!(
                    is_ours || !writes.iter().any(|one| text.contains(one)),
                    "{}",
                    path.display()
                );
            }
        }
        assert!(files > 50);
    }

    #[test]
    fn json_says_the_same() {
        let text: String = HOSTILE
            .iter()
            .chain(&['\u{e9}', '\u{1f600}', '"', '\\'])
            .collect();
        let value = json!({ text.clone(): [text] });
        for json in [value.to_string(), format!("{value:#}")] {
            let escaped = escaped(&json);
            assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
            let seen = escaped.chars().filter(|one| *one != '\n');
            assert!(seen.into_iter().all(|one| harmless(one) == one));
        }
    }
}
