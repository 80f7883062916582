//! oidc-provider as the provider: people log in, its tokens are verified by its keys or by its
//! word, and the client authentication at its endpoints is its own.

mod introspected;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use testing::lambda::Lambda;
use testing::oidc::{JIRA, Oidc, SECRET, WIKI};
use testing::{Folder, bearer};

const SCOPE: &str = "openid profile groups atlassian/read";

/// A provider whose JWTs for Jira are verified by its keys.
fn jwts(oidc: &Oidc) -> Value {
    json!({
        "kind": "custom", "issuer": oidc.issuer, "client_ids": ["app", "robot", "other-robot"],
        "audiences": [JIRA], "username": "preferred_username", "groups": "groups",
        "machine_users": {"robot": "svc-robot"},
    })
}

/// A provider whose tokens are introspected.
fn introspected(oidc: &Oidc) -> Value {
    json!({
        "kind": "custom", "introspection_endpoint": oidc.url("/token/introspection"),
        "client_id": "resource-server", "client_secret": "idp-secret",
        "client_auth": "client_secret_basic", "client_ids": ["app", "robot", "other-robot"],
        "username": "sub", "machine_users": {"robot": "svc-robot"},
        "machine_when": [{"claim": "sub", "missing": true}],
    })
}

/// Other values of some fields; null takes a field away.
fn with(mut provider: Value, fields: &Value) -> Value {
    let all = provider.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    all.retain(|_, value| !value.is_null());
    provider
}

async fn lambda(folder: &Folder, provider: Value) -> Lambda {
    lambda_with_secrets(folder, provider, &json!({"idp-secret": SECRET})).await
}

async fn lambda_with_secrets(folder: &Folder, provider: Value, secrets: &Value) -> Lambda {
    let settings = json!({"providers": {"idp": provider}, "secrets": secrets});
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
    for secret in secrets.as_object().unwrap().values() {
        let lines = secret.as_str().unwrap().lines();
        lines.for_each(|line| lambda.keep_secret(line));
    }
    // As it stands in a body, and in a header.
    let encoded = "100%25%2B+of%3A+a%26secret%3D%2F%3F";
    lambda.keep_secret(encoded);
    lambda.keep_secret(&STANDARD.encode(format!("resource-server:{encoded}")));
    lambda
}

/// Alice's access token, by way of this client.
async fn alice(oidc: &Oidc, client: &str, resource: Option<&str>) -> String {
    oidc.login(client, "alice", SCOPE, resource)
        .await
        .access_token
}

/// An access token of this client itself.
async fn robot(oidc: &Oidc, client: &str, resource: Option<&str>) -> String {
    oidc.client_credentials(client, "atlassian/read", resource)
        .await
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Some members of an object.
fn some(object: &Value, names: &[&str]) -> Value {
    let member = |name: &&str| ((*name).to_owned(), object[*name].clone());
    names.iter().map(member).collect()
}

/// What the other tests take for granted, and what the provider does not do.
#[tokio::test]
async fn the_provider_by_itself() {
    let oidc = Oidc::start().await;
    let login = oidc.login("app", "alice", SCOPE, None).await;
    let (token, id_token) = (login.access_token, claims(&login.id_token));
    assert!(!token.contains('.'), "opaque");
    assert_eq!(
        some(&id_token, &["iss", "aud", "sub", "preferred_username"]),
        json!({"iss": oidc.issuer, "aud": "app", "sub": "alice", "preferred_username": "alice"}),
    );
    let (status, word) = oidc.introspect(&token).await;
    assert_eq!(status, 200);
    assert_eq!(
        some(&word, &["active", "iss", "client_id", "sub", "scope"]),
        json!({
            "active": true, "iss": oidc.issuer, "client_id": "app", "sub": "alice", "scope": SCOPE,
        }),
    );
    // Userinfo alone tells the username.
    assert_eq!(word.get("preferred_username"), None);
    let user = json!({"sub": "alice", "preferred_username": "alice", "groups": ["jira-users"]});
    assert_eq!(oidc.userinfo(&token).await, (200, user));
    oidc.revoke("app", &token).await;
    assert_eq!(
        oidc.introspect(&token).await,
        (200, json!({"active": false}))
    );
    assert_eq!(oidc.userinfo(&token).await.0, 401);

    // A client itself has no `sub` in introspection.
    let token = robot(&oidc, "robot", None).await;
    let (_, word) = oidc.introspect(&token).await;
    assert_eq!(
        some(&word, &["client_id", "sub"]),
        json!({"client_id": "robot", "sub": null})
    );

    // The provider keeps no JWTs: it neither introspects them nor takes them at userinfo.
    let token = alice(&oidc, "app", Some(JIRA)).await;
    assert_eq!(
        some(&claims(&token), &["iss", "aud", "client_id", "scope"]),
        json!({"iss": oidc.issuer, "aud": JIRA, "client_id": "app", "scope": "atlassian/read"}),
    );
    let (status, answer) = oidc.introspect(&token).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("unsupported_token_type"))
    );
    assert_eq!(oidc.userinfo(&token).await.0, 401);
}

#[tokio::test]
async fn jwts_by_discovery() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let lambda = lambda(&folder, jwts(&oidc)).await;
    let login = oidc.login("app", "alice", SCOPE, Some(JIRA)).await;
    let answer = lambda.invoke(&bearer(&login.access_token)).await.unwrap();
    for (name, value) in [
        ("username", "alice"),
        ("principal", "alice"),
        ("client_id", "app"),
        ("scope", "atlassian/read"),
        ("groups", "jira-users"),
    ] {
        assert_eq!(answer["context"][name], value, "{name}");
    }
    let mapped = robot(&oidc, "robot", Some(JIRA)).await;
    assert_eq!(lambda.allowed(&bearer(&mapped)).await, "svc-robot");

    // The same user by way of another application, and the same application's token for another
    // resource or for the application itself.
    let other_app = alice(&oidc, "other-app", Some(JIRA)).await;
    let other_resource = alice(&oidc, "app", Some(WIKI)).await;
    let other_robot = robot(&oidc, "other-robot", Some(JIRA)).await;
    for (token, code) in [
        (&other_app, "audience_mismatch"),
        (&other_resource, "audience_mismatch"),
        (&login.id_token, "token_use_mismatch"),
        (&other_robot, "machine_user_unmapped"),
    ] {
        assert_eq!(lambda.denied(&bearer(token)).await, code);
    }
}

#[tokio::test]
async fn id_tokens() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let by_client = json!({"audiences": null});
    let default = lambda(&folder, with(jwts(&oidc), &by_client)).await;
    let login = oidc.login("app", "alice", SCOPE, None).await;
    let code = default.denied(&bearer(&login.id_token)).await;
    assert_eq!(code, "token_use_mismatch");
    let id_tokens = json!({"audiences": null, "token_use": "id"});
    let folder = Folder::new();
    let lambda = lambda(&folder, with(jwts(&oidc), &id_tokens)).await;
    assert_eq!(lambda.allowed(&bearer(&login.id_token)).await, "alice");
    let other = oidc.login("other-app", "alice", SCOPE, None).await;
    let code = lambda.denied(&bearer(&other.id_token)).await;
    assert_eq!(code, "audience_mismatch");
}

/// The provider gives no word on its JWTs ([`the_provider_by_itself`]), so none of them pass where
/// its word is demanded.
#[tokio::test]
async fn jwts_that_the_provider_must_confirm() {
    let oidc = Oidc::start().await;
    let login = alice(&oidc, "app", Some(JIRA)).await;
    let other_app = alice(&oidc, "other-app", Some(JIRA)).await;
    let introspection = json!({
        "introspection_endpoint": oidc.url("/token/introspection"),
        "client_id": "resource-server", "client_secret": "idp-secret",
        "verify": "jwt+introspection", "recheck_seconds": 1,
    });
    let folder = Folder::new();
    let introspected = lambda(&folder, with(jwts(&oidc), &introspection)).await;
    let code = introspected.denied(&bearer(&login)).await;
    assert_eq!(code, "token_inactive");
    let code = introspected.denied(&bearer(&other_app)).await;
    assert_eq!(code, "audience_mismatch");

    let userinfo = json!({
        "userinfo_endpoint": oidc.url("/me"), "verify": "jwt+userinfo", "recheck_seconds": 1,
    });
    let folder = Folder::new();
    let asked = lambda(&folder, with(jwts(&oidc), &userinfo)).await;
    assert_eq!(asked.denied(&bearer(&login)).await, "token_inactive");
    assert_eq!(asked.denied(&bearer(&other_app)).await, "audience_mismatch");

    // By its word alone: what it issued as opaque passes, and its JWTs don't.
    let alone = with(
        with(jwts(&oidc), &introspection),
        &json!({"verify": "introspection", "audiences": null, "username": "sub"}),
    );
    let folder = Folder::new();
    let alone = lambda(&folder, alone).await;
    let opaque = alice(&oidc, "app", None).await;
    assert_eq!(alone.allowed(&bearer(&opaque)).await, "alice");
    let code = alone.denied(&bearer(&login)).await;
    assert_eq!(code, "token_inactive");
    // One caller's token that the provider refuses to look at takes nothing from the others.
    let another = alice(&oidc, "app", None).await;
    assert_eq!(alone.allowed(&bearer(&another)).await, "alice");
}
