//! Which vendors are asked about an opaque token, and in which order.

use serde_json::{Value, json};

use super::ways::way;
use super::{outcome, start, with};
use testing::Folder;
use testing::lambda::Lambda;
use testing::tokens::now;
use testing::vendor::Vendor;

const TOKEN: &str = "mF_9.B5f-4.1JqMNotARealToken";

/// Providers by their names, each with a vendor of its own.
struct Vendors {
    lambda: Lambda,
    each: Vec<(&'static str, Vendor)>,
    _folder: Folder,
}

impl Vendors {
    /// Each with a way and the case that its vendor plays.
    async fn start(providers: &[(&'static str, &str, &str)], settings: Value) -> Self {
        let mut tree = json!({"settings": settings, "providers": {}});
        let mut each = Vec::new();
        for (id, name, case) in providers {
            let way = way(name);
            let vendor = Vendor::start(way.vendor.unwrap(), case).await;
            let mut provider = way.provider(&vendor.url);
            if way.vendor == Some("custom") {
                // No two providers may share an issuer.
                provider = with(provider, &json!({"issuer": null, "verify": null}));
            }
            tree["providers"][id] = provider;
            each.push((*id, vendor));
        }
        let folder = Folder::new();
        Self {
            lambda: start(&folder, tree).await,
            each,
            _folder: folder,
        }
    }

    async fn outcome(&self, token: &str) -> String {
        outcome(&self.lambda, token).await
    }

    /// The provider of the last audit line.
    async fn provider(&self) -> Value {
        self.lambda.audit().await["provider"].clone()
    }

    /// Who has been asked up to now, in order.
    fn asked(&self) -> Vec<&'static str> {
        let mut asked: Vec<_> = self
            .each
            .iter()
            .flat_map(|(id, vendor)| vendor.asked().into_iter().map(|asked| (asked.at, *id)))
            .collect();
        asked.sort_unstable();
        asked.into_iter().map(|(_, id)| id).collect()
    }
}

/// Two providers that introspect.
async fn two(first: &str, second: &str, order: &[&str]) -> Vendors {
    let settings = if order.is_empty() {
        json!({})
    } else {
        json!({"opaque_order": order})
    };
    Vendors::start(
        &[
            ("a", "custom by introspection", first),
            ("b", "custom by introspection", second),
        ],
        settings,
    )
    .await
}

#[tokio::test]
async fn the_settings_say_who_is_first() {
    for (order, first, others) in [
        (&[][..], "a", &["a", "b"][..]),
        (&["b"], "b", &["b", "a"]),
        (&["b", "a"], "b", &["b", "a"]),
        (&["a", "b"], "a", &["a", "b"]),
    ] {
        let vendors = two("valid", "valid", order).await;
        assert_eq!(vendors.outcome(TOKEN).await, "alice");
        assert_eq!(vendors.provider().await, first);
        assert_eq!(vendors.asked(), [first]);

        let vendors = two("malformed", "malformed", order).await;
        assert_eq!(vendors.outcome(TOKEN).await, "401 token_inactive");
        assert_eq!(vendors.provider().await, Value::Null, "nobody's");
        assert_eq!(vendors.asked(), others);
        // Nobody is asked about it again for a while.
        assert_eq!(vendors.outcome(TOKEN).await, "401 token_inactive");
        assert_eq!(vendors.asked(), others);
    }
}

#[tokio::test]
async fn not_mine_goes_on_and_mine_but_bad_stops() {
    for (first, expected, provider, asked) in [
        ("revoked", "alice", json!("b"), &["a", "b"][..]),
        ("unsupported_token_type", "alice", json!("b"), &["a", "b"]),
        ("other_client", "401 audience_mismatch", json!("a"), &["a"]),
        (
            "expired_but_active",
            "401 token_expired",
            json!("a"),
            &["a"],
        ),
        (
            "refresh_token_by_type",
            "401 token_type_unsupported",
            json!("a"),
            &["a"],
        ),
        ("no_user", "401 username_missing", json!("a"), &["a"]),
        // One that fails does not stand in the way of a token that another knows.
        ("down", "alice", json!("b"), &["a", "b"]),
        ("rate_limited", "alice", json!("b"), &["a", "b"]),
        ("wrong_secret", "alice", json!("b"), &["a", "b"]),
        ("nonsense", "alice", json!("b"), &["a", "b"]),
    ] {
        let vendors = two(first, "valid", &[]).await;
        assert_eq!(vendors.outcome(TOKEN).await, expected, "{first}");
        assert_eq!(vendors.provider().await, provider, "{first}");
        assert_eq!(vendors.asked(), asked, "{first}");
    }
}

/// Nobody can say that a token is no good while one that might know it fails.
#[tokio::test]
async fn a_failure_and_nobody_who_knows_the_token() {
    for (first, second, expected, provider) in [
        ("down", "malformed", "500 provider_unavailable", "a"),
        (
            "malformed",
            "rate_limited",
            "500 provider_rate_limited",
            "b",
        ),
        ("wrong_secret", "down", "500 provider_misconfigured", "a"),
        ("down", "other_client", "401 audience_mismatch", "b"),
    ] {
        let vendors = two(first, second, &[]).await;
        assert_eq!(vendors.outcome(TOKEN).await, expected, "{first} {second}");
        assert_eq!(vendors.provider().await, provider, "{first} {second}");
        assert_eq!(vendors.asked(), ["a", "b"], "{first} {second}");
    }
}

const EACH: [(&str, &str, &str); 6] = [
    ("custom", "custom by introspection", "malformed"),
    ("facebook", "facebook", "valid"),
    ("github", "github", "valid"),
    ("gitlab", "gitlab access token", "malformed"),
    ("google", "google access token", "valid"),
    ("slack", "slack user token", "valid"),
];

#[tokio::test]
async fn a_token_with_a_vendors_beginning_goes_to_that_vendor_alone() {
    for (token, vendor, expected) in [
        ("gho_NotARealToken", "github", "alice"),
        ("ghu_NotARealToken", "github", "alice"),
        ("ya29.a0NotARealToken", "google", "alice@example.com"),
        ("xoxp-1234567890-NotARealToken", "slack", "U0123ABC456"),
        ("xoxe.xoxp-1-NotARealToken", "slack", "U0123ABC456"),
        ("EAANotARealToken", "facebook", "alice"),
    ] {
        let vendors = Vendors::start(&EACH, json!({"opaque_order": ["custom"]})).await;
        assert_eq!(vendors.outcome(token).await, expected, "{token}");
        assert_eq!(vendors.asked(), [vendor], "{token}");
    }
    // Not even when it refuses.
    for (id, token) in [
        ("github", "gho_NotARealToken"),
        ("google", "ya29.a0NotARealToken"),
        ("slack", "xoxp-1234567890-NotARealToken"),
        ("facebook", "EAANotARealToken"),
    ] {
        let vendors = Vendors::start(&EACH, json!({})).await;
        let mut all = vendors.each.iter();
        let (_, vendor) = all.find(|(vendor, _)| *vendor == id).unwrap();
        vendor.play("revoked");
        assert_eq!(
            vendors.outcome(token).await,
            "401 token_inactive",
            "{token}"
        );
        assert_eq!(vendors.asked(), [id], "{token}");
    }
}

/// No application is behind these, or they are no credentials for others at all.
#[tokio::test]
async fn tokens_that_nobody_is_asked_about() {
    let vendors = Vendors::start(&EACH, json!({})).await;
    for token in [
        "ghp_NotARealToken",
        "github_pat_NotARealToken",
        "ghs_NotARealToken",
        "ghr_NotARealToken",
        "glpat-NotARealToken",
        "glcbt-NotARealToken",
        "gldt-NotARealToken",
        "gloas-NotARealToken",
        "xapp-1-NotARealToken",
        "xoxe-1-NotARealToken",
    ] {
        assert_eq!(
            vendors.outcome(token).await,
            "401 token_type_unsupported",
            "{token}"
        );
    }
    // A JWT belongs to its issuer, and is not shown around.
    let claims = json!({
        "iss": "https://unknown.example.com", "sub": "alice", "iat": now(), "exp": now() + 60,
    });
    let jwt = super::ways::sign(&claims);
    assert_eq!(vendors.outcome(&jwt).await, "401 issuer_unknown");
    assert_eq!(vendors.asked(), Vec::<&str>::new());
}

/// Those whose tokens always have their beginnings are shown no others.
#[tokio::test]
async fn a_token_without_a_beginning_goes_to_the_others() {
    let cases = EACH.map(|(id, way, _)| (id, way, "malformed"));
    let vendors = Vendors::start(&cases, json!({})).await;
    assert_eq!(vendors.outcome(TOKEN).await, "401 token_inactive");
    assert_eq!(vendors.asked(), ["custom", "gitlab"]);
}

/// A beginning of a vendor without a provider: no other vendor may see the token, but for
/// Facebook's, which could be any text.
#[tokio::test]
async fn a_vendor_without_a_provider() {
    let vendors = two("valid", "valid", &[]).await;
    for token in [
        "gho_NotARealToken",
        "ya29.a0NotARealToken",
        "xoxp-1234567890-NotARealToken",
    ] {
        assert_eq!(vendors.outcome(token).await, "401 issuer_unknown");
    }
    assert_eq!(vendors.asked(), Vec::<&str>::new());
    assert_eq!(vendors.outcome("EAANotARealToken").await, "alice");
    assert_eq!(vendors.asked(), ["a"]);
}
