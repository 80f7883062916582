//! What the operator has revoked.

use std::collections::BTreeSet;

/// Token ids, subjects, users and client ids that are refused.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Revoked(BTreeSet<String>);

impl Revoked {
    /// The entries of the parameter `revoked`.
    pub fn new(entries: BTreeSet<String>) -> Self {
        Self(entries)
    }

    /// Whether this very text is among them.
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains(id)
    }
}
