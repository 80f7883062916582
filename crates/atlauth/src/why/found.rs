//! The newest of the lines that were found, and no more of them than are told.

use super::wanted::Wanted;
use crate::audit_line::AuditLine;

/// Lines, the newest first.
#[derive(Debug)]
pub(super) struct Found {
    lines: Vec<AuditLine>,
    most: usize,
    /// How many there were, those that were dropped among them.
    pub(super) count: usize,
    /// Whether all was read that was to be read.
    pub(super) complete: bool,
}

impl Found {
    /// None yet, and `most` at last.
    pub(super) fn new(most: usize) -> Self {
        Self {
            lines: Vec::new(),
            most,
            count: 0,
            complete: true,
        }
    }

    /// Adds a line if it is wanted and among the newest. Of two at the same time, the later one is the
    /// newer.
    pub(super) fn add(&mut self, line: AuditLine, wanted: &Wanted) {
        if !wanted.is_met_by(&line) {
            return;
        }
        self.count = self.count.saturating_add(1);
        // A line without a time is as new as its place says.
        let is_older = |other: &AuditLine| match (other.millis(), line.millis()) {
            (Some(other), Some(own)) => other <= own,
            _ => true,
        };
        let place = self.lines.iter().position(is_older);
        self.lines.insert(place.unwrap_or(self.lines.len()), line);
        self.lines.truncate(self.most);
    }

    /// Whether no older line would be told.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= self.most
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines, the newest first.
    pub(super) fn lines(&self) -> &[AuditLine] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Found, Wanted};
    use crate::audit_line::AuditLine;

    #[test]
    fn the_newest_come_first() {
        let line = |id: u64, time: Option<u64>| {
            let time = time.map(|time| json!({"Timestamp": time}));
            let line = json!({"event": "decision", "request_id": id.to_string(), "_aws": time});
            AuditLine::parse(&line.to_string()).unwrap()
        };
        let mut found = Found::new(3);
        assert!(found.is_empty() && !found.is_full());
        for (id, time) in [(1, 50), (2, 20), (3, 50), (4, 90), (5, 10)] {
            found.add(line(id, Some(time)), &Wanted::default());
        }
        let ids = |found: &Found| -> Vec<String> {
            let ids = found.lines().iter().map(|line| line.text("request_id"));
            ids.map(|id| id.unwrap().to_owned()).collect()
        };
        assert_eq!(ids(&found), ["4", "3", "1"]);
        assert_eq!((found.count, found.is_full()), (5, true));

        let mut found = Found::new(2);
        for id in 1..=3 {
            found.add(line(id, None), &Wanted::default());
        }
        assert_eq!(ids(&found), ["3", "2"]);
    }
}
