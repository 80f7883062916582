//! What the house asks of rooms: an import leads down, and is one that the table lists.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::document::House;
use super::source::{Crate, Import};

/// A way in which source and document are at odds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// An import of a room that is not below.
    Climb(Import),
    /// Rooms that import each other: one way round, and all that take part.
    Circle(Vec<Import>, BTreeSet<String>),
    /// A room of the source that the table lacks.
    RoomNotInTable(String),
    /// A room of the table that the source lacks.
    RoomNotInSource(String),
    /// An import that the table does not list.
    Missing(Import),
    /// An import that the table lists and nobody makes.
    Needless { from: String, to: String },
    /// A place that could not be analysed.
    Unreadable(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Climb(import) => write!(f, "climbs: {import}"),
            Self::Circle(way, all) => {
                let all: Vec<_> = all.iter().map(String::as_str).collect();
                write!(f, "circle of {} rooms: {}", all.len(), all.join(", "))?;
                way.iter()
                    .try_for_each(|import| write!(f, "\n    for example {import}"))
            }
            Self::RoomNotInTable(room) => write!(f, "room that the table lacks: {room}"),
            Self::RoomNotInSource(room) => write!(f, "room that the source lacks: {room}"),
            Self::Missing(import) => write!(f, "missing in the table: {import}"),
            Self::Needless { from, to } => write!(f, "needless in the table: {from} -> {to}"),
            Self::Unreadable(place) => write!(f, "unreadable: {place}"),
        }
    }
}

/// Everything in which a crate with floors differs from the table.
pub(crate) fn findings(krate: &Crate, house: &House) -> Vec<Finding> {
    let mut findings = circles(krate);
    let tabled: BTreeSet<_> = house.rooms.keys().cloned().collect();
    let unknown = krate.rooms.difference(&tabled).cloned();
    findings.extend(unknown.map(Finding::RoomNotInTable));
    let empty = tabled.difference(&krate.rooms).cloned();
    findings.extend(empty.map(Finding::RoomNotInSource));

    for import in &krate.imports {
        if leads_down(house, &import.from, &import.to) == Some(false) {
            findings.push(Finding::Climb(import.clone()));
        }
    }
    let arrows = krate.arrows();
    for (from, targets) in &arrows {
        for to in targets {
            let is_listed = house
                .rooms
                .get(*from)
                .is_some_and(|room| room.may_import.contains(*to));
            if !is_listed
                && leads_down(house, from, to) == Some(true)
                && let Some(import) = krate.place(from, to)
            {
                findings.push(Finding::Missing(import.clone()));
            }
        }
    }
    for (from, room) in &house.rooms {
        for to in &room.may_import {
            if !arrows
                .get(from.as_str())
                .is_some_and(|used| used.contains(to.as_str()))
            {
                let (from, to) = (from.clone(), to.clone());
                findings.push(Finding::Needless { from, to });
            }
        }
    }
    findings
}

/// Whether an import goes to a lower floor; `None` where a room has no floor.
fn leads_down(house: &House, from: &str, to: &str) -> Option<bool> {
    let floor = |room| house.rooms.get(room).map(|room| room.floor);
    Some(floor(to)? < floor(from)?)
}

/// What can be said of any crate: each group of rooms that import each other.
pub(crate) fn circles(krate: &Crate) -> Vec<Finding> {
    let mut findings: Vec<_> = krate
        .unreadable
        .iter()
        .cloned()
        .map(Finding::Unreadable)
        .collect();
    let arrows = krate.arrows();
    let mut seen = BTreeSet::new();
    for room in arrows.keys() {
        if seen.contains(*room) {
            continue;
        }
        let ways = ways_from(&arrows, room);
        let group: BTreeSet<_> = ways
            .keys()
            .filter(|other| ways_from(&arrows, other).contains_key(room))
            .map(|other| (*other).to_owned())
            .collect();
        if let Some(way) = ways.get(room) {
            let steps = way
                .windows(2)
                .filter_map(|step| krate.place(step[0], step[1]));
            findings.push(Finding::Circle(steps.cloned().collect(), group.clone()));
        }
        seen.extend(group);
    }
    findings
}

/// The shortest way along imports from a room to each that it leads to, itself included.
fn ways_from<'a>(
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    room: &'a str,
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut next = VecDeque::from([vec![room]]);
    while let Some(way) = next.pop_front() {
        let targets = way.last().and_then(|last| arrows.get(last));
        for target in targets.into_iter().flatten() {
            if !ways.contains_key(target) {
                let longer = [&way[..], &[*target]].concat();
                ways.insert(target, longer.clone());
                next.push_back(longer);
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::super::planted::library;
    use super::super::source::Crate;
    use super::{Finding, circles};

    #[test]
    fn rooms_that_import_each_other_are_a_circle() {
        let planted = [
            ("low.rs", "use crate::high::High;"),
            ("low/deep.rs", "fn f() { crate::middle::run() }"),
        ];
        let found = circles(&library(&planted));
        let [Finding::Circle(way, all)] = &found[..] else {
            panic!("{found:#?}");
        };
        assert_eq!(all.iter().collect::<Vec<_>>(), ["high", "low", "middle"]);
        let way: Vec<_> = way.iter().map(ToString::to_string).collect();
        assert_eq!(way, ["high.rs:1: high -> low", "low.rs:1: low -> high"]);
    }

    #[test]
    fn a_program_without_a_library_has_rooms_too() {
        let files = [
            (
                "main.rs",
                "mod a; mod b; fn main() { a::run() } struct Shared;",
            ),
            ("a/mod.rs", "use crate::b;"),
            ("b.rs", "use crate::Shared;"),
        ];
        let files = files
            .map(|(file, text)| (file.to_owned(), text.to_owned()))
            .into();
        let found = circles(&Crate::read("program", &files));
        let [Finding::Circle(way, _)] = &found[..] else {
            panic!("{found:#?}");
        };
        let way: Vec<_> = way.iter().map(ToString::to_string).collect();
        assert_eq!(
            way,
            [
                "a/mod.rs:1: a -> b",
                "b.rs:1: b -> main",
                "main.rs:1: main -> a"
            ]
        );
    }
}
