//! Pushes: whole, interrupted, taken back, at the same time.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Operator, SECRET};
use testing::bearer;
use testing::lambda::Lambda;
use testing::moto::Moto;
use testing::ssm::{FakeSsm, PREFIX};
use testing::tokens::{SigningKey, access_claims};

const OLD_KEY: &str = "old-old-old-old-old-old";
const NEW_KEY: &str = "new-new-new-new-new-new";
const OLD: (&str, &str) = ("alice", OLD_KEY);
const NEW: (&str, &str) = ("client", NEW_KEY);

fn source() -> String {
    format!("ssm:{PREFIX}")
}

/// A tree in which the first page of parameters says who calls, and the last which usage plan
/// counts.
fn tree(key: &SigningKey, username: &str, usage_key: &str) -> Value {
    let mut tree = json!({
        "settings": {"refresh_seconds": 1, "usage_keys": {"*": usage_key}},
        "providers": {"idp": {
            "kind": "custom", "issuer": "https://idp.example.com", "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": username,
        }},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read"]}]}},
    });
    for number in 10..30 {
        tree["secrets"][format!("secret-{number}")] = SECRET.into();
    }
    tree
}

fn old(key: &SigningKey) -> Value {
    tree(key, "username", OLD_KEY)
}

fn new(key: &SigningKey) -> Value {
    tree(key, "client_id", NEW_KEY)
}

/// The arguments that push a file at once.
fn push_of<'a>(file: &'a str, source: &'a str) -> [&'a str; 7] {
    ["push", file, "--settings", source, "--yes", "--settle", "0"]
}

fn marker() -> String {
    format!("{PREFIX}/push-in-progress")
}

fn has_marker(ssm: &FakeSsm) -> bool {
    let mut found = false;
    ssm.change(|state| found = state.parameters.contains_key(&marker()));
    found
}

fn parameters(ssm: &FakeSsm) -> Vec<(String, String)> {
    let mut all = Vec::new();
    ssm.change(|state| all = state.parameters.clone().into_iter().collect());
    all
}

/// What a function answers: whom it takes the caller for, and the usage plan.
async fn answer(lambda: &Lambda, event: &Value) -> (String, String) {
    let answer = lambda.invoke(event).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&answer["context"]["username"]),
        text(&answer["usageIdentifierKey"]),
    )
}

/// Asks a function all the time until it answers this, and returns everything that it answered.
async fn until(lambda: &Lambda, event: &Value, wanted: (&str, &str)) -> BTreeSet<(String, String)> {
    let mut seen = BTreeSet::new();
    for _ in 0..2_000 {
        let now = answer(lambda, event).await;
        seen.insert(now.clone());
        if (now.0.as_str(), now.1.as_str()) == wanted {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within 40 s: {seen:?}");
}

fn both(one: (&str, &str), other: (&str, &str)) -> BTreeSet<(String, String)> {
    let owned = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    [owned(one), owned(other)].into()
}

#[tokio::test]
async fn a_push_that_is_interrupted_is_never_half_in_force() {
    let key = SigningKey::generate("key", "ES256");
    let event = bearer(&key.sign(&access_claims("https://idp.example.com")));
    let ssm = FakeSsm::start().await;
    ssm.put(&old(&key));
    // A read takes three pages, so that it can begin before a change and end after it.
    ssm.change(|state| state.delay = Duration::from_millis(100));
    let lambda = Lambda::start(&source(), &ssm.variables()).await;
    assert_eq!(answer(&lambda, &event).await, (OLD.0.into(), OLD.1.into()));

    let operator = Operator::new(Some(&ssm.url));
    let file = operator.file("new.json", &new(&key));
    let source = source();
    let arguments = [
        "push",
        file.as_str(),
        "--settings",
        &source,
        "--yes",
        "--settle",
        "2",
    ];
    // The marker and the first change are written, and no more.
    ssm.change(|state| state.writes_left = Some(2));
    let reading = async {
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            seen.insert(answer(&lambda, &event).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        seen
    };
    let (said, seen) = tokio::join!(operator.says(&arguments), reading);
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert!(
        said.stderr.contains("the push was interrupted"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("--undo"), "{}", said.stderr);
    assert!(has_marker(&ssm));
    assert_ne!(parameters(&ssm).len(), 0);
    assert_eq!(seen, both(OLD, OLD));

    // A new instance has no settings to keep, and says why.
    let cold = Lambda::start(&source, &ssm.variables()).await;
    assert_eq!(cold.failed(&event).await, "settings_unavailable");
    assert!(cold.output().contains("a push of settings is in progress"));

    // The same again finishes it, while both read all the time.
    ssm.change(|state| state.writes_left = None);
    let (said, seen) = tokio::join!(operator.says(&arguments), until(&lambda, &event, NEW));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(!has_marker(&ssm));
    assert_eq!(seen, both(OLD, NEW));

    // And back again.
    let undo = [
        "push",
        "--undo",
        "--settings",
        &source,
        "--yes",
        "--settle",
        "2",
    ];
    let (said, seen) = tokio::join!(operator.says(&undo), until(&lambda, &event, OLD));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(seen, both(OLD, NEW));
    assert!(operator.kept().is_empty(), "the journal is gone");
}

#[tokio::test]
async fn an_interrupted_push_is_taken_back() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&old(&key));
    let before = parameters(&ssm);
    let operator = Operator::new(Some(&ssm.url));
    let mut tree = new(&key);
    tree["products"]["wiki"] = json!({"path": "/wiki", "access": [{"allow": ["@read"]}]});
    tree["products"]["jira"]["path"] = "/jira".into();
    let file = operator.file("new.json", &tree);
    let source = source();
    let push = push_of(&file, &source);
    for writes in 1..5 {
        ssm.change(|state| state.writes_left = Some(writes));
        let said = operator.says(&push).await;
        assert_eq!(said.code, 3, "{}", said.stderr);
        assert!(has_marker(&ssm));
        let journals = operator.kept();
        assert_eq!(journals.len(), 1);
        let mode = journals[0].0.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Undoing it can be interrupted too.
        let undo = [
            "push",
            "--undo",
            "--settings",
            &source,
            "--yes",
            "--settle",
            "0",
        ];
        ssm.change(|state| state.writes_left = Some(0));
        assert_eq!(operator.says(&undo).await.code, 3);
        assert!(has_marker(&ssm));
        ssm.change(|state| state.writes_left = None);
        let said = operator.says(&undo).await;
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert_eq!(parameters(&ssm), before);
        assert!(operator.kept().is_empty());
    }
}

#[tokio::test]
async fn anothers_push_is_left_alone() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&old(&key));
    let first = Operator::new(Some(&ssm.url));
    let second = Operator::new(Some(&ssm.url));
    let source = source();
    let file = first.file("new.json", &new(&key));
    let push = push_of(&file, &source);
    ssm.change(|state| state.writes_left = Some(2));
    assert_eq!(first.says(&push).await.code, 3);
    ssm.change(|state| state.writes_left = None);
    let there = parameters(&ssm);
    for arguments in [
        &push[..],
        &["push", "--undo", "--settings", &source, "--yes"],
    ] {
        let said = second.says(arguments).await;
        assert_eq!(said.code, 1, "{}", said.stderr);
        assert!(
            said.stderr.contains("journal is not on this machine"),
            "{}",
            said.stderr
        );
        assert_eq!(parameters(&ssm), there);
    }
    // Neither is it pulled.
    let said = second.says(&["pull", "--settings", &source]).await;
    assert_eq!(said.code, 1);
    let said = second.says(&["check", "--settings", &source]).await;
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains("push-in-progress: a push of settings"),
        "{}",
        said.stdout
    );
    // Whoever must can take it over.
    let over = [&push[..], &["--take-over"]].concat();
    let said = second.says(&over).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(!has_marker(&ssm));
}

#[tokio::test]
async fn only_valid_settings_are_pushed_and_only_when_confirmed() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&old(&key));
    let before = parameters(&ssm);
    let operator = Operator::new(Some(&ssm.url));
    let source = source();
    let mut tree = new(&key);
    tree["providers"]["idp"]["usrname"] = "x".into();
    tree["products"]["jira"]["path"] = "jira".into();
    let file = operator.file("bad.json", &tree);
    let said = operator
        .says(&["push", &file, "--settings", &source, "--yes"])
        .await;
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("providers/idp: usrname: is unknown"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("products/jira: path: "),
        "{}",
        said.stderr
    );
    let file = operator.file("good.json", &new(&key));
    let said = operator.says(&["push", &file, "--settings", &source]).await;
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains("--yes"), "{}", said.stderr);
    assert!(
        said.stdout.contains("providers/idp: changed"),
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains(NEW_KEY), "{}", said.stdout);
    assert_eq!(parameters(&ssm), before);
    let said = operator
        .says(&["push", &file, "--settings", "file:x.json"])
        .await;
    assert_eq!(said.code, 2);
    let said = operator.says(&["push", &file]).await;
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("AUTHORIZER_SETTINGS"),
        "{}",
        said.stderr
    );
}

#[tokio::test]
async fn pull_diff_and_push_go_round() {
    let moto = Moto::start().await;
    let key = SigningKey::generate("key", "ES256");
    moto.put_settings(&old(&key)).await;
    let operator = Operator::new(Some(&moto.url));
    let source = source();
    let path = operator.home.path().join("pulled.json");
    let pulled = path.to_str().unwrap();
    let pull = ["pull", "--settings", &source, "--out", pulled];
    let said = operator.says(&pull).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stderr.contains("left out: secrets/secret-10"),
        "{}",
        said.stderr
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(SECRET));
    assert_eq!(operator.says(&pull).await.code, 2, "the file is there");

    let diff = ["diff", pulled, "--settings", &source];
    let said = operator.says(&diff).await;
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains("secrets/secret-10: removed"),
        "{}",
        said.stdout
    );
    let without = [&diff[..], &["--no-secrets"]].concat();
    assert_eq!(operator.says(&without).await.code, 0);

    // What is pulled can be pushed, and leaves the secrets as they are.
    let mut tree: Value = serde_json::from_str(&text).unwrap();
    tree["products"]["jira"]["access"] = json!([{"allow": ["@read", "@write"]}]);
    tree["products"]["wiki"] = json!({"path": "/x", "access": [{"allow": ["@read"]}]});
    tree["products"]["jira"]["path"] = "/jira".into();
    tree["secrets"]["secret-10"] = format!("{SECRET}-2").into();
    tree["secrets"]["long"] = SECRET.repeat(150).into();
    tree["secrets"]["providers"] = json!({"idp": {"client": SECRET, "other": SECRET}});
    tree["secrets"]["settings"] = json!({"api-token-key": SECRET.repeat(4)});
    let file = operator.file("edited.json", &tree);
    let push = push_of(&file, &source);
    let said = operator.says(&push).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stdout.contains("products/wiki: added"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("+        \"@write\""),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("secrets/secret-10: changed"),
        "{}",
        said.stdout
    );
    let with = [
        "pull",
        "--settings",
        &source,
        "--out",
        pulled,
        "--force",
        "--with-secrets",
    ];
    assert_eq!(operator.says(&with).await.code, 0);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let found: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(found["products"], tree["products"]);
    assert_eq!(found["secrets"]["secret-10"], format!("{SECRET}-2"));
    assert_eq!(found["secrets"]["secret-11"], SECRET);
    for folder in ["providers", "settings"] {
        assert_eq!(found["secrets"][folder], tree["secrets"][folder]);
    }
    let said = operator.says(&push).await;
    assert!(said.stderr.contains("nothing to change"), "{}", said.stderr);
    // Secrets are encrypted, and what SSM takes as standard is kept so.
    let described = moto
        .call(
            "ssm",
            "AmazonSSM.DescribeParameters",
            json!({"MaxResults": 50}),
        )
        .await;
    for parameter in described["Parameters"].as_array().unwrap() {
        let name = parameter["Name"].as_str().unwrap();
        let secure = name.contains("/secrets/");
        assert_eq!(parameter["Type"] == "SecureString", secure, "{parameter}");
        let advanced = name.ends_with("/long");
        assert_eq!(parameter["Tier"] == "Advanced", advanced, "{parameter}");
    }
    let said = operator
        .says(&[
            "push",
            "--undo",
            "--settings",
            &source,
            "--yes",
            "--settle",
            "0",
        ])
        .await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let said = operator.says(&[&diff[..], &["--json"]].concat()).await;
    assert_eq!(said.code, 1, "pulled.json is the pushed one");
    let value: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(value["differs"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn what_somebody_changes_in_the_meantime_is_not_lost() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&old(&key));
    ssm.change(|state| state.delay = Duration::from_millis(200));
    let operator = Operator::new(Some(&ssm.url));
    let file = operator.file("new.json", &new(&key));
    let source = source();
    let push = push_of(&file, &source);
    let revoked = format!("{PREFIX}/revoked");
    for marker_too in [false, true] {
        ssm.change(|state| state.requests.clear());
        let change = async {
            // The tree has been read by then, and the marker is not there yet.
            let is_there = |request: &Value| request["ParameterFilters"].is_array();
            while !ssm.requests().iter().any(is_there) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            ssm.change(|state| {
                let name = if marker_too {
                    marker()
                } else {
                    revoked.clone()
                };
                state.parameters.insert(name, "[\"alice\"]".to_owned());
            });
        };
        let (said, ()) = tokio::join!(operator.says(&push), change);
        assert_eq!(said.code, 1, "{}", said.stderr);
        let wanted = if marker_too {
            "has just started a push"
        } else {
            "in the meantime"
        };
        assert!(said.stderr.contains(wanted), "{}", said.stderr);
        assert_eq!(has_marker(&ssm), marker_too);
        assert!(operator.kept().is_empty());
        let parameters = parameters(&ssm);
        let (_, settings) = parameters
            .iter()
            .find(|(name, _)| name.ends_with("/settings"))
            .unwrap();
        assert!(settings.contains(OLD_KEY));
        assert!(parameters.iter().any(|(name, _)| *name == revoked));
    }
}

/// A push writes a parameter for each document, and must not write beside one that holds several.
#[tokio::test]
async fn parameters_that_hold_several_documents_are_left_alone() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&old(&key));
    let providers = old(&key)["providers"].to_string();
    ssm.change(|state| {
        state.parameters.remove(&format!("{PREFIX}/providers/idp"));
        state
            .parameters
            .insert(format!("{PREFIX}/providers"), providers);
    });
    let before = parameters(&ssm);
    let operator = Operator::new(Some(&ssm.url));
    let source = source();
    let file = operator.file("new.json", &new(&key));
    let push = push_of(&file, &source);
    for arguments in [
        &push[..],
        &["push", "--undo", "--settings", &source, "--yes"],
    ] {
        let said = operator.says(arguments).await;
        assert_eq!(said.code, 1, "{}", said.stderr);
        let reason = "the parameter `providers` holds several documents";
        assert!(said.stderr.contains(reason), "{}", said.stderr);
    }
    assert_eq!(parameters(&ssm), before);
}
