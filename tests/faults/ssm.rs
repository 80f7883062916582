//! SSM that fails, under the settings and under the store of API tokens. The function is the real one,
//! and so is time.

use std::time::{Duration, Instant};

use atlassian_authorizer::authenticate::api_token::hash;
use serde_json::{Value, json};
use testing::api_tokens::{bearer, forge, id, secret, settings};
use testing::faults::{Fault, Faulty};
use testing::lambda::Lambda;
use testing::ssm::{FakeSsm, PREFIX, sdk_variables};
use testing::tokens::{SigningKey, access_claims, now};
use tokio::sync::Mutex;

use super::{Cell, Knowledge};

const ISSUER: &str = "https://idp.example.com";

/// Tokens by the caller: one who is known, one who is new, and one who is never let in.
struct Callers([Value; 3]);

pub(crate) async fn cell(service: &str, fault: Fault, knowledge: Knowledge) -> Option<Cell> {
    // The endpoint is plain, for the SDK's roots are Mozilla's: there is no right certificate to turn
    // into a wrong one.
    if fault == Fault::WrongCertificate {
        return None;
    }
    let ssm = FakeSsm::start().await;
    let faulty = Faulty::start(&ssm.url);
    let callers = if service == "settings" {
        by_signature(&ssm)
    } else {
        by_record(&ssm)
    };
    let url = faulty.url();
    if service == "settings" && knowledge == Knowledge::Cold {
        faulty.fail(fault).await;
    }
    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &sdk_variables(&url)).await;
    let Callers([good, new, bad]) = callers;
    let slowest = Mutex::new(Duration::ZERO);
    let code = async |event: &Value| {
        let before = lambda.audits().await.len();
        let start = Instant::now();
        let _ = lambda.invoke(event).await;
        let mut slowest = slowest.lock().await;
        *slowest = (*slowest).max(start.elapsed());
        loop {
            let lines = lambda.audits().await;
            if lines.len() > before {
                return lines[lines.len() - 1]["code"].as_str().unwrap().to_owned();
            }
        }
    };
    if knowledge != Knowledge::Cold {
        assert_eq!(code(&good).await, "allowed", "{service}");
    } else if service != "settings" {
        // Settings are there, and no record is.
        assert_ne!(code(&bad).await, "allowed");
    }
    faulty.fail(fault).await;
    if knowledge == Knowledge::Past {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
    let of_good = code(&good).await;
    let of_new = code(&new).await;
    let of_bad = code(&bad).await;
    let slowest_of_all = *slowest.lock().await;

    faulty.fail(Fault::None).await;
    let end = Instant::now();
    let mut recovery = None;
    while end.elapsed() < Duration::from_secs(70) {
        if code(&good).await == "allowed" && code(&new).await == "allowed" {
            recovery = Some(end.elapsed().as_secs());
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_ne!(code(&bad).await, "allowed", "{service}");
    Some(Cell {
        good: of_good,
        new: of_new,
        bad: of_bad,
        slowest: slowest_of_all,
        recovery,
    })
}

/// Settings that lapse after a second, and tokens that need nothing else.
fn by_signature(ssm: &FakeSsm) -> Callers {
    let (key, other) = (
        SigningKey::generate("key", "ES256"),
        SigningKey::generate("key", "ES256"),
    );
    ssm.put(&json!({
        "settings": {"refresh_seconds": 1},
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username",
        }},
    }));
    let event = |key: &SigningKey, id: &str| {
        let mut claims = access_claims(ISSUER);
        claims["jti"] = id.into();
        testing::bearer(&key.sign(&claims))
    };
    Callers([
        event(&key, "good"),
        event(&key, "new"),
        event(&other, "bad"),
    ])
}

/// API tokens, whose records lapse after a second.
fn by_record(ssm: &FakeSsm) -> Callers {
    let mut settings = settings(&json!({"recheck_seconds": 1}));
    settings["settings"]["refresh_seconds"] = 3_600.into();
    ssm.put(&settings);
    let token = |number: usize| forge(&id(number), &secret(number));
    for number in [1, 2] {
        let record = json!({
            "secret_sha256": hash(&secret(number)), "username": "alice", "name": "a nightly export",
            "created": now(), "expires": now() + 86_400,
        });
        ssm.change(|state| {
            let name = format!("{PREFIX}-tokens/{}", id(number));
            state.parameters.insert(name, record.to_string());
        });
    }
    Callers([1, 2, 3].map(|number| bearer(&token(number))))
}
