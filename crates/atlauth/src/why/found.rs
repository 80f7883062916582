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
    /// Whether the decision is among them whose id is wanted: then there is no other.
    pub(super) is_decided: bool,
}

impl Found {
    /// None yet, and `most` at last.
    pub(super) fn new(most: usize) -> Self {
        Self {
            lines: Vec::new(),
            most,
            count: 0,
            complete: true,
            is_decided: false,
        }
    }

    /// Adds a line if it is wanted and among the newest. Of two at the same time, the later one is the
    /// newer.
    pub(super) fn add(&mut self, line: AuditLine, wanted: &Wanted) {
        let is_decided = wanted.is_decided_by(&line);
        if !wanted.is_met_by(&line) || (self.is_decided && !is_decided) {
            return;
        }
        if is_decided && !self.is_decided {
            self.is_decided = true;
            self.lines.clear();
            self.count = 0;
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

    /// A newer request to which its caller gave the id of a decision.
    #[test]
    fn a_decision_is_not_hidden_by_requests() {
        let wanted = Wanted {
            id: Some("k7mwq2x9hd4t".parse().unwrap()),
            ..Wanted::default()
        };
        let line = |field: &str, time: u64| {
            let line =
                json!({"event": "decision", field: "k7mwq2x9hd4t", "_aws": {"Timestamp": time}});
            AuditLine::parse(&line.to_string()).unwrap()
        };
        let mut found = Found::new(5);
        found.add(line("request_id", 90), &wanted);
        assert!(!found.is_decided);
        found.add(line("decision_id", 10), &wanted);
        found.add(line("request_id", 95), &wanted);
        assert!(found.is_decided);
        assert_eq!(found.count, 1);
        assert_eq!(found.lines()[0].text("decision_id"), Some("k7mwq2x9hd4t"));
    }

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
