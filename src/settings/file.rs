//! Settings from one JSON file: the same tree as in SSM, for development and tests.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::settings::Tree;
use crate::settings::problem::Problems;
use crate::settings::source::LoadError;

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

fn flatten(text: &[u8]) -> Result<Tree, Problems> {
    let mut problems = Problems::default();
    let mut documents = Vec::new();
    match crate::json::parse(text) {
        Ok(Value::Object(top)) => {
            for (name, value) in top {
                match value {
                    Value::Object(entries) if name != "settings" => {
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
