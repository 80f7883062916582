//! The integration tests of the tool: the real binaries, real services, and what an operator types.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::too_many_lines,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests fail by panicking, speak to whoever runs them, and export nothing"
)]

mod api_token_limits;
mod api_token_store;
mod api_tokens;
mod atlauth_settings;
mod atlauth_tokens;
mod explain;
mod explained;
mod gateway;
mod login;
mod made_tokens;
mod manners;
mod token_keys;
mod why;

use testing::atlauth::Atlauth;

/// The tool, with these words behind its name.
fn atlauth(words: &str) -> Atlauth {
    Atlauth::new(env!("CARGO_BIN_EXE_atlauth"), words)
}
