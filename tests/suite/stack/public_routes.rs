//! Routes that everyone may use: a resource of their own, without an authorizer.

use serde_json::{Value, json};

use super::routes::{check_guarded, check_preflight, check_public, names, sorted};
use testing::stack::{PRODUCTS, Stacks, all, base_url, only, transformed};

const ALL: [(&str, &str, &str); 4] = [
    ("JiraPublicStatus", "Jira", "/status"),
    ("JiraPublicServerInfo", "Jira", "/rest/api/2/serverInfo"),
    ("ConfluencePublicStatus", "Confluence", "/status"),
    ("BitbucketPublicStatus", "Bitbucket", "/status"),
];

/// Of a stack, just these routes are public.
fn check(stack: &Value, public: &[(&str, &str)]) {
    let resources = &stack["api"]["resources"];
    let mut open = Vec::new();
    for (path, methods) in resources.as_object().unwrap() {
        for (method, found) in methods.as_object().unwrap() {
            if found["authorizationType"] == "NONE" && method != "OPTIONS" {
                open.push(format!("{method} {path}"));
            }
        }
    }
    let expected: Vec<String> = public
        .iter()
        .map(|(name, path)| format!("GET /{}{path}", name.to_lowercase()))
        .collect();
    assert_eq!(
        sorted(open.iter().map(String::as_str)),
        sorted(expected.iter().map(String::as_str))
    );
    for (name, path) in public {
        let id = name.to_lowercase();
        let methods = &resources[format!("/{id}{path}")];
        assert_eq!(sorted(names(methods)), ["ANY", "GET", "OPTIONS"], "{path}");
        let origin = format!("{}{path}", base_url(&id));
        check_public(&methods["GET"], name, &origin);
        check_guarded(&methods["ANY"], name, &origin);
        check_preflight(&methods["OPTIONS"]);
    }
    // The settings that the stack writes say the same.
    for (name, id) in PRODUCTS {
        let settings = &stack["settings"][format!("products/{id}")]["value"];
        let own = public.iter().filter(|(product, _)| *product == name);
        let own: Vec<String> = own.map(|(_, path)| format!("GET {path}")).collect();
        if own.is_empty() {
            assert_eq!(settings["public"], Value::Null, "{name}");
        } else {
            assert_eq!(settings["public"], json!(own), "{name}");
        }
    }
}

#[tokio::test]
async fn routes_are_public_where_parameters_say_so() {
    let on = |mut parameters: Value, names: &[&str]| {
        for name in names {
            parameters[*name] = "true".into();
        }
        parameters
    };
    let stacks = Stacks::create(&[
        (
            "all",
            on(all(&json!({})), &ALL.map(|(parameter, ..)| parameter)),
        ),
        ("one", on(only("Jira"), &["JiraPublicServerInfo"])),
        // Of a product that is not there nothing is public.
        (
            "other",
            on(
                only("Jira"),
                &["JiraPublicStatus", "ConfluencePublicStatus"],
            ),
        ),
    ])
    .await;
    check(stacks.read(0), &ALL.map(|(_, name, path)| (name, path)));
    check(stacks.read(1), &[("Jira", "/rest/api/2/serverInfo")]);
    check(stacks.read(2), &[("Jira", "/status")]);
}

/// Under all conditions: a method without an authorizer sends constants on, and all others have the
/// product's.
#[tokio::test]
async fn nothing_of_a_caller_is_in_a_public_method() {
    let template = transformed(&json!({})).await;
    let paths = &template["Resources"]["Api"]["Properties"]["Body"]["paths"];
    let mut public = 0;
    for (path, item) in paths.as_object().unwrap() {
        for (name, method) in item["Fn::If"][1].as_object().unwrap() {
            let text = method.to_string();
            match name.as_str() {
                "get" => {
                    public += 1;
                    assert_eq!(method["security"], Value::Null, "{path}");
                    for source in ["context.", "method.request.", "{proxy}"] {
                        assert!(!text.contains(source), "{path}: {source}");
                    }
                }
                "options" => assert_eq!(method["security"], Value::Null, "{path}"),
                _ => assert!(text.contains("Tokens\":[]"), "{path} {name}"),
            }
        }
    }
    assert_eq!(public, ALL.len());
}
