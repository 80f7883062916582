//! The integration tests: the real binary, real services, and settings as operators write them.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::too_many_lines,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests fail by panicking, speak to whoever runs them, and export nothing"
)]

mod answers;
mod attacks;
mod audit_line;
mod aws_jwt_verify;
mod basic;
mod cases;
mod cognito;
mod concurrency;
mod emulators;
mod events;
mod fetching;
mod key_cache;
mod key_forms;
mod lambda_features;
mod modes;
mod oauth1;
mod oidc;
mod online;
mod online_routes;
mod private_ca;
mod providers;
mod records;
mod require;
mod revoked;
mod schema;
mod scopes;
mod secrets;
mod settings;
mod ssm;
mod stack;
mod start;
mod tokens;
mod upstream;
mod vendors;
mod written;
