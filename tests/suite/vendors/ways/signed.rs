//! Ways that use a signature, alone or together with the vendor's response.

use serde_json::{Value, json};

use super::{Token, Way};
use crate::vendors::with;

/// At Entra ID: the directory, an application, and the API that it calls.
pub(in crate::vendors) const TENANT: &str = "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b";
pub(in crate::vendors) const APP: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";
pub(in crate::vendors) const API: &str = "2d4f8a90-3b1c-4d5e-8f60-718293a4b5c6";

pub(super) fn ways() -> Vec<Way> {
    vec![
        Way {
            name: "cognito",
            vendor: None,
            settings: |_| cognito(),
            token: cognito_token(),
        },
        Way {
            name: "cognito, userinfo asked",
            vendor: Some("cognito"),
            settings: |url| {
                let endpoint = format!("{url}/oauth2/userInfo");
                with(
                    cognito(),
                    &json!({"verify": "jwt+userinfo", "userinfo_endpoint": endpoint}),
                )
            },
            token: cognito_token(),
        },
        Way {
            name: "entra",
            vendor: None,
            settings: |_| {
                json!({
                    "kind": "entra", "tenant_id": TENANT, "client_ids": [APP], "audiences": [API],
                })
            },
            token: Token::Jwt {
                claims: entra_claims,
                other_client: json!({"azp": "872cd9fa-d31f-45e0-9eab-6e460a02d1f1"}),
                other_issuer: "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
                by_word: false,
            },
        },
        Way {
            name: "keycloak",
            vendor: None,
            settings: |_| keycloak("https://keycloak.example.com"),
            token: keycloak_token(false),
        },
        Way {
            name: "keycloak, introspection asked",
            vendor: Some("keycloak"),
            settings: |url| asked(keycloak(url)),
            token: keycloak_token(false),
        },
        Way {
            name: "keycloak by introspection alone",
            vendor: Some("keycloak"),
            settings: |url| with(asked(keycloak(url)), &json!({"verify": "introspection"})),
            token: keycloak_token(true),
        },
        Way {
            name: "okta",
            vendor: None,
            settings: |_| okta("example.okta.com"),
            token: okta_token(),
        },
        Way {
            name: "okta, introspection asked",
            vendor: Some("okta"),
            settings: |url| asked(okta(url)),
            token: okta_token(),
        },
        Way {
            name: "okta org",
            vendor: Some("okta"),
            settings: |url| {
                json!({
                    "kind": "okta", "domain": url, "authorization_server": "org",
                    "issuer": "https://example.okta.com", "client_ids": ["0oaFakeClientId00001"],
                    "client_id": "0oaFakeClientId00001", "client_secret": "app",
                })
            },
            token: Token::Jwt {
                claims: || {
                    json!({
                        "iss": "https://example.okta.com", "aud": "https://example.okta.com",
                        "ver": 1, "jti": "AT.NotARealTokenId", "cid": "0oaFakeClientId00001",
                        "uid": "00uFakeUserId0000001", "scp": ["openid", "profile"],
                        "sub": "alice@example.com",
                    })
                },
                other_client: json!({"cid": "0oaSomebodyElses0001"}),
                other_issuer: "https://other.okta.com",
                by_word: true,
            },
        },
        Way {
            name: "google id token",
            vendor: None,
            settings: |_| json!({"kind": "google", "client_ids": ["client.apps.googleusercontent.com"]}),
            token: Token::Jwt {
                claims: google_claims,
                other_client: json!({
                    "azp": "other.apps.googleusercontent.com",
                    "aud": "other.apps.googleusercontent.com",
                }),
                other_issuer: "https://securetoken.google.com/example",
                by_word: false,
            },
        },
        Way {
            name: "gitlab id token",
            vendor: None,
            settings: |_| {
                json!({
                    "kind": "gitlab", "base_url": "https://gitlab.example.com",
                    "client_ids": ["gitlab-app-uid"],
                })
            },
            token: Token::Jwt {
                claims: || {
                    json!({
                        "iss": "https://gitlab.example.com", "sub": "1", "aud": "gitlab-app-uid",
                        "sub_legacy": "0000", "name": "Alice Example", "nickname": "alice",
                        "preferred_username": "alice", "email": "alice@example.com",
                        "email_verified": true, "groups_direct": ["example"],
                    })
                },
                other_client: json!({"aud": "somebody-elses-app-uid"}),
                other_issuer: "https://gitlab.com",
                by_word: false,
            },
        },
        Way {
            name: "slack id token",
            vendor: None,
            settings: |_| {
                json!({
                    "kind": "slack", "team_id": "T0123ABC456",
                    "client_ids": ["25259531569.1115258246291"],
                })
            },
            token: Token::Jwt {
                claims: || {
                    json!({
                        "iss": "https://slack.com", "sub": "U0123ABC456",
                        "aud": "25259531569.1115258246291", "at_hash": "NotARealHash0000000000",
                        "https://slack.com/team_id": "T0123ABC456",
                        "https://slack.com/user_id": "U0123ABC456",
                        "email": "alice@example.com", "email_verified": true,
                    })
                },
                other_client: json!({"aud": "25259531569.9999999999999"}),
                other_issuer: "https://other.slack.com",
                by_word: false,
            },
        },
        Way {
            name: "custom",
            vendor: None,
            settings: |_| custom(),
            token: custom_token(),
        },
        Way {
            name: "custom, introspection asked",
            vendor: Some("custom"),
            settings: |url| {
                let endpoint = format!("{url}/introspect");
                with(
                    asked(custom()),
                    &json!({"introspection_endpoint": endpoint}),
                )
            },
            token: custom_token(),
        },
        Way {
            name: "custom, userinfo asked",
            vendor: Some("custom"),
            settings: |url| {
                let endpoint = format!("{url}/userinfo");
                with(
                    custom(),
                    &json!({"verify": "jwt+userinfo", "userinfo_endpoint": endpoint}),
                )
            },
            token: custom_token(),
        },
    ]
}

fn asked(provider: Value) -> Value {
    with(
        provider,
        &json!({
            "verify": "jwt+introspection", "client_id": "authorizer", "client_secret": "app",
        }),
    )
}

fn cognito() -> Value {
    json!({
        "kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI",
        "client_ids": ["3n4b5urk1ft4fl3mg5e62d9ado"],
    })
}

fn cognito_token() -> Token {
    Token::Jwt {
        claims: || {
            json!({
                "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
                "sub": "00000000-0000-4000-8000-000000000001", "version": 2,
                "client_id": "3n4b5urk1ft4fl3mg5e62d9ado", "token_use": "access",
                "cognito:groups": ["jira-users"], "scope": "openid atlassian/read",
                "origin_jti": "00000000-0000-4000-8000-00000000000a",
                "event_id": "00000000-0000-4000-8000-00000000000b",
                "jti": "00000000-0000-4000-8000-00000000000c", "username": "alice",
            })
        },
        other_client: json!({"client_id": "7h4t0th3r4ppc1i3nt1d000000"}),
        other_issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_ZyXwVuTsR",
        by_word: false,
    }
}

fn entra_claims() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": API,
        "azp": APP, "azpacr": "0", "name": "Alice Example",
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "preferred_username": "alice@example.com",
        "scp": "access_as_user", "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        "tid": TENANT, "uti": "NotARealTokenId0000000", "ver": "2.0",
    })
}

fn keycloak(base_url: &str) -> Value {
    json!({
        "kind": "keycloak", "base_url": base_url, "realm": "main",
        "issuer": "https://keycloak.example.com/realms/main", "client_ids": ["keycloak-client"],
    })
}

fn keycloak_token(by_word: bool) -> Token {
    Token::Jwt {
        claims: || {
            json!({
                "iss": "https://keycloak.example.com/realms/main",
                "jti": "onrtac:00000000-0000-4000-8000-000000000001",
                "aud": ["keycloak-client", "account"], "typ": "Bearer", "azp": "keycloak-client",
                "sub": "00000000-0000-4000-8000-000000000002",
                "sid": "00000000-0000-4000-8000-000000000003", "acr": "1",
                "realm_access": {"roles": ["default-roles-main", "offline_access"]},
                "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
                "scope": "openid email profile", "email_verified": true,
                "preferred_username": "alice", "email": "alice@example.com",
            })
        },
        other_client: json!({"azp": "other-client"}),
        other_issuer: "https://keycloak.example.com/realms/other",
        by_word,
    }
}

fn okta(domain: &str) -> Value {
    json!({
        "kind": "okta", "domain": domain, "issuer": "https://example.okta.com/oauth2/default",
        "client_ids": ["0oaFakeClientId00001"],
    })
}

fn okta_token() -> Token {
    Token::Jwt {
        claims: || {
            json!({
                "iss": "https://example.okta.com/oauth2/default", "aud": "api://default",
                "ver": 1, "jti": "AT.NotARealTokenId", "cid": "0oaFakeClientId00001",
                "uid": "00uFakeUserId0000001", "scp": ["openid", "profile"],
                "sub": "alice@example.com",
            })
        },
        other_client: json!({"cid": "0oaSomebodyElses0001"}),
        other_issuer: "https://other.okta.com/oauth2/default",
        by_word: false,
    }
}

fn google_claims() -> Value {
    json!({
        "iss": "https://accounts.google.com", "azp": "client.apps.googleusercontent.com",
        "aud": "client.apps.googleusercontent.com", "sub": "110000000000000000001",
        "hd": "example.com", "email": "alice@example.com", "email_verified": true,
        "at_hash": "NotARealHash0000000000", "name": "Alice Example",
    })
}

fn custom() -> Value {
    json!({
        "kind": "custom", "issuer": "https://server.example.com/",
        "client_ids": ["l238j323ds-23ij4"], "username": "preferred_username",
    })
}

fn custom_token() -> Token {
    Token::Jwt {
        claims: || {
            json!({
                "iss": "https://server.example.com/", "sub": "Z5O3upPC88QrAjx00dis",
                "aud": "https://protected.example.net/resource", "client_id": "l238j323ds-23ij4",
                "jti": "dbe39bf3a3ba4238a513f51d6e1691c4", "scope": "read write dolphin",
                "preferred_username": "alice",
            })
        },
        other_client: json!({"client_id": "s6BhdRkqt3"}),
        other_issuer: "https://other.example.com/",
        by_word: false,
    }
}
