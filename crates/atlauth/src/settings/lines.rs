//! In which line of a settings file a field is.

use std::collections::BTreeMap;

/// Deeper nesting is refused as JSON too.
const MAX_DEPTH: usize = 128;

/// Lines by the way that leads to a value: `["providers", "idp", "username", "map"]`, `[0]` for a place
/// in an array.
pub(crate) struct Lines(BTreeMap<Vec<String>, usize>);

impl Lines {
    /// Reads a file as far as it is JSON.
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner {
            text: text.as_bytes(),
            at: 0,
            line: 1,
            way: Vec::new(),
            found: BTreeMap::new(),
        };
        scanner.value();
        Self(scanner.found)
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
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    way: Vec<String>,
    found: BTreeMap<Vec<String>, usize>,
}

impl Scanner<'_> {
    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'\n' => self.line = self.line.saturating_add(1),
                b' ' | b'\t' | b'\r' => {}
                other => return Some(*other),
            }
            self.step();
        }
        None
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Passes a value; `None` where the text is no JSON.
    fn value(&mut self) -> Option<()> {
        if self.way.len() > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.items(b'}', true),
            b'[' => self.items(b']', false),
            b'"' => self.string().map(drop),
            _ => {
                let rest = self.text.get(self.at..)?;
                let is_end = |byte: &u8| b",]} \t\r\n".contains(byte);
                let length = rest.iter().position(is_end).unwrap_or(rest.len());
                self.at = self.at.saturating_add(length);
                (length > 0).then_some(())
            }
        }
    }

    fn items(&mut self, end: u8, named: bool) -> Option<()> {
        self.step();
        let mut place: usize = 0;
        loop {
            let next = self.peek()?;
            if next == end {
                self.step();
                return Some(());
            }
            if next == b',' {
                self.step();
                continue;
            }
            let line = self.line;
            let name = if named {
                let name = self.string()?;
                (self.peek()? == b':').then(|| self.step())?;
                name
            } else {
                format!("[{place}]")
            };
            self.way.push(name);
            self.found.entry(self.way.clone()).or_insert(line);
            let passed = self.value();
            self.way.pop();
            passed?;
            place = place.saturating_add(1);
        }
    }

    /// Passes a text, and returns it with its escapes as they are.
    fn string(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        self.step();
        let start = self.at;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.step(),
                _ => {}
            }
            self.step();
        }
        let text = self.text.get(start..self.at)?;
        self.step();
        Some(String::from_utf8_lossy(text).into_owned())
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
}
