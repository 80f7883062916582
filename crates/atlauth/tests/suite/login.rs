//! `atlauth login`, at a real OpenID provider.

mod refused;
mod tool;

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use testing::Folder;
use testing::asked::Asked;
use testing::atlauth::Said;
use testing::browser::Browser;
use testing::lambda::Lambda;
use testing::moto::Moto;
use testing::oidc::{JIRA, Oidc, SECRET, TOOL};
use testing::rest_event;
use tool::kept_in;

fn settings(oidc: &Oidc) -> Value {
    json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": oidc.issuer, "client_ids": [TOOL], "audiences": [JIRA],
            "username": {"attributes": ["preferred_username"], "transform": ["uppercase"]},
            "groups": "groups", "machine_users": {TOOL: "svc-tool"},
        }},
        "products": {
            "jira": {"path": "/jira", "access": [{"allow": ["@read"]}]},
            "confluence": {"path": "/wiki"},
        },
    })
}

/// The token that is kept, which nothing that was written may tell.
fn kept(folder: &Folder, ended: &Said) -> String {
    let path = kept_in(folder);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 1, "nothing is left beside it");
    let stored: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let token = stored["token"].as_str().unwrap().to_owned();
    assert!(!ended.tells(&token));
    if let Some((_, signature)) = token.rsplit_once('.') {
        assert!(!ended.tells(signature));
    }
    token
}

/// Where the browser is to come back to.
fn redirect(url: &str) -> String {
    refused::parameter(url, "redirect_uri")
}

/// A person logs in on the provider's pages, in Chromium where there is one, and comes back to
/// ours.
#[tokio::test]
async fn by_browser() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let settings = folder.settings(&settings(&oidc));
    let arguments = ["idp", "--no-browser", "--json", "--resource", JIRA];
    let scope = ["--scope", "openid profile groups atlassian/read"];
    let mut tool = tool::start(&folder, &settings, &[&arguments[..], &scope].concat(), "").await;
    let url = tool.said("/auth?").await;
    assert!(url.contains("code_challenge_method=S256"));
    if let Some(browser) = Browser::start().await {
        browser.open(&url).await;
        browser.fill("input[name=login]", "alice").await;
        browser.fill("input[name=password]", "any").await;
        browser.click("button[type=submit]").await;
        browser.click("button[type=submit]").await;
        assert_eq!(
            browser.title().await,
            "You can go back to the terminal - atlauth"
        );
        assert!(browser.url().await.starts_with("http://127.0.0.1:"));
        assert_eq!(
            browser.shown("p").await,
            "It shows the result of the login. You can close this page."
        );
        let png = browser.screenshot().await;
        if let Some(path) = std::env::var_os("LOGIN_SCREENSHOT") {
            std::fs::write(path, png).unwrap();
        }
    } else {
        let end = oidc.walk(&url, "alice", &redirect(&url)).await.unwrap();
        let page = reqwest::get(end).await.unwrap().text().await.unwrap();
        assert!(page.contains("You can go back to the terminal"));
    }
    let ended = tool.end().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let token = kept(&folder, &ended);
    let told = ended.json();
    assert_eq!(told["claims_from"], "access_token");
    assert_eq!(told["claims"]["client_id"], TOOL);
    assert_eq!(told["username"], "ALICE");
    assert_eq!(
        told["candidates"],
        json!([
            {"attribute": "preferred_username", "value": "alice", "username": "ALICE", "code": null, "in_rule": true},
            {"attribute": "sub", "value": "alice", "username": "ALICE", "code": null, "in_rule": false},
        ])
    );
    let codes: Vec<String> = told["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {}", one["product"], one["method"], one["code"]).replace('"', ""))
        .collect();
    assert_eq!(
        codes,
        [
            "confluence GET allowed",
            "confluence POST allowed",
            "jira GET allowed",
            "jira POST route_not_allowed"
        ]
    );

    // The real function says the same of it.
    let lambda = Lambda::start(&settings, &[]).await;
    let event = rest_event("GET", "/jira/rest/api/2/myself", &format!("Bearer {token}"));
    assert_eq!(lambda.allowed(&event).await, "ALICE");

    // It is there for other commands, until it is forgotten.
    let printed = tool::run(&folder, &settings, &["--print-token"]).await;
    assert_eq!((printed.code, printed.stdout.trim_end()), (0, &*token));
    assert_eq!(printed.stderr, "");
    let forgotten = tool::run(&folder, &settings, &["--forget"]).await;
    assert_eq!(forgotten.code, 0);
    assert!(!kept_in(&folder).exists());
    let printed = tool::run(&folder, &settings, &["--print-token"]).await;
    assert_eq!((printed.code, &*printed.stdout), (1, ""));
}

#[tokio::test]
async fn as_the_application_itself() {
    let oidc = Oidc::start().await;
    for (client, method) in [("robot", "basic"), ("robot-post", "post")] {
        let folder = Folder::new();
        let mut settings = settings(&oidc);
        settings["providers"]["idp"]["client_ids"] = json!(["robot", "robot-post"]);
        settings["providers"]["idp"]["machine_users"] = json!({client: "svc-robot"});
        let settings = folder.settings(&settings);
        let arguments = [
            "idp",
            "--client-credentials",
            "--client-secret-file",
            "-",
            "--resource",
            JIRA,
            "--client-id",
            client,
            "--client-auth",
            method,
        ];
        let input = format!("{SECRET}\n");
        let ended = tool::start(&folder, &settings, &arguments, &input)
            .await
            .end()
            .await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        kept(&folder, &ended);
        assert!(!ended.tells(SECRET));
        assert!(
            ended.stdout.contains("The caller is svc-robot."),
            "{}",
            ended.stdout
        );

        let path = folder.path().join("secret");
        std::fs::write(&path, "another").unwrap();
        let mut wrong = arguments;
        wrong[3] = path.to_str().unwrap();
        let ended = tool::run(&folder, &settings, &wrong).await;
        assert_eq!((ended.code, &*ended.stdout), (1, ""));
        assert!(ended.stderr.contains("invalid_client"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn by_a_device() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let settings = folder.settings(&settings(&oidc));
    let arguments = ["idp", "--device", "--resource", JIRA, "--print-token"];
    let mut tool = tool::start(&folder, &settings, &arguments, "").await;
    let url = tool.said("/device?user_code=").await;
    let url = &url[url.find("http").unwrap()..];
    assert!(oidc.walk(url, "alice", "none").await.is_none());
    let ended = tool.end().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    // The token alone, and it is not kept.
    let token = ended.stdout.trim_end();
    assert_eq!(token.split('.').count(), 3);
    assert!(!ended.stderr.contains(token));
    assert!(!kept_in(&folder).exists());
    let lambda = Lambda::start(&settings, &[]).await;
    let event = rest_event("GET", "/wiki/rest/api/content", &format!("Bearer {token}"));
    assert_eq!(lambda.allowed(&event).await, "ALICE");
}

/// Where the access token is opaque, the id token tells; and it can be used instead.
#[tokio::test]
async fn opaque_access_tokens() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let mut settings = settings(&oidc);
    let provider = settings["providers"]["idp"].as_object_mut().unwrap();
    provider.remove("audiences");
    provider.insert("token_use".to_owned(), "both".into());
    let settings = folder.settings(&settings);
    for (option, username, code) in [
        (None, Value::Null, "token_malformed"),
        (Some("--id-token"), "ALICE".into(), "allowed"),
    ] {
        let mut arguments = vec![
            "idp",
            "--no-browser",
            "--json",
            "--redirect-host",
            "localhost",
        ];
        arguments.extend(option);
        let mut tool = tool::start(&folder, &settings, &arguments, "").await;
        let url = tool.said("/auth?").await;
        let end = oidc.walk(&url, "alice", &redirect(&url)).await.unwrap();
        reqwest::get(end).await.unwrap();
        let ended = tool.end().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        kept(&folder, &ended);
        let told = ended.json();
        assert_eq!(told["claims_from"], "id_token");
        assert_eq!(told["username"], username);
        assert_eq!(told["decisions"][0]["code"], code);
    }
}

/// moto has no endpoints to log in at: a server of ours plays the token endpoint, and hands out
/// what moto's Cognito issued.
#[tokio::test]
async fn tokens_of_cognito() {
    let moto = Moto::start().await;
    let login = moto.pool_with_login().await;
    let issuer = format!(
        "https://cognito-idp.eu-west-1.amazonaws.com/{}",
        login.pool_id
    );
    let endpoint = Asked::start().await;
    endpoint.change(|answers| {
        answers.userinfo = json!({
            "access_token": login.access_token, "id_token": login.id_token,
            "token_type": "Bearer", "expires_in": 3600,
        });
    });
    let folder = Folder::new();
    let settings = folder.settings(&json!({"providers": {"pool": {
        "kind": "cognito", "issuer": issuer, "client_ids": [login.client_id],
        "jwks_uri": format!("{}/{}/.well-known/jwks.json", moto.url, login.pool_id),
    }}}));
    let url = format!("{}/userinfo", endpoint.url);
    let arguments = [
        "pool",
        "--client-credentials",
        "--client-secret-file",
        "-",
        "--token-endpoint",
        &url,
    ];
    let ended = tool::start(&folder, &settings, &arguments, "secret")
        .await
        .end()
        .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    kept(&folder, &ended);
    let caller = format!("The caller is {}.", login.username);
    assert!(ended.stdout.contains(&caller), "{}", ended.stdout);
    assert!(ended.stdout.contains("by the rule"), "{}", ended.stdout);
}
