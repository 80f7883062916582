//! Logins that come to nothing: each says why, and what to do next.

use reqwest::Url;
use serde_json::json;

use super::settings;
use super::tool::{self, kept_in};
use testing::Folder;
use testing::asked::Asked;
use testing::atlauth::{Running, Said};
use testing::oidc::Oidc;

fn refused(folder: &Folder, ended: &Said, code: i32, message: &str) {
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
    assert_eq!((ended.code, &*ended.stdout), (code, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("next: "), "{}", ended.stderr);
    assert!(!kept_in(folder).exists());
}

/// A parameter of the URL to log in at.
pub fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Begins a login, and returns where the browser is to come back to, and with what.
async fn begun(oidc: &Oidc, folder: &Folder) -> (Running, String, String) {
    let settings = folder.settings(&settings(oidc));
    let mut tool = tool::start(folder, &settings, &["idp", "--no-browser"], "").await;
    let url = tool.said("/auth?").await;
    (
        tool,
        parameter(&url, "redirect_uri"),
        parameter(&url, "state"),
    )
}

async fn come_back(redirect: &str, query: &[(&str, &str)]) -> reqwest::Response {
    let url = Url::parse_with_params(redirect, query).unwrap();
    reqwest::get(url).await.unwrap()
}

/// What comes with another state ends nothing: any page in the browser could send it.
#[tokio::test]
async fn another_state_and_then_an_error() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let (mut tool, redirect, state) = begun(&oidc, &folder).await;
    let answer = come_back(&redirect, &[("state", "another"), ("code", "c")]).await;
    assert_eq!(answer.status(), 400);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    tool.said("the wrong `state`").await;
    let elsewhere = redirect.replace("/callback", "/");
    assert_eq!(come_back(&elsewhere, &[]).await.status(), 404);

    let query = [
        ("state", &*state),
        ("iss", &oidc.issuer),
        ("error", "access_denied"),
        ("error_description", "<b>No</b>\u{1b}[31m"),
    ];
    let page = come_back(&redirect, &query).await.text().await.unwrap();
    assert!(page.contains("The login has failed") && !page.contains("<b>"));
    let ended = tool.end().await;
    refused(&folder, &ended, 1, "access_denied: <b>No</b>[31m");
    assert!(!ended.stderr.contains('\u{1b}'));
}

/// RFC 9207: a code of another provider is sent to nobody.
#[tokio::test]
async fn another_issuer() {
    let oidc = Oidc::start().await;
    for (iss, message) in [
        (Some("https://evil.example"), "names another issuer"),
        (None, "lacks `iss`"),
    ] {
        let folder = Folder::new();
        let (tool, redirect, state) = begun(&oidc, &folder).await;
        let mut query = vec![("state", &*state), ("code", "c")];
        query.extend(iss.map(|iss| ("iss", iss)));
        come_back(&redirect, &query).await;
        refused(&folder, &tool.end().await, 1, message);
    }
}

/// A code that the provider did not give out.
#[tokio::test]
async fn a_code_of_nobody() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let (tool, redirect, state) = begun(&oidc, &folder).await;
    let query = [("state", &*state), ("code", "c"), ("iss", &oidc.issuer)];
    come_back(&redirect, &query).await;
    refused(&folder, &tool.end().await, 1, "invalid_grant");
}

#[tokio::test]
async fn nobody_comes_back() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let settings = folder.settings(&settings(&oidc));
    for flow in ["--no-browser", "--device"] {
        let arguments = ["idp", flow, "--timeout", "1s"];
        let ended = tool::run(&folder, &settings, &arguments).await;
        refused(&folder, &ended, 3, "nobody logged in within 1s");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there() {
    let mut oidc = Oidc::start().await;
    let folder = Folder::new();
    let settings = folder.settings(&settings(&oidc));
    oidc.stop().await;
    let ended = tool::run(&folder, &settings, &["idp"]).await;
    refused(&folder, &ended, 3, "the connection failed");
}

#[tokio::test]
async fn wrong_command_lines() {
    let folder = Folder::new();
    let provider = json!({
        "kind": "custom", "issuer": "https://idp.example.com", "client_ids": ["a", "b"],
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "kid": "k",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]},
        "username": "sub",
    });
    let settings = folder.settings(&json!({"providers": {"idp": provider}}));
    for (arguments, message) in [
        (&["other"][..], "they have: idp"),
        (&["idp"], "choose one with --client-id: a, b"),
        (
            &[
                "idp",
                "--client-id",
                "a",
                "--client-credentials",
                "--token-endpoint",
                "http://127.0.0.1:9/",
            ],
            "--client-secret-file",
        ),
    ] {
        let ended = tool::run(&folder, &settings, arguments).await;
        refused(&folder, &ended, 2, message);
    }
    for arguments in [
        &[][..],
        &["idp", "--device", "--client-credentials"],
        &["idp", "--token-endpoint", "http://idp.example.com/"],
    ] {
        assert_eq!(tool::run(&folder, &settings, arguments).await.code, 2);
    }
    let ended = tool::run(&folder, "file:", &["idp"]).await;
    assert_eq!(ended.code, 2);
}

/// What the token endpoint answers in place of a token.
#[tokio::test]
async fn answers_without_a_token() {
    let endpoint = Asked::start().await;
    let folder = Folder::new();
    let oidc = Oidc::start().await;
    let settings = folder.settings(&settings(&oidc));
    let url = format!("{}/userinfo", endpoint.url);
    let arguments = [
        "idp",
        "--client-credentials",
        "--client-secret-file",
        "-",
        "--token-endpoint",
        &url,
    ];
    for (answer, code, message) in [
        // As GitHub does it, with the status 200.
        (
            json!({"error": "incorrect_client_credentials", "error_description": "No."}),
            1,
            "incorrect_client_credentials",
        ),
        (
            json!({"access_token": "a-token-of-no-known-form"}),
            3,
            "not one of OAuth 2.0",
        ),
        (
            json!(["a-token-of-no-known-form"]),
            3,
            "not one of OAuth 2.0",
        ),
    ] {
        endpoint.change(|answers| answers.userinfo = answer);
        let ended = tool::start(&folder, &settings, &arguments, "secret")
            .await
            .end()
            .await;
        refused(&folder, &ended, code, message);
        assert!(!ended.tells("a-token-of-no-known-form"));
    }
}
