//! An API Gateway Lambda authorizer that lets OAuth 2.0 and OpenID Connect identities call the
//! REST APIs of Jira, Confluence and Bitbucket.
//!
//! One event becomes one answer in six steps, a module each:
//!
//! 1. [`event`]: any of the five event shapes becomes a [`event::Request`].
//! 2. [`credential`]: the request's `Authorization` becomes a [`credential::Credential`].
//! 3. [`authenticate`]: the credential is verified, by the rules of its [`provider`] and with its
//!    [`keys`] or its word, and becomes an [`identity::Identity`] with an Atlassian [`username`].
//! 4. [`access`]: the identity and the operator's rules become a [`access::Policy`].
//! 5. [`upstream`]: the identity becomes what tells Atlassian who is calling.
//! 6. [`response`]: policy, identity and that become the JSON that API Gateway reads.
//!
//! [`authorizer::Authorizer`] runs the six steps and owns the caches. [`settings`] says what the
//! operator wants, [`audit`] what was decided, and [`error`] why not.

pub mod access;
#[cfg(feature = "cli")]
pub mod api_tokens;
pub mod arn;
pub mod audit;
pub mod authenticate;
pub mod authorizer;
mod backoff;
pub mod clock;
pub mod credential;
pub mod error;
pub mod event;
pub mod http;
pub mod identity;
mod json;
pub mod keys;
pub mod logging;
pub mod provider;
mod records;
pub mod response;
pub mod secret;
pub mod settings;
mod signing;
mod sync;
pub mod upstream;
pub mod username;
mod verdicts;

pub use authenticate::api_token::TokenId;
pub use authorizer::Authorizer;
#[cfg(feature = "cli")]
pub use signing::files::{KeyKind, PublicHalf, make_key, public_half};
