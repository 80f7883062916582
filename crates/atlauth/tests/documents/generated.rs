//! Parts of pages that are made from a source: between `<!-- generated: NAME -->` and
//! `<!-- /generated -->`.

use std::fmt::Write;

use crate::page::Page;
use crate::{codes, commands, parameters, settings, versions};

const OPEN: &str = "<!-- generated: ";
const CLOSE: &str = "<!-- /generated -->";

/// What stands in a part of this name.
fn part(name: &str) -> String {
    let mut words = name.split(' ');
    let part = match (words.next(), words.next()) {
        (Some("help"), _) => commands::help(name.split(' ').skip(1)),
        (Some("codes"), Some(status)) => codes::table(status),
        (Some("parameters"), None) => parameters::tables(),
        (Some("settings"), None) => settings::tables(),
        (Some("versions"), None) => versions::table(),
        _ => panic!("no source is named `{name}`"),
    };
    part.trim().to_owned()
}

/// The page's text with all of its parts made anew, and their names.
fn renewed(page: &Page) -> (String, Vec<String>) {
    let (mut text, mut names) = (String::new(), Vec::new());
    let mut rest = page.text.as_str();
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after
            .split_once(CLOSE)
            .unwrap_or_else(|| panic!("{}: `{name}` has no end", page.path.display()));
        text.push_str(before);
        write!(text, "{OPEN}{name} -->\n\n{}\n\n{CLOSE}", part(name)).unwrap();
        names.push(name.to_owned());
        rest = after;
    }
    text.push_str(rest);
    (text, names)
}

#[test]
fn generated_parts_are_current() {
    let mut stale = Vec::new();
    for page in Page::all() {
        let (text, _) = renewed(&page);
        if text == page.text {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(testing::root().join(&page.path), text).unwrap();
        } else {
            stale.push(page.path);
        }
    }
    assert!(stale.is_empty(), "run with UPDATE_DOCS=1: {stale:?}");
}

/// Each command has its help on a page, and each other source a place.
#[test]
fn each_source_has_its_place() {
    let pages = Page::all();
    let mut names: Vec<String> = pages.iter().flat_map(|page| renewed(page).1).collect();
    names.sort();
    let mut expected: Vec<String> = commands::all()
        .map(|path| ["help", &path].join(" ").trim_end().to_owned())
        .chain(
            [
                "codes 401",
                "codes 403",
                "codes 500",
                "parameters",
                "settings",
                "versions",
            ]
            .map(str::to_owned),
        )
        .collect();
    expected.sort();
    assert_eq!(names, expected);
}
