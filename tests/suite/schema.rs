//! The JSON Schema of the settings: current, and of one mind with what is read.

use std::path::{Path, PathBuf};

use atlassian_authorizer::deployment::{CacheSeconds, Deployment};
use atlassian_authorizer::document::{Tree, schema};
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};

use testing::ssm::{PREFIX, parameters};
use testing::tokens::{DEVELOPMENT_KEY, p256_pem};
use testing::tool;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// `UPDATE_SCHEMA=1 cargo test --all-features the_schema_is_current` writes it anew.
#[test]
fn the_schema_is_current() {
    let path = path("settings.schema.json");
    let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert_eq!(committed, current, "stale: run with UPDATE_SCHEMA=1");
}

/// What a validator of JSON Schemas says of documents in the file form, one each.
fn valid(documents: &[Value]) -> Vec<bool> {
    const VALIDATE: &str = "
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
print(json.dumps([validator.is_valid(document) for document in json.loads(sys.argv[2])]))
";
    let output = std::process::Command::new(tool("python"))
        .args(["-c", VALIDATE])
        .arg(path("settings.schema.json"))
        .arg(json!(documents).to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn sample_settings_are_valid_and_mistakes_are_not() {
    let sample = |name: &str| -> Value {
        let text = std::fs::read_to_string(path(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let provider = |provider: Value| json!({"providers": {"idp": provider}});
    let documents = [
        sample("events/settings.json"),
        sample("events/custom-api.json"),
        provider(
            json!({"kind": "github", "client_id": "a", "client_secret": "b", "username": {"map": {"1": "alice"}}}),
        ),
        provider(
            json!({"kind": "custom", "issuer": "https://idp.example.com", "discovery": true, "client_ids": ["a"],
                        "username": {"attributes": ["a"], "transform": ["lowercase", {"regex": "(.*)"}]},
                        "require": [{"claim": "a", "one_of": [1, "b"]}], "verify": "jwt+userinfo"}),
        ),
        json!({"providers": {}, "settings": {"mode": "monitor", "basic_auth": {"allowed_users": ["a"]},
               "api_tokens": {"enabled": true}}, "revoked": ["a"]}),
        json!({"$schema": "settings.schema.json", "settings": {"api_tokens": {"enabled": true}}}),
        provider(json!({"kind": "okta", "colour": "green"})),
        provider(json!({"kind": "openldap"})),
        provider(json!({"kind": "custom", "verify": "perhaps"})),
        json!({"providers": {}, "settings": {"basic_auth": "allow"}}),
        json!({"providers": {}, "settings": {"refresh_seconds": "60"}}),
        json!({"providers": {}, "products": {"jira": {"access": [{"permit": []}]}}}),
        json!({"providers": {}, "revoked": "a"}),
        json!({"settings": {"refresh_seconds": 0}}),
        provider(json!({"kind": "custom", "issuer": ""})),
        provider(json!({"kind": "custom", "issuer": null, "verify": null})),
    ];
    let accepted = valid(&documents);
    for (index, (document, accepted)) in documents.iter().zip(accepted).enumerate() {
        assert_eq!(accepted, index < 6, "{document}");
    }
}

/// The JSON blocks of the README that stand for providers, products and general settings are
/// read as they stand there, and the schema takes them too.
#[test]
fn the_readme_shows_settings_that_work() {
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let blocks = readme.split("```json\n").skip(1);
    let mut files = Vec::new();
    for block in blocks.map(|block| block.split("```").next().unwrap()) {
        // A block may show several documents, one after the other.
        for document in serde_json::Deserializer::from_str(block).into_iter::<Value>() {
            let document = document.unwrap_or_else(|error| panic!("{error}\n{block}"));
            files.push(file(&document));
        }
    }
    assert!(files.len() >= 15, "{} documents", files.len());
    for file in &files {
        let tree: Tree = parameters(file)
            .into_iter()
            .filter(|(name, ..)| !name.ends_with("/$schema"))
            .map(|(name, text, _)| (name[PREFIX.len() + 1..].to_owned(), text))
            .collect();
        let options = Deployment {
            cache_seconds: CacheSeconds::all(0),
            ..Deployment::default()
        };
        if let Err(problems) = Settings::parse(&tree, &options) {
            panic!("{problems}\n{file}");
        }
    }
    for (file, valid) in files.iter().zip(valid(&files)) {
        assert!(valid, "{file}");
    }
}

/// A document as part of settings that are complete but for it.
fn file(document: &Value) -> Value {
    let pool =
        json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"]});
    let secrets = json!({
        "github-app": "secret", "okta-client": "secret", "keycloak-client": "secret",
        "facebook-app": "secret", "idp-client": "secret", "confluence-pat": "MDEyMzQ1",
        "jira-oauth1-key": DEVELOPMENT_KEY, "assertion-key": p256_pem(),
    });
    let has = |name: &str| document.get(name).is_some();
    if document.is_array() {
        json!({"providers": {"pool": pool}, "revoked": document})
    } else if has("providers") {
        document.clone()
    } else if has("access") || has("path") {
        json!({"providers": {"pool": pool}, "products": {"confluence": document}, "secrets": secrets})
    } else if has("kind") {
        json!({"providers": {"idp": document}, "secrets": secrets})
    } else if has("attributes") {
        let mut provider = pool;
        provider["username"] = document.clone();
        json!({"providers": {"pool": provider}})
    } else {
        json!({"providers": {"pool": pool}, "settings": document,
               "products": {"jira": {"path": "/jira"}}})
    }
}
