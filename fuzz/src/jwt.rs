//! A JWT: as it is (`r`), or of a header and claims that are signed well (`s`, the two apart by a line
//! break).

use std::cell::LazyCell;

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use serde_json::{Value, json};

use crate::answer::{allows, check_context};
use crate::scene::{ISSUER, NOW, Scene, TOKEN, bearer, provider, sign};

thread_local! {
    static SCENE: LazyCell<Scene> = LazyCell::new(|| {
        let settings = json!({
            "settings": {"refresh_seconds": 3_600},
            "providers": {"idp": provider()},
        });
        let deployment = Deployment { cache_seconds: ByProduct::all(0), ..Deployment::default() };
        Scene::new("jwt", &settings, deployment)
    });
}

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(raw) = text.strip_prefix('r') {
        let token = raw.replace("TOKEN", &TOKEN);
        if let Some(answer) = allowed(&token) {
            assert_eq!(answer["context"]["username"], "alice");
            assert_eq!(token.trim(), TOKEN.as_str(), "another spelling of a token");
        }
    }
    let parts = text.strip_prefix('s');
    let Some((header, claims)) = parts.and_then(|parts| parts.split_once('\n')) else {
        return;
    };
    if let Some(answer) = allowed(&sign(header, claims)) {
        check_header(header);
        check_claims(claims, &answer);
    }
}

fn allowed(token: &str) -> Option<Value> {
    let (answer, line) = SCENE.with(|scene| scene.answer(&bearer(token)));
    assert!(
        token.len() < 20 || !line.contains(token),
        "a token in the audit line"
    );
    let answer = answer.ok()?;
    check_context(&answer);
    allows(&answer).then_some(answer)
}

fn check_header(header: &str) {
    let header: Value = serde_json::from_str(header).unwrap();
    assert!(header["alg"] == "EdDSA" || header["alg"] == "Ed25519");
    assert!(header.get("crit").is_none());
    assert!(header["kid"].is_null() || header["kid"] == "key");
}

fn check_claims(claims: &str, answer: &Value) {
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!(claims["iss"], ISSUER);
    let seconds = |name: &str| claims[name].as_f64();
    let now = 1_700_000_000.0;
    assert_eq!(NOW, 1_700_000_000);
    assert!(seconds("exp").unwrap() > now, "expired");
    for name in ["iat", "nbf"] {
        assert!(
            seconds(name).is_none_or(|start| start <= now + 60.0),
            "not yet valid"
        );
    }
    let clients = ["client_id", "azp", "cid", "appid"].map(|name| &claims[name]);
    let mut named = clients
        .into_iter()
        .filter(|client| !client.is_null())
        .peekable();
    assert!(
        named.peek().is_some() || claims["aud"] == "client" || claims["aud"] == json!(["client"])
    );
    assert!(
        named.all(|client| client == "client"),
        "issued to another client"
    );
    assert!(claims["cnf"].is_null(), "restricted to a key");
    let username = claims["username"].as_str().map(str::to_owned);
    let username = username.unwrap_or_else(|| match &claims["username"] {
        Value::Array(one) if one.len() == 1 => one[0].as_str().unwrap_or_default().to_owned(),
        other => other.to_string(),
    });
    assert_eq!(answer["context"]["username"], username);
}
