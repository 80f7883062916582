//! API keys of usage plans, which the authorizer names in place of the caller.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use super::{authorization, get, settings};
use testing::local::Local;
use testing::tokens::SigningKey;

const ALL: &str = "b54d1a16-3d1f-4a3a-a8b3-0f2c8c7b8f10";
const OWN: &str = "key-of-the-build-server-01";

#[tokio::test]
async fn by_client() {
    let key = SigningKey::generate("key", "ES256");
    let alice = get(&authorization(&key, "alice"));
    let basic = get("Basic YWxpY2U6Y29ycmVjdC1ob3JzZQ==");
    for (mode, keys, of_alice, of_basic) in [
        ("enforce", json!({"*": ALL}), json!(ALL), json!(ALL)),
        (
            "enforce",
            json!({"*": ALL, "client": OWN}),
            json!(OWN),
            json!(ALL),
        ),
        ("enforce", json!({"client": OWN}), json!(OWN), Value::Null),
        ("enforce", json!({"other": OWN}), Value::Null, Value::Null),
        (
            "monitor",
            json!({"*": ALL, "client": OWN}),
            json!(ALL),
            json!(ALL),
        ),
        ("off", json!({"*": ALL}), json!(ALL), json!(ALL)),
    ] {
        let mut settings = settings(&key, &json!({"mode": "none"}));
        settings["settings"] =
            json!({"mode": mode, "basic_auth": "pass_through", "usage_keys": keys});
        let local = Local::new(&settings, Deployment::default());
        for (event, expected) in [(&alice, of_alice), (&basic, of_basic)] {
            let answer = local.invoke(event).await.unwrap();
            assert_eq!(answer["usageIdentifierKey"], expected, "{mode} {keys}");
            assert_eq!(
                answer.get("usageIdentifierKey").is_some(),
                !expected.is_null()
            );
        }
    }
}
