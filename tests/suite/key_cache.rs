//! Rotation, withdrawal and outage of a provider's keys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::error::{Denial, Fault};
use serde_json::{Value, json};

use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims, now};
use testing::{Folder, bearer};

/// The authorizer with settings that are not read again for an hour.
fn local(mut settings: Value) -> Local {
    settings["settings"] = json!({"refresh_seconds": 3_600});
    Local::new(&settings, Deployment::default())
}

fn long_lived(issuer: &Issuer) -> Value {
    let mut claims = access_claims(&issuer.url);
    claims["exp"] = (now() + 30 * 86_400).into();
    claims
}

#[tokio::test]
async fn rotation_is_followed_without_a_restart() {
    let (old, new) = (
        SigningKey::generate("old", "ES256"),
        SigningKey::generate("new", "ES256"),
    );
    let issuer = Issuer::start(&[&old]).await;
    let local = local(issuer.settings());
    local.check(&old.sign(&long_lived(&issuer))).await.unwrap();

    issuer.publish(&[&old, &new]);
    local.clock.advance(10);
    local.check(&new.sign(&long_lived(&issuer))).await.unwrap();
    local.check(&old.sign(&long_lived(&issuer))).await.unwrap();
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(local.metric("key_fetches"), 2);
}

#[tokio::test]
async fn unknown_kids_cause_one_fetch_per_cooldown() {
    let (key, unknown) = (
        SigningKey::generate("key", "ES256"),
        SigningKey::generate("no", "ES256"),
    );
    let issuer = Issuer::start(&[&key]).await;
    let local = local(issuer.settings());
    local.check(&key.sign(&long_lived(&issuer))).await.unwrap();
    let bad = unknown.sign(&long_lived(&issuer));
    for expected in [1, 2, 3] {
        for _ in 0..5 {
            assert_eq!(local.check(&bad).await, Err(Denial::KeyUnknown.into()));
        }
        assert_eq!(issuer.fetches(), expected);
        local.clock.advance(10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_unknown_kids_cause_one_fetch() {
    let (key, unknown) = (
        SigningKey::generate("key", "ES256"),
        SigningKey::generate("no", "ES256"),
    );
    let issuer = Issuer::start(&[&key]).await;
    let local = Arc::new(local(issuer.settings()));
    local.check(&key.sign(&long_lived(&issuer))).await.unwrap();
    local.clock.advance(10);
    issuer.change(|behaviour| behaviour.delay = Duration::from_millis(100));
    let bad = unknown.sign(&long_lived(&issuer));
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (local, bad) = (Arc::clone(&local), bad.clone());
            tokio::spawn(async move { local.check(&bad).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(Denial::KeyUnknown.into()));
    }
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_first_tokens_cause_one_fetch() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.delay = Duration::from_millis(100));
    let local = Arc::new(local(issuer.settings()));
    let token = key.sign(&long_lived(&issuer));
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (local, token) = (Arc::clone(&local), token.clone());
            tokio::spawn(async move { local.check(&token).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_verdicts_along() {
    let (old, new) = (
        SigningKey::generate("old", "ES256"),
        SigningKey::generate("new", "ES256"),
    );
    let issuer = Issuer::start(&[&old, &new]).await;
    issuer.change(|behaviour| behaviour.headers = vec![("cache-control", "max-age=600".into())]);
    let local = local(issuer.settings());
    let token = old.sign(&long_lived(&issuer));
    local.check(&token).await.unwrap();
    assert!(local.audit()["from_cache"] == false);
    local.check(&token).await.unwrap();
    assert!(local.audit()["from_cache"] == true);

    issuer.publish(&[&new]);
    local.clock.advance(599);
    local.check(&token).await.unwrap();
    assert_eq!(issuer.fetches(), 1);
    local.clock.advance(1);
    assert_eq!(local.check(&token).await, Err(Denial::KeyUnknown.into()));
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn a_set_without_any_key_is_no_outage() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let local = local(issuer.settings());
    let token = key.sign(&long_lived(&issuer));
    local.check(&token).await.unwrap();
    issuer.publish(&[]);
    local.clock.advance(300);
    for _ in 0..2 {
        assert_eq!(
            local.check(&token).await,
            Err(Fault::KeysUnavailable.into())
        );
    }
    issuer.publish(&[&key]);
    local.clock.advance(1);
    local.check(&token).await.unwrap();
}

#[tokio::test]
async fn a_key_replaced_under_the_same_kid_takes_its_verdicts_along() {
    let (old, new) = (
        SigningKey::generate("same", "ES256"),
        SigningKey::generate("same", "ES256"),
    );
    let issuer = Issuer::start(&[&old]).await;
    let local = local(issuer.settings());
    let token = old.sign(&long_lived(&issuer));
    local.check(&token).await.unwrap();
    issuer.publish(&[&new]);
    local.clock.advance(300);
    assert_eq!(
        local.check(&token).await,
        Err(Denial::SignatureInvalid.into())
    );
    local.check(&new.sign(&long_lived(&issuer))).await.unwrap();
}

#[tokio::test]
async fn cache_control_is_followed_within_bounds() {
    for (header, fresh) in [
        (None, 300),
        (Some("max-age=1"), 60),
        (Some("no-store"), 60),
        (Some("max-age=900"), 900),
        (Some("max-age=86400"), 3_600),
        (Some("max-age=nonsense"), 300),
    ] {
        let key = SigningKey::generate("key", "ES256");
        let issuer = Issuer::start(&[&key]).await;
        if let Some(header) = header {
            issuer.change(|behaviour| behaviour.headers = vec![("cache-control", header.into())]);
        }
        let local = local(issuer.settings());
        let token = key.sign(&long_lived(&issuer));
        local.check(&token).await.unwrap();
        local.clock.advance(fresh - 1);
        local.check(&token).await.unwrap();
        assert_eq!(issuer.fetches(), 1, "{header:?}");
        local.clock.advance(1);
        local.check(&token).await.unwrap();
        assert_eq!(issuer.fetches(), 2, "{header:?}");
    }
}

#[tokio::test]
async fn an_outage_is_bridged_for_four_hours_with_backoff() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let local = local(issuer.settings());
    let token = key.sign(&long_lived(&issuer));
    local.check(&token).await.unwrap();

    issuer.change(|behaviour| behaviour.status = 503);
    local.clock.advance(300);
    for _ in 0..5 {
        local.check(&token).await.unwrap();
    }
    assert_eq!(issuer.fetches(), 2, "no second try within the back-off");
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        local.clock.advance(pause);
        local.check(&token).await.unwrap();
        local.check(&token).await.unwrap();
    }
    assert_eq!(issuer.fetches(), 10);
    assert_eq!(local.metric("key_fetch_failures"), 9);

    // 300 and 183 seconds of it have passed.
    local.clock.advance(4 * 3_600 - 484);
    local.check(&token).await.unwrap();
    local.clock.advance(1);
    assert_eq!(
        local.check(&token).await,
        Err(Fault::KeysUnavailable.into())
    );
    issuer.change(|behaviour| behaviour.status = 200);
    local.clock.advance(60);
    local.check(&token).await.unwrap();
}

/// How long the last good set serves is a setting; a set is fetched anew when half of that has
/// passed, so that there is time to.
#[tokio::test]
async fn the_settings_say_how_long_an_outage_is_bridged() {
    for (stale, max_age, fresh) in [
        (300, 3_600, 150),
        (300, 60, 60),
        (3_600, 3_600, 1_800),
        (86_400, 3_600, 3_600),
    ] {
        let key = SigningKey::generate("key", "ES256");
        let issuer = Issuer::start(&[&key]).await;
        let header = format!("max-age={max_age}");
        issuer.change(|behaviour| behaviour.headers = vec![("cache-control", header)]);
        let mut settings = issuer.settings();
        settings["providers"]["idp"]["keys_max_stale_seconds"] = stale.into();
        // Older than the settings may become.
        settings["settings"] = json!({"refresh_seconds": 3_600});
        let local = local(settings);
        let token = key.sign(&long_lived(&issuer));
        local.check(&token).await.unwrap();
        issuer.change(|behaviour| behaviour.status = 503);
        local.clock.advance(fresh - 1);
        local.check(&token).await.unwrap();
        assert_eq!(issuer.fetches(), 1, "{stale}");
        local.clock.advance(1);
        local.check(&token).await.unwrap();
        assert_eq!(issuer.fetches(), 2, "{stale}");
        local.clock.advance(stale - fresh - 1);
        local.check(&token).await.unwrap();
        local.clock.advance(1);
        assert_eq!(
            local.check(&token).await,
            Err(Fault::KeysUnavailable.into()),
            "{stale}"
        );
    }
}

/// Whoever lengthens it in an outage needs the set that is there, and whoever shortens it means the
/// set that is there.
#[tokio::test]
async fn a_change_of_that_setting_keeps_the_set_that_is_there() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let settings = |stale: u64| {
        let mut settings = issuer.settings();
        settings["settings"] = json!({"refresh_seconds": 60});
        settings["providers"]["idp"]["keys_max_stale_seconds"] = stale.into();
        settings
    };
    let local = Local::new(&settings(900), Deployment::default());
    let token = key.sign(&long_lived(&issuer));
    local.check(&token).await.unwrap();
    issuer.change(|behaviour| behaviour.status = 503);
    local.clock.advance(800);
    local.check(&token).await.unwrap();
    local.folder.settings(&settings(7_200));
    local.clock.advance(60);
    local.check(&token).await.unwrap();
    local.clock.advance(1_000);
    local.check(&token).await.unwrap();
    local.folder.settings(&settings(900));
    local.clock.advance(60);
    assert_eq!(
        local.check(&token).await,
        Err(Fault::KeysUnavailable.into())
    );
}

#[tokio::test]
async fn an_outage_from_the_start_is_a_fault_that_heals() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.status = 500);
    let local = local(issuer.settings());
    let token = key.sign(&long_lived(&issuer));
    for _ in 0..3 {
        assert_eq!(
            local.check(&token).await,
            Err(Fault::KeysUnavailable.into())
        );
    }
    assert_eq!(issuer.fetches(), 1);
    issuer.change(|behaviour| behaviour.status = 200);
    local.clock.advance(1);
    local.check(&token).await.unwrap();
}

#[tokio::test]
async fn hostile_key_sets_are_faults_of_bounded_cost() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let folder = Folder::new();
    let settings = folder.settings(&issuer.settings());
    let other = Issuer::start(&[&key]).await;
    let token = key.sign(&access_claims(&issuer.url));
    let good = String::from_utf8(testing::issuer::key_set(&[&key])).unwrap();
    let padded = format!(r#"{{"padding":"{}",{}"#, "x".repeat(300 * 1024), &good[1..]);
    for (what, status, body, headers) in [
        ("not JSON", 200, "<html>".to_owned(), vec![]),
        ("not UTF-8", 200, "\u{0}".to_owned(), vec![]),
        ("no keys", 200, r#"{"keys":[]}"#.to_owned(), vec![]),
        (
            "keys twice",
            200,
            format!("{}{}", r#"{"keys":[],"#, &good[1..]),
            vec![],
        ),
        ("huge", 200, padded, vec![]),
        ("not found", 404, good.clone(), vec![]),
        (
            "redirect",
            302,
            good.clone(),
            vec![("location", other.jwks_uri())],
        ),
        ("partial", 206, good.clone(), vec![]),
    ] {
        issuer.change(|behaviour| {
            behaviour.status = status;
            behaviour.keys = body.into_bytes();
            behaviour.headers = headers;
        });
        let lambda = Lambda::start(&settings, &[]).await;
        assert_eq!(
            lambda.failed(&bearer(&token)).await,
            "keys_unavailable",
            "{what}"
        );
    }
    assert_eq!(other.fetches(), 0, "a redirect was followed");
}

#[tokio::test]
async fn a_slow_issuer_costs_two_seconds() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.delay = Duration::from_secs(20));
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    let started = Instant::now();
    let event = bearer(&key.sign(&access_claims(&issuer.url)));
    assert_eq!(lambda.failed(&event).await, "keys_unavailable");
    // One and a half before the first event, and two for it.
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_unusable_key_does_not_spoil_the_set() {
    let key = SigningKey::generate("key", "RS256");
    let issuer = Issuer::start(&[&key]).await;
    let set = json!({"keys": [
        {"kty": "oct", "kid": "hmac", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "enc", "use": "enc", "n": key.jwk["n"], "e": "AQAB"},
        "nonsense",
        key.jwk,
    ]});
    issuer.change(|behaviour| behaviour.keys = set.to_string().into_bytes());
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    let event = bearer(&key.sign(&access_claims(&issuer.url)));
    assert_eq!(lambda.allowed(&event).await, "alice");
}

#[tokio::test]
async fn verdicts_lapse_with_their_tokens() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let local = local(issuer.settings());
    let mut claims = access_claims(&issuer.url);
    claims["exp"] = (now() + 50).into();
    let token = key.sign(&claims);
    local.check(&token).await.unwrap();
    local.clock.advance(49);
    local.check(&token).await.unwrap();
    assert!(local.audit()["from_cache"] == true);
    local.clock.advance(2);
    assert_eq!(local.check(&token).await, Err(Denial::TokenExpired.into()));
}
