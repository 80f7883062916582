//! `?os_authType=`, which clients send for honest reasons: it says which kinds of credentials Atlassian
//! looks for.

use serde_json::json;

use super::{assertion, authorization, get, impersonation, settings};
use testing::local::{Local, without_cache};
use testing::tokens::{DEVELOPMENT_KEY, SigningKey, p256_pem};

#[tokio::test]
async fn refused_only_where_nothing_of_ours_is_sent() {
    let key = SigningKey::generate("key", "ES256");
    let alice = authorization(&key, "alice");
    for (upstream, expected) in [
        (json!({"mode": "none"}), "identity_parameter"),
        (json!({"mode": "fixed", "secret": "pat"}), "allowed"),
        // Hers is looked for, and there is none.
        (json!({"mode": "per_user"}), "user_credential_missing"),
        (impersonation::upstream(), "allowed"),
        (assertion::upstream(), "allowed"),
    ] {
        let mut settings = settings(&key, &upstream);
        settings["secrets"]["oauth1-key"] = DEVELOPMENT_KEY.into();
        settings["secrets"]["assertion-key"] = p256_pem().into();
        let local = Local::new(&settings, without_cache());
        for name in ["os_authType", "OS_AUTHTYPE", "os%5FauthType"] {
            let mut event = get(&alice);
            event["queryStringParameters"] = json!({"jql": "x", name: "basic"});
            assert_eq!(local.code(&event).await, expected, "{upstream} {name}");
            // It makes no other parameter right.
            event["queryStringParameters"]["os_username"] = "admin".into();
            assert_eq!(local.code(&event).await, "identity_parameter", "{upstream}");
        }
    }
}
