//! What `atlauth local` decides, as API Gateway would.

use axum::Router;
use axum::extract::State;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::atlassian::Atlassian;
use super::process::Local;
use super::{SERVICE_TOKEN, Scene, client, reads_and_writes, settings};
use testing::issuer::Issuer;
use testing::tokens::{DEVELOPMENT_KEY, SigningKey, access_claims};

const MYSELF: &str = "/jira/rest/api/2/myself";

/// A response as tests compare it: status, type of error, challenge, body.
async fn shape(request: reqwest::RequestBuilder) -> (u16, String, String, String) {
    let answer = request.send().await.unwrap();
    let header = |name| {
        let value = answer.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    assert_eq!(header("x-atlauth-local"), "not for production");
    let (error, challenge) = (header("x-amzn-errortype"), header("www-authenticate"));
    let (status, extended) = (answer.status().as_u16(), header("x-amz-apigw-id"));
    let body = answer.text().await.unwrap();
    // The product has its own.
    let message = if !error.is_empty() && matches!(status, 401 | 403 | 500) {
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(extended.len(), 16);
        assert_eq!(body["extended_request_id"], extended);
        let decision = body["decision_id"].as_str().map(str::len);
        assert_eq!(decision, (status == 403).then_some(12), "{body}");
        body["message"].as_str().unwrap().to_owned()
    } else {
        body
    };
    (status, error, challenge, message)
}

fn refused(status: u16, error: &str, message: &str) -> (u16, String, String, String) {
    let challenge = if status == 401 {
        r#"Bearer realm="atlassian""#
    } else {
        ""
    };
    (
        status,
        error.to_owned(),
        challenge.to_owned(),
        message.to_owned(),
    )
}

#[tokio::test]
async fn refusals_have_the_shapes_of_the_template() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let (url, token) = (format!("{}{MYSELF}", scene.local.url), scene.bearer());
    let unauthorized = refused(401, "UnauthorizedException", "Unauthorized");
    assert_eq!(shape(client().get(&url)).await, unauthorized);
    assert_eq!(shape(scene.get(MYSELF, "Bearer a.b.c")).await, unauthorized);
    let forbidden = refused(403, "AccessDeniedException", "Forbidden");
    let admin = scene.get("/jira/rest/api/2/settings", &token);
    assert_eq!(shape(admin).await, forbidden);
    let missing = r#"{"message": "Not found"}"#;
    let missing = refused(404, "MissingAuthenticationTokenException", missing);
    assert_eq!(shape(scene.get("/confluence/rest", &token)).await, missing);
    assert_eq!(shape(scene.get("/jirax", &token)).await, missing);
    // The keys have to be fetched, and can't be.
    let down = Scene::set(&reads_and_writes(), &[]).await;
    down.issuer.change(|behaviour| behaviour.status = 503);
    let failed = refused(500, "InternalServerErrorException", "Internal server error");
    assert_eq!(shape(down.get(MYSELF, &down.bearer())).await, failed);
    assert_eq!(scene.jira.requests().len() + down.jira.requests().len(), 0);
    // What was refused without the authorizer has no audit line.
    let codes: Vec<Value> = scene
        .local
        .audits()
        .iter()
        .map(|line| line["code"].clone())
        .collect();
    assert_eq!(codes, ["token_malformed", "route_not_allowed"]);
    let rows = scene.local.rows(5).await;
    assert!(
        rows[0].starts_with("GET     401 -                            -            gateway"),
        "{rows:?}"
    );
    assert!(
        rows[2].starts_with("GET     403 route_not_allowed            alice        authorizer"),
        "{rows:?}"
    );
    let audits = scene.local.audits();
    let decision = audits[1]["decision_id"].as_str().unwrap();
    assert!(rows[2].contains(decision), "{rows:?}");
}

#[tokio::test]
async fn an_answer_is_used_again_for_all_of_a_product() {
    let access = json!([{"allow": ["GET /rest/*"]}, {"deny": ["* /rest/api/2/issue/SECRET-*"]}]);
    let scene = Scene::set(&access, &["--cache-key", "token"]).await;
    let token = scene.bearer();
    for (path, status) in [
        ("/jira/rest/api/2/issue/DEMO-1", 200),
        ("/jira/rest/api/2/issue/SECRET-1", 403),
        ("/jira/rest/api/2/issue/SECRET-12", 403),
        ("/jira/rest/api/2//issue/SECRET-1", 403),
        ("/jira/rest/api/2/issue/%53ECRET-1", 403),
        ("/jira/rest/api/2/myself?q=1", 200),
        ("/jira/status", 403),
    ] {
        let answer = scene.get(path, &token).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let url = format!("{}/jira/rest/api/2/issue", scene.local.url);
    let post = client()
        .post(url)
        .header("authorization", &token)
        .body("{}");
    assert_eq!(post.send().await.unwrap().status(), 403);
    assert_eq!(scene.local.audits().len(), 1);
    // Another token is another caller.
    assert_eq!(
        scene
            .get(MYSELF, &scene.bearer())
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(scene.local.audits().len(), 2);
}

#[tokio::test]
async fn without_a_cache_each_request_is_decided() {
    let scene = Scene::set(&reads_and_writes(), &["--cache-seconds", "0"]).await;
    let token = scene.bearer();
    for _ in 0..2 {
        let answer = scene.get(MYSELF, &token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    // Nor is anyone refused who has no identity source.
    let url = format!("{}{MYSELF}", scene.local.url);
    assert_eq!(client().get(url).send().await.unwrap().status(), 401);
    let codes: Vec<Value> = scene
        .local
        .audits()
        .iter()
        .map(|line| line["code"].clone())
        .collect();
    assert_eq!(codes, ["allowed", "allowed", "credential_missing"]);
}

/// Signatures are for one request: the template turns the cache off by its parameter `JiraOAuth1`.
#[tokio::test]
async fn signed_requests_are_never_decided_by_the_cache() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let jira = Atlassian::start("").await;
    let upstream = json!({"mode": "oauth1", "consumer_key": "gateway", "private_key": "rsa",
                          "base_url": "https://jira.example.com/jira"});
    let mut settings = settings(&issuer, &reads_and_writes(), &upstream);
    settings["secrets"]["rsa"] = DEVELOPMENT_KEY.into();
    let local = Local::start(&settings, &[("jira", &jira.url)], &[]).await;
    let token = format!("Bearer {}", key.sign(&access_claims(&issuer.url)));
    for _ in 0..2 {
        let url = format!(
            "{}/jira/rest/api/2/search?jql=a%20b&maxResults=1",
            local.url
        );
        let answer = client()
            .get(url)
            .header("authorization", &token)
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    let requests = jira.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(
            request.query,
            "jql=a%20b&maxResults=1&xoauth_requestor_id=alice"
        );
        let authorization = request.headers["authorization"].to_str().unwrap();
        assert!(authorization.starts_with("OAuth "), "{authorization}");
    }
    assert_eq!(local.audits().len(), 2);
}

/// A function behind Lambda's Invoke API, such as `cargo lambda watch` has.
#[tokio::test]
async fn a_function_is_asked_in_its_place() {
    async fn answer(State(answers): State<Value>, body: String) -> String {
        let event: Value = serde_json::from_str(&body).unwrap();
        let token = event["headers"]["authorization"].as_str().unwrap();
        answers[token].to_string()
    }

    let failed = |message: &str| json!({"errorType": "Refusal", "errorMessage": message});
    let arn = "arn:aws:execute-api:eu-west-1:*:*/prod/GET/jira/rest/api/2/*";
    let policy = |context: Value| {
        json!({"principalId": "u", "context": context, "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": [arn]}],
        }})
    };
    let answers = json!({
        "no": failed("Unauthorized"),
        "nearly": failed("Unauthorized."),
        "yes": policy(json!({"authorization": "Basic x", "user_header": "bob", "username": "bob"})),
        "nested": policy(json!({"groups": []})),
    });
    let router = Router::new()
        .route(
            "/2015-03-31/functions/atlassian-authorizer/invocations",
            axum::routing::post(answer),
        )
        .with_state(answers);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let function = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let scene = Scene::set(&reads_and_writes(), &["--invoke-url", &function]).await;
    for (token, status, error) in [
        ("no", 401, "UnauthorizedException"),
        ("nearly", 500, "InternalServerErrorException"),
        ("nested", 500, "AuthorizerConfigurationException"),
        // The stand-in does not know this credential.
        ("yes", 401, ""),
    ] {
        let (got, named, ..) = shape(scene.get(MYSELF, token)).await;
        assert_eq!((got, named.as_str()), (status, error), "{token}");
    }
    let seen = scene.jira.last().headers;
    assert_eq!(seen["authorization"], "Basic x");
    assert_eq!(seen["x-authorizer-username"], "bob");
    let outside = scene.get("/jira/secure", "yes").send().await.unwrap();
    assert_eq!(outside.status(), 403);
    server.abort();
}

/// Products are where the template serves them, whatever the settings say: so is a deployment.
#[tokio::test]
async fn products_are_served_where_the_template_has_them() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let jira = Atlassian::start(&format!("Bearer {SERVICE_TOKEN}")).await;
    let upstream = json!({"mode": "fixed", "secret": "service"});
    let at = |path: &str| {
        let mut settings = settings(&issuer, &reads_and_writes(), &upstream);
        settings["products"]["jira"]["path"] = path.into();
        settings
    };
    let mut custom = at("/");
    custom["products"] = json!({"api": {"path": "/", "access": [{"allow": ["GET /jira/rest/*"]}],
                                        "upstream": upstream}});
    let warning = |path: &str| {
        format!(
            "warning: products/jira: path: is `{path}`, but the template serves `/jira`; expected `/jira`."
        )
    };
    let note = "`/jira` belongs to the product `api`, whose path is `/`: the settings have no product `jira`.";
    for (settings, remark, myself, outside) in [
        (at("/jira"), None, (200, "allowed"), "/rest/api/2/myself"),
        (
            at("/"),
            Some(warning("/")),
            (403, "route_not_allowed"),
            "/rest/api/2/myself",
        ),
        (
            at("/tracker"),
            Some(warning("/tracker")),
            (403, "product_unknown"),
            "/tracker/rest/api/2/myself",
        ),
        (
            custom,
            Some(note.to_owned()),
            (200, "allowed"),
            "/rest/api/2/myself",
        ),
    ] {
        let local = Local::start(&settings, &[("jira", &jira.url)], &[]).await;
        let said = local.stderr();
        match &remark {
            Some(remark) => assert!(said.contains(remark), "{remark}: {said}"),
            None => assert!(!said.contains("warning"), "{said}"),
        }
        assert!(
            said.contains(&format!("{}/jira -> {}", local.url, jira.url)),
            "{said}"
        );
        let token = key.sign(&access_claims(&issuer.url));
        local.keep_secret(&token);
        let get = |path: &str| {
            let url = [&local.url, path].concat();
            let request = client().get(url).bearer_auth(&token);
            async move { request.send().await.unwrap().status().as_u16() }
        };
        assert_eq!(get(MYSELF).await, myself.0, "{settings}");
        assert_eq!(local.audits()[0]["code"], myself.1, "{settings}");
        // API Gateway has no such path, and asks nobody.
        assert_eq!(get(outside).await, 404, "{settings}");
        assert_eq!(local.audits().len(), 1);
    }
}

/// Without products in the settings, everything that the template serves is one product's.
#[tokio::test]
async fn settings_without_products_serve_what_the_template_has() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let jira = Atlassian::start("Bearer of-the-product").await;
    let local = Local::start(&issuer.settings(), &[("jira", &jira.url)], &[]).await;
    let said = local.stderr();
    let note = "`/jira` belongs to the product `api`, whose path is `/`";
    assert!(said.contains(note) && !said.contains("warning"), "{said}");
    let token = key.sign(&access_claims(&issuer.url));
    local.keep_secret(&token);
    let get = client()
        .get([&local.url, MYSELF].concat())
        .bearer_auth(&token);
    // The product does not know `none`, which is what it is sent.
    assert_eq!(get.send().await.unwrap().status(), 401);
    let audits = local.audits();
    assert_eq!(
        (&audits[0]["code"], &audits[0]["product"]),
        (&json!("allowed"), &json!("api"))
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_at_the_start() {
    let issuer = Issuer::start(&[]).await;
    let folder = testing::Folder::new();
    let good = folder.settings(&settings(
        &issuer,
        &reads_and_writes(),
        &json!({"mode": "none"}),
    ));
    let none = testing::Folder::new();
    let none = none.settings(&issuer.settings());
    for (options, code, expected) in [
        (
            vec!["--upstream", "jira=http://127.0.0.1:1"],
            2,
            "--settings or AUTHORIZER_SETTINGS",
        ),
        (vec!["--settings", &good], 2, "--upstream <PRODUCT=URL>"),
        (
            vec!["--settings", &good, "--upstream", "jira"],
            2,
            "a product and its URL",
        ),
        (
            vec![
                "--settings",
                &good,
                "--upstream",
                "jira=http://localhost:8080",
            ],
            2,
            "not by the name localhost",
        ),
        (
            vec![
                "--settings",
                &good,
                "--upstream",
                "jira=http://jira.example.com",
            ],
            2,
            "https",
        ),
        (
            vec!["--settings", &good, "--upstream", "wiki=http://127.0.0.1:1"],
            2,
            "they have: jira",
        ),
        (
            vec!["--settings", &none, "--upstream", "api=http://127.0.0.1:1"],
            2,
            "it has: jira, confluence, bitbucket",
        ),
        (
            vec![
                "--settings",
                &good,
                "--upstream",
                "jira=http://127.0.0.1:1",
                "--cache-key",
                "path",
            ],
            2,
            "expected `route` or `token`",
        ),
        (
            vec![
                "--settings",
                "file:/nowhere.json",
                "--upstream",
                "jira=http://127.0.0.1:1",
            ],
            3,
            "file:/nowhere.json",
        ),
        (
            vec![
                "--settings",
                &good,
                "--upstream",
                "jira=http://127.0.0.1:1",
                "--template",
                "/nowhere",
            ],
            3,
            "/nowhere",
        ),
    ] {
        let said = crate::atlauth("local").args(&options).end("").await;
        let errors = said.stderr;
        assert_eq!(said.code, code, "{options:?} {errors}");
        assert!(errors.contains(expected), "{options:?} {errors}");
        assert!(said.stdout.is_empty());
    }
}
