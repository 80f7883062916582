//! What the operator has revoked.

use std::collections::BTreeSet;

use crate::username::folded;

/// Token ids, subjects, users and client ids that are refused.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Revoked {
    entries: BTreeSet<String>,
    /// All of them, for any may be a user's name: in one case, as Atlassian compares names.
    folded: BTreeSet<String>,
}

impl Revoked {
    /// The entries of the parameter `revoked`.
    pub fn new(entries: BTreeSet<String>) -> Self {
        let folded = entries.iter().map(|entry| folded(entry).into_owned());
        Self {
            folded: folded.collect(),
            entries,
        }
    }

    /// Whether this very text is among them: ids tell capital letters from small ones.
    pub fn contains(&self, id: &str) -> bool {
        self.entries.contains(id)
    }

    /// Whether this user is among them, in any case: to Atlassian, all of them are one name.
    pub fn contains_user(&self, username: &str) -> bool {
        !self.folded.is_empty() && self.folded.contains(&*folded(username))
    }

    /// Those of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let union = |one: &BTreeSet<String>, other| one.union(other).cloned().collect();
        Self {
            entries: union(&self.entries, &other.entries),
            folded: union(&self.folded, &other.folded),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Revoked;

    fn revoked(entries: &[&str]) -> Revoked {
        Revoked::new(entries.iter().map(|entry| (*entry).to_owned()).collect())
    }

    #[test]
    fn ids_are_exact_and_names_are_not() {
        for (entry, text, is_id, is_user) in [
            ("alice", "alice", true, true),
            ("ALICE", "alice", false, true),
            ("alice", "Alice", false, true),
            ("Alice@Example.com", "alice@example.COM", false, true),
            ("j\u{dc}RGEN", "J\u{fc}rgen", false, true),
            ("stra\u{df}e", "STRASSE", false, true),
            ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c2}", false, true),
            ("alice", "alice ", false, false),
            ("alice", "alic", false, false),
            ("j\u{fc}rgen", "jurgen", false, false),
            ("*", "alice", false, false),
        ] {
            let revoked = revoked(&[entry, "other"]);
            assert_eq!(revoked.contains(text), is_id, "{entry} {text}");
            assert_eq!(revoked.contains_user(text), is_user, "{entry} {text}");
        }
        assert!(!revoked(&[]).contains_user("alice"));
    }

    #[test]
    fn a_union_has_all_of_both() {
        let both = revoked(&["a", "B"]).union(&revoked(&["a", "c"]));
        assert_eq!(both, revoked(&["a", "B", "c"]));
        assert_eq!(both.len(), 3);
        assert!(both.contains_user("b"));
    }
}
