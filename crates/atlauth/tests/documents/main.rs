//! The documents: what they show works, what they link is there, and what has a source is made from it.
//!
//! `UPDATE_DOCS=1 cargo test -p atlauth --test documents` writes the generated parts.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking, speak to whoever runs them, and need not be fast"
)]

mod codes;
mod commands;
mod examples;
mod generated;
mod language;
mod links;
mod page;
mod parameters;
mod providers;
mod runbooks;
mod settings;
mod sources;
mod versions;

use page::Page;

/// The README is for deciding and starting: everything else has a page of its own.
#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= 180, "{lines} lines");
}
