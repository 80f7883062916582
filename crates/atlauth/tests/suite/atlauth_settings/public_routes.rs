//! `check`: what is public by settings, template and the stack's parameters.

use serde_json::{Value, json};

use super::Operator;
use testing::tokens::SigningKey;

fn settings(path: &str, public: &Value) -> Value {
    let key = SigningKey::generate("key", "ES256");
    let mut settings = json!({
        "providers": {"idp": {"kind": "custom", "issuer": "https://idp.example.com", "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username"}},
        "products": {"jira": {"path": path, "access": [{"allow": ["@read"]}]}},
    });
    if public.is_array() {
        settings["products"]["jira"]["public"] = public.clone();
    }
    settings
}

/// With these settings, and a file of parameters if there is one.
async fn check(settings: &Value, parameters: Option<&str>) -> (i32, String) {
    let operator = Operator::new(None);
    let source = format!("file:{}", operator.file("settings.json", settings));
    let mut arguments = vec!["check", "--settings", &source];
    let file = operator.home.path().join("parameters.yaml");
    let name = file.display().to_string();
    if let Some(text) = parameters {
        std::fs::write(&file, text).unwrap();
        arguments.extend(["--parameters", &name]);
    }
    let said = operator.says(&arguments).await;
    let text = [said.stdout, said.stderr].concat();
    (said.code, text.replace(&name, "parameters.yaml"))
}

#[tokio::test]
async fn what_the_template_can_make_public() {
    for (path, public, expected) in [
        ("/jira", Value::Null, None),
        (
            "/jira",
            json!(["GET /status", "GET /rest/api/2/serverInfo"]),
            None,
        ),
        // The whole API in one product.
        ("/", json!(["GET /jira/status"]), None),
        // Of an API of one's own.
        ("/", json!(["GET /health"]), None),
        ("/tracker", json!(["GET /rest/api/2/field"]), None),
        (
            "/jira",
            json!(["GET /status", "GET /rest/api/2/field"]),
            Some("products/jira: public[1]: "),
        ),
        (
            "/jira",
            json!(["HEAD /status"]),
            Some("products/jira: public[0]: "),
        ),
        (
            "/",
            json!(["GET /jira/rest/api/latest/serverInfo"]),
            Some("products/jira: public[0]: "),
        ),
    ] {
        let settings = settings(path, &public);
        let (code, said) = check(&settings, None).await;
        match expected {
            None => assert_eq!(code, 0, "{public} {said}"),
            Some(place) => {
                assert_eq!(code, 1, "{public} {said}");
                let wanted = format!(
                    "{place}is a route that the template can't make public; expected `GET /status` (the \
                     stack's parameter JiraPublicStatus) or `GET /rest/api/2/serverInfo` (the stack's parameter \
                     JiraPublicServerInfo), or an access rule instead"
                );
                assert!(said.contains(&wanted), "{wanted}\n{said}");
                assert!(
                    said.contains("does not match the stack: 1 problem"),
                    "{said}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_the_parameters_make_public() {
    let both = settings("/jira", &json!(["GET /status"]));
    let none = settings("/jira", &Value::Null);
    for (settings, parameters, expected) in [
        (&both, "JiraPublicStatus: 'true'\n", None),
        (&none, "JiraPublicStatus: 'false'\n", None),
        (&none, "{}", None),
        (
            &both,
            "{}",
            Some(
                "products/jira: public[0]: is not public in the stack, because `JiraPublicStatus` in \
                 parameters.yaml is not `true`; set `JiraPublicStatus: \"true\"` there, or remove the route here",
            ),
        ),
        (
            &none,
            "JiraPublicServerInfo: 'true'",
            Some(
                "products/jira: public: lacks `GET /rest/api/2/serverInfo` of /jira, which \
                 `JiraPublicServerInfo` in parameters.yaml makes public; add it here, or set \
                 `JiraPublicServerInfo: \"false\"` there",
            ),
        ),
        (
            &none,
            "BitbucketPublicStatus: 'true'",
            Some("products/bitbucket: public: lacks `GET /status` of /bitbucket"),
        ),
        (
            &none,
            "jiraPublicStatus: 'false'",
            Some(
                "parameters.yaml: jiraPublicStatus: is no parameter of the template; expected `JiraPublicStatus`",
            ),
        ),
        (
            &none,
            "PublicStatus: 'false'",
            Some("parameters.yaml: PublicStatus: is no parameter of the template, and"),
        ),
        (
            &none,
            "JiraPublicStatus: false",
            Some("parameters.yaml: JiraPublicStatus: expected a text in quotes"),
        ),
        (
            &none,
            "JiraPublicStatus: 'yes'",
            Some("parameters.yaml: JiraPublicStatus: expected one of `true`, `false`"),
        ),
        (
            &none,
            "JiraCacheKey: 'path'",
            Some("parameters.yaml: JiraCacheKey: expected one of `route`, `token`"),
        ),
        (
            &none,
            "JiraCacheSeconds: '7200'",
            Some("parameters.yaml: JiraCacheSeconds: expected a number from 0 to 3600"),
        ),
    ] {
        let (code, said) = check(settings, Some(parameters)).await;
        match expected {
            None => assert_eq!(code, 0, "{parameters} {said}"),
            Some(wanted) => {
                assert_eq!(code, 1, "{parameters} {said}");
                assert!(said.contains(wanted), "{wanted}\n{said}");
            }
        }
    }
    let (code, said) = check(&none, Some("- JiraPublicStatus")).await;
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("expected a YAML mapping of parameters to texts"),
        "{said}"
    );
}

/// The parameters say how the API is set up, as the function's environment would.
#[tokio::test]
async fn parameters_are_how_the_api_is_set_up() {
    let mut online = settings("/jira", &Value::Null);
    let provider = &mut online["providers"]["idp"];
    provider["verify"] = "jwt+userinfo".into();
    provider["userinfo_endpoint"] = "https://idp.example.com/userinfo".into();
    provider["online_for"] = json!(["@write"]);
    for (parameters, code) in [
        ("JiraCacheSeconds: '0'\nJiraCacheKey: token\n", 0),
        ("JiraCacheSeconds: '60'\nJiraCacheKey: token\n", 1),
        // Its signatures turn the cache off.
        ("JiraOAuth1: 'true'\nJiraCacheSeconds: '60'\n", 0),
        ("ConfluenceCacheSeconds: '60'\nJiraCacheKey: token\n", 0),
    ] {
        let (got, said) = check(&online, Some(parameters)).await;
        assert_eq!(got, code, "{parameters} {said}");
    }
}
