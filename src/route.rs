//! Routes: a method and a path in a product, as requests spell them and as rules name them.
//!
//! [`Readings`] are all paths that something on the way may take a request's path for. A [`Target`]
//! is what a text of a rule stands for: one route, or one of the sets, which know the product.

mod methods;
mod pattern;
mod readings;
mod sets;
mod target;

pub use methods::{Method, Methods};
pub use readings::{Readings, Unreadable};
pub use sets::{Class, RouteSet};
pub use target::{Target, Written};
