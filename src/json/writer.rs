//! Writing one JSON object, member by member.
//!
//! A line is written for each event. What serde writes in eight pieces for each member takes three
//! here.

use std::fmt::{Display, Write};

/// One JSON object on its way.
pub(crate) struct ObjectWriter(String);

impl ObjectWriter {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(1_024);
        text.push('{');
        Self(text)
    }

    /// A member that is a text.
    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_text(&mut self.0, value);
    }

    /// A member that is an object of its own.
    pub(crate) fn object(&mut self, name: &'static str, members: impl FnOnce(&mut Self)) {
        self.name(name);
        self.0.push('{');
        members(self);
        self.0.push('}');
    }

    /// The same, unless it is empty or missing.
    pub(crate) fn optional(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.text(name, value);
        }
    }

    /// A member whose value is shown as JSON.
    pub(crate) fn raw(&mut self, name: &'static str, value: impl Display) {
        self.name(name);
        // A string takes any text.
        let _ = write!(self.0, "{value}");
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// Names are our own, and need no escape.
    fn name(&mut self, name: &'static str) {
        self.0
            .push_str(if self.0.ends_with('{') { "\"" } else { ",\"" });
        self.0.push_str(name);
        self.0.push_str("\":");
    }
}

/// Writes a text as JSON.
pub(crate) fn push_text(json: &mut String, text: &str) {
    if is_plain(text) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else if let Ok(escaped) = serde_json::to_string(text) {
        json.push_str(&escaped);
    }
}

/// Whether a text needs no escape (RFC 8259, section 7). Without a way out in the middle, many bytes
/// are looked at in one step.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::ObjectWriter;

    #[test]
    fn members_of_all_kinds() {
        let mut object = ObjectWriter::new();
        object.optional("left", None);
        object.optional("out", Some(""));
        object.text("empty", "");
        object.raw("number", 7);
        object.raw("float", "0.250");
        object.raw("boolean", true);
        object.object("none", |_| {});
        object.object("inner", |members| members.text("a", "{"));
        object.optional("there", Some("a"));
        let text = object.finish();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            json!({"empty": "", "number": 7, "float": 0.25, "boolean": true, "none": {},
                   "inner": {"a": "{"}, "there": "a"})
        );
        assert_eq!(ObjectWriter::new().finish(), "{}");
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_json(text in "\\PC{0,12}[\"\\\\\u{0}-\u{1f}\u{7f}\u{2028}]?\\PC{0,3}") {
            let mut object = ObjectWriter::new();
            object.text("value", &text);
            let value: Value = serde_json::from_str(&object.finish()).unwrap();
            prop_assert_eq!(value, json!({"value": text}));
        }
    }
}
