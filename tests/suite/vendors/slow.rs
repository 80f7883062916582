//! A vendor that does not answer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::ways::way;
use super::{Set, outcome, start, with};
use testing::Folder;
use testing::lambda::Lambda;
use testing::vendor::Vendor;

/// Vendors that introspect; the last one alone answers.
async fn start_with_hanging(hanging: usize, folder: &Folder) -> (Lambda, Vec<Vendor>) {
    let mut tree = json!({"providers": {}});
    let mut vendors = Vec::new();
    for place in 0..=hanging {
        let vendor = Vendor::start("custom", "valid").await;
        if place < hanging {
            vendor.hang();
        }
        let provider = way("custom by introspection").provider(&vendor.url);
        // No two providers may share an issuer.
        let fields = json!({"issuer": null, "verify": null});
        tree["providers"][format!("idp-{place}")] = with(provider, &fields);
        vendors.push(vendor);
    }
    (start(folder, tree).await, vendors)
}

#[tokio::test]
async fn those_after_it_have_their_turn() {
    for hanging in [1, 2, 3] {
        let folder = Folder::new();
        let (lambda, vendors) = start_with_hanging(hanging, &folder).await;
        let started = Instant::now();
        assert_eq!(outcome(&lambda, "a-token").await, "alice", "{hanging}");
        let waited = started.elapsed();
        assert!(waited < Duration::from_secs(5), "{hanging}: {waited:?}");
        assert!(waited > Duration::from_secs(1), "{hanging}: {waited:?}");

        if hanging == 1 {
            // A silence may be the doing of one token. Once several have met it, nobody waits.
            for token in ["token-2", "token-3", "token-4", "token-5"] {
                assert_eq!(outcome(&lambda, token).await, "alice");
            }
            let started = Instant::now();
            for token in ["token-6", "token-7", "token-8"] {
                assert_eq!(outcome(&lambda, token).await, "alice");
            }
            let waited = started.elapsed();
            assert!(waited < Duration::from_millis(500), "{waited:?}");
            assert_eq!(vendors[0].asked().len(), 5);
            assert_eq!(vendors[1].asked().len(), 8);
        }
    }
}

/// One request takes 2 s at most, and what follows it is not asked for.
#[tokio::test]
async fn a_vendor_alone() {
    for name in [
        "keycloak, introspection asked",
        "cognito, userinfo asked",
        "gitlab access token",
        "okta org",
    ] {
        let way = way(name);
        let set = Set::start(&way, "valid").await;
        set.vendor.hang();
        let token = way.token();
        let started = Instant::now();
        assert_eq!(set.outcome(&token).await, "500 provider_unavailable");
        let waited = started.elapsed();
        assert!(waited < Duration::from_secs(3), "{name}: {waited:?}");
        assert_eq!(set.vendor.asked().len(), 1, "{name}");
        // It is this token's silence: for a second nobody waits for it again, and others are asked
        // about.
        let started = Instant::now();
        assert_eq!(set.outcome(&token).await, "500 provider_unavailable");
        assert!(started.elapsed() < Duration::from_millis(500), "{name}");
        assert_eq!(set.vendor.asked().len(), 1, "{name}");
        set.vendor.play("valid");
        let outcome = set.outcome(&way.another_token()).await;
        assert!(!outcome.contains(' '), "{name}: {outcome}");
        assert_eq!(set.vendor.asked().len() - 1, requests_of(name), "{name}");
    }
}

/// How many requests one inspection takes.
fn requests_of(name: &str) -> usize {
    if name == "gitlab access token" { 2 } else { 1 }
}
