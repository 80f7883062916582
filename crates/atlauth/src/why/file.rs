//! Lines of a file or of standard input.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::found::Found;
use super::wanted::Wanted;
use crate::audit_line::AuditLine;
use crate::failure::Failure;
use crate::input::unreadable;

/// The longest line that is read. What is longer is skipped: no audit line is.
const MAX_LINE: u64 = 256 * 1024;
/// The most that is read as one JSON document of several lines.
const MAX_DOCUMENT: usize = 4 * 1024 * 1024;

/// The wanted lines of a file, `-` for standard input.
pub(super) fn search(file: &Path, wanted: &Wanted, most: usize) -> Result<Found, Failure> {
    let found = if file == Path::new("-") {
        read(std::io::stdin().lock(), wanted, most)
    } else {
        std::fs::File::open(file).and_then(|file| read(BufReader::new(file), wanted, most))
    };
    found.map_err(|error| unreadable(file, &error))
}

/// Reads lines, or else one document that goes over several.
fn read(mut reader: impl BufRead, wanted: &Wanted, most: usize) -> std::io::Result<Found> {
    let mut found = Found::new(most);
    let (mut line, mut document) = (Vec::new(), Vec::new());
    let (mut has_lines, mut is_whole) = (false, true);
    loop {
        line.clear();
        let length = reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        is_whole &= document.len().saturating_add(length) <= MAX_DOCUMENT;
        if is_whole {
            document.extend_from_slice(&line);
        }
        if !line.ends_with(b"\n") && u64::try_from(length).is_ok_and(|one| one >= MAX_LINE) {
            reader.skip_until(b'\n')?;
            is_whole = false;
            continue;
        }
        if let Some(line) = AuditLine::parse(&String::from_utf8_lossy(&line)) {
            has_lines = true;
            found.add(line, wanted);
        }
    }
    // What is too long for one document may have had lines in it.
    found.complete = has_lines || is_whole;
    if !has_lines
        && is_whole
        && let Ok(document) = serde_json::from_slice(&document)
    {
        for line in AuditLine::all_in(document) {
            found.add(line, wanted);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, Wanted, read};

    #[test]
    fn lines_and_documents() {
        let line = r#"{"event":"decision","code":"allowed"}"#;
        let pretty = "{\n  \"event\": \"decision\",\n  \"code\": \"allowed\"\n}\n";
        let message = line.replace('"', "\\\"");
        let events = format!("{{\n \"events\": [\n  {{\"message\": \"{message}\"}}\n ]\n}}");
        let long = format!(
            "{{\"x\": \"{}\"}}\n{line}",
            "x".repeat(usize::try_from(MAX_LINE).unwrap())
        );
        let no_utf8 = [b"\xff\xfe\n".as_slice(), line.as_bytes()].concat();
        for (text, count) in [
            (line.as_bytes(), 1),
            (
                format!("{line}\nREPORT\n{{\"level\":\"INFO\"}}\r\n{line}\r\n").as_bytes(),
                2,
            ),
            (pretty.as_bytes(), 1),
            (events.as_bytes(), 1),
            (long.as_bytes(), 1),
            (&no_utf8, 1),
            (b"", 0),
            (b"{}", 0),
        ] {
            let found = read(text, &Wanted::default(), 10).unwrap();
            assert_eq!(found.count, count, "{}", String::from_utf8_lossy(text));
        }
    }
}
