//! Case folders: `tests/cases/<name>/` holds an `event.json` and what must come of it.
//!
//! - `event.json`, where `{{token}}` stands for a token of `token.json`'s claims, signed with the
//!   development key; or `event.txt`, sent as it is.
//! - `settings.json`, or `events/custom-api.json` where there is none: a product at `/`.
//! - `environment.json`: variables of the function.
//! - `expected.json`: the whole `answer` or the `error`, and members of the `audit` line. The answer's
//!   `decision_id` is random, so a mark stands for it.
//!
//! `UPDATE_CASES=1 cargo test all_cases` writes the answers down, for review.
//!
//! In every case the output is searched for the token, its parts and the secrets of the settings.

use std::path::{Path, PathBuf};

use serde_json::Value;

use testing::lambda::Lambda;
use testing::tokens::SigningKey;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn json(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

#[tokio::test]
async fn all_cases() {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 15, "the cases are gone");
    for folder in folders {
        check(&folder).await;
    }
}

async fn check(folder: &Path) {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let own = folder.join("settings.json");
    let settings = if own.exists() {
        own
    } else {
        root().join("events/custom-api.json")
    };
    let environment = json(&folder.join("environment.json")).unwrap_or_default();
    let variables: Vec<(&str, &str)> = environment
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let lambda = Lambda::start(&format!("file:{}", settings.display()), &variables).await;
    if let Some(secrets) = json(&settings).unwrap()["secrets"].as_object() {
        for secret in secrets.values() {
            lambda.keep_secret(secret.as_str().unwrap());
        }
    }

    let result = if let Ok(bytes) = std::fs::read(folder.join("event.txt")) {
        lambda.invoke_text(bytes).await
    } else {
        let token = json(&folder.join("token.json"))
            .map(|claims| SigningKey::development().sign(&claims))
            .unwrap_or_default();
        let text = std::fs::read_to_string(folder.join("event.json")).unwrap();
        let event: Value = serde_json::from_str(&text.replace("{{token}}", &token)).unwrap();
        lambda.invoke(&event).await
    };

    let path = folder.join("expected.json");
    let mut expected = json(&path).unwrap();
    let mut decision = None;
    match result {
        Ok(mut answer) => {
            decision = Some(mask_decision(&mut answer, &name));
            if std::env::var_os("UPDATE_CASES").is_some() {
                expected["answer"] = answer.clone();
                let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
                std::fs::write(&path, text).unwrap();
            }
            assert_eq!(answer, expected["answer"], "{name}");
            let size = answer.to_string().len();
            assert!(size <= 8_192, "{name}: {size} bytes");
        }
        Err(error) => assert_eq!(error.error_message, expected["error"], "{name}"),
    }
    let audit = lambda.audit().await;
    if let Some(decision) = decision {
        assert_eq!(audit["decision_id"], decision, "{name}");
    }
    for (member, value) in expected["audit"].as_object().unwrap() {
        assert_eq!(&audit[member], value, "{name}: {member} of {audit}");
    }
}

/// Puts a mark in the place of the answer's random id, and returns that.
fn mask_decision(answer: &mut Value, name: &str) -> String {
    let id = answer["context"]["decision_id"].take();
    let id = id
        .as_str()
        .unwrap_or_else(|| panic!("{name} has no decision_id"));
    let is_id = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    assert!(id.len() == 12 && id.bytes().all(is_id), "{name}: {id}");
    answer["context"]["decision_id"] = "{{decision_id}}".into();
    id.to_owned()
}
