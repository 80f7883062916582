//! AWS credentials: the tool finds them as the AWS CLI does, the function in its environment alone.

use std::os::unix::fs::PermissionsExt;

use super::Operator;
use testing::ssm::{FakeSsm, PREFIX};
use testing::tokens::SigningKey;

async fn ssm() -> FakeSsm {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&serde_json::json!({
        "providers": {"idp": {"kind": "custom", "issuer": "https://idp.example.com", "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "sub"}},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read"]}]}},
    }));
    ssm
}

#[tokio::test]
async fn profiles_are_found_with_their_region_and_process() {
    let ssm = ssm().await;
    let operator = Operator::new(None);
    let home = operator.home.path();
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
