//! An API Gateway Lambda authorizer that lets OAuth 2.0 and OpenID Connect identities call the
//! REST APIs of Jira, Confluence and Bitbucket.
//!
//! One event becomes one answer, a room at a time:
//!
//! 1. [`event`]: any of the five event shapes becomes a [`event::Request`].
//! 2. [`credential`]: the request's `Authorization` becomes a [`credential::Credential`].
//! 3. [`authenticate`]: the credential is verified, by the rules of its [`provider`] and with its
//!    [`keys`] or by its answer ([`inspect`]), and becomes an [`identity::Identity`] with an
//!    Atlassian [`username`].
//! 4. [`access`]: the identity and the operator's rules become a [`access::Policy`].
//! 5. [`upstream`]: the identity becomes what tells Atlassian who is calling.
//! 6. [`response`]: policy, identity and that become the JSON that API Gateway reads.
//!
//! [`authorizer::Authorizer`] runs the steps. [`document`], [`store`] and [`settings`] say what the
//! operator wants, [`audit`] what was decided, and [`error`] why not.

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
