//! The integration tests: the real binary, real services, and settings as operators write them.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and speak to whoever runs them"
)]

mod support;

mod tokens;
