//! Where a claim is: its name, or a path into nested claims.

use serde_json::{Map, Value};

/// The name of a claim, or a path of names into nested claims: `user.login`. A name with `[*]` at its
/// end stands for each item of an array: `roles[*].name`.
///
/// Names may hold dots and slashes. At each level the longest name that is there wins:
/// `https://example.com/user` is one name, and `resource_access.my.client.roles` leads to the roles of
/// `my.client`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttributePath(String);

/// What an array's items are asked by.
pub(super) const EACH: &str = "[*]";

/// What the last names of claims are that hold an email address.
const EMAIL: [&str; 6] = [
    "email",
    "emails",
    "mail",
    "email_address",
    "emailaddress",
    "email-address",
];

impl From<&str> for AttributePath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

impl AttributePath {
    /// The path as it stands in the settings.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names at the top of claims that it may lead through.
    pub fn names_at_the_top(&self) -> Vec<String> {
        let ends = self.0.match_indices('.').map(|(end, _)| end);
        let starts = ends
            .chain([self.0.len()])
            .filter_map(|end| self.0.get(..end));
        starts
            .flat_map(|start| [Some(start), start.strip_suffix(EACH)])
            .flatten()
            .map(str::to_owned)
            .collect()
    }

    /// What is wrong with it as a path, if anything is: a name in brackets leads nowhere.
    pub fn problem(&self) -> Option<&'static str> {
        const EXPECTED: &str =
            "expected a claim's name, or a path such as `realm.roles` or `roles[*].name`";
        let plain = self.0.replace(EACH, "");
        let mut parts = self.0.split('.');
        let is_wrong = parts.any(|part| part.is_empty() || part == EACH || part.contains("[*][*]"))
            || self
                .0
                .split(EACH)
                .skip(1)
                .any(|rest| !(rest.is_empty() || rest.starts_with('.')))
            || (plain.ends_with(']') && plain.contains('['));
        is_wrong.then_some(EXPECTED)
    }

    /// Whether it is the name of an email address. Namespaces end in a slash or a colon.
    pub fn is_email(&self) -> bool {
        let mut parts = self.0.rsplit(['.', '/', ':']);
        let last = parts.next().unwrap_or_default();
        // `emails[*].value` is the value of an address.
        let lists = parts.filter_map(|part| part.strip_suffix(EACH));
        let mut names = lists.chain([last.strip_suffix(EACH).unwrap_or(last)]);
        names.any(|found| EMAIL.iter().any(|name| found.eq_ignore_ascii_case(name)))
    }

    /// Where an email address's mark stands: beside it.
    #[must_use]
    pub fn verified_mark(&self) -> Self {
        Self(format!("{}_verified", self.0))
    }

    /// What is there in these claims.
    pub(super) fn find<'c>(&self, claims: &'c Map<String, Value>) -> Found<'c> {
        let mut found = Found::default();
        // Most paths are names of their own.
        match claims.get(&self.0) {
            Some(value) => found.values.push(value),
            None => found.is_there = find(claims, &self.0, &mut found),
        }
        found.is_there |= !found.values.is_empty();
        found
    }

    /// The one value that is there.
    pub(super) fn find_one<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c Value> {
        if let Some(value) = claims.get(&self.0) {
            return Some(value);
        }
        match self.find(claims).values.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// What a path leads to.
#[derive(Default)]
pub(super) struct Found<'c> {
    /// The values: several where the path goes through the items of an array.
    pub(super) values: Vec<&'c Value>,
    /// Whether the path leads anywhere, and be it to an array without items.
    pub(super) is_there: bool,
    /// Whether items were left out that lack the rest of the path.
    pub(super) is_partial: bool,
}

/// Adds the values at a path, and tells whether it leads anywhere.
fn find<'c>(object: &'c Map<String, Value>, path: &str, found: &mut Found<'c>) -> bool {
    let ends = path.match_indices('.').map(|(end, _)| end);
    let mut ends: Vec<usize> = ends.collect();
    ends.push(path.len());
    // The longest name first.
    ends.into_iter().rev().any(|end| {
        let (name, rest) = path.split_at(end);
        let rest = rest.strip_prefix('.');
        if let Some(value) = object.get(name) {
            return find_in(value, rest, found);
        }
        let items = name.strip_suffix(EACH).and_then(|name| object.get(name));
        let Some(Value::Array(items)) = items else {
            return false;
        };
        for item in items {
            let is_there = find_in(item, rest, found);
            found.is_partial |= !is_there;
        }
        true
    })
}

fn find_in<'c>(value: &'c Value, rest: Option<&str>, found: &mut Found<'c>) -> bool {
    match (rest, value) {
        (None, _) => {
            found.values.push(value);
            true
        }
        (Some(rest), Value::Object(object)) => find(object, rest, found),
        (Some(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::AttributePath;

    fn found(claims: &Value, path: &str) -> Vec<Value> {
        let path = AttributePath::from(path);
        let found = path.find(claims.as_object().unwrap());
        found.values.into_iter().cloned().collect()
    }

    #[test]
    fn the_longest_name_first_at_each_level() {
        let claims = json!({
            "a": {"b": 1, "b.c": 2, "d": {"e": 3}},
            "a.d": {"f": 4},
            "https://example.com/claims": {"user.name": "alice", "user": {"id": 5}},
            "urn:zitadel:iam:org:project:roles": {"admin": {}},
            "resource_access": {"my.client": {"roles": ["x"]}},
        });
        for (path, expected) in [
            ("a.b", json!(1)),
            ("a.b.c", json!(2)),
            // The longer name leads nowhere, so the shorter one counts.
            ("a.d.e", json!(3)),
            ("a.d.f", json!(4)),
            ("https://example.com/claims.user.name", json!("alice")),
            ("https://example.com/claims.user.id", json!(5)),
            ("urn:zitadel:iam:org:project:roles", json!({"admin": {}})),
            ("resource_access.my.client.roles", json!(["x"])),
        ] {
            assert_eq!(found(&claims, path), [expected], "{path}");
        }
        for path in ["", ".", "a.", ".a", "a.x", "a.b.c.d", "a[*]", "[*]"] {
            assert_eq!(found(&claims, path), [] as [Value; 0], "{path}");
        }
    }

    #[test]
    fn each_item_of_an_array() {
        let claims = json!({
            "roles": [{"name": "a"}, {"name": "b", "in": [{"x": 1}, {"x": 2}]}, {"id": 3}, "c"],
            "plain": ["a", "b"], "none": [], "odd[*]": 7,
        });
        for (path, expected, is_partial) in [
            ("roles[*].name", vec![json!("a"), json!("b")], true),
            ("roles[*].in[*].x", vec![json!(1), json!(2)], true),
            ("plain[*]", vec![json!("a"), json!("b")], false),
            ("none[*].name", vec![], false),
            ("odd[*]", vec![json!(7)], false),
        ] {
            let found = AttributePath::from(path);
            let found = found.find(claims.as_object().unwrap());
            assert!(found.is_there, "{path}");
            assert_eq!(found.is_partial, is_partial, "{path}");
            let values: Vec<Value> = found.values.into_iter().cloned().collect();
            assert_eq!(values, expected, "{path}");
        }
    }

    #[test]
    fn paths_that_lead_nowhere() {
        for (path, is_wrong) in [
            ("groups", false),
            ("realm_access.roles", false),
            ("roles[*]", false),
            ("roles[*].name", false),
            ("a[*].b[*].c", false),
            ("https://example.com/claims/groups", false),
            ("urn:zitadel:iam:org:project:roles", false),
            ("cognito:groups", false),
            ("a..b", true),
            (".a", true),
            ("roles[*].", true),
            ("[*].name", true),
            ("roles[*]name", true),
            ("roles[*][*]", true),
            ("roles[0]", true),
            ("roles[]", true),
        ] {
            let found = AttributePath::from(path).problem();
            assert_eq!(found.is_some(), is_wrong, "{path}");
        }
    }

    #[test]
    fn names_of_email_addresses() {
        for (path, is_email) in [
            ("email", true),
            ("Email", true),
            ("user.email", true),
            ("emails", true),
            ("emails[*]", true),
            ("emails[*].value", true),
            ("user.emails[*].value", true),
            ("mail", true),
            ("https://example.com/email", true),
            (
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
                true,
            ),
            ("custom:email", true),
            ("email.local", false),
            ("username", false),
            ("upn", false),
        ] {
            assert_eq!(AttributePath::from(path).is_email(), is_email, "{path}");
        }
    }

    /// A path of many dots through claims of many dots takes no more than the square of its length.
    #[test]
    fn long_paths_end() {
        let path = "a.".repeat(500);
        let mut claims = json!({});
        for _ in 0..100 {
            claims = json!({"a": claims});
        }
        assert_eq!(found(&claims, &path), [] as [Value; 0]);
    }
}
