//! Users' own credentials.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use super::{PAT, authorization, get, settings};
use testing::Folder;
use testing::lambda::Lambda;
use testing::local::Local;
use testing::moto::Moto;
use testing::ssm::{FakeSsm, PREFIX, sdk_variables};
use testing::tokens::SigningKey;

fn store(folder: &Folder, name: &str, text: &str) {
    let users = folder.path().join("settings-users");
    std::fs::create_dir_all(&users).unwrap();
    std::fs::write(users.join(name), text).unwrap();
}

/// What the context says is sent, and the code of the audit line.
async fn sent(local: &Local, authorization: &str) -> (Value, String) {
    let answer = local.invoke(&get(authorization)).await;
    let answer =
        answer.unwrap_or_else(|refusal| json!({"context": {"authorization": refusal.to_string()}}));
    let code = local.audit()["code"].as_str().unwrap().to_owned();
    (answer["context"]["authorization"].clone(), code)
}

#[tokio::test]
async fn each_user_by_their_own() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(
        &settings(&key, &json!({"mode": "per_user"})),
        Deployment::default(),
    );
    store(&local.folder, "alice", PAT);
    store(&local.folder, "bob", "Ym9i\n");
    store(
        &local.folder,
        "carol",
        r#"{"jira": "Y2Fyb2w", "confluence": "eA"}"#,
    );
    store(&local.folder, "dave", r#"{"confluence": "eA"}"#);
    store(&local.folder, "erin", "two words");
    store(&local.folder, "frank", r#"{"jira": 7}"#);
    let allowed = |header: &str| (json!(header), "allowed".to_owned());
    let missing = (json!("none"), "user_credential_missing".to_owned());
    let unavailable = (
        json!("the store of users' credentials could not be read"),
        "user_credentials_unavailable".to_owned(),
    );
    let invalid = (
        json!("the user's credential can't be sent"),
        "user_credential_invalid".to_owned(),
    );
    for (username, expected) in [
        ("alice", allowed(&format!("Bearer {PAT}"))),
        ("bob", allowed("Bearer Ym9i")),
        ("carol", allowed("Bearer Y2Fyb2w")),
        ("dave", missing.clone()),
        ("erin", invalid),
        ("frank", unavailable.clone()),
        ("Alice", missing.clone()),
        ("nobody", missing.clone()),
    ] {
        let result = sent(&local, &authorization(&key, username)).await;
        assert_eq!(result, expected, "{username}");
    }

    let answer = local
        .invoke(&get(&authorization(&key, "nobody")))
        .await
        .unwrap();
    let statement = &answer["policyDocument"]["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(answer["context"]["username"], "nobody");
    let audit = local.audit();
    assert_eq!(audit["outcome"], "forbidden");
    assert_eq!(audit["username"], "nobody");
}

/// A token for one product is not sent to another.
#[tokio::test]
async fn several_products_need_a_credential_each() {
    let key = SigningKey::generate("key", "ES256");
    let mut settings = settings(&key, &json!({"mode": "per_user"}));
    settings["products"]["confluence"] =
        json!({"path": "/confluence", "upstream": {"mode": "per_user"}});
    let local = Local::new(&settings, Deployment::default());
    store(&local.folder, "alice", PAT);
    store(&local.folder, "bob", r#"{"jira": "Ym9i"}"#);
    let alice = authorization(&key, "alice");
    assert_eq!(sent(&local, &alice).await.1, "user_credential_missing");
    let bob = authorization(&key, "bob");
    assert_eq!(sent(&local, &bob).await.0, "Bearer Ym9i");
}

/// No two usernames share a name in the store, and none leads out of it.
#[tokio::test]
async fn names_in_the_store() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(
        &settings(&key, &json!({"mode": "per_user"})),
        Deployment::default(),
    );
    let names = [
        ("a.b@example.com", "a.b_40example.com"),
        ("a_b", "a_5Fb"),
        ("a_5Fb", "a_5F5Fb"),
        ("a/b", "a_2Fb"),
        ("..", "_2E."),
        ("../settings.json", "_2E._2Fsettings.json"),
        ("a b", "a_20b"),
        ("a%2fb", "a_252fb"),
    ];
    for (username, name) in names {
        store(&local.folder, name, &format!("token-of-{name}"));
        let (header, code) = sent(&local, &authorization(&key, username)).await;
        assert_eq!(code, "allowed", "{username}");
        assert_eq!(header, format!("Bearer token-of-{name}"));
    }
}

#[tokio::test]
async fn read_again_in_time() {
    let key = SigningKey::generate("key", "ES256");
    let upstream = json!({"mode": "per_user", "recheck_seconds": 60});
    let local = Local::new(&settings(&key, &upstream), Deployment::default());
    let alice = authorization(&key, "alice");
    assert_eq!(sent(&local, &alice).await.1, "user_credential_missing");
    store(&local.folder, "alice", "first");
    assert_eq!(sent(&local, &alice).await.1, "user_credential_missing");
    local.clock.advance(31);
    assert_eq!(sent(&local, &alice).await.0, "Bearer first");
    store(&local.folder, "alice", "second");
    assert_eq!(sent(&local, &alice).await.0, "Bearer first");
    local.clock.advance(61);
    assert_eq!(sent(&local, &alice).await.0, "Bearer second");
    std::fs::remove_file(local.folder.path().join("settings-users/alice")).unwrap();
    local.clock.advance(61);
    assert_eq!(sent(&local, &alice).await.1, "user_credential_missing");
}

#[tokio::test]
async fn from_ssm() {
    let key = SigningKey::generate("key", "ES256");
    let moto = Moto::start().await;
    let mut tree = settings(&key, &json!({"mode": "per_user", "scheme": "basic"}));
    tree["secrets"] = json!({"unused": "s3cr3t-unused"});
    moto.put_settings(&tree).await;
    let name = format!("{PREFIX}-users/alice_40example.com");
    let body =
        json!({"Name": name, "Value": "alice@example.com:api-token-1234", "Type": "SecureString"});
    moto.call("ssm", "AmazonSSM.PutParameter", body).await;
    let variables = sdk_variables(&moto.url);
    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &variables).await;
    for secret in ["api-token-1234", "YWxpY2VAZXhhbXBsZS5jb206"] {
        lambda.keep_secret(secret);
    }
    let alice = authorization(&key, "alice@example.com");
    let answer = lambda.invoke(&get(&alice)).await.unwrap();
    let expected = "Basic YWxpY2VAZXhhbXBsZS5jb206YXBpLXRva2VuLTEyMzQ=";
    assert_eq!(answer["context"]["authorization"], expected);
    let bob = authorization(&key, "bob");
    lambda.invoke(&get(&bob)).await.unwrap();
    assert_eq!(lambda.audit().await["code"], "user_credential_missing");
}

#[tokio::test]
async fn a_store_that_is_down() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&settings(&key, &json!({"mode": "per_user"})));
    let variables = sdk_variables(&ssm.url);
    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &variables).await;
    // A caller without a token loads the settings.
    lambda.denied(&get("")).await;
    ssm.change(|state| {
        let refusal = json!({"__type": "AccessDeniedException", "Message": "no"});
        state
            .failures
            .extend(std::iter::repeat_n((400, refusal), 10));
    });
    let event = get(&authorization(&key, "alice"));
    assert_eq!(lambda.failed(&event).await, "user_credentials_unavailable");
    let output = lambda.output();
    assert!(
        output.contains("the store of users could not be read"),
        "{output}"
    );
}
