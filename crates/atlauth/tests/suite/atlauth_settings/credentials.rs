//! AWS credentials: the tool finds them as the AWS CLI does, the function in its environment alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::Operator;
use crate::atlauth;
use testing::asked::Asked;
use testing::atlauth::Atlauth;
use testing::ssm::{FakeSsm, PREFIX};
use testing::tokens::{SigningKey, access_claims};

const ISSUER: &str = "https://idp.example.com";

fn settings(key: &SigningKey) -> Value {
    json!({
        "settings": {"api_tokens": {"enabled": true}},
        "providers": {"idp": {"kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username"}},
        "products": {"jira": {"path": "/jira", "access": [{"allow": ["@read"]}]}},
    })
}

async fn ssm() -> FakeSsm {
    let ssm = FakeSsm::start().await;
    ssm.put(&settings(&SigningKey::generate("key", "ES256")));
    ssm
}

/// Two profiles in a home: `static` with a key, `process` with a program that prints one.
fn profiles(home: &Path) {
    let process = home.join("credentials.sh");
    std::fs::write(
        &process,
        "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"AKIDPROCESS\", \"SecretAccessKey\": \"secret\"}'\n",
    )
    .unwrap();
    std::fs::set_permissions(&process, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::create_dir(home.join(".aws")).unwrap();
    let config = format!(
        "[profile static]\nregion = eu-central-1\n[profile process]\nregion = eu-west-3\ncredential_process = {}\n",
        process.display()
    );
    std::fs::write(home.join(".aws/config"), config).unwrap();
    std::fs::write(
        home.join(".aws/credentials"),
        "[static]\naws_access_key_id = AKIDSTATIC\naws_secret_access_key = secret\n",
    )
    .unwrap();
}

#[tokio::test]
async fn profiles_are_found_with_their_region_and_process() {
    let ssm = ssm().await;
    let operator = Operator::new(None);
    profiles(operator.home.path());
    let source = format!("ssm:{PREFIX}");
    for (profile, wanted) in [
        ("static", "Credential=AKIDSTATIC/"),
        ("process", "Credential=AKIDPROCESS/"),
    ] {
        let said = operator
            .command(&["check", "--settings", &source])
            .env("AWS_PROFILE", profile)
            .env("AWS_ENDPOINT_URL_SSM", &ssm.url)
            .end("")
            .await;
        assert_eq!(said.code, 0, "{profile}: {}", said.stderr);
        let region = if profile == "static" {
            "eu-central-1"
        } else {
            "eu-west-3"
        };
        let signed = ssm.signed_with();
        assert!(
            signed.contains(wanted) && signed.contains(region),
            "{profile}: {signed}"
        );
    }
}

/// A profile serves every command that reads settings, and not those of `settings` alone.
#[tokio::test]
async fn every_command_finds_a_profile() {
    let ssm = FakeSsm::start().await;
    let key = SigningKey::generate("key", "ES256");
    let tree = settings(&key);
    ssm.put(&tree);
    let operator = Operator::new(None);
    profiles(operator.home.path());
    let file = operator.file("settings.json", &tree);
    let token = key.sign(&access_claims(ISSUER));
    let idp = Asked::start().await;
    idp.change(|answers| {
        answers.userinfo = json!({"access_token": token, "token_type": "bearer"});
    });
    let login = format!(
        "login idp --client-credentials --client-secret-file - --token-endpoint {}/userinfo",
        idp.url
    );
    let command = |words: &str| {
        atlauth(words)
            .env("HOME", operator.home.path())
            .env("AWS_PROFILE", "static")
            .env("AWS_ENDPOINT_URL_SSM", &ssm.url)
            .settings(&format!("ssm:{PREFIX}"))
    };
    let asked_by_the_profile = |before: usize, words: &str| {
        assert!(ssm.requests().len() > before, "{words}: SSM was not asked");
        let signed = ssm.signed_with();
        let of_profile =
            signed.contains("Credential=AKIDSTATIC/") && signed.contains("eu-central-1");
        assert!(of_profile, "{words}: {signed}");
    };
    // Each with its standard input, its exit code, and what it can only say of these settings.
    for (words, input, code, says) in [
        ("settings check", "", 0, "valid: ssm:"),
        ("settings lint", "", 0, "inline_keys"),
        ("settings pull", "", 0, "\"path\": \"/jira\""),
        (&format!("settings diff {file}"), "", 0, ""),
        (&format!("settings push {file}"), "", 0, ""),
        ("token list", "", 0, "there are no tokens"),
        ("keys jwks", "", 1, "assertion"),
        ("whoami -", &token, 0, "username   alice"),
        (
            "explain --path /jira/rest/api/2/myself -",
            &token,
            0,
            "rule 1 allows it: @read",
        ),
        (&login, "secret", 0, "The caller is alice."),
    ] {
        let before = ssm.requests().len();
        let said = command(words).end(input).await;
        assert_eq!(said.code, code, "{words}: {}", said.all());
        assert!(said.all().contains(says), "{words}: {}", said.all());
        asked_by_the_profile(before, words);
    }
    let before = ssm.requests().len();
    local(
        command("local --port 0 --upstream jira=http://127.0.0.1:9"),
        &token,
    )
    .await;
    asked_by_the_profile(before, "local");
}

/// Sends a request through `atlauth local`, which decides by the settings.
async fn local(command: Atlauth, token: &str) {
    let mut local = command.start("").await;
    let line = local.said(" -> ").await;
    let url = line.split(' ').next().unwrap();
    local.said("Listening").await;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(atlassian_authorizer::http::HttpClient::tls(None).unwrap())
        .no_proxy()
        .build()
        .unwrap();
    let request = client.get(format!("{url}/rest/api/2/myself"));
    // Nobody answers behind it; that it was let through stands in its row.
    request.bearer_auth(token).send().await.unwrap();
    local.printed("allowed                      alice").await;
}

#[tokio::test]
async fn without_any_it_says_what_to_do() {
    let ssm = ssm().await;
    let operator = Operator::new(None);
    let said = operator
        .command(&["check", "--settings", &format!("ssm:{PREFIX}")])
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL_SSM", &ssm.url)
        .end("")
        .await;
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert!(said.stderr.contains("AWS_PROFILE"), "{}", said.stderr);
}
