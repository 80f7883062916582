//! Examples of settings: each loads as it stands.

use std::collections::BTreeMap;

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use local_gateway::{Parameters, Template};
use serde_json::{Map, Value, json};
use testing::ssm::{PREFIX, parameters};
use testing::tokens::{DEVELOPMENT_KEY, p256_pem};

use crate::page::Page;

/// The fields that name a secret.
const NAMES_OF_SECRETS: [&str; 3] = ["client_secret", "private_key", "secret"];

/// A document as part of settings that are complete but for it. `None` where it is no settings.
fn file(document: &Value) -> Option<Value> {
    let pool =
        json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"]});
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

/// What is wrong with settings in the file form.
fn problems(settings: &Value) -> Option<String> {
    let tree: Tree = parameters(settings)
        .into_iter()
        .filter(|(name, ..)| !name.ends_with("/$schema"))
        .map(|(name, text, _)| (name[PREFIX.len() + 1..].to_owned(), text))
        .collect();
    let deployment = Deployment {
        cache_seconds: ByProduct::all(0),
        ..Deployment::default()
    };
    Settings::parse(&tree, &deployment)
        .err()
        .map(|problems| problems.to_string())
}

/// Settings of all blocks of a page that hold some, with where they stand.
fn shown(page: &Page) -> Result<Vec<(String, Value)>, String> {
    let mut settings = Vec::new();
    for fence in page.fences() {
        let at = page.at(fence.line);
        match fence.info.as_str() {
            "json" => {
                // A block may show several documents, one after the other.
                for document in serde_json::Deserializer::from_str(&fence.text).into_iter::<Value>()
                {
                    let document = document.map_err(|error| format!("{at}: {error}"))?;
                    let file = file(&document).ok_or_else(|| format!("{at}: no settings"))?;
                    settings.push((at.clone(), file));
                }
            }
            "yaml" => settings.push((
                at.clone(),
                stack(&fence.text).map_err(|error| format!("{at}: {error}"))?,
            )),
            _ => {}
        }
    }
    Ok(settings)
}

/// The settings that a stack with these parameters would write.
fn stack(yaml: &str) -> Result<Value, String> {
    let template = std::fs::read_to_string(testing::root().join("template.yaml")).unwrap();
    let template = Template::parse(&template).unwrap();
    let (_, problems) = Parameters::read(yaml, &template).map_err(|error| error.to_string())?;
    if let Some(problem) = problems.first() {
        return Err(format!("{}: {}", problem.name, problem.message));
    }
    let values: BTreeMap<String, Value> =
        serde_norway::from_str(yaml).map_err(|error| error.to_string())?;
    let parse = |name: &str| -> Result<Option<Value>, String> {
        let Some(text) = values
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        else {
            return Ok(None);
        };
        serde_json::from_str(text)
            .map(Some)
            .map_err(|error| format!("{name}: {error}"))
    };
    let mut products = Map::new();
    for product in ["Jira", "Confluence", "Bitbucket"] {
        let mut document = json!({"path": format!("/{}", product.to_lowercase())});
        for field in ["access", "upstream"] {
            let name = format!("{product}{}{}", field[..1].to_uppercase(), &field[1..]);
            if let Some(value) = parse(&name)? {
                document[field] = value;
            }
        }
        products.insert(product.to_lowercase(), document);
    }
    let provider = parse("ProviderSettings")?.unwrap_or_else(
        || json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"]}),
    );
    let id = values
        .get("ProviderId")
        .and_then(Value::as_str)
        .unwrap_or("idp");
    Ok(with_secrets(
        json!({"providers": {(id): provider}, "products": products}),
    ))
}

#[test]
fn examples_of_settings_load() {
    let (mut wrong, mut files) = (Vec::new(), Vec::new());
    for page in Page::all() {
        match shown(&page) {
            Ok(settings) => {
                for (at, settings) in settings {
                    if let Some(problems) = problems(&settings) {
                        wrong.push(format!("{at}: {problems}\n{settings}"));
                    }
                    files.push((at, settings));
                }
            }
            Err(error) => wrong.push(error),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files.len() > 40, "{} examples", files.len());
    // An editor that goes by the schema takes them, too.
    let settings: Vec<Value> = files.iter().map(|(_, settings)| settings.clone()).collect();
    for ((at, settings), is_valid) in files.iter().zip(testing::schema::valid(&settings)) {
        assert!(is_valid, "{at}: {settings}");
    }
}

#[test]
fn wrong_examples_are_found() {
    let wrong = file(&json!({"kind": "okta", "colour": "green"})).unwrap();
    assert!(problems(&wrong).unwrap().contains("colour"));
    assert!(stack("JiraBaseURL: \"https://jira.example.com\"").is_err());
    assert!(stack("JiraUpstream: '{\"mode\": '").is_err());
}
