//! The analysis on small sources with a planted fault each.

use super::document::House;
use super::rules::{self, Finding};
use super::source::{Crate, Files};

pub(crate) const TABLE: &str = "
```mermaid
flowchart TB
    f0[\"0: none\"]
```

| floor | room | purpose | may import |
| --: | --- | --- | --- |
| 0 | `low` | ground | - |
| 1 | `middle` | between | low |
| 1 | `beside` | between, too | - |
| 2 | `high` | above | low, middle |
| 3 | `lib` | front page | high |
| 3 | `main` | the program | high |

Text behind the table.
";

/// A house in order, into which a test writes one file or more.
pub(crate) fn library(planted: &[(&str, &str)]) -> Crate {
    let sound = [
        (
            "lib.rs",
            "pub mod high; mod low; mod middle; mod beside; pub use high::High;",
        ),
        ("main.rs", "use ours::High; fn main() {}"),
        ("low.rs", "pub(in crate::low) struct Low;"),
        ("beside.rs", ""),
        (
            "middle.rs",
            "mod inner; use crate::low::Low; use inner::Inner; use serde::low::Other;",
        ),
        (
            "middle/inner.rs",
            "pub(super) struct Inner(super::Own, super::super::low::Low);",
        ),
        (
            "high.rs",
            "use crate::{low, middle::{self, Own}}; /// [`crate::lib`]\npub struct High;",
        ),
        ("bin/tool/main.rs", "use ours::low; use crate::beside;"),
    ];
    let texts = sound.iter().chain(planted);
    let files: Files = texts
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
        .collect();
    Crate::read("ours", &files)
}

fn findings(planted: &[(&str, &str)]) -> Vec<String> {
    let findings = rules::findings(&library(planted), &House::read(TABLE).unwrap());
    findings.iter().map(Finding::to_string).collect()
}

/// Plants a file, and expects a finding in so many words.
#[track_caller]
fn assert_found(file: &str, text: &str, expected: &str) {
    let found = findings(&[(file, text)]);
    assert!(
        found.iter().any(|line| line == expected),
        "{text}\nfound {found:#?}"
    );
}

#[test]
fn a_house_in_order_has_no_findings() {
    assert_eq!(findings(&[]), Vec::<String>::new());
}

#[test]
fn an_import_that_climbs_is_found_in_every_form() {
    for text in [
        "use crate::high::High;",
        "use crate::{low, high::{High, Other}};",
        "use crate::high::*;",
        "use crate::high as low;",
        "pub use crate::high::High;",
        "pub(crate) use super::{high};",
        "use super::high::{self as other};",
        "extern crate serde; use self::super::high::High;",
        "fn f() { use crate::high::High; }",
        "fn f() { crate::high::make() }",
        "fn f() { super::high::make() }",
        "mod inner { fn f() { super::super::high::make() } }",
        "mod inner { use super::super::high::High; }",
        "fn f(_: &crate::high::High) {}",
        "struct S { field: Vec<Option<crate::high::High>> }",
        "impl crate::high::Trait for S {}",
        "fn f() { <S as crate::high::Trait>::g(); Vec::<crate::high::High>::new(); }",
        "fn f(x: u8) { match x { crate::high::CONST => {} _ => {} } }",
        "fn f() { println!(\"{}\", crate::high::make()); }",
        "fn f() { vec![(0, super::high::make)]; }",
        "macro_rules! m { () => { $crate::high::make() }; }",
        "macro_rules! m { () => { use $crate::{low, high::High}; }; }",
        "#[serde(with = \"crate::high\")] struct S;",
        "#[derive(crate::high::Derive)] struct S;",
        "use crate::High;",
        "fn f() { crate::High::make() }",
        "#[cfg(not(test))] use crate::high::High;",
        "#[cfg(any(test, feature = \"f\"))] use crate::high::High;",
    ] {
        assert_found("beside.rs", text, "climbs: beside.rs:1: beside -> high");
    }
}

#[test]
fn the_line_is_that_of_the_path() {
    let text = "use crate::{\n    low,\n    high::High,\n};";
    assert_found("beside.rs", text, "climbs: beside.rs:3: beside -> high");
    let text = "fn f() {\n    println!(\n        \"{}\",\n        crate::high::A\n    );\n}";
    assert_found("beside.rs", text, "climbs: beside.rs:4: beside -> high");
}

#[test]
fn an_import_on_the_same_floor_is_found() {
    assert_found(
        "beside.rs",
        "use crate::middle::Own;",
        "climbs: beside.rs:1: beside -> middle",
    );
}

#[test]
fn the_root_is_a_room_itself() {
    for text in [
        "use crate::*;",
        "use super::*;",
        "use crate as root;",
        "use crate::{self as root};",
        "use crate::Missing;",
        "extern crate self as ours2;",
    ] {
        assert_found("low.rs", text, "climbs: low.rs:1: low -> lib");
    }
}

#[test]
fn re_exports_are_followed_through_the_root() {
    let lib = "mod high; mod low; mod middle; mod beside; \
        use crate::high::High as Renamed; pub use Renamed as Twice; use middle as between;";
    for (text, to) in [("Renamed", "high"), ("between::Own", "middle")] {
        let found = findings(&[("lib.rs", lib), ("low.rs", &format!("use crate::{text};"))]);
        let expected = format!("climbs: low.rs:1: low -> {to}");
        assert!(found.contains(&expected), "{found:#?}");
    }
    let main = "fn main() { ours::middle::run(); ours::High::run() }";
    assert_found(
        "main.rs",
        main,
        "missing in the table: main.rs:1: main -> middle",
    );
    assert!(
        !findings(&[("main.rs", main)])
            .iter()
            .any(|line| line.contains("needless"))
    );
}

#[test]
fn a_main_beside_a_library_is_another_crate() {
    for text in [
        "mod low { use super::Own; use crate::high::Own; } use crate::low; fn main() { low::run() }",
        "extern crate serde as low; use ours::High;",
    ] {
        let text = text.to_owned() + " use ours::high;";
        assert_eq!(
            findings(&[("main.rs", &text)]),
            Vec::<String>::new(),
            "{text}"
        );
    }
    for text in [
        "extern crate ours as other;",
        "mod inner { use ::ours as other; }",
    ] {
        assert_found("main.rs", text, "climbs: main.rs:1: main -> lib");
    }
}

#[test]
fn rooms_are_those_of_the_table() {
    assert_found("attic.rs", "", "room that the table lacks: attic");
    assert_found("attic/box.rs", "", "room that the table lacks: attic");
    let files = [(
        "lib.rs".to_owned(),
        "mod inline { use crate::low; } mod low {}".to_owned(),
    )];
    let krate = Crate::read("ours", &files.into());
    let found = rules::findings(&krate, &House::read(TABLE).unwrap());
    assert!(found.contains(&Finding::RoomNotInTable("inline".to_owned())));
    assert!(found.contains(&Finding::RoomNotInSource("high".to_owned())));
}

#[test]
fn imports_are_those_of_the_table() {
    let text = "use crate::low; use crate::beside;";
    assert_found(
        "high.rs",
        text,
        "missing in the table: high.rs:1: high -> beside",
    );
    assert_found("high.rs", text, "needless in the table: high -> middle");
}

#[test]
fn what_is_for_tests_alone_may_reach_up() {
    for text in [
        "#[cfg(test)] mod tests { use crate::high::High; }",
        "#[cfg(all(test, unix))] use crate::high::High;",
        "#[cfg(test)] impl S { fn f() { crate::high::make() } }",
        "impl S { #[cfg(test)] fn f() { crate::high::make() } }",
        "struct S { #[cfg(test)] field: crate::high::High }",
        "#![cfg(test)] use crate::high::High;",
    ] {
        assert_eq!(
            findings(&[("beside/own.rs", text)]),
            Vec::<String>::new(),
            "{text}"
        );
    }
    let declared = [
        ("beside.rs", "#[cfg(test)] mod tests;"),
        ("beside/tests.rs", "mod more; use crate::high::High;"),
        ("beside/tests/more.rs", "use crate::high::High;"),
    ];
    assert_eq!(findings(&declared), Vec::<String>::new());
}

#[test]
fn what_leads_nowhere_else_is_no_import() {
    for text in [
        "use high::High; use ::high::Other; fn f() { high::make() }",
        "use crate::beside::Own; use self::inner::A; use super::beside::Other;",
        "pub(in super::super) struct S; pub(crate) enum E {}",
        "/// [`crate::high::High`] is above.\n#[doc = \"crate::high\"] struct S;",
        "fn f() { let high = 1; println!(\"crate::high {high}\"); self.high(); Self::high() }",
        "fn f() { assert_eq!(\"crate::high\", name()); }",
        "macro_rules! m { () => { /** crate::high */ struct S; }; }",
    ] {
        let found = findings(&[("beside.rs", text), ("high/low.rs", "")]);
        assert_eq!(found, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let found = findings(&[(
        "low.rs",
        "
fn 1() {}",
    )]);
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("unreadable: low.rs:2: ")),
        "{found:#?}"
    );
    let included = "unreadable: low.rs:1: include! is not followed";
    assert_found("low.rs", "include!(\"elsewhere.rs\");", included);
    let moved = "unreadable: low.rs:1: #[path] is not followed";
    assert_found("low.rs", "#[path = \"elsewhere.rs\"] mod other;", moved);
}
