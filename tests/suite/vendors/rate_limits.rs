//! Back-off from a vendor that fails.

use std::time::{Duration, UNIX_EPOCH};

use atlassian_authorizer::clock::Clock;
use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::ways::way;
use super::{SECRET, Set, with};
use testing::bearer;
use testing::local::Local;
use testing::tokens::now;
use testing::vendor::{Vendor, file};

/// One that limits our rate is not asked about the same token within its `Retry-After`, or within 5 s
/// where it names none. Others are asked about.
#[tokio::test]
async fn limited() {
    let mut tests = JoinSet::new();
    for (name, case, retry_after) in [
        ("google access token", "rate_limited", Some(30)),
        ("gitlab access token", "rate_limited", Some(30)),
        ("slack user token", "rate_limited", Some(30)),
        ("github", "secondary_rate_limited", Some(60)),
        ("custom by introspection", "rate_limited", Some(30)),
        ("custom by userinfo and binding", "rate_limited", Some(30)),
        ("github", "rate_limited", None),
        ("okta org", "rate_limited", None),
        ("facebook", "rate_limited", None),
        ("cognito, userinfo asked", "rate_limited", None),
    ] {
        tests.spawn(async move {
            let way = way(name);
            let named = retry_after_of(&file(way.vendor.unwrap())["cases"][case]);
            assert_eq!(named, retry_after, "{name}");

            let set = Set::start(&way, case).await;
            let limited = "500 provider_rate_limited";
            let token = way.token();
            assert_eq!(set.outcome(&token).await, limited, "{name}");
            set.vendor.play("valid");
            assert_eq!(set.outcome(&token).await, limited, "{name}");
            assert_eq!(set.vendor.asked().len(), 1, "{name}");
            let outcome = set.outcome(&way.another_token()).await;
            assert!(!outcome.contains(' '), "{name}: {outcome}");
            let asked = set.vendor.asked().len();

            tokio::time::sleep(Duration::from_millis(5_100)).await;
            let outcome = set.outcome(&token).await;
            if retry_after.is_some() {
                assert_eq!(outcome, limited, "{name}");
                assert_eq!(set.vendor.asked().len(), asked, "{name}");
            } else {
                assert!(!outcome.contains(' '), "{name}: {outcome}");
            }
        });
    }
    while let Some(result) = tests.join_next().await {
        result.unwrap();
    }
}

/// Where `Retry-After` names a date, the back-off for the token lasts until then.
#[tokio::test]
async fn limited_until_a_date() {
    let until = now() + 45;
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(until));
    let mut cases = file("custom")["cases"].take();
    for answer in cases["rate_limited"].as_array_mut().unwrap() {
        answer["headers"]["Retry-After"] = date.as_str().into();
    }
    let vendor = Vendor::of(cases, "rate_limited").await;
    let fields = json!({"issuer": null, "verify": null});
    let provider = with(
        way("custom by introspection").provider(&vendor.url),
        &fields,
    );
    let tree = json!({"providers": {"idp": provider}, "secrets": {"app": SECRET}});
    let local = Local::new(&tree, Deployment::default());
    let started = local.clock.now().as_secs();
    let limited = "provider_rate_limited";
    assert_eq!(local.code(&bearer("a-token")).await, limited);

    vendor.play("valid");
    // Longer than the back-off for a token without `Retry-After`.
    let wait = until - started;
    local.clock.advance(wait - 1);
    assert_eq!(local.code(&bearer("a-token")).await, limited);
    assert_eq!(vendor.asked().len(), 1);
    local.clock.advance(1);
    assert_eq!(local.code(&bearer("a-token")).await, "allowed");
    assert_eq!(vendor.asked().len(), 2);
}

/// Once several distinct tokens have met the limit, strangers are not asked about until it ends. A
/// known caller's question each second may end it before.
#[tokio::test]
async fn limited_for_several() {
    let vendor = Vendor::start("custom", "valid").await;
    let fields = json!({"issuer": null, "verify": null, "recheck_seconds": 1});
    let provider = with(
        way("custom by introspection").provider(&vendor.url),
        &fields,
    );
    let tree = json!({"providers": {"idp": provider}, "secrets": {"app": SECRET}});
    let local = Local::new(&tree, Deployment::default());
    let code = async |token: &str| local.code(&bearer(token)).await;
    for token in ["known-1", "known-2"] {
        assert_eq!(code(token).await, "allowed");
    }
    local.clock.advance(2);
    vendor.play("rate_limited");
    let limited = "provider_rate_limited";
    for number in 0..5 {
        assert_eq!(code(&format!("token-{number}")).await, limited);
    }
    let asked = vendor.asked().len();
    assert_eq!(asked, 2 + 5, "one after the other, each had its own answer");

    vendor.play("valid");
    assert_eq!(code("a-stranger").await, limited);
    assert_eq!(vendor.asked().len(), asked);
    vendor.play("rate_limited");
    assert_eq!(code("known-1").await, limited);
    assert_eq!(vendor.asked().len(), asked + 1, "half-open");
    assert_eq!(code("known-2").await, limited);
    assert_eq!(vendor.asked().len(), asked + 1, "one a second");

    vendor.play("valid");
    local.clock.advance(1);
    assert_eq!(code("a-stranger").await, limited);
    assert_eq!(code("known-2").await, "allowed");
    assert_eq!(code("a-stranger").await, "allowed");
    assert_eq!(code("known-1").await, limited, "its own limit stays");
    local.clock.advance(30);
    assert_eq!(code("known-1").await, "allowed");
}

fn retry_after_of(case: &Value) -> Option<u64> {
    let headers = case[0]["headers"].as_object().unwrap();
    let mut headers = headers.iter();
    let header = headers.find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    header.map(|(_, value)| value.as_str().unwrap().parse().unwrap())
}

/// Tokens whose word has not lapsed are not touched by it.
#[tokio::test]
async fn known_tokens_pass_while_the_vendor_fails() {
    for case in ["rate_limited", "down"] {
        let way = way("github");
        let set = Set::start(&way, "valid").await;
        assert_eq!(set.outcome(&way.token()).await, "alice");
        set.vendor.play(case);
        let outcome = set.outcome(&way.another_token()).await;
        assert!(outcome.starts_with("500 "), "{outcome}");
        assert_eq!(set.outcome(&way.token()).await, "alice");
        assert_eq!(set.vendor.asked().len(), 2);
    }
}

/// An error that comes at once may be about one token, and keeps nobody else out.
#[tokio::test]
async fn failing() {
    for (name, case, code) in [
        ("github", "down", "500 provider_unavailable"),
        (
            "slack user token",
            "failing_with_200",
            "500 provider_unavailable",
        ),
    ] {
        let way = way(name);
        let set = Set::start(&way, case).await;
        for _ in 0..3 {
            assert_eq!(set.outcome(&way.token()).await, code, "{name}");
        }
        set.vendor.play("valid");
        let outcome = set.outcome(&way.another_token()).await;
        assert!(!outcome.contains(' '), "{name}: {case}: {outcome}");
    }
}

/// One that refuses our own secret is asked again after a second, lest it lock us out.
#[tokio::test]
async fn refusing_our_secret() {
    let way = way("okta org");
    let set = Set::start(&way, "wrong_secret").await;
    let code = "500 provider_misconfigured";
    assert_eq!(set.outcome(&way.token()).await, code);
    set.vendor.play("valid");
    let another = way.another_token();
    assert_eq!(set.outcome(&another).await, "500 provider_unavailable");
    assert_eq!(set.vendor.asked().len(), 1);
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let outcome = set.outcome(&another).await;
    assert!(!outcome.contains(' '), "{outcome}");
}

/// Guessing costs the vendor a bounded number of questions, and those whose tokens it knows are
/// asked about all the same.
#[tokio::test]
async fn guesses_are_bounded() {
    let vendor = Vendor::start("custom", "valid").await;
    let fields = json!({"issuer": null, "verify": null});
    let provider = with(
        way("custom by introspection").provider(&vendor.url),
        &fields,
    );
    let tree = json!({"providers": {"idp": provider}, "secrets": {"app": SECRET}});
    let local = Local::new(&tree, Deployment::default());
    let known = bearer("a-token-that-is-known");
    assert_eq!(local.code(&known).await, "allowed");

    vendor.play("malformed");
    for guess in 0..120 {
        let code = local.code(&bearer(&format!("guess-{guess}"))).await;
        let expected = if guess < 100 {
            "token_inactive"
        } else {
            "provider_rate_limited"
        };
        assert_eq!(code, expected, "{guess}");
    }
    assert_eq!(vendor.asked().len(), 101);

    vendor.play("valid");
    local.clock.advance(60);
    vendor.play("malformed");
    for guess in 200..320 {
        local.code(&bearer(&format!("guess-{guess}"))).await;
    }
    assert_eq!(
        vendor.asked().len(),
        201,
        "ten a second, and a hundred at most"
    );
    vendor.play("valid");
    assert_eq!(local.code(&known).await, "allowed");
    let code = local.code(&bearer("nobody-knows-it-yet")).await;
    assert_eq!(code, "provider_rate_limited");
}

/// The vendor's response is used for `recheck_seconds`, and no longer.
#[tokio::test]
async fn a_revoked_token_is_refused_after_the_recheck() {
    for name in [
        "cognito, userinfo asked",
        "keycloak, introspection asked",
        "okta org",
        "google access token",
        "github",
        "gitlab access token",
        "slack user token",
        "facebook",
    ] {
        let way = way(name);
        let fields = json!({"recheck_seconds": 1});
        let set = Set::start_with(&way, "valid", &fields, &json!({})).await;
        let token = way.token();
        let username = set.outcome(&token).await;
        assert!(!username.contains(' '), "{name}: {username}");
        let asked = set.vendor.asked().len();
        set.vendor.play("revoked");
        assert_eq!(set.outcome(&token).await, username, "{name}");
        assert_eq!(set.vendor.asked().len(), asked, "{name}");
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        assert_eq!(set.outcome(&token).await, "401 token_inactive", "{name}");
    }
}
