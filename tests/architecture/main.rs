//! The architecture test: rooms import downward alone, as `docs/architecture.md` lists it.
//!
//! `UPDATE_ARCHITECTURE=1` writes the document's imports and its picture anew, for review. Floors
//! are the document's to say: it never changes them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crates;
mod document;
mod paths;
mod planted;
mod rules;
mod source;
mod tokens;

use std::fs;
use std::path::Path;

use document::House;
use rules::Finding;
use source::{Crate, Files};

const DOCUMENT: &str = "docs/architecture.md";

#[test]
fn rooms_import_downward() {
    let library = Crate::read("atlassian_authorizer", &files("src").unwrap());
    let document = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let renewed = document::renewed(&document, &library).unwrap();
    if std::env::var_os("UPDATE_ARCHITECTURE").is_some() {
        fs::write(root().join(DOCUMENT), &renewed).unwrap();
    }
    let findings = rules::findings(&library, &House::read(&document).unwrap());
    assert!(
        findings.is_empty(),
        "{}",
        report(&findings, &document, &renewed)
    );
}

/// An identity is made by authentication alone, which privacy can't say of two rooms.
#[test]
fn nobody_else_makes_an_identity() {
    let files = files("src").unwrap();
    let makers = files.iter().filter(|(name, text)| {
        let code = text.split("#[cfg(test)]\nmod tests").next();
        !name.ends_with("tests.rs") && code.is_some_and(|code| code.contains("from_verified("))
    });
    let makers: Vec<&str> = makers.map(|(name, _)| name.as_str()).collect();
    let expected = [
        "authenticate/api_token.rs",
        "authenticate/claim_rules.rs",
        "identity.rs",
    ];
    assert_eq!(makers, expected);
}

#[test]
fn the_picture_is_that_of_the_table() {
    let document = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let picture = House::read(&document).unwrap().picture();
    assert!(
        document.contains(&picture),
        "{DOCUMENT} should draw:\n{picture}"
    );
}

#[test]
fn modules_of_the_tool_form_no_circle() {
    no_circle("crates/atlauth/src", "atlauth");
}

#[test]
fn modules_of_the_local_gateway_form_no_circle() {
    no_circle("crates/local-gateway/src", "local_gateway");
}

#[test]
fn crates_depend_downward() {
    let wrong =
        crates::wrong(|folder| fs::read_to_string(root().join(folder).join("Cargo.toml")).ok());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn no_circle(folder: &str, name: &str) {
    if let Some(files) = files(folder) {
        let findings = rules::circles(&Crate::read(name, &files));
        assert!(findings.is_empty(), "{folder}:\n{}", listed(&findings));
    }
}

/// What is wrong, and the rows that would list what the source imports.
fn report(findings: &[Finding], document: &str, renewed: &str) -> String {
    let is_new = |line: &&str| line.starts_with('|') && !document.lines().any(|old| old == *line);
    let rows: Vec<_> = renewed.lines().filter(is_new).collect();
    let mut report = listed(findings);
    if !rows.is_empty() {
        report += "\nRows of the table as the source has them, but for what climbs:\n";
        report += &rows.join("\n");
    }
    report
}

fn listed(findings: &[Finding]) -> String {
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    format!("{} at odds\n{}\n", lines.len(), lines.join("\n"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, or `None` where there is no such folder.
fn files(folder: &str) -> Option<Files> {
    let top = root().join(folder);
    let mut files = Files::new();
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()? {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&top).unwrap().to_str().unwrap();
                files.insert(name.replace('\\', "/"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    Some(files)
}
