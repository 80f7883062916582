//! The fields of the settings, made from their JSON Schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::page::Page;

/// Types of values that have a table of their own, and its heading.
const SECTIONS: [(&str, &str); 7] = [
    ("ApiTokens", "api_tokens"),
    ("BasicRule", "basic_auth"),
    ("UsernameRule", "username"),
    ("GroupsRule", "groups"),
    ("Requirement", "require"),
    ("Rule", "access"),
    ("Upstream", "upstream"),
];

/// The schema, and its definitions.
struct Schema(Value);

/// All tables.
pub(crate) fn tables() -> String {
    let text = std::fs::read_to_string(testing::root().join("settings.schema.json")).unwrap();
    let schema = Schema(serde_json::from_str(&text).unwrap());
    let mut text = String::from("## settings\n\n");
    text += &schema.section("General", "The parameter `settings`.");
    for name in ["ApiTokens", "BasicRule"] {
        text += &schema.subsection(name);
    }
    text += "## providers\n\nOne provider: the parameter `providers/<id>`.\n\n";
    text += &schema.providers();
    for name in ["UsernameRule", "GroupsRule", "Requirement"] {
        text += &schema.subsection(name);
    }
    text += "## products\n\n";
    text += &schema.section("Product", "One product: the parameter `products/<id>`.");
    text += &schema.subsection("Rule");
    text += &schema.upstreams();
    text += "## secrets and revoked\n\nThe file form has these beside `settings`, `providers` and `products`.\n\n";
    let file = schema.0["properties"].as_object().unwrap();
    let rest = file
        .iter()
        .filter(|(name, _)| ["revoked", "secrets"].contains(&name.as_str()));
    text += &schema.table(rest);
    text += "Members of `secrets`. Any other member is a secret outside of a folder.\n\n";
    text += &schema.table(schema.fields("Secrets"));
    text
}

impl Schema {
    fn definition(&self, name: &str) -> &Value {
        let definition = &self.0["$defs"][name];
        assert!(definition.is_object(), "no definition is named `{name}`");
        definition
    }

    fn fields(&self, name: &str) -> &Map<String, Value> {
        self.definition(name)["properties"].as_object().unwrap()
    }

    fn section(&self, name: &str, about: &str) -> String {
        format!("{about}\n\n{}", self.table(self.fields(name)))
    }

    fn subsection(&self, name: &str) -> String {
        let (_, heading) = SECTIONS.iter().find(|(one, _)| *one == name).unwrap();
        let about = description(self.definition(name));
        format!(
            "### {heading}\n\n{about}\n\n{}",
            self.table(self.fields(name))
        )
    }

    fn table<'a>(&self, fields: impl IntoIterator<Item = (&'a String, &'a Value)>) -> String {
        let rows = fields.into_iter().filter(|(name, _)| *name != "$schema");
        let rows: String = rows
            .map(|(name, field)| format!("| `{name}` | {}\n", self.cells(field)))
            .collect();
        format!("| field | type | default | |\n| --- | --- | --- | --- |\n{rows}\n")
    }

    /// Type, default and meaning of a field.
    fn cells(&self, field: &Value) -> String {
        let default = match &field["default"] {
            Value::Null => String::new(),
            Value::String(text) => format!("`{text}`"),
            default => format!("`{default}`"),
        };
        let about = [description(field), self.values(field)].join(" ");
        format!("{} | {default} | {} |", self.type_of(field), about.trim())
    }

    /// The choices of providers or upstreams: the tag's value, and the fields.
    fn choices(&self, name: &str, tag: &str) -> Vec<(String, &Map<String, Value>)> {
        let choices = self.definition(name)["oneOf"].as_array().unwrap().iter();
        let choices = choices.map(|choice| {
            let fields = self.fields(reference(choice).unwrap());
            (fields[tag]["const"].as_str().unwrap().to_owned(), fields)
        });
        choices.collect()
    }

    /// Fields of every kind, and then those of some.
    fn providers(&self) -> String {
        let kinds = self.choices("Provider", "kind");
        let (_, first) = &kinds[0];
        let is_shared = |name: &str, field: &Value| {
            name != "kind"
                && kinds
                    .iter()
                    .all(|(_, fields)| fields.get(name) == Some(field))
        };
        let shared = first.iter().filter(|(name, field)| is_shared(name, field));
        let mut text = String::from("### Fields of every kind\n\n");
        let names: Vec<_> = kinds
            .iter()
            .map(|(kind, _)| format!("[`{kind}`](../providers/{kind}.md)"))
            .collect();
        text += &format!("`kind` is required: one of {}.\n\n", names.join(", "));
        text += &self.table(shared);
        text += "### Fields of some kinds\n\n";
        text += &self.by_choice(&kinds, "kind", "kinds", &is_shared);
        text
    }

    fn upstreams(&self) -> String {
        let modes = self.choices("Upstream", "mode");
        let mut text = String::from("### upstream\n\n");
        text += &description(self.definition("Upstream"));
        text += "\n\n| mode | |\n| --- | --- |\n";
        for choice in self.definition("Upstream")["oneOf"].as_array().unwrap() {
            let definition = self.definition(reference(choice).unwrap());
            let mode = definition["properties"]["mode"]["const"].as_str().unwrap();
            text += &format!("| `{mode}` | {} |\n", description(definition));
        }
        text += "\n";
        text += &self.by_choice(&modes, "mode", "modes", &|_, _| false);
        text
    }

    /// A row for each field that means the same for some choices.
    fn by_choice(
        &self,
        choices: &[(String, &Map<String, Value>)],
        tag: &str,
        heading: &str,
        is_shared: &dyn Fn(&str, &Value) -> bool,
    ) -> String {
        let mut rows = BTreeMap::<(String, String), Vec<String>>::new();
        for (choice, fields) in choices {
            for (name, field) in fields
                .iter()
                .filter(|(name, field)| *name != tag && !is_shared(name, field))
            {
                let row = rows.entry((name.clone(), self.cells(field))).or_default();
                row.push(format!("`{choice}`"));
            }
        }
        let all: Vec<String> = choices
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let rows: String = rows
            .into_iter()
            .map(|((name, cells), some)| {
                format!("| `{name}` | {} | {cells}\n", listed(&some, &all))
            })
            .collect();
        format!(
            "| field | {heading} | type | default | |\n| --- | --- | --- | --- | --- |\n{rows}\n"
        )
    }

    /// What values a field may have.
    fn type_of(&self, field: &Value) -> String {
        if let Some(name) = reference(field) {
            if let Some((_, heading)) = SECTIONS.iter().find(|(one, _)| *one == name) {
                return format!("[object](#{heading})");
            }
            return match name {
                "Endpoint" => "URL".to_owned(),
                _ => self.type_of(self.definition(name)),
            };
        }
        if let Some(choices) = field
            .get("anyOf")
            .or(field.get("oneOf"))
            .and_then(Value::as_array)
        {
            let mut types: Vec<_> = choices.iter().map(|choice| self.type_of(choice)).collect();
            types.dedup();
            return types.join(" or ");
        }
        if let Some(value) = field["const"].as_str() {
            return format!("`{value}`");
        }
        if let Some(values) = field["enum"].as_array() {
            let values: Vec<_> = values
                .iter()
                .map(|value| format!("`{value}`").replace('"', ""))
                .collect();
            return values.join(" or ");
        }
        match field["type"].as_str() {
            Some("string") => "text".to_owned(),
            Some("boolean") => "true or false".to_owned(),
            Some("integer") => match (&field["minimum"], &field["maximum"]) {
                (Value::Null, Value::Null) => "number".to_owned(),
                (min, Value::Null) => format!("number from {min}"),
                (min, max) => format!("{min} to {max}"),
            },
            Some("array") => {
                let most = field["maxItems"].as_u64();
                let most = most
                    .map(|most| format!("at most {most} "))
                    .unwrap_or_default();
                format!("list of {most}{}", self.type_of(&field["items"]))
            }
            Some("object")
                if field["additionalProperties"].is_object() && field["properties"].is_null() =>
            {
                format!("object of {}", self.type_of(&field["additionalProperties"]))
            }
            Some("object") => {
                let members = field["properties"]
                    .as_object()
                    .into_iter()
                    .flat_map(Map::keys);
                let members: Vec<_> = members.map(|name| format!("\"{name}\": …")).collect();
                match members.as_slice() {
                    [only] => format!("`{{{only}}}`"),
                    _ => "object".to_owned(),
                }
            }
            _ => "any".to_owned(),
        }
    }

    /// What the values of a closed list mean.
    fn values(&self, field: &Value) -> String {
        if let Some(name) = reference(field) {
            return self.values(self.definition(name));
        }
        if field["items"].is_object() {
            return self.values(&field["items"]);
        }
        let choices = field
            .get("anyOf")
            .or(field.get("oneOf"))
            .and_then(Value::as_array);
        let values = choices
            .into_iter()
            .flatten()
            .map(|choice| match choice["const"].as_str() {
                Some(value) => format!("`{value}`: {}", description(choice)),
                None if reference(choice).is_some() => self.values(choice),
                None if choice["properties"].is_object() => {
                    format!("{}: {}", self.type_of(choice), description(choice))
                }
                None => String::new(),
            });
        values
            .filter(|value| !value.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The name of the definition that a schema refers to.
fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// A description on one line.
fn description(schema: &Value) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .replace('\n', " ")
        .replace('|', "\\|")
}

/// Choices as a cell lists them: where most of all are meant, by those that are not.
fn listed(some: &[String], all: &[String]) -> String {
    let others: Vec<_> = all
        .iter()
        .filter(|one| !some.contains(one))
        .cloned()
        .collect();
    match others.len() {
        0 => "all".to_owned(),
        few if few < some.len() && all.len() > 5 => format!("all but {}", others.join(", ")),
        _ => some.join(", "),
    }
}

/// Each field of the schema has a row.
#[test]
fn each_field_has_a_row() {
    let text = std::fs::read_to_string(testing::root().join("settings.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let page = Page::read("docs/reference/settings.md").text;
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for field in definition["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
        {
            let row = format!("| `{field}` |");
            let is_tag = ["kind", "mode"].contains(&field.as_str());
            assert!(is_tag || page.contains(&row), "{name}: {field}");
        }
    }
}
