//! Settings from one JSON file: the same tree as in SSM, for development and tests.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[cfg(feature = "cli")]
use crate::authenticate::api_token::TokenId;
use crate::settings::Tree;
use crate::settings::problem::Problems;
use crate::settings::source::{LoadError, RecordName};

/// Members that stand for folders of parameters.
const FOLDERS: [&str; 3] = ["providers", "products", "secrets"];

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Reads `{"settings": {…}, "providers": {"<id>": {…}}, "products": {…}, "secrets": {…}}`.
pub(crate) fn read(path: &Path) -> Result<Tree, LoadError> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut text))
        .map_err(|error| LoadError::File(error.kind()))?;
    flatten(&text).map_err(LoadError::Invalid)
}

/// Where a record is: `settings-tokens/<id>.json` or `settings-users/<name>` beside
/// `settings.json`.
pub(crate) fn record_path(settings: &Path, name: RecordName<'_>) -> PathBuf {
    let extension = match name {
        RecordName::ApiToken(_) => ".json",
        RecordName::User(_) => "",
    };
    record_folder(settings, name.folder()).join(name.last_part() + extension)
}

/// Where all records of a kind are.
pub(crate) fn record_folder(settings: &Path, kind: &str) -> PathBuf {
    let mut folder = settings.with_extension("").into_os_string();
    folder.push("-");
    folder.push(kind);
    PathBuf::from(folder)
}

/// Writes the record of a new API token.
#[cfg(feature = "cli")]
pub(crate) fn write_token(settings: &Path, id: &TokenId, record: &str) -> Result<(), LoadError> {
    let path = record_path(settings, RecordName::ApiToken(id));
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        std::io::Write::write_all(&mut File::create_new(&path)?, record.as_bytes())
    };
    write().map_err(|error| LoadError::File(error.kind()))
}

/// Writes a new record of an API token over the one before, whole or not at all.
#[cfg(feature = "cli")]
pub(crate) fn replace_token(settings: &Path, id: &TokenId, record: &str) -> Result<(), LoadError> {
    let path = record_path(settings, RecordName::ApiToken(id));
    let next = path.with_extension("next");
    // What an interrupted run left behind, or a link that somebody else has put there.
    let _ = std::fs::remove_file(&next);
    File::create_new(&next)
        .and_then(|mut file| std::io::Write::write_all(&mut file, record.as_bytes()))
        .and_then(|()| std::fs::rename(&next, &path))
        .map_err(|error| LoadError::File(error.kind()))
}

/// The ids and records of all API tokens.
#[cfg(feature = "cli")]
pub(crate) fn token_records(settings: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(record_folder(settings, "tokens"))? {
        let path = entry?.path();
        let is_record = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if let (true, Some(id)) = (is_record, path.file_stem()) {
            let id = id.to_string_lossy().into_owned();
            records.push((id, std::fs::read_to_string(&path)?));
        }
    }
    Ok(records)
}

fn flatten(text: &[u8]) -> Result<Tree, Problems> {
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
                        documents.extend(
                            entries
                                .into_iter()
                                .map(|(id, entry)| (format!("{name}/{id}"), document(entry))),
                        );
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
    problems.or(documents.into_iter().collect())
}

/// A string is the document itself, as a secret's is; everything else is JSON.
fn document(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}
