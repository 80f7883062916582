//! The table of rooms in `docs/architecture.md`, which people and this test read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::source::Crate;

const HEADER: [&str; 4] = ["floor", "room", "purpose", "may import"];

/// The rooms that the document names.
#[derive(Debug, Default)]
pub(crate) struct House {
    pub(crate) rooms: BTreeMap<String, Room>,
}

/// A row of the table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) floor: usize,
    pub(crate) may_import: BTreeSet<String>,
}

impl House {
    /// Reads the one table with the columns floor, room, purpose and may import.
    pub(crate) fn read(document: &str) -> Result<Self, String> {
        let mut house = Self::default();
        for row in rows(document) {
            let [floor, room, _, may_import] = row.cells[..] else {
                return Err(format!("line {}: expected four cells", row.line));
            };
            let floor = floor
                .parse()
                .map_err(|_| format!("line {}: `{floor}` is no floor", row.line))?;
            let may_import = names(may_import);
            let before = house.rooms.insert(plain(room), Room { floor, may_import });
            if before.is_some() {
                return Err(format!("line {}: {room} stands twice", row.line));
            }
        }
        if house.rooms.is_empty() {
            return Err(format!("no table | {} |", HEADER.join(" | ")));
        }
        Ok(house)
    }

    /// The floors as the document draws them, the highest first.
    pub(crate) fn picture(&self) -> String {
        let mut floors: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (name, room) in &self.rooms {
            floors.entry(room.floor).or_default().push(name);
        }
        let mut picture = String::from("```mermaid\nflowchart TB\n");
        for (floor, rooms) in floors.iter().rev() {
            let _ = writeln!(picture, "    f{floor}[\"{floor}: {}\"]", rooms.join(", "));
        }
        let chain: Vec<_> = floors
            .keys()
            .rev()
            .map(|floor| format!("f{floor}"))
            .collect();
        let _ = writeln!(picture, "    {}\n```", chain.join(" --> "));
        picture
    }
}

/// The document with the imports that the source makes downward, and with the picture of its table.
pub(crate) fn renewed(document: &str, krate: &Crate) -> Result<String, String> {
    let house = House::read(document)?;
    let arrows = krate.arrows();
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    for row in rows(document) {
        let [floor, room, purpose, _] = row.cells[..] else {
            continue;
        };
        let own = house.rooms.get(&plain(room));
        let used = arrows.get(plain(room).as_str()).into_iter().flatten();
        let down: Vec<_> = used
            .filter(|to| house.rooms.get(**to).map(|to| to.floor) < own.map(|own| own.floor))
            .filter(|to| house.rooms.contains_key(**to))
            .copied()
            .collect();
        let list = if down.is_empty() {
            "-".to_owned()
        } else {
            down.join(", ")
        };
        if let Some(line) = lines.get_mut(row.line.saturating_sub(1)) {
            *line = format!("| {floor} | {room} | {purpose} | {list} |");
        }
    }
    let text = lines.join("\n") + "\n";
    let start = text
        .find("```mermaid\nflowchart TB\n    f")
        .ok_or("no picture of the floors")?;
    let (before, from) = text.split_at(start);
    let (_, after) = from.split_once("\n```\n").ok_or("the picture has no end")?;
    Ok(format!("{before}{}{after}", house.picture()))
}

struct Row<'d> {
    line: usize,
    cells: Vec<&'d str>,
}

/// The rows below the header, without the line that rules it off.
fn rows(document: &str) -> impl Iterator<Item = Row<'_>> {
    let all = document.lines().zip(1..).map(|(text, line)| Row {
        line,
        cells: cells(text),
    });
    let table = all.skip_while(|row| row.cells != HEADER);
    table.skip(2).take_while(|row| !row.cells.is_empty())
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line
        .trim()
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'));
    inner.map_or_else(Vec::new, |inner| inner.split('|').map(str::trim).collect())
}

/// `a, b`, or `-` for nothing.
fn names(cell: &str) -> BTreeSet<String> {
    let names = cell.split(',').map(plain);
    names
        .filter(|name| !name.is_empty() && name != "-")
        .collect()
}

fn plain(name: &str) -> String {
    name.trim().trim_matches('`').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::planted::{TABLE, library};
    use super::{House, renewed};

    #[test]
    fn a_table_must_be_sound() {
        assert!(House::read("no table").is_err());
        for (from, to) in [
            ("| 0 |", "| ground |"),
            ("`beside`", "`low`"),
            ("| ground |", "|"),
        ] {
            assert!(
                House::read(&TABLE.replacen(from, to, 1)).is_err(),
                "{from} -> {to}"
            );
        }
    }

    #[test]
    fn the_document_is_renewed_but_for_floors() {
        let planted = [
            ("high.rs", "use crate::beside;"),
            ("low.rs", "use crate::high::High;"),
        ];
        let text = renewed(TABLE, &library(&planted)).unwrap();
        assert!(text.contains("| 2 | `high` | above | beside |"), "{text}");
        assert!(text.contains("| 0 | `low` | ground | - |"), "{text}");
        let picture = "```mermaid\nflowchart TB\n    f3[\"3: lib, main\"]\n    f2[\"2: high\"]\n    \
            f1[\"1: beside, middle\"]\n    f0[\"0: low\"]\n    f3 --> f2 --> f1 --> f0\n```\n";
        assert!(text.contains(picture), "{text}");
        assert!(text.ends_with("\nText behind the table.\n"), "{text}");
    }
}
