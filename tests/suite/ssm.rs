//! SSM at its worst: failing at the start, later, slowly, with a poisoned document.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use testing::bearer;
use testing::lambda::Lambda;
use testing::ssm::{FakeSsm, PREFIX};
use testing::tokens::{SigningKey, access_claims};

fn tree(key: &SigningKey, username: &str) -> Value {
    json!({
        "settings": {"refresh_seconds": 1},
        "providers": {"idp": {
            "kind": "custom", "issuer": "https://idp.example.com", "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": username,
        }},
    })
}

async fn lambda(ssm: &FakeSsm) -> Lambda {
    let lambda = Lambda::start(&format!("ssm:{PREFIX}/"), &ssm.variables()).await;
    for (_, secret) in &ssm.variables()[2..] {
        lambda.keep_secret(secret);
    }
    lambda
}

fn event(key: &SigningKey) -> Value {
    bearer(&key.sign(&access_claims("https://idp.example.com")))
}

fn throttled() -> (u16, Value) {
    (
        400,
        json!({"__type": "ThrottlingException", "message": "Rate exceeded"}),
    )
}

fn forbidden() -> (u16, Value) {
    (
        400,
        json!({"__type": "AccessDeniedException", "message": "not authorized to perform: ssm:GetParametersByPath"}),
    )
}

async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test]
async fn pages_are_followed_and_secrets_decrypted() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    let mut tree = tree(&key, "username");
    for number in 0..30 {
        tree["secrets"][format!("secret-{number}")] = "a-secret-of-the-operator".into();
    }
    tree["products"]["jira"] = json!({"path": "/"});
    ssm.put(&tree);
    let lambda = lambda(&ssm).await;
    lambda.keep_secret("a-secret-of-the-operator");
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    let requests = ssm.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!(request["Path"], PREFIX);
        assert_eq!(request["WithDecryption"], true);
        assert_eq!(request["Recursive"], true);
    }
}

#[tokio::test]
async fn folders_in_one_parameter_take_one_call() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    let tree = tree(&key, "username");
    let secrets: serde_json::Map<String, Value> = (0..30)
        .map(|number| {
            (
                format!("secret-{number}"),
                json!("a-secret-of-the-operator"),
            )
        })
        .collect();
    let parameters = [
        ("settings", tree["settings"].to_string()),
        ("providers", tree["providers"].to_string()),
        ("products/jira", json!({"path": "/"}).to_string()),
        ("secrets", Value::Object(secrets).to_string()),
    ];
    let put = |name: &str, value: &str| {
        ssm.change(|state| {
            let name = format!("{PREFIX}/{name}");
            state.parameters.insert(name, value.to_owned());
        });
    };
    for (name, value) in &parameters {
        put(name, value);
    }
    let lambda = lambda(&ssm).await;
    lambda.keep_secret("a-secret-of-the-operator");
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    assert_eq!(ssm.requests().len(), 1);

    // What stands twice is an error, and the settings in force stay.
    put("secrets/secret-7", "another-secret-of-the-operator");
    lambda.keep_secret("another-secret-of-the-operator");
    pass(1_100).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    assert_eq!(lambda.audit().await["settings_load_failures"], 1);
    let problem = "secrets/secret-7: is in the parameter `secrets` too";
    assert!(lambda.output().contains(problem));
}

/// Somebody moves the products from a page that is not yet read to one that was.
#[tokio::test]
async fn a_read_that_is_torn_is_no_settings() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    let tree = tree(&key, "username");
    let page = |name: &str, value: &Value, next: Option<&str>| {
        let name = format!("{PREFIX}/{name}");
        let parameters = [json!({"Name": name, "Value": value.to_string(), "Type": "String"})];
        (200, json!({"Parameters": parameters, "NextToken": next}))
    };
    let torn = || {
        [
            page("providers/idp", &tree["providers"]["idp"], Some("1")),
            page("settings", &tree["settings"], None),
        ]
    };
    ssm.change(|state| state.failures = torn().into_iter().chain(torn()).collect());
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    assert!(
        lambda
            .output()
            .contains("products: is missing beside more than ten parameters")
    );
}

#[tokio::test]
async fn pages_without_end_are_given_up() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.change(|state| {
        state.failures = (0..200)
            .map(|_| (200, json!({"Parameters": [], "NextToken": "more"})))
            .collect();
    });
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    // By the start, and by the first event.
    assert_eq!(ssm.requests().len(), 2 * 50);
}

async fn a_throttled_start_waits_and_asks_again() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&tree(&key, "username"));
    ssm.change(|state| state.failures = [throttled()].into());
    let started = Instant::now();
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    assert_eq!(ssm.requests().len(), 2);
    assert!(started.elapsed() < Duration::from_secs(8));
}

async fn a_start_that_is_throttled_throughout_asks_few_times() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.change(|state| state.failures = (0..50).map(|_| throttled()).collect());
    let started = Instant::now();
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    let asked = ssm.requests().len();
    // Two at the least: the start asks, and so does the first event.
    assert!((2..=10).contains(&asked), "{asked}");
    assert!(started.elapsed() < Duration::from_secs(18));
    assert!(lambda.output().contains("ThrottlingException"));
}

#[tokio::test]
async fn a_throttled_reload_holds_nobody_up() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&tree(&key, "username"));
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    ssm.put(&tree(&key, "client_id"));
    ssm.change(|state| state.failures = (0..3).map(|_| throttled()).collect());
    pass(1_100).await;
    let started = Instant::now();
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(ssm.requests().len(), 1 + 3, "it is asked few times");
    assert_eq!(lambda.audit().await["ssm_throttles"], 3);
    // A change such as a revocation does not wait for a quiet minute.
    ssm.change(|state| state.failures = (0..2).map(|_| throttled()).collect());
    pass(1_100).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "client");
}

#[tokio::test]
async fn lost_answers_are_asked_for_again_at_once() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&tree(&key, "username"));
    let lost = || (500, json!({"__type": "InternalServerError"}));
    ssm.change(|state| state.failures = [lost(), lost(), lost()].into());
    let started = Instant::now();
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    assert_eq!(ssm.requests().len(), 4);
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn failing_at_the_start_is_500s_that_heal() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&tree(&key, "username"));
    ssm.change(|state| state.failures = [forbidden(), forbidden(), forbidden()].into());
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    assert_eq!(ssm.requests().len(), 2, "the first event tries at once");
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    assert_eq!(ssm.requests().len(), 2, "no third try within the back-off");
    assert!(lambda.output().contains("AccessDeniedException"));
    pass(1_100).await;
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    pass(2_100).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
}

#[tokio::test]
async fn failing_later_keeps_the_last_good_settings() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&tree(&key, "username"));
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    for failure in [
        forbidden(),
        (200, json!("not what was asked for")),
        (
            200,
            json!({"Parameters": [{"Name": format!("{PREFIX}/providers/idp"), "Value": "{"}]}),
        ),
        (200, json!({"Parameters": []})),
    ] {
        ssm.change(|state| state.failures = [failure].into());
        pass(1_100).await;
        assert_eq!(lambda.allowed(&event(&key)).await, "alice");
        assert_eq!(lambda.audit().await["settings_load_failures"], 1);
        // The back-off is over, and the next load is a good one.
        pass(1_100).await;
        assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    }
    ssm.put(&tree(&key, "client_id"));
    pass(1_100).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "client");
}

#[tokio::test]
async fn a_slow_ssm_is_bounded() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.put(&tree(&key, "username"));
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    ssm.change(|state| state.delay = Duration::from_secs(30));
    pass(1_100).await;
    let started = Instant::now();
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    let held_up = started.elapsed();
    assert!(
        held_up > Duration::from_secs(1) && held_up < Duration::from_secs(4),
        "{held_up:?}"
    );
    // Back-off: the next request does not wait.
    let started = Instant::now();
    assert_eq!(lambda.allowed(&event(&key)).await, "alice");
    assert!(started.elapsed() < Duration::from_millis(500));
}

async fn a_dead_ssm_at_the_start_is_bounded() {
    let key = SigningKey::generate("key", "ES256");
    let ssm = FakeSsm::start().await;
    ssm.change(|state| state.delay = Duration::from_secs(30));
    let started = Instant::now();
    let lambda = lambda(&ssm).await;
    assert_eq!(lambda.failed(&event(&key)).await, "settings_unavailable");
    assert!(started.elapsed() < Duration::from_secs(18));
}

/// Side by side, for they wait for seconds.
#[tokio::test]
async fn starts_without_ssm_are_bounded() {
    tokio::join!(
        a_throttled_start_waits_and_asks_again(),
        a_start_that_is_throttled_throughout_asks_few_times(),
        a_dead_ssm_at_the_start_is_bounded(),
    );
}

/// While a push is under way, or a folder can't be read, `revoked` is applied by itself.
#[tokio::test]
async fn revoked_by_itself() {
    let key = SigningKey::generate("key", "ES256");
    for (name, value) in [
        ("push-in-progress", "the-id-of-a-push"),
        ("secrets", "no JSON"),
        ("products", "{}"),
    ] {
        let ssm = FakeSsm::start().await;
        ssm.put(&tree(&key, "username"));
        let lambda = lambda(&ssm).await;
        let event = event(&key);
        assert_eq!(lambda.allowed(&event).await, "alice");
        ssm.change(|state| {
            let mut put = |name: &str, value: &str| {
                state
                    .parameters
                    .insert(format!("{PREFIX}/{name}"), value.to_owned());
            };
            put(name, value);
            put("revoked", r#"["ALICE"]"#);
        });
        pass(1_100).await;
        assert_eq!(lambda.denied(&event).await, "token_revoked", "{name}");
        assert_eq!(lambda.audit().await["settings_load_failures"], 1);
        assert!(lambda.output().contains("more is revoked"));
    }
}
