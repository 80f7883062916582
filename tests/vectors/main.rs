//! Vectors that others made, through the path that a token takes here.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests fail by panicking, and speak to whoever runs them"
)]

mod exceptions;
mod rfc;
mod wycheproof;
