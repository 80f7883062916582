//! Cognito and SSM as moto has them, end to end: a pool, a login, settings in SSM, and the binary.

use serde_json::{Value, json};

use testing::bearer;
use testing::lambda::Lambda;
use testing::moto::{Login, Moto};
use testing::ssm::{PREFIX, sdk_variables};
use testing::tokens::{SigningKey, now};

fn provider(moto: &Moto, login: &Login) -> Value {
    json!({
        "kind": "cognito",
        "user_pool_id": login.pool_id,
        // All that differs from a real pool: the emulator's address.
        "jwks_uri": format!("{}/{}/.well-known/jwks.json", moto.url, login.pool_id),
        "client_ids": [login.client_id],
        "username": "username",
    })
}

async fn lambda(moto: &Moto, tree: &Value) -> Lambda {
    moto.put_settings(tree).await;
    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &sdk_variables(&moto.url)).await;
    for (_, secret) in &sdk_variables(&moto.url)[2..] {
        lambda.keep_secret(secret);
    }
    lambda.keep_secret("a-secret-that-is-encrypted");
    lambda
}

fn issuer(login: &Login) -> String {
    format!(
        "https://cognito-idp.eu-west-1.amazonaws.com/{}",
        login.pool_id
    )
}

fn claims(login: &Login) -> Value {
    json!({
        "iss": issuer(login), "sub": "5f0c", "client_id": login.client_id, "token_use": "access",
        "username": login.username, "iat": now(), "exp": now() + 600,
    })
}

#[tokio::test]
async fn a_login_is_let_through_and_everything_else_is_not() {
    let moto = Moto::start().await;
    let login = moto.pool_with_login().await;
    let other_pool = moto.pool_with_login().await;
    let other_client = moto.login_with_new_client(&login.pool_id).await;
    let mut tree = json!({
        "settings": {"refresh_seconds": 300},
        "providers": {"cognito": provider(&moto, &login)},
        "products": {"confluence": {"path": "/", "access": [{"allow": ["@read"]}]}},
        "secrets": {"confluence-pat": "a-secret-that-is-encrypted"},
    });
    // More than one page of SSM's ten.
    for number in 0..25 {
        tree["secrets"][format!("other-{number}")] = "a-secret-that-is-encrypted".into();
    }
    let lambda = lambda(&moto, &tree).await;

    let answer = lambda.invoke(&bearer(&login.access_token)).await.unwrap();
    assert_eq!(answer["context"]["username"], login.username);
    assert_eq!(answer["context"]["client_id"], login.client_id);
    assert_eq!(answer["context"]["product"], "confluence");
    assert_eq!(
        lambda.allowed(&bearer(&login.id_token)).await,
        login.username
    );

    for (what, token, code) in [
        ("another pool", other_pool.access_token, "issuer_unknown"),
        (
            "another pool's id token",
            other_pool.id_token,
            "issuer_unknown",
        ),
        (
            "another client",
            other_client.access_token,
            "audience_mismatch",
        ),
        (
            "another client's id token",
            other_client.id_token,
            "audience_mismatch",
        ),
    ] {
        assert_eq!(lambda.denied(&bearer(&token)).await, code, "{what}");
    }

    let mut expired = claims(&login);
    expired["exp"] = (now() - 10).into();
    let mut wrong_use = claims(&login);
    wrong_use["token_use"] = "refresh".into();
    let mut newer_issuer = claims(&login);
    newer_issuer["iss"] = issuer(&login)
        .replace("//cognito", "//issuer-cognito")
        .into();
    let machine = json!({
        "iss": issuer(&login), "sub": login.client_id, "client_id": login.client_id,
        "token_use": "access", "scope": "atlassian/read", "exp": now() + 600,
    });
    for (what, claims, code) in [
        ("expired", &expired, "token_expired"),
        ("wrong token_use", &wrong_use, "token_use_mismatch"),
        ("no user", &machine, "machine_user_unmapped"),
    ] {
        let token = moto.sign(claims).await;
        assert_eq!(lambda.denied(&bearer(&token)).await, code, "{what}");
    }
    let token = moto.sign(&newer_issuer).await;
    assert_eq!(lambda.allowed(&bearer(&token)).await, login.username);

    let forged = SigningKey::generate("dummy", "RS256").sign(&claims(&login));
    assert_eq!(lambda.denied(&bearer(&forged)).await, "signature_invalid");
}

#[tokio::test]
async fn the_accepted_token_use_is_a_setting() {
    let moto = Moto::start().await;
    let login = moto.pool_with_login().await;
    let mut provider = provider(&moto, &login);
    provider["token_use"] = "access".into();
    let lambda = lambda(&moto, &json!({"providers": {"cognito": provider}})).await;
    assert_eq!(
        lambda.allowed(&bearer(&login.access_token)).await,
        login.username
    );
    assert_eq!(
        lambda.denied(&bearer(&login.id_token)).await,
        "token_use_mismatch"
    );
}
