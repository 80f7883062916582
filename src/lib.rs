//! An API Gateway Lambda authorizer that makes tokens of your own OAuth 2.0 or OpenID Connect provider
//! work on the REST APIs of Jira, Confluence and Bitbucket.
//!
#![doc = include_str!("../docs/flow.svg")]
//!
//! # Example
//!
//! The settings and the event are samples of the repository. The answer is what API Gateway reads: an IAM
//! policy about this request, and a context with the Atlassian username. A refusal has a code for the
//! audit line. The caller sees no more than the status 401, 403 or 500.
//!
//! ```
//! use std::sync::Arc;
//!
//! use atlassian_authorizer::Authorizer;
//! use atlassian_authorizer::audit::AuditLog;
//! use atlassian_authorizer::clock::SystemClock;
//! use atlassian_authorizer::deployment::Deployment;
//! use atlassian_authorizer::http::HttpClient;
//! use atlassian_authorizer::store::Source;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let http = HttpClient::new()?;
//! let authorizer = Authorizer::new(
//!     Source::parse("file:events/settings.json", &http)?,
//!     http,
//!     Arc::new(SystemClock),
//!     AuditLog::stdout(),
//!     Deployment::default(),
//! );
//! let event = std::fs::read_to_string("events/rest-request.json")?;
//! let answer = authorizer.authorize(&event, "invocation-1").await?;
//! let answer: serde_json::Value = serde_json::from_str(answer.get())?;
//! assert_eq!(answer["context"]["username"], "alice");
//!
//! let expired = std::fs::read_to_string("events/expired-token.json")?;
//! let refusal = authorizer.authorize(&expired, "invocation-2").await.unwrap_err();
//! assert_eq!(refusal.code(), "token_expired");
//! # Ok(())
//! # }
//! ```
//!
//! # From an event to its answer
//!
//! 1. [`event`]: any of the five event shapes becomes a [`event::Request`].
//! 2. [`credential`]: the request's `Authorization` becomes a [`credential::Credential`].
//! 3. [`authenticate`]: the credential is verified and becomes an [`identity::Identity`] with an Atlassian
//!    [`username`]. A JWT is verified by the [`keys`] of its [`provider`]. Where a provider must be asked,
//!    [`inspect`] asks it.
//! 4. [`access`]: the identity and the operator's rules become an [`access::Policy`].
//! 5. [`upstream`]: the identity becomes the upstream credential, by which Atlassian knows the user.
//! 6. [`response`]: policy, identity and upstream credential become the JSON that API Gateway reads.
//!
//! [`Authorizer`] runs the steps. [`document`], [`store`] and [`settings`] say what the operator
//! wants, [`audit`] what was decided, and [`error`] why not. The function's `main` puts an
//! [`Authorizer`] behind the Lambda runtime. Operators read the pages below `docs`, contributors
//! `docs/architecture.md` first.

pub mod access;
pub mod audit;
pub mod authenticate;
pub mod authorizer;
mod backoff;
pub mod claims;
pub mod clock;
pub mod credential;
pub mod deployment;
pub mod document;
pub mod error;
pub mod event;
pub mod http;
pub mod identity;
pub mod inspect;
mod json;
pub mod keys;
pub mod logging;
pub mod product;
pub mod provider;
pub mod random;
pub mod response;
pub mod route;
pub mod secret;
pub mod settings;
pub mod signing;
pub mod store;
mod sync;
pub mod upstream;
pub mod username;
pub mod wildcard;

pub use authorizer::Authorizer;
