//! Vectors whose outcome here is another than their authors', each with its reason.
//!
//! An entry holds for all of what it names: one that holds no more fails as well.

use std::collections::BTreeSet;

/// What a vector says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    Holds,
    Fails,
    /// Either will do.
    Any,
}

/// One line of a file of exceptions: the file of vectors, their numbers, and why. `*` is for a file
/// of which no vector holds here.
struct Exception {
    file: String,
    ids: Option<BTreeSet<usize>>,
}

/// The exceptions of one file, and what has differed so far.
pub(crate) struct Exceptions {
    known: Vec<Exception>,
    used: BTreeSet<(String, usize)>,
    wrong: Vec<String>,
    /// How many vectors were as their authors say, and how many are excepted.
    pub(crate) counts: (usize, usize),
}

impl Exceptions {
    /// Reads lines of `file<TAB>ids<TAB>reason`, of which `#` begins a comment.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let known = lines.map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [file, ids, reason] = columns.as_slice() else {
                panic!("expected file, ids and reason: {line}");
            };
            assert!(reason.len() > 10, "a reason is missing: {line}");
            let ids = (*ids != "*").then(|| ids.split(',').flat_map(range).collect());
            Exception {
                file: (*file).to_owned(),
                ids,
            }
        });
        Self {
            known: known.collect(),
            used: BTreeSet::new(),
            wrong: Vec::new(),
            counts: (0, 0),
        }
    }

    /// Takes the outcome of one vector.
    pub(crate) fn check(
        &mut self,
        file: &str,
        id: usize,
        what: &str,
        expected: Expected,
        holds: bool,
    ) {
        let is_excepted = self.known.iter().any(|known| {
            known.file == file && known.ids.as_ref().map_or(!holds, |ids| ids.contains(&id))
        });
        let agrees = match expected {
            Expected::Holds => holds,
            Expected::Fails => !holds,
            Expected::Any => true,
        };
        if !agrees && is_excepted {
            self.used.insert((file.to_owned(), id));
            self.counts.1 += 1;
            return;
        }
        self.counts.0 += 1;
        let none_holds = |known: &Exception| known.file == file && known.ids.is_none();
        if !agrees || (holds && self.known.iter().any(none_holds)) {
            self.wrong.push(format!(
                "{file} {id}: {expected:?}, but holds: {holds} ({what})"
            ));
        }
    }

    /// What differs without an exception, and which exceptions are none.
    pub(crate) fn differences(mut self) -> Vec<String> {
        for known in &self.known {
            let used = |id: &usize| self.used.contains(&(known.file.clone(), *id));
            match &known.ids {
                Some(ids) => {
                    for id in ids.iter().filter(|id| !used(id)) {
                        self.wrong
                            .push(format!("{} {id}: is no exception any more", known.file));
                    }
                }
                None if !self.used.iter().any(|(file, _)| *file == known.file) => {
                    self.wrong
                        .push(format!("{}: none is an exception any more", known.file));
                }
                None => {}
            }
        }
        self.wrong
    }
}

/// `7`, or `7-9`.
fn range(text: &str) -> std::ops::RangeInclusive<usize> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    first.parse().unwrap()..=last.parse().unwrap()
}

#[test]
fn an_exception_that_is_none_fails() {
    let text = "a\t1-2\tfor this reason\nb\t*\tfor that reason\nc\t*\tfor another one";
    let mut exceptions = Exceptions::parse(text);
    exceptions.check("a", 1, "", Expected::Holds, false);
    exceptions.check("a", 2, "", Expected::Holds, true);
    exceptions.check("a", 3, "", Expected::Fails, true);
    exceptions.check("a", 4, "", Expected::Any, true);
    exceptions.check("c", 1, "", Expected::Holds, false);
    exceptions.check("c", 2, "", Expected::Holds, true);
    assert_eq!(exceptions.counts, (4, 2));
    let differences = exceptions.differences();
    let of = |file: &str| {
        differences
            .iter()
            .filter(|line| line.starts_with(file))
            .count()
    };
    assert_eq!([of("a"), of("b"), of("c")], [2, 1, 1], "{differences:?}");
}
