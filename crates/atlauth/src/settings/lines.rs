//! In which line of a settings file a field is.

use std::collections::BTreeMap;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};

use crate::settings_text::STRICT;

/// Lines by the way that leads to a value: `["providers", "idp", "username", "map"]`, `[0]` for a
/// place in an array.
pub(crate) struct Lines(BTreeMap<Vec<String>, usize>);

impl Lines {
    /// Reads a file. What is no JSON has no lines: its one problem is of the file as a whole.
    pub(crate) fn of(text: &str) -> Self {
        let mut lines = Self(BTreeMap::new());
        let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT);
        if let Some(value) = parsed.ok().and_then(|parsed| parsed.value) {
            let ends: Vec<usize> = text.match_indices('\n').map(|(end, _)| end).collect();
            lines.add(&value, &mut Vec::new(), &ends);
        }
        lines
    }

    /// The line of a field of a parameter's document, or of what holds it where it is missing.
    pub(crate) fn line(&self, parameter: &str, field: &str) -> Option<usize> {
        let mut way: Vec<String> = parameter.split('/').map(str::to_owned).collect();
        for part in field.split('.').filter(|part| !part.is_empty()) {
            let (name, places) = part.split_at(part.find('[').unwrap_or(part.len()));
            way.push(name.to_owned());
            way.extend(places.split_inclusive(']').map(str::to_owned));
        }
        while !way.is_empty() {
            if let Some(line) = self.0.get(&way) {
                return Some(*line);
            }
            way.pop();
        }
        None
    }

    /// Adds what a value holds. `ends` are the offsets at which lines end.
    fn add(&mut self, value: &Value<'_>, way: &mut Vec<String>, ends: &[usize]) {
        match value {
            Value::Object(object) => {
                for member in &object.properties {
                    way.push(member.name.as_str().to_owned());
                    self.add_at(member.start(), &member.value, way, ends);
                    way.pop();
                }
            }
            Value::Array(array) => {
                for (place, element) in array.elements.iter().enumerate() {
                    way.push(format!("[{place}]"));
                    self.add_at(element.start(), element, way, ends);
                    way.pop();
                }
            }
            Value::StringLit(_)
            | Value::NumberLit(_)
            | Value::BooleanLit(_)
            | Value::NullKeyword(_) => {}
        }
    }

    /// Adds a value that begins at an offset, or whose name does, and what it holds.
    fn add_at(&mut self, start: usize, value: &Value<'_>, way: &mut Vec<String>, ends: &[usize]) {
        let line = ends.partition_point(|end| *end < start).saturating_add(1);
        // Of members of one name the first: the settings' reader refuses the second.
        self.0.entry(way.clone()).or_insert(line);
        self.add(value, way, ends);
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    const TEXT: &str = r#"{
  "settings": {"mode": "off"},
  "providers": {
    "idp": {
      "kind": "custom",
      "username": {"attributes": ["a\"}", "b"],
        "map": {"x": "y"}}
    }
  },
  "products": {"jira": {"path": "/",
    "access": [
      {"allow": ["@read"]},
      {"deny": ["@admin"]}
    ]}}
}"#;

    #[test]
    fn fields_are_found_or_what_holds_them() {
        let lines = Lines::of(TEXT);
        for (parameter, field, line) in [
            ("settings", "mode", 2),
            ("providers/idp", "", 4),
            ("providers/idp", "kind", 5),
            ("providers/idp", "username.map", 7),
            ("providers/idp", "issuer", 4),
            ("products/jira", "access[1].deny", 13),
            ("products/jira", "access[0].allow[0]", 12),
            ("products/jira", "access[9]", 11),
            ("providers", "", 3),
        ] {
            let found = lines.line(parameter, field);
            assert_eq!(found, Some(line), "{parameter} {field}");
        }
        assert_eq!(lines.line("revoked", ""), None);
    }

    #[test]
    fn what_is_no_json_ends_it() {
        for text in ["", "{", "{\"a", "{\"a\" 1}", "[1,", &"[".repeat(100_000)] {
            Lines::of(text);
        }
    }

    #[test]
    fn names_are_what_their_escapes_stand_for() {
        let lines = Lines::of("{\n\"pro\\u0076iders\": {\n\"id\\\"p\": {}}}");
        assert_eq!(lines.line("providers", ""), Some(2));
        assert_eq!(lines.line("providers/id\"p", ""), Some(3));
    }

    #[test]
    fn of_members_of_one_name_the_first_counts() {
        let lines = Lines::of("{\n\"a\": 1,\n\"a\": {\"b\":\n2}}");
        assert_eq!(lines.line("a", ""), Some(2));
    }

    #[test]
    fn what_the_settings_may_not_be_has_no_lines() {
        for text in [
            "{\"a\": 1,}",
            "{\"a\": 1 \"b\": 2}",
            "{,\"a\": 1}",
            "{\"a\": 1} // b",
            "{\"a\": /* b */ 1}",
            "{a: 1}",
            "{'a': 1}",
            "{\"a\": +1}",
            "{\"a\": 0x1}",
            "{\"a\": NaN}",
            "{\"a\": 1}{}",
        ] {
            assert_eq!(Lines::of(text).line("a", ""), None, "{text}");
        }
        assert_eq!(Lines::of("{\"a\": 1}").line("a", ""), Some(1));
    }
}
