//! Folders of documents that stand in one text: members of a settings file, and parameters that hold
//! what others hold in a parameter for each document.
//!
//! SSM returns ten parameters at once, and the next ten only to whoever has these. Settings of more
//! parameters can be put together, so that a start needs one call.

use serde_json::{Map, Value};

use crate::document::Tree;
use crate::document::problem::Problems;

/// Names of parameters, and of members of a settings file, that hold several documents.
pub const FOLDERS: [&str; 3] = ["providers", "products", "secrets"];

/// What is said of a folder that is none.
pub(super) const NO_FOLDER: &str = "expected a JSON object of documents by their names";

/// The documents of a folder by their names. A folder without any is a mistake: where there are no
/// products, all of the API is one that everyone may use.
pub(super) fn documents(
    folder: &str,
    entries: Map<String, Value>,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    if entries.is_empty() {
        problems
            .of(folder)
            .whole("is empty; expected documents by their names, or no such member or parameter");
    }
    let entries = entries.into_iter();
    entries
        .map(|(id, entry)| (format!("{folder}/{id}"), text(entry)))
        .collect()
}

/// A string is the document itself, as a secret's is; everything else is JSON.
pub(super) fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// The tree of these parameters, some of which may hold folders.
///
/// # Errors
///
/// What is wrong with a folder, and documents that stand in two parameters.
pub(super) fn tree(parameters: Vec<(String, String)>) -> Result<Tree, Problems> {
    let mut problems = Problems::default();
    let is_folder = |(name, _): &(String, String)| FOLDERS.contains(&name.as_str());
    let (folders, mut found): (Vec<_>, Vec<_>) = parameters.into_iter().partition(is_folder);
    for (folder, text) in folders {
        let entries = match crate::json::parse(text.as_bytes()) {
            Ok(Value::Object(entries)) => entries,
            Ok(_) => {
                problems.of(&folder).whole(NO_FOLDER);
                continue;
            }
            Err(error) => {
                // The error names a place and no value: this may be the folder of secrets.
                let (line, column) = (error.line(), error.column());
                problems.of(&folder).whole(&format!(
                    "is no JSON object with unique members; the first error is at line {line}, column {column}"
                ));
                continue;
            }
        };
        for (name, text) in documents(&folder, entries, &mut problems) {
            if found.iter().any(|(known, _)| *known == name) {
                problems.of(&name).whole(&format!(
                    "stands in the parameter `{folder}` too; expected it in one of the two"
                ));
            }
            found.push((name, text));
        }
    }
    problems.or(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::tree;

    fn read(parameters: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let tree = tree(parameters.iter().map(owned).collect());
        let tree = tree.map_err(|problems| problems.to_string())?;
        Ok(tree.documents().clone().into_iter().collect())
    }

    #[test]
    fn folders_are_as_their_documents() {
        let apart = read(&[
            ("settings", "{}"),
            ("providers/one", r#"{"kind":"google"}"#),
            ("providers/two", r#"{"kind":"slack"}"#),
            ("secrets/jira-pat", "a secret"),
        ]);
        let together = read(&[
            ("secrets", r#"{"jira-pat": "a secret"}"#),
            ("settings", "{}"),
            (
                "providers",
                r#"{"one": {"kind": "google"}, "two": {"kind": "slack"}}"#,
            ),
        ]);
        assert_eq!(apart, together);
        let both = read(&[
            ("providers/two", r#"{"kind":"slack"}"#),
            ("providers", r#"{"one": {"kind": "google"}}"#),
        ]);
        assert_eq!(both.unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        for (parameters, expected) in [
            (
                vec![("secrets", r#"{"pat": "s3cr3t", "pat": "s3cr3t"}"#)],
                "secrets: ",
            ),
            (vec![("secrets", r#"{"pat": "s3cr3t"#)], "secrets: "),
            (vec![("products", r#"["s3cr3t"]"#)], "products: "),
            (vec![("products", "{}")], "products: is empty"),
            (
                vec![
                    ("secrets", r#"{"pat": "s3cr3t"}"#),
                    ("secrets/pat", "s3cr3t"),
                ],
                "secrets/pat: stands in the parameter `secrets` too",
            ),
        ] {
            let error = read(&parameters).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }
}
