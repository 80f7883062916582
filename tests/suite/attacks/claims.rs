//! Attacks by tokens that are signed well, and meant for something else.

use serde_json::{Value, json};

use super::{API, Attack, ISSUER, OTHER, POOL, Scene, attack, with};
use testing::tokens::{access_claims, now};

pub(super) fn attacks(scene: &Scene) -> Vec<Attack> {
    let claims = |members: Value| scene.claims(&members);
    let audience = |members: Value| scene.for_audience(&members);
    let email = |address: &str| scene.for_audience(&json!({"email": address}));
    let pool = |members: Value| scene.rsa.sign(&with(access_claims(POOL), &members));
    let no_client = {
        let mut claims = access_claims(ISSUER);
        claims.as_object_mut().unwrap().remove("client_id");
        move |members: Value| scene.rsa.sign(&with(claims.clone(), &members))
    };

    vec![
        attack(
            "key of another issuer",
            "signature_invalid",
            vec![
                scene.other.sign(&access_claims(ISSUER)),
                scene.rsa.sign(&access_claims(OTHER)),
            ],
        ),
        attack(
            "iss that looks alike",
            "issuer_unknown",
            [
                "https://idp.example.com/",
                "https://IDP.example.com",
                "http://idp.example.com",
                "https://idp.example.com:443",
                "https://idp.example.com.evil.example",
                "https://idp.example.com@evil.example",
                "https://evil.example/https://idp.example.com",
                "https://idp.ex\u{430}mple.com",
                "https://idp.example.com\u{0}",
                " https://idp.example.com",
                "",
            ]
            .map(|issuer| claims(json!({"iss": issuer})))
            .to_vec(),
        ),
        attack(
            "iss that is no text",
            "issuer_unknown",
            vec![
                scene.without("iss"),
                claims(json!({"iss": null})),
                claims(json!({"iss": [ISSUER, "https://evil.example"]})),
                claims(json!({"iss": [ISSUER]})),
                claims(json!({"iss": {"0": ISSUER}})),
                claims(json!({"iss": 7})),
            ],
        ),
        attack(
            "iss in the header alone",
            "issuer_unknown",
            vec![scene.rsa.sign_parts(
                &json!({"alg": "RS256", "kid": "rsa", "iss": ISSUER}).to_string(),
                &with(access_claims(ISSUER), &json!({"iss": null})).to_string(),
            )],
        ),
        attack(
            "token of another client",
            "audience_mismatch",
            vec![
                claims(json!({"client_id": "other"})),
                claims(json!({"client_id": "CLIENT"})),
                claims(json!({"client_id": "clien"})),
                claims(json!({"client_id": "client "})),
                claims(json!({"client_id": ""})),
                claims(json!({"azp": "other"})),
                claims(json!({"client_id": "other", "azp": "client"})),
                claims(json!({"client_id": "other", "aud": "client"})),
                no_client(json!({})),
                no_client(json!({"aud": ["client", "other"]})),
            ],
        ),
        attack(
            "token for another audience",
            "audience_mismatch",
            vec![
                audience(json!({"aud": "https://other.example.com"})),
                audience(json!({"aud": "https://atlassian.example.com/"})),
                audience(json!({"aud": "https://atlassian.example.co"})),
                audience(json!({"aud": "https://atlassian.example.com.evil.example"})),
                audience(json!({"aud": "x https://atlassian.example.com"})),
                audience(json!({"aud": ["https://other.example.com"]})),
                audience(json!({"aud": []})),
                audience(json!({"aud": ""})),
            ],
        ),
        attack(
            "aud of another type",
            "claims_malformed",
            vec![
                audience(json!({"aud": 7})),
                audience(json!({"aud": true})),
                audience(json!({"aud": {"0": "https://atlassian.example.com"}})),
                audience(json!({"aud": [["https://atlassian.example.com"], "x"]})),
            ],
        ),
        attack(
            "expired token",
            "token_expired",
            vec![
                claims(json!({"exp": now() - 1})),
                claims(json!({"exp": 0})),
                claims(json!({"exp": 1.5})),
            ],
        ),
        attack(
            "exp that never passes",
            "claims_malformed",
            vec![
                scene.without("exp"),
                claims(json!({"exp": null})),
                claims(json!({"exp": "never"})),
                claims(json!({"exp": ""})),
                claims(json!({"exp": true})),
                claims(json!({"exp": {}})),
                claims(json!({"exp": -1})),
            ],
        ),
        attack(
            "number that is none",
            "token_malformed",
            [
                "1e999",
                "NaN",
                "Infinity",
                "0x7fffffff",
                "+9999999999",
                "09999999999",
            ]
            .map(|number| {
                let claims = access_claims(ISSUER).to_string();
                let exp = claims.find(r#""exp":"#).unwrap() + 6;
                let end = exp + claims[exp..].find([',', '}']).unwrap();
                let claims = format!("{}{number}{}", &claims[..exp], &claims[end..]);
                scene
                    .rsa
                    .sign_parts(r#"{"alg":"RS256","kid":"rsa"}"#, &claims)
            })
            .to_vec(),
        ),
        attack(
            "token from the future",
            "token_not_yet_valid",
            vec![
                claims(json!({"nbf": now() + 300})),
                claims(json!({"iat": now() + 300})),
                claims(json!({"iat": now() + 300, "nbf": 0})),
            ],
        ),
        attack(
            "id token as access token",
            "token_use_mismatch",
            vec![
                pool(json!({"token_use": "id", "aud": "client"})),
                pool(json!({"token_use": "refresh"})),
                pool(json!({"token_use": "ACCESS"})),
                pool(json!({"token_use": ["access", "id"]})),
                pool(json!({"token_use": null})),
            ],
        ),
        attack(
            "refresh token as access token",
            "token_type_unsupported",
            vec![
                claims(json!({"typ": "Refresh"})),
                claims(json!({"typ": "Offline"})),
            ],
        ),
        attack(
            "logout token as access token",
            "token_type_unsupported",
            vec![
                claims(
                    json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
                ),
                claims(json!({"typ": "Logout"})),
            ],
        ),
        attack(
            "sender-constrained token",
            "token_type_unsupported",
            vec![
                claims(json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})),
                claims(json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}})),
            ],
        ),
        attack(
            "client assertion as access token",
            "issuer_unknown",
            vec![claims(
                json!({"iss": "client", "sub": "client", "aud": ISSUER}),
            )],
        ),
        attack(
            "claims that are no JSON object",
            "token_malformed",
            ["", "[]", "null", "7", "{", r#""text""#, "{} {}"]
                .map(|claims| {
                    scene
                        .rsa
                        .sign_parts(r#"{"alg":"RS256","kid":"rsa"}"#, claims)
                })
                .to_vec(),
        ),
        attack(
            "username that breaks out",
            "username_rejected",
            vec![
                claims(json!({"username": "alice\r\nX-Forwarded-User: admin"})),
                claims(json!({"username": "alice\u{0}"})),
                claims(json!({"username": "\u{430}dmin"})),
                claims(json!({"username": "ad\u{200b}min"})),
                claims(json!({"username": "\u{202e}nimda"})),
                claims(json!({"username": "alice admin"})),
                claims(json!({"username": "alice,admin"})),
                claims(json!({"username": " admin"})),
                claims(json!({"username": "a".repeat(300)})),
            ],
        ),
        attack(
            "address that nobody verified",
            "email_unverified",
            vec![
                audience(json!({"email": "admin", "email_verified": false})),
                audience(json!({"email": "admin", "email_verified": "false"})),
                audience(json!({"email": "admin", "email_verified": 1})),
            ],
        ),
        attack(
            "username that is none",
            "username_missing",
            vec![
                email(""),
                scene.without("username"),
                claims(json!({"username": null})),
                claims(json!({"username": true})),
                claims(json!({"username": {"name": "admin"}})),
            ],
        ),
        attack(
            "another provider's configured claim",
            "username_missing",
            vec![scene.rsa.sign(&with(
                access_claims(API),
                &json!({"aud": "https://atlassian.example.com"}),
            ))],
        ),
    ]
}
