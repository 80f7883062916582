//! Basic auth: whose password goes on to Atlassian, and where.

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Value, json};

use testing::lambda::Lambda;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, rest_event};

const ISSUER: &str = "https://idp.example.com";

fn settings(key: &SigningKey, basic_auth: &Value) -> Value {
    json!({
        "settings": {"basic_auth": basic_auth},
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
            "username": "username", "groups": "cognito:groups",
        }},
        "products": {
            "jira": {"path": "/jira", "access": [
                {"allow": ["@read"]},
                {"allow": ["@write"], "groups": ["developers"]},
                {"deny": ["* /rest/api/2/secret*"], "groups": ["juniors"]},
                {"deny": ["@admin"]},
            ]},
            "confluence": {"path": "/confluence"},
        },
    })
}

fn basic(username: &str) -> String {
    let pair = format!("{username}:correct-horse-battery");
    format!("Basic {}", STANDARD.encode(pair))
}

/// Nobody has verified a caller that is let through so: it has no name, and its own header.
fn check(answer: &Value, audit: &Value, authorization: &str) {
    let context = &answer["context"];
    assert_eq!(context["username"], "");
    assert_eq!(context["principal"], "");
    assert_eq!(context["provider"], "");
    assert_eq!(context["groups"], "");
    assert_eq!(context["auth_method"], "basic");
    assert_eq!(context["authorization"], authorization);
    assert_eq!(answer["principalId"], "unverified");
    assert_eq!(audit["auth_method"], "basic");
    assert!(audit["username"].as_str().unwrap_or_default().is_empty());
}

struct Case {
    lambda: Lambda,
    key: SigningKey,
    _folder: Folder,
}

impl Case {
    async fn new(basic_auth: Value) -> Self {
        let folder = Folder::new();
        let key = SigningKey::generate("key", "ES256");
        let source = folder.settings(&settings(&key, &basic_auth));
        let lambda = Lambda::start(&source, &[]).await;
        lambda.keep_secret("correct-horse-battery");
        Self {
            lambda,
            key,
            _folder: folder,
        }
    }

    /// The code of the audit line: of a denial, or of an answer.
    async fn code(&self, method: &str, path: &str, authorization: &str) -> String {
        let event = rest_event(method, path, authorization);
        let answer = self.lambda.invoke(&event).await;
        let audit = self.lambda.audit().await;
        if let Ok(answer) = answer {
            check(&answer, &audit, authorization);
        }
        audit["code"].as_str().unwrap().to_owned()
    }

    async fn bearer(&self) -> Value {
        let token = self.key.sign(&access_claims(ISSUER));
        let event = rest_event("GET", "/jira/rest/api/2/myself", &format!("Bearer {token}"));
        self.lambda.invoke(&event).await.unwrap()
    }
}

#[tokio::test]
async fn denied_by_default() {
    let case = Case::new(json!("deny")).await;
    for authorization in [&basic("alice"), "Basic !", "basic eA=="] {
        let code = case
            .code("GET", "/jira/rest/api/2/myself", authorization)
            .await;
        assert_eq!(code, "basic_denied");
    }
    assert_eq!(case.lambda.audit().await["auth_method"], "basic");
    assert_eq!(case.bearer().await["context"]["authorization"], "none");
}

#[tokio::test]
async fn passed_through_as_far_as_rules_without_conditions_allow() {
    let case = Case::new(json!("pass_through")).await;
    for (method, path, code) in [
        ("GET", "/jira/rest/api/2/issue/A-1", "allowed"),
        ("POST", "/jira/rest/api/2/search", "allowed"),
        // Whether the caller is in the group is not known.
        ("POST", "/jira/rest/api/2/issue", "route_not_allowed"),
        ("GET", "/jira/rest/api/2/secrets", "route_not_allowed"),
        (
            "GET",
            "/jira/rest/api/2/x%2f..%2fsecrets",
            "route_not_allowed",
        ),
        ("GET", "/jira/rest/plugins/1.0/", "route_not_allowed"),
        ("DELETE", "/confluence/rest/api/content/1", "allowed"),
        ("GET", "/elsewhere", "product_unknown"),
    ] {
        let found = case.code(method, path, &basic("alice")).await;
        assert_eq!(found, code, "{method} {path}");
    }
    let output = case.lambda.output();
    assert!(output.contains("Basic credentials of every user are passed through"));
    // A name in Latin-1 is one; what names nobody could become an anonymous call.
    for (authorization, code) in [
        ("Basic !".to_owned(), "basic_denied"),
        (
            format!("bAsIc {}", STANDARD.encode("no colon")),
            "basic_denied",
        ),
        (
            format!("Basic {}", STANDARD.encode(":password")),
            "basic_denied",
        ),
        (
            format!("Basic {}", STANDARD.encode(b"j\xfcrgen:passw\xf6rt")),
            "allowed",
        ),
    ] {
        let found = case
            .code("GET", "/jira/rest/api/2/myself", &authorization)
            .await;
        assert_eq!(found, code, "{authorization}");
    }
    let event = rest_event("GET", "/jira/rest/api/2/myself", "Basic");
    assert_eq!(case.lambda.denied(&event).await, "credential_unsupported");
    let mut event = rest_event("GET", "/jira/rest/api/2/myself", &basic("alice"));
    event["multiValueHeaders"]["Authorization"] = json!([basic("bob")]);
    assert_eq!(case.lambda.denied(&event).await, "credential_ambiguous");
    assert_eq!(case.bearer().await["context"]["authorization"], "none");
}

#[tokio::test]
async fn an_api_token_is_not_passed_through() {
    let case = Case::new(json!("pass_through")).await;
    let token = format!("atl_{}", "a".repeat(76));
    case.lambda.keep_secret(&token);
    let pair = |username: &[u8]| [username, b":", token.as_bytes()].concat();
    for authorization in [
        format!("Basic {}", STANDARD.encode(pair(b"alice"))),
        format!("Basic {}", STANDARD.encode(pair(b""))),
        // However it is encoded.
        format!("Basic {}", STANDARD.encode(pair(b"j\xfcrgen"))),
        format!("Basic {}", STANDARD_NO_PAD.encode(pair(b"alice"))),
        format!("Basic {}", STANDARD.encode(pair(b"alice\xff"))),
    ] {
        let code = case
            .code("GET", "/jira/rest/api/2/myself", &authorization)
            .await;
        assert_eq!(code, "basic_denied", "{authorization}");
    }
}

#[tokio::test]
async fn some_users() {
    let case = Case::new(json!({"allowed_users": ["Alice", "svc-*"]})).await;
    let path = "/jira/rest/api/2/myself";
    for (username, code) in [
        ("alice", "allowed"),
        ("ALICE", "allowed"),
        ("svc-", "allowed"),
        ("Svc-Build.7", "allowed"),
        ("alice2", "basic_denied"),
        ("malice", "basic_denied"),
        ("alice ", "basic_denied"),
        ("svc", "basic_denied"),
        ("bob", "basic_denied"),
        ("", "basic_denied"),
        // Neither folds onto an ASCII letter, as Unicode has it.
        ("al\u{131}ce", "basic_denied"),
        ("\u{17f}vc-x", "basic_denied"),
    ] {
        let found = case.code("GET", path, &basic(username)).await;
        assert_eq!(found, code, "{username:?}");
    }
    for authorization in [
        "Basic !".to_owned(),
        format!("Basic {}", STANDARD.encode("alice")),
        format!("Basic {}", STANDARD.encode(b"alice\xff:x")),
    ] {
        let code = case.code("GET", path, &authorization).await;
        assert_eq!(code, "basic_denied", "{authorization}");
    }
    let code = case
        .code("POST", "/jira/rest/api/2/issue", &basic("alice"))
        .await;
    assert_eq!(code, "route_not_allowed");
    assert_eq!(case.bearer().await["context"]["authorization"], "none");
}

#[tokio::test]
async fn some_users_everywhere_and_all_on_some_paths() {
    let case = Case::new(json!({
        "allowed_users": ["alice"],
        "allowed_paths": ["/jira/rest/api/*/se*", "/jira/rest/hooks/*"],
    }))
    .await;
    for (username, method, path, code) in [
        ("alice", "GET", "/jira/rest/api/2/myself", "allowed"),
        // Of the paths, which open what rules don't, those users have no need.
        ("alice", "POST", "/jira/rest/hooks/1", "route_not_allowed"),
        ("bob", "GET", "/jira/rest/api/2/serverInfo", "allowed"),
        ("bob", "GET", "/jira/rest/api/latest/serverInfo", "allowed"),
        ("bob", "POST", "/jira/rest/hooks/1", "allowed"),
        ("bob", "GET", "/jira/rest/api/2/myself", "route_not_allowed"),
        (
            "bob",
            "GET",
            "/jira/rest/api/2/secrets",
            "route_not_allowed",
        ),
        (
            "bob",
            "GET",
            "/jira/rest/hooks/..%2f..%2fx",
            "route_not_allowed",
        ),
        (
            "bob",
            "GET",
            "/jira/rest/hooks/..%2f..%2f..%2fx",
            "path_not_readable",
        ),
        // Read in each way it is one of the paths.
        ("bob", "GET", "/jira/rest/hooks//x", "allowed"),
        (
            "bob",
            "GET",
            "/confluence/rest/api/content",
            "route_not_allowed",
        ),
        ("bob", "GET", "/elsewhere", "product_unknown"),
        ("", "GET", "/jira/rest/api/2/serverInfo", "basic_denied"),
    ] {
        let found = case.code(method, path, &basic(username)).await;
        assert_eq!(found, code, "{username} {method} {path}");
    }
    let code = case
        .code("GET", "/jira/rest/api/2/serverInfo", "Basic !")
        .await;
    assert_eq!(code, "basic_denied");
    // A token of nobody's is no Basic auth.
    let event = rest_event("GET", "/jira/rest/api/2/serverInfo", "Bearer x");
    assert_eq!(case.lambda.denied(&event).await, "token_malformed");
}

#[test]
fn rules_that_are_wrong() {
    let key = SigningKey::generate("key", "ES256");
    let problems_for = |basic_auth: &Value, cache_keys: ByProduct<CacheKey>| -> Vec<String> {
        let settings = settings(&key, basic_auth);
        let tree: Tree = ["settings", "providers", "products"]
            .into_iter()
            .flat_map(|name| match name {
                "settings" => vec![(name.to_owned(), settings[name].to_string())],
                _ => settings[name]
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(id, document)| (format!("{name}/{id}"), document.to_string()))
                    .collect(),
            })
            .collect();
        let deployment = Deployment {
            cache_keys,
            ..Deployment::default()
        };
        let problems = Settings::parse(&tree, &deployment).err();
        let problems = problems.map(|problems| problems.iter().map(ToString::to_string).collect());
        problems.unwrap_or_default()
    };
    let problems = |basic_auth: &Value| problems_for(basic_auth, ByProduct::all(CacheKey::Route));
    let many: Vec<String> = (0..100)
        .map(|number| format!("/jira/rest/api/2/{number}"))
        .collect();
    for (basic_auth, expected) in [
        (
            json!("allow"),
            "basic_auth: expected `deny`, `pass_through`",
        ),
        (json!(true), "basic_auth: expected `deny`, `pass_through`"),
        (json!({"users": ["a"]}), "basic_auth.users: is unknown"),
        (
            json!({"allowed_users": []}),
            "basic_auth.allowed_users: is empty",
        ),
        (
            json!({"allowed_paths": ["/elsewhere/x"]}),
            "basic_auth.allowed_paths: belongs to no product",
        ),
        (
            json!({"allowed_paths": ["/*"]}),
            "basic_auth.allowed_paths: belongs to no product",
        ),
        (
            json!({"allowed_paths": ["/jira2/x"]}),
            "basic_auth.allowed_paths: belongs to no product",
        ),
        (
            json!({"allowed_paths": ["jira/x"]}),
            "basic_auth.allowed_paths: expected paths",
        ),
        (
            json!({"allowed_paths": ["/jira/a?b"]}),
            "basic_auth.allowed_paths: expected paths",
        ),
        (
            json!({"allowed_paths": ["/jira/%41"]}),
            "basic_auth.allowed_paths: expected paths",
        ),
    ] {
        let problems = problems(&basic_auth);
        assert!(
            problems
                .iter()
                .any(|problem| problem.starts_with(&format!("settings: {expected}"))),
            "{basic_auth}: {problems:?}"
        );
    }
    // Nobody has said that answers are for one route each.
    let found = problems_for(&json!({"allowed_paths": many}), ByProduct::default());
    assert!(
        found[0].starts_with("products/jira: access: can't become one policy for all routes"),
        "{found:?}"
    );
    for basic_auth in [
        json!("deny"),
        json!("pass_through"),
        json!({"allowed_users": ["alice"]}),
        json!({"allowed_paths": ["/jira/rest/*", "/confluence"]}),
    ] {
        assert_eq!(problems(&basic_auth), [""; 0]);
    }
}
