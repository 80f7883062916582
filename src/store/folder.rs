//! Folders of documents that stand in one text: members of a settings file, and parameters that hold
//! what others hold in a parameter for each document.
//!
//! SSM returns ten parameters at once, and the next ten only to whoever has these. Settings of more
//! parameters can be put together, so that a start needs one call.

use serde_json::{Map, Value};

use super::Found;
use crate::document::SECRET_FOLDERS;
use crate::document::problem::Problems;

/// Names of parameters, and of members of a settings file, that hold several documents.
pub const FOLDERS: [&str; 3] = ["providers", "products", "secrets"];

/// What is said of a folder that is none.
pub(super) const NO_FOLDER: &str = "expected a JSON object of documents by their names";

/// Folders of secrets as they are easily mistyped.
const SINGULARS: [&str; 3] = ["secrets/provider", "secrets/product", "secrets/setting"];

/// The documents of a folder by their names. A folder without any is a mistake: where there are no
/// products, all of the API is one that everyone may use. Secrets of one document, and the service's
/// own, stand in folders within theirs.
pub(super) fn documents(
    folder: &str,
    entries: Map<String, Value>,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    if entries.is_empty() {
        problems
            .of(folder)
            .whole("is empty; expected documents by their names, or remove it");
    }
    let mut documents = Vec::new();
    for (id, entry) in entries {
        let name = format!("{folder}/{id}");
        match entry {
            Value::Object(entries) if is_folder_of_secrets(&name) => {
                documents.extend(self::documents(&name, entries, problems));
            }
            // It would be a secret of that name, whose text is the JSON.
            Value::Object(_) if SINGULARS.contains(&name.as_str()) => problems.of(&name).whole(
                "expected a secret's text, or one of the folders `providers`, `products` and `settings`",
            ),
            entry => documents.push((name, text(entry))),
        }
    }
    documents
}

/// `secrets/providers`, `secrets/providers/<id>` and so on.
fn is_folder_of_secrets(name: &str) -> bool {
    let mut parts = name.split('/').skip(1);
    let folder = parts.next().unwrap_or_default();
    name.starts_with("secrets/")
        && SECRET_FOLDERS.contains(&folder)
        && parts.count() <= usize::from(folder != "settings")
}

/// A string is the document itself, as a secret's is; everything else is JSON.
pub(super) fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// The documents of these parameters, some of which may hold folders. What is wrong with a folder,
/// and documents that stand in two parameters, are problems.
pub(super) fn tree(parameters: Vec<(String, String)>) -> Found {
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
                    "is not a JSON object with unique members; the first error is at line {line}, column \
                     {column}"
                ));
                continue;
            }
        };
        for (name, text) in documents(&folder, entries, &mut problems) {
            if found.iter().any(|(known, _)| *known == name) {
                problems.of(&name).whole(&format!(
                    "is in the parameter `{folder}` too; expected it in only one of them"
                ));
            }
            found.push((name, text));
        }
    }
    Found {
        tree: found.into_iter().collect(),
        problems,
    }
}

#[cfg(test)]
mod tests {
    use super::tree;

    fn read(parameters: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let found = tree(parameters.iter().map(owned).collect());
        let tree = found.whole().map_err(|error| error.to_string())?;
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
    fn secrets_have_folders_of_their_own() {
        let apart = read(&[
            ("secrets/jira-pat", "a secret"),
            ("secrets/providers/idp/client", "a client's"),
            ("secrets/providers/idp/key", "a key"),
            ("secrets/products/jira/pat", "a token"),
            ("secrets/settings/api-token-key", "a key of ours"),
        ]);
        let together = read(&[(
            "secrets",
            r#"{"jira-pat": "a secret", "providers": {"idp": {"client": "a client's", "key": "a key"}},
                "products": {"jira": {"pat": "a token"}}, "settings": {"api-token-key": "a key of ours"}}"#,
        )]);
        assert_eq!(apart, together);
        // What stands where a secret does is one, if it is JSON.
        assert_eq!(
            read(&[(
                "secrets",
                r#"{"jwk": {"kty": "EC"}, "providers": {"idp": {"jwk": {"kty": "EC"}}},
                    "settings": {"jwk": {"kty": "EC"}}}"#
            )])
            .unwrap()
            .into_iter()
            .map(|(name, text)| (name, text == r#"{"kty":"EC"}"#))
            .collect::<Vec<_>>(),
            [
                ("secrets/jwk".to_owned(), true),
                ("secrets/providers/idp/jwk".to_owned(), true),
                ("secrets/settings/jwk".to_owned(), true),
            ]
        );
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
                vec![("secrets", r#"{"provider": {"idp": {"client": "s3cr3t"}}}"#)],
                "secrets/provider: expected a secret's text, or one of the folders",
            ),
            (
                vec![
                    ("secrets", r#"{"pat": "s3cr3t"}"#),
                    ("secrets/pat", "s3cr3t"),
                ],
                "secrets/pat: is in the parameter `secrets` too",
            ),
            (
                vec![
                    ("secrets", r#"{"providers": {"idp": {"client": "s3cr3t"}}}"#),
                    ("secrets/providers/idp/client", "s3cr3t"),
                ],
                "secrets/providers/idp/client: is in the parameter `secrets` too",
            ),
            (
                vec![(
                    "secrets",
                    r#"{"products": {"jira": {"pat": "s3cr3t"}}, "products/jira/pat": "s3cr3t"}"#,
                )],
                "secrets/products/jira/pat: is in the parameter `secrets` too",
            ),
            (
                vec![("secrets", r#"{"providers": {"idp": {}}}"#)],
                "secrets/providers/idp: is empty",
            ),
            (
                vec![("secrets", r#"{"settings": {}}"#)],
                "secrets/settings: is empty",
            ),
        ] {
            let error = read(&parameters).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }
}
