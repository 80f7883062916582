//! Providers that fail: JWKS, introspection and userinfo, behind TLS by a CA of the settings' own.
//! Time is the test's.

use std::time::Duration;

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};
use testing::asked::Asked;
use testing::bearer;
use testing::faults::{Fault, Faulty};
use testing::issuer::Issuer;
use testing::local::Local;
use testing::tls::Authority;
use testing::tokens::{SigningKey, access_claims, now};

use super::{Cell, Knowledge, timed};

/// One that is good is let in, one that nobody vouches for is not.
struct Callers {
    good: String,
    new: String,
    bad: String,
}

/// A service that works, and the settings that lead to it.
struct Service {
    local: Local,
    faulty: Faulty,
    callers: Callers,
    /// After how many seconds nothing that was asked may be used any more.
    lapse: u64,
    // They stop when they are dropped.
    _issuer: Option<Issuer>,
    _asked: Option<Asked>,
}

pub(crate) async fn cell(service: &str, fault: Fault, knowledge: Knowledge) -> Cell {
    let it = match service {
        "JWKS" => key_set().await,
        _ => asked(service).await,
    };
    let code = async |token: &str| it.local.code(&bearer(token)).await;
    if knowledge != Knowledge::Cold {
        assert_eq!(code(&it.callers.good).await, "allowed", "{service}");
        if service != "JWKS" {
            assert_ne!(code(&it.callers.bad).await, "allowed", "{service}");
        }
    }
    it.faulty.fail(fault).await;
    if knowledge == Knowledge::Past {
        it.local.clock.advance(it.lapse);
    }
    let mut slowest = Duration::ZERO;
    let good = timed(code(&it.callers.good), &mut slowest).await;
    let new = timed(code(&it.callers.new), &mut slowest).await;
    let bad = timed(code(&it.callers.bad), &mut slowest).await;

    it.faulty.fail(Fault::None).await;
    let mut recovery = None;
    for seconds in 0..=600 {
        if code(&it.callers.good).await == "allowed" && code(&it.callers.new).await == "allowed" {
            recovery = Some(seconds);
            break;
        }
        it.local.clock.advance(1);
    }
    assert_ne!(code(&it.callers.bad).await, "allowed", "{service}");
    Cell {
        good,
        new,
        bad,
        slowest,
        recovery,
    }
}

async fn key_set() -> Service {
    let (key, other) = (
        SigningKey::generate("key", "ES256"),
        SigningKey::generate("key", "ES256"),
    );
    let issuer = Issuer::start(&[&key]).await;
    let authority = Authority::new();
    let faulty = Faulty::start_tls(&issuer.url, &authority);
    let mut settings = issuer.settings();
    let provider = &mut settings["providers"]["idp"];
    provider["jwks_uri"] = format!("{}/keys", faulty.url()).into();
    provider["ca_certificates"] = authority.pem.clone().into();
    settings["settings"] = json!({"refresh_seconds": 3_600});
    let token = |key: &SigningKey, id: &str| {
        let mut claims = access_claims(&issuer.url);
        claims["exp"] = (now() + 30 * 86_400).into();
        claims["jti"] = id.into();
        key.sign(&claims)
    };
    Service {
        callers: Callers {
            good: token(&key, "good"),
            new: token(&key, "new"),
            bad: token(&other, "bad"),
        },
        local: Local::new(&settings, Deployment::default()),
        faulty,
        lapse: 86_400 + 3_600,
        _issuer: Some(issuer),
        _asked: None,
    }
}

async fn asked(service: &str) -> Service {
    let asked = Asked::start().await;
    let authority = Authority::new();
    let faulty = Faulty::start_tls(&asked.url, &authority);
    let answer = json!({"active": true, "sub": "1", "client_id": "client", "username": "alice"});
    asked.change(|answers| {
        answers.introspection = answer.clone();
        answers.userinfo = json!({"sub": "1", "username": "alice"});
    });
    let url = faulty.url();
    let mut provider = json!({
        "kind": "custom", "client_ids": ["client"], "username": "username", "recheck_seconds": 60,
        "ca_certificates": authority.pem,
    });
    let fields: Value = match service {
        "introspection" => json!({
            "introspection_endpoint": format!("{url}/introspection"),
            "client_id": "gateway", "client_secret": "it",
        }),
        _ => json!({
            "userinfo_endpoint": format!("{url}/userinfo"),
            "binding_endpoint": format!("{url}/introspection"),
        }),
    };
    provider
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let settings = json!({
        "settings": {"refresh_seconds": 3_600},
        "providers": {"idp": provider},
        "secrets": {"it": "a-secret"},
    });
    Service {
        callers: Callers {
            good: "an-opaque-token".to_owned(),
            new: "another-opaque-token".to_owned(),
            // Of the form of a vendor's, which nobody here is.
            bad: "gho_0123456789abcdef0123456789abcdef0123".to_owned(),
        },
        local: Local::new(&settings, Deployment::default()),
        faulty,
        lapse: 61,
        _issuer: None,
        _asked: Some(asked),
    }
}
