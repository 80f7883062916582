//! What is in the Lambda: its dependencies and their features, as they were agreed on.

use std::collections::BTreeSet;

use testing::cargo::cargo;
use testing::root;

/// All dependencies of the Lambda and their features, one a line, as cargo builds them into it.
///
/// Of a version only the part that says what is compatible stands there: an update that changes
/// nothing else changes nothing here.
fn features() -> BTreeSet<String> {
    let mut command = cargo(&["tree", "--locked", "--package", "atlassian-authorizer"]);
    command.args(["--edges", "features,normal", "--prefix", "none"]);
    command.args(["--target", "x86_64-unknown-linux-gnu", "--charset", "ascii"]);
    let output = command.output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(agreed)
        .collect()
}

/// A line without what is not agreed on: where this machine has the sources, whether cargo has
/// shown the rest before, and the exact version.
fn agreed(line: &str) -> String {
    let words = line.split(' ').filter(|word| *word != "(*)");
    let words = words.filter(|word| !word.starts_with("(/"));
    let words: Vec<String> = words.map(compatible).collect();
    words.join(" ")
}

/// `v1` for `v1.2.3`, and `v0.2` for `v0.2.3`; any other word as it is.
fn compatible(word: &str) -> String {
    let digits = word.strip_prefix('v').unwrap_or_default();
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return word.to_owned();
    }
    let count = if digits.starts_with("0.") { 2 } else { 1 };
    let parts: Vec<&str> = digits.split('.').take(count).collect();
    format!("v{}", parts.join("."))
}

/// `UPDATE_FEATURES=1 cargo test --all-features the_lambda_has` writes the list anew.
#[test]
fn the_lambda_has_what_was_agreed_on() {
    let path = root().join("tests/lambda-features.txt");
    let current = features();
    if std::env::var_os("UPDATE_FEATURES").is_some() {
        let lines: Vec<&str> = current.iter().map(String::as_str).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    let committed: BTreeSet<String> = committed.lines().map(str::to_owned).collect();
    let added: Vec<&String> = current.difference(&committed).collect();
    let gone: Vec<&String> = committed.difference(&current).collect();
    assert!(
        added.is_empty() && gone.is_empty(),
        "the Lambda has other dependencies or features than tests/lambda-features.txt says.\n\
         added: {added:#?}\ngone: {gone:#?}\n\
         Is it meant? Then write the list anew with UPDATE_FEATURES=1, and say why in the commit."
    );
}
