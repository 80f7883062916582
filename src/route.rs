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
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub use sets::raw_lists;
pub use sets::{Class, RouteSet};
pub(crate) use sets::{prepare, with_fewer_suffixes};
pub use target::{Target, Written};

/// Whether some path is one of both patterns, in any case of its letters.
pub fn patterns_meet(one: &str, other: &str) -> bool {
    pattern::meet(one, other)
}

/// The same of what is one of the other with suffixes that Atlassian drops at its end.
pub fn patterns_meet_with_suffixes(one: &str, other: &str) -> bool {
    pattern::meet(one, &format!("{other}{}", pattern::SUFFIXES))
}

/// A pattern with `*` for each part in braces, of paths that begin with `head`, whose segments are
/// written out in place of braces; and how much of it is as the head has it, letter by letter.
pub fn plain_pattern_after(pattern: &str, head: &str) -> (String, usize) {
    pattern::plain_after(pattern, head)
}
