//! What providers write in their own ways, and what only looks like a caller's token: a row for each
//! kind of difference and each place where it stands. `source` names who writes so.

mod access;
mod answers;
mod clients;
mod header;
mod names;

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Map, Value, json};

use testing::asked::ISSUER;
use testing::bearer;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};

/// One difference from a usual token.
struct Row {
    /// A vendor's page, a standard's section, or a public report.
    source: &'static str,
    /// Other fields of the provider; `null` takes one away.
    provider: Value,
    /// Other members of the header; `null` is written as such.
    header: Value,
    /// Other claims; `null` is written as such.
    claims: Value,
    /// Claims that are left out.
    without: &'static [&'static str],
    /// The user who is let in, or the status and the code.
    expected: &'static str,
}

/// A row whose members are all as usual.
fn row(source: &'static str, expected: &'static str) -> Row {
    Row {
        source,
        provider: json!({}),
        header: json!({}),
        claims: json!({}),
        without: &[],
        expected,
    }
}

impl Row {
    fn provider(self, provider: Value) -> Self {
        Self { provider, ..self }
    }

    fn header(self, header: Value) -> Self {
        Self { header, ..self }
    }

    fn claims(self, claims: Value) -> Self {
        Self { claims, ..self }
    }

    fn without(self, without: &'static [&'static str]) -> Self {
        Self { without, ..self }
    }
}

/// A custom provider whose tokens this key signs.
fn provider(key: &SigningKey, fields: &Value) -> Value {
    let mut provider = json!({
        "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
        "username": "username", "groups": "groups",
    });
    let members = provider.as_object_mut().unwrap();
    members.extend(fields.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    provider
}

fn extended(mut object: Value, members: &Value, without: &[&str]) -> Value {
    let all: &mut Map<String, Value> = object.as_object_mut().unwrap();
    all.extend(members.as_object().unwrap().clone());
    all.retain(|name, _| !without.contains(&name.as_str()));
    object
}

/// The audit line of an event, and what the caller's context was.
async fn outcome(local: &Local, token: &str) -> (String, Value) {
    let answer = local.invoke(&bearer(token)).await;
    let audit = local.audit();
    let code = audit["code"].as_str().unwrap();
    match (audit["outcome"].as_str().unwrap(), answer) {
        ("allowed", Ok(answer)) => {
            let user = audit["username"].as_str().unwrap().to_owned();
            (user, answer["context"].clone())
        }
        ("unauthorized", Err(_)) => (format!("401 {code}"), json!({})),
        ("failed", Err(_)) => (format!("500 {code}"), json!({})),
        ("forbidden", _) => (format!("403 {code}"), json!({})),
        other => panic!("{other:?}"),
    }
}

/// Holds rows of signed tokens against their expectations, all at once.
async fn check(rows: Vec<Row>) {
    let key = SigningKey::generate("key", "ES256");
    let mut wrong = Vec::new();
    for row in rows {
        let settings = json!({"providers": {"idp": provider(&key, &row.provider)}});
        let local = Local::new(&settings, Deployment::default());
        let header = json!({"alg": "ES256", "kid": "key", "typ": "JWT"});
        let header = extended(header, &row.header, &[]);
        let claims = json!({"groups": ["developers"]});
        let claims = extended(
            access_claims(ISSUER),
            &claims,
            &["token_use", "cognito:groups"],
        );
        let claims = extended(claims, &row.claims, row.without);
        let token = key.sign_parts(&header.to_string(), &claims.to_string());
        let (found, _) = outcome(&local, &token).await;
        if found != row.expected {
            wrong.push(format!(
                "{}: {} {} {} without {:?}: {found}, expected {}",
                row.source, row.provider, row.header, row.claims, row.without, row.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
