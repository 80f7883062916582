//! Routes that everyone may use, without a credential.

use reqwest::Method;
use serde_json::{Value, json};

use super::atlassian::Atlassian;
use super::process::Local;
use super::{client, reads_and_writes, settings};
use testing::issuer::Issuer;
use testing::tokens::{SigningKey, access_claims};

/// What callers send that nobody else is to see.
const SECRET: &str = "a-secret-of-the-caller";

async fn gateway(issuer: &Issuer, jira: &Atlassian, public: Value) -> Local {
    let mut settings = settings(issuer, &reads_and_writes(), &json!({"mode": "none"}));
    settings["products"]["jira"]["public"] = public;
    let options = ["--cache-seconds", "60"];
    Local::start(&settings, &[("jira", &jira.url)], &options).await
}

#[tokio::test]
async fn a_public_route_needs_no_credential_and_passes_none_on() {
    let issuer = Issuer::start(&[]).await;
    let jira = Atlassian::start("").await;
    let public = json!(["GET /status", "GET /rest/api/2/serverInfo"]);
    let local = gateway(&issuer, &jira, public).await;
    for path in ["/jira/status", "/jira/rest/api/2/serverInfo"] {
        let url = [&local.url, path].concat();
        let plain = client().get(&url);
        // Header and query, the template's own spelling and others.
        let full = client()
            .get(format!(
                "{url}?a=b&os_username={SECRET}&os_password={SECRET}"
            ))
            .bearer_auth(SECRET)
            .header("proxy-authorization", SECRET)
            .header("cookie", SECRET)
            .header("x-authorizer-username", SECRET)
            .header("x-original-url", SECRET)
            .header("x-http-method-override", SECRET);
        for request in [plain, full] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let seen = jira.last();
            assert_eq!(seen.path, path);
            assert_eq!(seen.headers["authorization"], "none");
            assert_eq!(seen.headers["x-authorizer-username"], "-");
            assert_eq!(seen.headers["cookie"], "none");
            assert_eq!(seen.headers["x-http-method-override"], "GET");
            assert!(seen.query.contains("os_username=none"), "{}", seen.query);
            assert!(!format!("{seen:?}").contains(SECRET), "{seen:?}");
        }
    }
    // Nobody was asked.
    assert!(local.audits().is_empty());
    assert!(!local.stderr().contains("warning"), "{}", local.stderr());
}

#[tokio::test]
async fn all_else_needs_one() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let jira = Atlassian::start("").await;
    let local = gateway(&issuer, &jira, json!(["GET /status"])).await;
    let send = |method: Method, path: &str| {
        let url = [&local.url, path].concat();
        client().request(method, url)
    };
    for (method, path) in [
        (Method::GET, "/jira/status/"),
        (Method::GET, "/jira/status//"),
        (Method::GET, "/jira/%73tatus"),
        (Method::GET, "/jira/status%2F"),
        (Method::GET, "/jira/Status"),
        (Method::GET, "/jira//status"),
        (Method::GET, "/jira/status;x=1"),
        (Method::GET, "/jira/status/x"),
        (Method::HEAD, "/jira/status"),
        (Method::POST, "/jira/status"),
        // The template could make it public, and the settings don't.
        (Method::GET, "/jira/rest/api/2/serverInfo"),
    ] {
        let answer = send(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{method} {path}");
    }
    assert!(jira.requests().is_empty());
    let preflight = send(Method::OPTIONS, "/jira/status");
    assert_eq!(preflight.send().await.unwrap().status(), 204);
    // Another method of the same path is the authorizer's to decide on.
    let token = key.sign(&access_claims(&issuer.url));
    local.keep_secret(&token);
    let head = send(Method::HEAD, "/jira/status").bearer_auth(&token);
    head.send().await.unwrap();
    assert_eq!(local.audits()[0]["method"], "HEAD");
}

/// The settings alone make nothing public.
#[tokio::test]
async fn what_the_template_can_not_serve_is_said() {
    let issuer = Issuer::start(&[]).await;
    let jira = Atlassian::start("").await;
    let public = json!(["GET /status", "GET /rest/api/2/field"]);
    let local = gateway(&issuer, &jira, public).await;
    let said = local.stderr();
    let warning =
        "warning: products/jira: public: the template can't make `GET /rest/api/2/field` public.";
    assert!(said.contains(warning), "{said}");
    assert!(
        said.contains("Nothing but `GET /status` is public here."),
        "{said}"
    );
    let field = client().get([&local.url, "/jira/rest/api/2/field"].concat());
    assert_eq!(field.send().await.unwrap().status(), 401);
}
