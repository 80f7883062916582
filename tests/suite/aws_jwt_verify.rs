//! What aws-jwt-verify is tested for, where it applies to Cognito's tokens here.
//!
//! `tests/vectors/aws-jwt-verify.json` names behaviours and the file of theirs that tests the same
//! (github.com/awslabs/aws-jwt-verify, at a7fce8e). Claims, settings and words are our own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use atlassian_authorizer::deployment::Deployment;
use testing::bearer;
use testing::local::Local;
use testing::tokens::SigningKey;

const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
/// A time that the tokens are made for.
const NOW: i64 = 1_700_000_000;

/// Members of one object in another; `null` takes a member away.
fn change(mut value: Value, members: &Value) -> Value {
    for (name, member) in members.as_object().into_iter().flatten() {
        if member.is_null() {
            value.as_object_mut().unwrap().remove(name);
        } else {
            value[name] = member.clone();
        }
    }
    value
}

struct Keys {
    pool: SigningKey,
    elliptic: SigningKey,
    stranger: SigningKey,
}

fn settings(row: &Value, keys: &Keys) -> Value {
    let mut set = vec![
        change(keys.pool.jwk.clone(), &row["key"]),
        keys.elliptic.jwk.clone(),
    ];
    set.extend(row["beside"].as_array().into_iter().flatten().cloned());
    let provider = |pool: &str| {
        json!({"kind": "cognito", "user_pool_id": pool, "client_ids": ["myclientid"],
               "jwks": {"keys": set}})
    };
    let mut settings = json!({"providers": {
        "abc": change(provider("us-east-1_abc"), &row["provider"]),
        "other": provider("us-east-1_other"),
    }});
    if !row["access"].is_null() {
        settings["products"] = json!({"jira": {"path": "/", "access": row["access"]}});
    }
    settings
}

fn token(row: &Value, keys: &Keys) -> String {
    if let Some(token) = row["token"].as_str() {
        return token.to_owned();
    }
    let key = match row["signed_by"].as_str() {
        None => &keys.pool,
        Some("elliptic") => &keys.elliptic,
        Some("stranger") => &keys.stranger,
        Some(other) => panic!("no key {other}"),
    };
    let algorithm = if key.kid() == "elliptic" {
        "ES256"
    } else {
        "RS256"
    };
    let header = change(json!({"alg": algorithm, "kid": key.kid()}), &row["header"]);
    let mut claims = json!({
        "iss": POOL, "sub": "5f0c4e2a", "token_use": "access", "client_id": "myclientid",
        "username": "alice", "iat": NOW, "exp": NOW + 3_600, "jti": "b1a2",
    });
    claims = change(claims, &row["claims"]);
    for (name, seconds) in row["seconds"].as_object().into_iter().flatten() {
        claims[name] = (NOW + seconds.as_i64().unwrap()).into();
    }
    let text = |name: &str, value: Value| {
        let raw = row[name].as_str().map(str::to_owned);
        raw.unwrap_or_else(|| value.to_string())
    };
    let signed = key.sign_parts(&text("raw_header", header), &text("raw_claims", claims));
    match row["signature"].as_str() {
        None => signed,
        Some(signature) => {
            let input = signed.rsplit_once('.').unwrap().0;
            format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }
}

#[tokio::test]
async fn each_behaviour() {
    let keys = Keys {
        pool: SigningKey::generate("pool", "RS256"),
        elliptic: SigningKey::generate("elliptic", "ES256"),
        stranger: SigningKey::generate("pool", "RS256"),
    };
    let rows = include_str!("../vectors/aws-jwt-verify.json");
    let rows: Vec<Value> = serde_json::from_str(rows).unwrap();
    assert!(rows.len() > 60, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let now = NOW.unsigned_abs();
        let local = Local::at(now, &settings(row, &keys), Deployment::default());
        let code = local.code(&bearer(&token(row, &keys))).await;
        if code != row["code"] {
            wrong.push(format!(
                "{}: {code}, expected {}",
                row["behaviour"], row["code"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
