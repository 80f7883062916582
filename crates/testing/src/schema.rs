//! What a validator of JSON Schemas says of settings.

use serde_json::{Value, json};

/// Validates settings in the file form by `settings.schema.json`, with Python's `jsonschema`.
pub fn valid(documents: &[Value]) -> Vec<bool> {
    const VALIDATE: &str = "
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
print(json.dumps([validator.is_valid(document) for document in json.load(open(sys.argv[2]))]))
";
    let folder = crate::Folder::new();
    let file = folder.path().join("documents.json");
    std::fs::write(&file, json!(documents).to_string()).unwrap();
    let output = std::process::Command::new(crate::tool("python"))
        .args(["-c", VALIDATE])
        .arg(crate::root().join("settings.schema.json"))
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
