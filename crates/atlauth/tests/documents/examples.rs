//! Examples of settings: each loads as it stands.

use std::collections::BTreeMap;
use std::process::Command;

use local_gateway::{Parameters, Template};
use serde_json::{Map, Value, json};
use testing::ssm::load;
use testing::tokens::{DEVELOPMENT_KEY, p256_pem};

use crate::page::Page;

/// The fields that name a secret.
const NAMES_OF_SECRETS: [&str; 3] = ["client_secret", "private_key", "secret"];

/// A provider for settings that show something else.
fn pool() -> Value {
    json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"]})
}

/// A document as part of settings that are complete but for it. `None` where it is no settings.
fn file(document: &Value) -> Option<Value> {
    let pool = pool();
    let has = |name: &str| document.get(name).is_some();
    let settings = if let Some(items) = document.as_array() {
        match items.first()? {
            Value::String(_) => json!({"providers": {"pool": pool}, "revoked": document}),
            item if item.get("claim").is_some() => {
                json!({"providers": {"pool": with(pool, "require", document)}})
            }
            _ => {
                json!({"providers": {"pool": pool}, "products": {"jira": {"path": "/jira", "access": document}}})
            }
        }
    } else if ["providers", "products", "secrets"]
        .iter()
        .any(|name| has(name))
    {
        document.clone()
    } else if has("access") || has("path") {
        let id = document["path"]
            .as_str()
            .unwrap_or("/jira")
            .trim_matches('/');
        let id = if id.is_empty() { "api" } else { id };
        json!({"providers": {"pool": pool}, "products": {(id): document}})
    } else if has("kind") {
        json!({"providers": {"idp": document}})
    } else if has("mode") && !["enforce", "monitor", "off"].contains(&document["mode"].as_str()?) {
        json!({"providers": {"pool": pool}, "products": {"jira": {"path": "/jira", "upstream": document}}})
    } else if has("attributes") || has("transform") || has("map") || has("allow") {
        json!({"providers": {"pool": with(pool, "username", document)}})
    } else {
        json!({"providers": {"pool": pool}, "settings": document, "products": {"jira": {"path": "/jira"}}})
    };
    Some(with_secrets(settings))
}

fn with(mut document: Value, field: &str, value: &Value) -> Value {
    document[field] = value.clone();
    document
}

/// The settings, with a secret for each name in them.
fn with_secrets(mut settings: Value) -> Value {
    for (folder, place) in [("providers", ""), ("products", "/upstream")] {
        for (id, document) in settings[folder].clone().as_object().into_iter().flatten() {
            let names = document.pointer(place).unwrap_or(&Value::Null);
            for field in NAMES_OF_SECRETS {
                let Some(name) = names[field].as_str() else {
                    continue;
                };
                let secret = match field {
                    "private_key" if names["mode"] == "assertion" => p256_pem(),
                    "private_key" => DEVELOPMENT_KEY.to_owned(),
                    "secret" if names["scheme"] == "basic" => "user:password".to_owned(),
                    _ => "MDEyMzQ1Njc4OTAx".to_owned(),
                };
                let secrets = &mut settings["secrets"];
                if secrets[name].is_null() && secrets[folder][id][name].is_null() {
                    secrets[folder][id][name] = secret.into();
                }
            }
        }
    }
    if settings["secrets"].is_null() {
        settings.as_object_mut().unwrap().remove("secrets");
    }
    settings
}

/// Settings that a page shows.
struct Example {
    at: String,
    settings: Value,
    /// The page shows what lint calls severe, and says so.
    is_severe: bool,
}

/// Settings of all blocks of a page that hold some.
fn shown(page: &Page) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    for fence in page.fences() {
        let at = page.at(fence.line);
        let is_severe = fence.info.ends_with(" severe");
        let settings = match fence.info.as_str() {
            "json" | "json severe" => documents(&fence.text),
            "yaml" | "yaml severe" => stack(&fence.text).map(|settings| vec![settings]),
            _ => continue,
        };
        for settings in settings.map_err(|error| format!("{at}: {error}"))? {
            examples.push(Example {
                at: at.clone(),
                settings,
                is_severe,
            });
        }
    }
    Ok(examples)
}

/// The settings of a block, which may show several documents, one after the other.
fn documents(text: &str) -> Result<Vec<Value>, String> {
    let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let files = documents.map(|document| {
        let document = document.map_err(|error| error.to_string())?;
        file(&document).ok_or_else(|| "these are no settings".to_owned())
    });
    files.collect()
}

/// The settings that a stack with these parameters would write.
fn stack(yaml: &str) -> Result<Value, String> {
    let text = std::fs::read_to_string(testing::root().join("template.yaml")).unwrap();
    let template = Template::parse(&text).unwrap();
    let (_, problems) = Parameters::read(yaml, &template).map_err(|error| error.to_string())?;
    if let Some(problem) = problems.first() {
        return Err(format!("{}: {}", problem.name, problem.message));
    }
    let values: BTreeMap<String, Value> =
        serde_norway::from_str(yaml).map_err(|error| error.to_string())?;
    let declared: serde_norway::Value = serde_norway::from_str(&text).unwrap();
    let value = |name: &str| -> String {
        let given = values.get(name).and_then(Value::as_str);
        let default = || declared["Parameters"][name]["Default"].as_str();
        given.or_else(default).unwrap_or_default().to_owned()
    };
    let parse = |name: &str| -> Result<Value, String> {
        serde_json::from_str(&value(name)).map_err(|error| format!("{name}: {error}"))
    };
    let mut products = Map::new();
    for product in ["Jira", "Confluence", "Bitbucket"] {
        if values.contains_key(&format!("{product}BaseUrl")) || product == "Jira" {
            let document = json!({
                "path": format!("/{}", product.to_lowercase()),
                "access": parse(&format!("{product}Access"))?,
                "upstream": parse(&format!("{product}Upstream"))?,
            });
            products.insert(product.to_lowercase(), document);
        }
    }
    let provider = match value("ProviderSettings").as_str() {
        "" => pool(),
        _ => parse("ProviderSettings")?,
    };
    Ok(with_secrets(json!({
        "settings": {
            "mode": value("Mode"), "basic_auth": value("BasicAuth"),
            "api_tokens": {"enabled": value("ApiTokens") == "true"},
        },
        "providers": {(value("ProviderId")): provider},
        "products": products,
    })))
}

/// What lint calls severe in settings.
fn severe(settings: &Value) -> Vec<String> {
    let folder = testing::Folder::new();
    let output = Command::new(env!("CARGO_BIN_EXE_atlauth"))
        .args([
            "settings",
            "lint",
            "--json",
            "--cache-seconds",
            "0",
            "--settings",
        ])
        .arg(folder.settings(settings))
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let found = found["warnings"].as_array().unwrap().iter();
    found
        .filter(|one| one["severe"] == true)
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn examples_of_settings_load() {
    let (mut wrong, mut examples) = (Vec::new(), Vec::new());
    for page in Page::all() {
        match shown(&page) {
            Ok(shown) => examples.extend(shown),
            Err(error) => wrong.push(error),
        }
    }
    for Example { at, settings, .. } in &examples {
        if let Err(problems) = load(settings) {
            wrong.push(format!("{at}: {problems}\n{settings}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples.len() > 40, "{} examples", examples.len());

    // An editor that goes by the schema accepts them, too.
    let settings: Vec<Value> = examples.iter().map(|one| one.settings.clone()).collect();
    for (example, is_valid) in examples.iter().zip(testing::schema::valid(&settings)) {
        assert!(is_valid, "{}: {}", example.at, example.settings);
    }

    // Readers copy them: what lets in someone who should stay out is marked, and said beside it.
    for Example {
        at,
        settings,
        is_severe,
    } in &examples
    {
        let severe = severe(settings);
        if severe.is_empty() == *is_severe {
            wrong.push(format!("{at}: {severe:?}\n{settings}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_examples_are_found() {
    let wrong = file(&json!({"kind": "okta", "colour": "green"})).unwrap();
    assert!(load(&wrong).unwrap_err().contains("colour"));
    assert!(stack("JiraBaseURL: \"https://jira.example.com\"").is_err());
    assert!(stack("JiraUpstream: '{\"mode\": '").is_err());
    let any_client = json!({"kind": "okta", "domain": "example.okta.com", "trust": "any_client"});
    assert_eq!(severe(&file(&any_client).unwrap()), ["any_client"]);
}
