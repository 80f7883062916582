//! What Atlassian is told of the caller, in each upstream mode.

mod assertion;
mod auth_type;
mod headers;
mod impersonation;
mod load;
mod per_user;
mod usage;

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::lambda::Lambda;
use testing::local::{Local, without_cache};
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, rest_event};

const ISSUER: &str = "https://idp.example.com";
const PAT: &str = "MDEyMzQ1Njc4OTAxOrD0x7u+/abc=";

/// Settings with one provider and one product, `/jira`, with this `upstream`.
fn settings(key: &SigningKey, upstream: &Value) -> Value {
    json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
            "username": {"attributes": ["username"], "allow": ".*"},
        }},
        "products": {"jira": {"path": "/jira", "access": [{"allow": ["@read"]}], "upstream": upstream}},
        "secrets": {"pat": PAT, "pair": "svc-gateway:correct-horse:battery\n"},
    })
}

/// An `Authorization` with a token of this user.
fn authorization(key: &SigningKey, username: &str) -> String {
    let mut claims = access_claims(ISSUER);
    claims["username"] = username.into();
    format!("Bearer {}", key.sign(&claims))
}

fn get(authorization: &str) -> Value {
    rest_event("GET", "/jira/rest/api/2/myself", authorization)
}

fn post(authorization: &str) -> Value {
    rest_event("POST", "/jira/rest/api/2/issue", authorization)
}

#[tokio::test]
async fn a_service_users_credential() {
    for (upstream, expected) in [
        (json!({"mode": "none"}), "none".to_owned()),
        (
            json!({"mode": "fixed", "secret": "pat"}),
            format!("Bearer {PAT}"),
        ),
        (
            json!({"mode": "fixed", "secret": "pat", "scheme": "bearer"}),
            format!("Bearer {PAT}"),
        ),
        (
            json!({"mode": "fixed", "secret": "pair", "scheme": "basic"}),
            "Basic c3ZjLWdhdGV3YXk6Y29ycmVjdC1ob3JzZTpiYXR0ZXJ5".to_owned(),
        ),
    ] {
        let key = SigningKey::generate("key", "ES256");
        let folder = Folder::new();
        let variables = [("AUTHORIZER_CACHE_SECONDS", "0")];
        let source = folder.settings(&settings(&key, &upstream));
        let lambda = Lambda::start(&source, &variables).await;
        for secret in [PAT, "correct-horse", "c3ZjLWdhdGV3YXk6"] {
            lambda.keep_secret(secret);
        }
        let alice = authorization(&key, "alice");
        let answer = lambda.invoke(&get(&alice)).await.unwrap();
        assert_eq!(answer["context"]["authorization"], expected);
        assert_eq!(answer["context"]["xoauth_requestor_id"], "");
        assert_eq!(answer["context"]["username"], "alice");

        let answer = lambda.invoke(&post(&alice)).await.unwrap();
        assert_eq!(answer["context"]["authorization"], "none");
        assert_eq!(lambda.audit().await["code"], "route_not_allowed");
    }
}

/// With a cache, the answer to a route that is refused serves for one that is allowed.
#[tokio::test]
async fn an_answer_that_is_cached_serves_for_other_routes() {
    let key = SigningKey::generate("key", "ES256");
    let settings = settings(&key, &json!({"mode": "fixed", "secret": "pat"}));
    let local = Local::new(&settings, Deployment::default());
    let alice = authorization(&key, "alice");
    let answer = local.invoke(&post(&alice)).await.unwrap();
    assert_eq!(answer["context"]["authorization"], format!("Bearer {PAT}"));
    assert_eq!(local.audit()["code"], "route_not_allowed");
}

/// Whom nobody has verified is not given anybody's credential.
#[tokio::test]
async fn callers_that_nobody_has_verified() {
    let key = SigningKey::generate("key", "ES256");
    let basic = "Basic YWxpY2U6Y29ycmVjdC1ob3JzZQ==";
    for (mode, basic_auth) in [
        ("enforce", "pass_through"),
        ("monitor", "deny"),
        ("off", "deny"),
    ] {
        for upstream in [
            json!({"mode": "fixed", "secret": "pat"}),
            json!({"mode": "per_user"}),
        ] {
            let mut settings = settings(&key, &upstream);
            settings["settings"] = json!({"mode": mode, "basic_auth": basic_auth});
            let local = Local::new(&settings, without_cache());
            let answer = local.invoke(&get(basic)).await.unwrap();
            assert_eq!(
                answer["context"]["authorization"], basic,
                "{mode} {upstream}"
            );
            assert_eq!(answer["context"]["username"], "");
        }
    }
}
