//! The JSON Schema of the settings: current, and of one mind with what is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::{Kind, Tree, UpstreamMode};
use atlassian_authorizer::settings::{Settings, schema};
use serde_json::{Value, json};

use testing::schema::valid;
use testing::ssm::load;

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
        json!({"settings": {"mode": "monitor", "basic_auth": {"allowed_users": ["a"]},
               "api_tokens": {"enabled": true}}, "revoked": ["a"]}),
        json!({"$schema": "settings.schema.json", "settings": {"api_tokens": {"enabled": true}}}),
        json!({"secrets": {"a": "b", "providers": {"idp": {"client": "c"}}, "products": {"jira": {"pat": "d"}},
                           "settings": {"api-token-key": "e"}}}),
        json!({"secrets": {"providers": {"idp": "c"}}}),
        json!({"secrets": {"settings": {}}}),
        json!({"secrets": {"others": {"idp": "c"}}}),
        provider(json!({"kind": "okta", "colour": "green"})),
        provider(json!({"kind": "openldap"})),
        provider(json!({"kind": "custom", "verify": "perhaps"})),
        json!({"settings": {"basic_auth": "allow"}}),
        json!({"settings": {"refresh_seconds": "60"}}),
        json!({"products": {"jira": {"access": [{"permit": []}]}}}),
        json!({"revoked": "a"}),
        json!({"settings": {"refresh_seconds": 0}}),
        json!({"products": {}}),
        provider(json!({"kind": "custom", "issuer": ""})),
        provider(json!({"kind": "custom", "issuer": null, "verify": null})),
    ];
    let accepted = valid(&documents);
    for (index, (document, accepted)) in documents.iter().zip(accepted).enumerate() {
        assert_eq!(accepted, index < 7, "{document}");
    }
}

/// A smallest document of each kind of provider, and a field of another kind.
fn providers() -> [(Kind, Value, (&'static str, Value)); 10] {
    let map = json!({"map": {"1": "alice"}});
    let app = json!({"client_id": "a", "client_secret": "b", "username": map});
    let clients = |mut fields: Value| {
        fields["client_ids"] = json!(["a"]);
        fields
    };
    let tenant = "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b";
    [
        (
            Kind::Cognito,
            clients(json!({"user_pool_id": "eu-west-1_AbCdEfGhI"})),
            ("realm", json!("main")),
        ),
        (
            Kind::Entra,
            clients(json!({"tenant_id": tenant})),
            ("verify", json!("jwt")),
        ),
        (
            Kind::Keycloak,
            clients(json!({"base_url": "https://sso.example.com", "realm": "main"})),
            ("discovery", json!(true)),
        ),
        (
            Kind::Okta,
            clients(json!({"domain": "example.okta.com"})),
            ("hd", json!("example.com")),
        ),
        (
            Kind::Google,
            clients(json!({})),
            ("team_id", json!("T0123ABC456")),
        ),
        (
            Kind::Github,
            app.clone(),
            ("issuer", json!("https://a.example")),
        ),
        (
            Kind::Gitlab,
            clients(json!({"username": map})),
            ("client_id", json!("a")),
        ),
        (
            Kind::Slack,
            clients(json!({"team_id": "T0123ABC456"})),
            ("hd", json!("example.com")),
        ),
        (Kind::Facebook, app, ("algorithms", json!(["RS256"]))),
        (
            Kind::Custom,
            clients(json!({"issuer": "https://idp.example.com", "username": "sub"})),
            ("tenant_id", json!(tenant)),
        ),
    ]
}

/// A smallest `upstream` of each mode, and a field of another mode.
fn upstreams() -> [(UpstreamMode, Value, (&'static str, Value)); 5] {
    [
        (UpstreamMode::None, json!({}), ("secret", json!("a"))),
        (
            UpstreamMode::Fixed,
            json!({"secret": "a"}),
            ("recheck_seconds", json!(60)),
        ),
        (UpstreamMode::PerUser, json!({}), ("secret", json!("a"))),
        (
            UpstreamMode::OAuth1,
            json!({"private_key": "a", "consumer_key": "b", "base_url": "https://jira.example.com"}),
            ("audience", json!("a")),
        ),
        (
            UpstreamMode::Assertion,
            json!({"private_key": "a", "issuer": "b", "audience": "c"}),
            ("scheme", json!("basic")),
        ),
    ]
}

#[test]
fn each_kind_and_mode_is_offered_its_own_fields_alone() {
    let kinds = providers().map(|(kind, ..)| kind);
    assert_eq!(kinds, Kind::ALL);
    let modes = upstreams().map(|(mode, ..)| mode);
    assert_eq!(modes, UpstreamMode::ALL);

    let tagged = |tag: &str, name: &str, fields: &Value| {
        let mut document = fields.clone();
        document[tag] = name.into();
        document
    };
    let providers = providers().map(|(kind, fields, foreign)| {
        let document = tagged("kind", kind.as_str(), &fields);
        (document, foreign, json!({"providers": {"idp": null}}))
    });
    let upstreams = upstreams().map(|(mode, fields, foreign)| {
        let document = tagged("mode", mode.as_str(), &fields);
        let file = json!({"products": {"jira": {"path": "/jira", "upstream": null}}});
        (document, foreign, file)
    });
    let mut files = Vec::new();
    for (document, (field, value), file) in providers.into_iter().chain(upstreams) {
        let with = |field: &str, value: Value| {
            let mut document = document.clone();
            document[field] = value;
            document
        };
        let tag = if file.get("providers").is_some() {
            "kind"
        } else {
            "mode"
        };
        let mut untagged = document.clone();
        untagged.as_object_mut().unwrap().remove(tag);
        for (document, expected) in [
            (document.clone(), true),
            (with(field, value), false),
            (with("colour", json!("green")), false),
            (with(tag, json!("openldap")), false),
            (untagged, false),
        ] {
            let mut file = file.clone();
            let place = ["/providers/idp", "/products/jira/upstream"];
            let place = place
                .into_iter()
                .find(|place| file.pointer(place).is_some());
            *file.pointer_mut(place.unwrap()).unwrap() = document;
            files.push((file, expected));
        }
    }
    let (files, expected): (Vec<_>, Vec<_>) = files.into_iter().unzip();
    for ((file, accepted), expected) in files.iter().zip(valid(&files)).zip(expected) {
        assert_eq!(accepted, expected, "{file}");
    }
}

/// Whatever field of whatever kind: the schema has it just where the reader takes it.
#[test]
fn the_schema_and_the_reader_agree_on_fields() {
    let schema = schema().to_value();
    let fields = |name: String| -> BTreeSet<String> {
        let properties = &schema["$defs"][name]["properties"];
        properties.as_object().unwrap().keys().cloned().collect()
    };
    let of = |names: &[&str], suffix: &str| -> Vec<(String, BTreeSet<String>)> {
        let choices = schema["$defs"][suffix]["oneOf"].as_array().unwrap();
        assert_eq!(choices.len(), names.len());
        let choices = names.iter().zip(choices).map(|(name, choice)| {
            let reference = choice["$ref"].as_str().unwrap();
            let fields = fields(reference.replace("#/$defs/", ""));
            ((*name).to_owned(), fields)
        });
        choices.collect()
    };
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let modes: Vec<_> = UpstreamMode::ALL.iter().map(|mode| mode.as_str()).collect();
    for (tag, choices) in [
        ("kind", of(&kinds, "Provider")),
        ("mode", of(&modes, "Upstream")),
    ] {
        let all: BTreeSet<_> = choices.iter().flat_map(|(_, fields)| fields).collect();
        for (name, fields) in &choices {
            for field in &all {
                // No field takes it, so each is named: as foreign, or for what is expected of it.
                let mut document = json!({(field.as_str()): [{"a": [1]}]});
                document[tag] = name.as_str().into();
                let (parameter, document, prefix) = if tag == "kind" {
                    ("providers/idp", document, "")
                } else {
                    let product = json!({"path": "/jira", "upstream": document});
                    ("products/jira", product, "upstream.")
                };
                let tree: Tree = [(parameter.to_owned(), document.to_string())]
                    .into_iter()
                    .collect();
                let problems = Settings::parse(&tree, &Deployment::default()).unwrap_err();
                let is_foreign = problems.iter().any(|problem| {
                    problem.field == format!("{prefix}{field}")
                        && problem.message == format!("does not belong to {tag} `{name}`")
                });
                assert_eq!(
                    is_foreign,
                    !fields.contains(*field),
                    "{name}: {field}: {problems}"
                );
            }
        }
    }
}

/// The documents whose fields have defaults or bounds: the name in the schema, a file that can be read,
/// and where the document stands in it.
fn documents() -> Vec<(String, Value, String)> {
    let pool =
        json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"]});
    let in_file = |part: &str, document: Value| {
        let mut file = json!({
            "providers": {"idp": pool}, "products": {"jira": {"path": "/jira"}},
            "secrets": {"providers": {"idp": {"b": "secret"}}, "products": {"jira": {"a": "MDEyMzQ1"}}},
        });
        file[part] = document;
        file
    };
    let mut documents = vec![
        (
            "General".to_owned(),
            in_file("settings", json!({"refresh_seconds": 1})),
            "/settings".to_owned(),
        ),
        (
            "ApiTokens".to_owned(),
            in_file(
                "settings",
                json!({"api_tokens": {"enabled": true, "allow_basic": true}}),
            ),
            "/settings/api_tokens".to_owned(),
        ),
        (
            "Product".to_owned(),
            in_file("products", json!({"jira": {"path": "/jira"}})),
            "/products/jira".to_owned(),
        ),
    ];
    let mut rule = pool.clone();
    rule["username"] = json!({"attributes": ["sub"]});
    documents.push((
        "UsernameRule".to_owned(),
        in_file("providers", json!({"idp": rule})),
        "/providers/idp/username".to_owned(),
    ));
    for (kind, mut document, _) in providers() {
        document["kind"] = kind.as_str().into();
        documents.push((
            format!("{kind:?}Provider"),
            in_file("providers", json!({"idp": document})),
            "/providers/idp".to_owned(),
        ));
    }
    for (mode, mut document, _) in upstreams() {
        document["mode"] = mode.as_str().into();
        let product = json!({"path": "/jira", "upstream": document});
        documents.push((
            format!("{mode:?}Upstream"),
            in_file("products", json!({"jira": product})),
            "/products/jira/upstream".to_owned(),
        ));
    }
    documents
}

/// What a file's settings are made of, as `Debug` shows it.
fn resolved(file: &Value) -> Result<String, String> {
    load(file).map(|settings| format!("{settings:?}"))
}

/// A default is what a field means that is left out, and another value is not.
#[test]
fn defaults_are_true() {
    let schema = schema().to_value();
    let mut seen = 0;
    for (name, file, place) in documents() {
        for (field, about) in schema["$defs"][&name]["properties"].as_object().unwrap() {
            let Some(default) = about.get("default") else {
                continue;
            };
            seen += 1;
            let with = |value: Option<Value>| {
                let mut file = file.clone();
                let document = file.pointer_mut(&place).unwrap().as_object_mut().unwrap();
                match value {
                    Some(value) => document.insert(field.clone(), value),
                    None => document.remove(field),
                };
                resolved(&file).unwrap_or_else(|problems| panic!("{problems}\n{file}"))
            };
            let left_out = with(None);
            assert_eq!(with(Some(default.clone())), left_out, "{name}: {field}");
            let other = match default {
                Value::Bool(default) => json!(!default),
                Value::Number(_) => about["minimum"].clone(),
                _ => continue,
            };
            assert_ne!(with(Some(other)), left_out, "{name}: {field}");
        }
    }
    // None stands where the documents above have no place for it.
    let all = schema["$defs"].as_object().unwrap().values();
    let all = all.flat_map(|one| one["properties"].as_object().into_iter().flatten());
    let all = all.filter(|(_, about)| about.get("default").is_some());
    assert_eq!(seen, all.count());
    assert!(seen > 40, "{seen}");
}

/// What the schema says of a number is what the reader says of it.
#[test]
fn bounds_are_true() {
    let schema = schema().to_value();
    let mut seen = 0;
    for (name, file, place) in documents() {
        for (field, about) in schema["$defs"][&name]["properties"].as_object().unwrap() {
            let reads = |value: u64| {
                let mut file = file.clone();
                file.pointer_mut(&place).unwrap()[field] = value.into();
                resolved(&file).is_ok()
            };
            if let Some(least) = about["minimum"].as_u64() {
                seen += 1;
                assert!(reads(least) && !reads(least - 1), "{name}: {field}");
            }
            if let Some(most) = about["maximum"].as_u64() {
                assert!(reads(most) && !reads(most + 1), "{name}: {field}");
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

/// What fields hold a secret's name is known to the rules about secrets: each is one document's.
#[test]
fn fields_that_name_secrets() {
    fn names(schema: &Value, found: &mut BTreeSet<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let about = property["description"].as_str().unwrap_or_default();
            if about.starts_with("The name of the secret") {
                found.insert(name.clone());
            }
        }
        let inner = schema
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, inner)| inner);
        let inner = inner.chain(schema.as_array().into_iter().flatten());
        inner.for_each(|inner| names(inner, found));
    }
    let mut found = BTreeSet::new();
    names(&serde_json::to_value(schema()).unwrap(), &mut found);
    let known = ["client_secret", "private_key", "secret"];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), known);
}
