//! Settings from one JSON file: the same tree as in SSM, for development and tests.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::folder::{FOLDERS, NO_FOLDER, documents as documents_of, text as document};
use super::{Found, LoadError, RecordName};
use crate::document::problem::Problems;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Reads `{"settings": {…}, "providers": {"<id>": {…}}, "products": {…}, "secrets": {…}}`.
pub(super) fn read(path: &Path) -> Result<Found, LoadError> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut text))
        .map_err(|error| LoadError::File(error.kind()))?;
    Ok(flatten(&text))
}

/// Where a record is: `settings-tokens/<id>.json` or `settings-users/<name>` beside
/// `settings.json`.
pub fn record_path(settings: &Path, name: &RecordName) -> PathBuf {
    record_folder(settings, name.folder()).join(name.file_name())
}

/// Where all records of a kind are.
pub fn record_folder(settings: &Path, kind: &str) -> PathBuf {
    let mut folder = settings.with_extension("").into_os_string();
    folder.push("-");
    folder.push(kind);
    PathBuf::from(folder)
}

fn flatten(text: &[u8]) -> Found {
    let mut problems = Problems::default();
    let mut documents = Vec::new();
    match crate::json::parse(text) {
        Ok(Value::Object(top)) => {
            for (name, value) in top {
                match value {
                    // What an editor finds the schema by.
                    Value::String(_) if name == "$schema" => {}
                    Value::Object(entries)
                        if entries.is_empty() && !FOLDERS.contains(&name.as_str()) =>
                    {
                        documents.push((name, "{}".to_owned()));
                    }
                    Value::Object(entries) if name != "settings" && name != "revoked" => {
                        documents.extend(documents_of(&name, entries, &mut problems));
                    }
                    _ if FOLDERS.contains(&name.as_str()) => {
                        problems.of(&name).whole(NO_FOLDER);
                    }
                    value => documents.push((name, document(value))),
                }
            }
        }
        Ok(_) => problems.of("file").whole("expected a JSON object"),
        Err(error) => problems.of("file").whole(&format!(
            "expected a JSON object with unique members: {error}"
        )),
    }
    let mut tree = BTreeMap::new();
    for (name, text) in documents {
        if tree.contains_key(&name) {
            problems.of(&name).whole("is there twice");
        }
        tree.insert(name, text);
    }
    Found {
        tree: tree.into_iter().collect(),
        problems,
    }
}
