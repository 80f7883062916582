//! The store of API tokens: what is in it, how often it is asked, and what its failures do.

use std::process::Stdio;
use std::time::Duration;

use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::Source;
use atlauth::api_tokens::{TokenId, create, revoke};
use serde_json::{Value, json};
use tokio::process::Command;

use testing::Folder;
use testing::api_tokens::{bearer, forge, id, parts, secret, settings};
use testing::lambda::Lambda;
use testing::local::Local;
use testing::moto::Moto;
use testing::ssm::{FakeSsm, PREFIX, sdk_variables};
use testing::tokens::now;

use crate::made_tokens::{RULES, create_in, of_alice};

const ORDER: &str = "TEST_OF_API_TOKENS";

/// Creates or revokes a token in SSM, in a process of its own: the SDK finds its way by variables
/// of the environment, which a process can't safely change for itself.
async fn operate(url: &str, order: Value) -> Value {
    let folder = Folder::new();
    let mut order = order;
    let result = folder.path().join("result.json");
    order["result"] = result.display().to_string().into();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "api_token_store::an_operator"])
        .env_clear()
        .envs(sdk_variables(url))
        .env(ORDER, order.to_string())
        .stdout(Stdio::null())
        .status()
        .await
        .unwrap();
    assert!(status.success());
    serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap()
}

/// What [`operate`] starts; without an order there is nothing to do.
#[tokio::test]
async fn an_operator() {
    let Ok(order) = std::env::var(ORDER) else {
        return;
    };
    let order: Value = serde_json::from_str(&order).unwrap();
    let store = Source::parse(&format!("ssm:{PREFIX}"), &HttpClient::new().unwrap()).unwrap();
    let result = if let Some(id) = order["revoke"].as_str() {
        let id = TokenId::new(id).unwrap();
        json!(revoke(&store, &id).await.unwrap())
    } else {
        let now = UnixTime::from_secs(now());
        let created = create(&store, Some(&RULES), of_alice(), now).await.unwrap();
        json!(created.token.expose_secret())
    };
    std::fs::write(order["result"].as_str().unwrap(), result.to_string()).unwrap();
}

async fn lambda(url: &str) -> Lambda {
    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &sdk_variables(url)).await;
    for (_, secret) in &sdk_variables(url)[2..] {
        lambda.keep_secret(secret);
    }
    lambda
}

/// The names of the records that SSM was asked for.
fn lookups(ssm: &FakeSsm) -> Vec<String> {
    let requests = ssm.requests();
    let names = requests
        .iter()
        .filter_map(|request| request["Name"].as_str());
    names.map(str::to_owned).collect()
}

/// Puts the record of a new token into an SSM of the tests' own.
async fn create_at(ssm: &FakeSsm) -> String {
    let folder = Folder::new();
    let created = create_in(&folder, of_alice()).await;
    let id = created.id.as_str();
    let file = folder.path().join(format!("settings-tokens/{id}.json"));
    let record = std::fs::read_to_string(file).unwrap();
    ssm.change(|state| {
        state
            .parameters
            .insert(format!("{PREFIX}-tokens/{id}"), record);
    });
    created.token.expose_secret().to_owned()
}

#[tokio::test]
async fn made_and_revoked_in_parameter_store() {
    let moto = Moto::start().await;
    moto.put_settings(&settings(&json!({"recheck_seconds": 1})))
        .await;
    let lambda = lambda(&moto.url).await;
    let token = operate(&moto.url, json!({})).await;
    let token = token.as_str().unwrap();
    let (id, secret) = parts(token);
    lambda.keep_secret(secret);
    assert_eq!(lambda.allowed(&bearer(token)).await, "alice");
    let code = lambda.denied(&bearer(&forge(id, &self::secret(1)))).await;
    assert_eq!(code, "api_token_unknown");

    // Beside the settings, not below them: a reload does not read all tokens.
    let name = format!("{PREFIX}-tokens/{id}");
    let stored = moto
        .call("ssm", "AmazonSSM.GetParameter", json!({"Name": name}))
        .await;
    assert_eq!(stored["Parameter"]["Type"], "String");
    let text = stored["Parameter"]["Value"].as_str().unwrap();
    assert!(!text.contains(secret), "{text}");
    let record: Value = serde_json::from_str(text).unwrap();
    let names: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "created",
            "expires",
            "groups",
            "name",
            "read_only",
            "secret_sha256",
            "username"
        ]
    );
    assert_eq!(record["secret_sha256"].as_str().unwrap().len(), 43);

    assert_eq!(operate(&moto.url, json!({"revoke": id})).await, true);
    assert_eq!(operate(&moto.url, json!({"revoke": id})).await, false);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.denied(&bearer(token)).await, "api_token_unknown");
}

#[tokio::test]
async fn each_id_is_looked_up_once() {
    let ssm = FakeSsm::start().await;
    ssm.put(&settings(&json!({})));
    let token = create_at(&ssm).await;
    let id_of = parts(&token).0.to_owned();
    let lambda = lambda(&ssm.url).await;

    // A wrong checksum needs no look at the store.
    let wrong = format!("{}{}", &token[..token.len() - 8], "aaaaaaaa");
    assert_eq!(lambda.denied(&bearer(&wrong)).await, "api_token_malformed");
    assert_eq!(lookups(&ssm), [""; 0]);

    let unknown = id(1);
    for number in 0..4 {
        let event = bearer(&forge(&unknown, &secret(number)));
        assert_eq!(lambda.denied(&event).await, "api_token_unknown");
    }
    for number in 0..30 {
        let event = bearer(&forge(&id_of, &secret(number)));
        assert_eq!(lambda.denied(&event).await, "api_token_unknown");
    }
    assert_eq!(lambda.allowed(&bearer(&token)).await, "alice");
    assert_eq!(
        lookups(&ssm),
        [unknown, id_of].map(|id| format!("{PREFIX}-tokens/{id}"))
    );
}

#[tokio::test]
async fn an_unknown_id_is_looked_up_again_after_half_a_minute() {
    let local = Local::new(&settings(&json!({})), Deployment::default());
    let created = create_in(&local.folder, of_alice()).await;
    let id = created.id.as_str();
    let tokens = local.folder.path().join("settings-tokens");
    let (file, away) = (tokens.join(format!("{id}.json")), tokens.join("away"));
    std::fs::rename(&file, &away).unwrap();
    let event = bearer(created.token.expose_secret());
    assert_eq!(local.code(&event).await, "api_token_unknown");
    std::fs::rename(&away, &file).unwrap();
    local.clock.advance(29);
    assert_eq!(local.code(&event).await, "api_token_unknown");
    assert_eq!(local.metric("record_reads"), 1);
    local.clock.advance(1);
    assert_eq!(local.code(&event).await, "allowed");
    assert_eq!(local.metric("record_reads"), 2);
}

#[tokio::test]
async fn guessing_ids_costs_a_bounded_number_of_lookups() {
    let local = Local::new(&settings(&json!({})), Deployment::default());
    let known = create_in(&local.folder, of_alice()).await;
    assert_eq!(
        local.code(&bearer(known.token.expose_secret())).await,
        "allowed"
    );
    let mut codes = Vec::new();
    for number in 0..100 {
        codes.push(local.code(&bearer(&forge(&id(number), &secret(0)))).await);
    }
    assert!(codes[..20].iter().all(|code| code == "api_token_unknown"));
    assert!(
        codes[20..]
            .iter()
            .all(|code| code == "api_tokens_unavailable")
    );
    assert_eq!(local.metric("record_reads"), 1 + 20);
    // What is known goes on.
    assert_eq!(
        local.code(&bearer(known.token.expose_secret())).await,
        "allowed"
    );
    local.clock.advance(3);
    let mut unknown = 0;
    for number in 100..110 {
        let code = local.code(&bearer(&forge(&id(number), &secret(0)))).await;
        unknown += usize::from(code == "api_token_unknown");
    }
    assert_eq!(unknown, 3);

    let ssm = FakeSsm::start().await;
    ssm.put(&settings(&json!({})));
    let lambda = lambda(&ssm.url).await;
    let mut failed = false;
    for number in 0..40 {
        let answer = lambda
            .invoke(&bearer(&forge(&id(number), &secret(0))))
            .await;
        failed |= answer.unwrap_err().error_message.starts_with("no decision");
    }
    assert!(failed);
    let lookups = lookups(&ssm).len();
    assert!((20..=35).contains(&lookups), "{lookups}");
}

#[tokio::test]
async fn a_store_that_is_down_lets_nobody_in() {
    let ssm = FakeSsm::start().await;
    ssm.put(&settings(&json!({})));
    let token = create_at(&ssm).await;
    let lambda = lambda(&ssm.url).await;
    lambda.keep_secret(parts(&token).1);
    lambda.denied(&bearer("eyJ.e30.x")).await;
    let denied = json!({"__type": "AccessDeniedException", "message": "not authorized to perform: ssm:GetParameter"});
    let internal = json!({"__type": "InternalServerError"});
    for failure in [
        vec![(400, denied)],
        vec![(500, internal); 5],
        vec![(200, json!({"Parameter": {}}))],
        vec![(200, json!({}))],
    ] {
        ssm.change(|state| state.failures = failure.into());
        let code = lambda.failed(&bearer(&token)).await;
        assert_eq!(code, "api_tokens_unavailable");
    }
    assert!(lambda.output().contains("AccessDeniedException"));
    assert_eq!(lambda.allowed(&bearer(&token)).await, "alice");

    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings(&json!({}))), &[]).await;
    std::fs::write(folder.path().join("settings-tokens"), "no folder").unwrap();
    let code = lambda.failed(&bearer(&token)).await;
    assert_eq!(code, "api_tokens_unavailable");
}

/// Whoever watches the store has metrics of its own: no provider is asked here.
#[tokio::test]
async fn a_lookup_in_ssm_counts_as_a_record_read_and_not_as_a_provider_check() {
    let ssm = FakeSsm::start().await;
    ssm.put(&settings(&json!({})));
    let token = create_at(&ssm).await;
    let lambda = lambda(&ssm.url).await;
    lambda.keep_secret(parts(&token).1);
    let denied = json!({"__type": "AccessDeniedException", "message": "not authorized"});
    for (failure, outcome, counts) in [
        // The settings are read first.
        (None, "unauthorized", json!([0, 0, 0, 0])),
        (Some((400, denied)), "failed", json!([1, 1, 0, 0])),
        (None, "allowed", json!([1, 0, 0, 0])),
    ] {
        ssm.change(|state| state.failures = failure.into_iter().collect());
        let credential = if outcome == "unauthorized" {
            "eyJ.e30.x"
        } else {
            &token
        };
        // Whether it is answered is in the audit line too.
        let _ = lambda.invoke(&bearer(credential)).await;
        let audit = lambda.audit().await;
        assert_eq!(audit["outcome"], outcome, "{audit}");
        let counted = [
            "record_reads",
            "record_read_failures",
            "provider_checks",
            "provider_check_failures",
        ];
        assert_eq!(json!(counted.map(|name| &audit[name])), counts, "{audit}");
    }
}

#[tokio::test]
async fn a_broken_record_lets_nobody_in_and_is_not_logged() {
    let folder = Folder::new();
    let created = create_in(&folder, of_alice()).await;
    let token = created.token.expose_secret();
    let file = folder
        .path()
        .join(format!("settings-tokens/{}.json", created.id.as_str()));
    let good: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut record = good.clone();
        record[name] = value;
        record.to_string()
    };
    let hash = good["secret_sha256"].as_str().unwrap();
    for record in [
        String::new(),
        "hunter2-hunter2".to_owned(),
        json!(["hunter2-hunter2"]).to_string(),
        with("hunter2-hunter2", json!(true)),
        with("expires", json!("hunter2-hunter2")),
        with("source_cidrs", json!(["hunter2-hunter2"])),
        with("username", json!("hunter2-hunter2\r\n")),
        with("name", json!("hunter2-hunter2".repeat(300))),
        good.to_string()
            .replacen('{', r#"{"username":"hunter2-hunter2","#, 1),
    ] {
        std::fs::write(&file, &record).unwrap();
        let lambda = Lambda::start(&folder.settings(&settings(&json!({}))), &[]).await;
        lambda.keep_secret(parts(token).1);
        lambda.keep_secret("hunter2");
        lambda.keep_secret(hash);
        let code = lambda.failed(&bearer(token)).await;
        assert_eq!(code, "api_tokens_unavailable", "{record}");
    }
    // A hash that is none is no secret's.
    std::fs::write(&file, with("secret_sha256", json!(""))).unwrap();
    let lambda = Lambda::start(&folder.settings(&settings(&json!({}))), &[]).await;
    assert_eq!(lambda.denied(&bearer(token)).await, "api_token_unknown");
    std::fs::write(&file, good.to_string()).unwrap();
}
