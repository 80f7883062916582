//! Keys of a JWKS that can't be used here.

use std::fmt;

/// The most keys that are listed, each with its reason.
const MAX_LISTED: usize = 8;
/// The most characters of a `kid` that are shown.
const MAX_NAME: usize = 48;

/// The keys of a set that were skipped, and why. It holds nothing of a key but its `kid`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Skipped {
    listed: Vec<(String, &'static str)>,
    more: usize,
    over_limit: usize,
}

impl Skipped {
    /// Whether every key is usable.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.over_limit == 0
    }

    /// How many usable keys there are over the limit.
    pub fn over_limit(&self) -> usize {
        self.over_limit
    }

    /// One more, at this place of the set.
    pub(super) fn add(&mut self, place: usize, id: Option<&str>, reason: &'static str) {
        if self.listed.len() >= MAX_LISTED {
            self.more = self.more.saturating_add(1);
            return;
        }
        let name = match id {
            None => format!("key {}", place.saturating_add(1)),
            Some(id) => {
                let shown: String = id.chars().take(MAX_NAME).collect();
                format!("\"{}\"", shown.escape_default())
            }
        };
        self.listed.push((name, reason));
    }

    /// One more usable key for which there is no room.
    pub(super) fn add_over_limit(&mut self) {
        self.over_limit = self.over_limit.saturating_add(1);
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .listed
            .iter()
            .map(|(name, why)| format!("{name} {why}"))
            .collect();
        if self.more > 0 {
            parts.push(format!("{} more", self.more));
        }
        if self.over_limit > 0 {
            parts.push(format!(
                "{} over the limit of {} keys",
                self.over_limit,
                super::MAX_KEYS
            ));
        }
        formatter.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::Skipped;

    #[test]
    fn what_is_shown_is_bounded_and_printable() {
        let mut skipped = Skipped::default();
        assert!(skipped.is_empty());
        skipped.add(0, Some("a\u{1b}[31m\n\"é"), "is for encryption");
        skipped.add(1, None, "is symmetric");
        skipped.add(2, Some(&"x".repeat(10_000)), "is symmetric");
        assert_eq!(
            skipped.to_string(),
            format!(
                r#""a\u{{1b}}[31m\n\"\u{{e9}}" is for encryption; key 2 is symmetric; "{}" is symmetric"#,
                "x".repeat(48)
            )
        );
        for place in 3..1_000 {
            skipped.add(place, Some("k"), "is symmetric");
            skipped.add_over_limit();
        }
        assert!(skipped.to_string().len() < 1_000, "{skipped}");
        assert!(
            skipped
                .to_string()
                .ends_with("992 more; 997 over the limit of 100 keys"),
            "{skipped}"
        );
    }
}
