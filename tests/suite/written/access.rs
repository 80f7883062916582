//! Which tokens are access tokens, and how long they may live.

use serde_json::json;

use super::{check, row};
use testing::tokens::now;

#[tokio::test]
async fn tokens_that_are_for_others() {
    let refused = "401 token_type_unsupported";
    let id = "401 token_use_mismatch";
    check(vec![
        row("django-rest-framework-simplejwt", refused).claims(json!({"token_type": "refresh"})),
        row("django-rest-framework-simplejwt", "alice").claims(json!({"token_type": "access"})),
        row("flask-jwt-extended", refused).claims(json!({"type": "refresh"})),
        row("PingAM", refused).claims(json!({"tokenName": "refresh_token"})),
        row("PingAM", "alice").claims(json!({"tokenName": "access_token"})),
        row("Huawei, Microsoft", refused).claims(json!({"tokenType": "refreshToken"})),
        row("Ory Hydra", refused).claims(json!({"token_use": "refresh_token"})),
        row("Oracle Identity Cloud", refused).claims(json!({"tok_type": "RT"})),
        row("FusionAuth", "alice").claims(json!({"tty": "at"})),
        row("Keycloak, TokenUtil", refused).claims(json!({"typ": "Refresh"})),
        row("Keycloak, TokenUtil", refused).claims(json!({"typ": "Offline"})),
        row("Keycloak, TokenUtil", refused).claims(json!({"typ": "Logout"})),
        row("Keycloak, TokenUtil", "alice").claims(json!({"typ": "Bearer", "nonce": "n"})),
        row("UAA, XSUAA", refused).claims(json!({"jti": "0a1b-r", "granted_scopes": ["openid"]})),
        row("RFC 8417", refused).claims(json!({"events": {}})),
        row("RFC 7800", refused).claims(json!({"cnf": {"jkt": "x"}})),
        // Id tokens, where access tokens are accepted.
        row("Keycloak, TokenUtil", id).claims(json!({"typ": "ID"})),
        row("PingAM", id).claims(json!({"tokenName": "id_token"})),
        row("OpenID Connect Core 1.0, section 2", id)
            .claims(json!({"nonce": "n"}))
            .without(&["scope"]),
        row("OpenID Connect Core 1.0, section 3.1.3.6", id)
            .claims(json!({"at_hash": "h"}))
            .without(&["scope"]),
        row("OpenID Connect Core 1.0, section 2", "alice")
            .provider(json!({"token_use": "both"}))
            .claims(json!({"nonce": "n"}))
            .without(&["scope"]),
        // Without any mark: its audience is the client, and it grants nothing.
        row("Auth0, id tokens", id)
            .claims(json!({"aud": "client"}))
            .without(&["client_id", "scope"]),
        row("Auth0, id tokens", "alice")
            .provider(json!({"token_use": "both"}))
            .claims(json!({"aud": ["client"]}))
            .without(&["client_id", "scope"]),
        row("access tokens for a client", "alice")
            .claims(json!({"aud": "client"}))
            .without(&["client_id"]),
        // Where id tokens alone are, a token with scopes is none.
        row("OpenID Connect Core 1.0, section 2", id).provider(json!({"token_use": "id"})),
        row("OpenID Connect Core 1.0, section 2", "alice")
            .provider(json!({"token_use": "id"}))
            .without(&["scope"]),
        row("Keycloak, TokenUtil", id)
            .provider(json!({"token_use": "id"}))
            .claims(json!({"typ": "Bearer"}))
            .without(&["scope"]),
    ])
    .await;
}

#[tokio::test]
async fn lifetimes() {
    let far = "reports of milliseconds and of tokens without an end";
    let long = "401 token_lifetime_too_long";
    let hour = || json!({"max_token_lifetime_seconds": 3_600});
    check(vec![
        row(far, "alice").claims(json!({"exp": now() * 1_000})),
        row(far, "alice").claims(json!({"exp": 1e300})),
        row(far, "401 claims_malformed").claims(json!({"exp": -1})),
        row(far, "401 claims_malformed").claims(json!({"exp": "9999999999"})),
        row("RFC 7519, section 4.1.4", "401 claims_malformed").claims(json!({"exp": null})),
        row("RFC 7519, section 4.1.4", "401 claims_malformed").without(&["exp"]),
        row("RFC 8725, section 3.10", "alice").provider(hour()),
        row("RFC 8725, section 3.10", long)
            .provider(hour())
            .claims(json!({"exp": now() + 3_700})),
        row("RFC 8725, section 3.10", long)
            .provider(hour())
            .claims(json!({"iat": now() - 1_000, "exp": now() + 3_000})),
        row("RFC 8725, section 3.10", long)
            .provider(hour())
            .claims(json!({"exp": now() * 1_000})),
        // Without its issue, the rest of its life counts.
        row("RFC 8725, section 3.10", "alice")
            .provider(hour())
            .without(&["iat"]),
        row("RFC 8725, section 3.10", long)
            .provider(hour())
            .claims(json!({"exp": now() + 3_900}))
            .without(&["iat"]),
        row("RFC 8725, section 3.10", long)
            .provider(hour())
            .claims(json!({"nbf": now() - 1_000, "exp": now() + 3_000}))
            .without(&["iat"]),
    ])
    .await;
}
