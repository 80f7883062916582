//! API Gateway, played on loopback: the routes, mappings and answers of a SAM template, in front of
//! the authorizer and a product. For trying things out; it has none of API Gateway's limits on size
//! and rate, and none of its protection.
//!
//! A request is decided on in the order in which API Gateway does: [`Api`] finds its route, the
//! cache or [`AuthorizerFunction`] what the authorizer says of the caller, `iam` whether that
//! allows the route, `mapping` what is sent on, and `proxy` sends it. [`Template`] is where all of
//! it is read from. [`Gateway`] puts them together.

mod account;
mod answers;
mod api;
mod authorizer;
mod cache;
mod gateway;
mod headers;
mod iam;
mod mapping;
mod method_request;
mod parameters;
mod proxy;
mod served;
mod template;
mod upstream;

pub use api::Api;
pub use authorizer::{AuthorizerFunction, deployment};
pub use gateway::{AccessLogEntry, DecidedBy, Gateway};
pub use parameters::{ParameterProblem, Parameters};
pub use proxy::{ClientError, client};
pub use served::{PublicSwitch, ServedProduct};
pub use template::{Template, TemplateError};
pub use upstream::{CacheChoice, Upstream, UpstreamError};
