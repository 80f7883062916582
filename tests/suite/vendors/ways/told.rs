//! Ways that use the vendor's response about an opaque token.

use serde_json::json;

use super::{Token, Way};

pub(super) fn ways() -> Vec<Way> {
    vec![
        Way {
            name: "google access token",
            vendor: Some("google"),
            settings: |url| {
                json!({
                    "kind": "google", "client_ids": ["client.apps.googleusercontent.com"],
                    "binding_endpoint": format!("{url}/tokeninfo"),
                    "userinfo_endpoint": format!("{url}/v1/userinfo"),
                })
            },
            token: Token::Opaque("ya29.a0NotARealToken"),
        },
        Way {
            name: "github",
            vendor: Some("github"),
            settings: |url| {
                json!({
                    "kind": "github", "base_url": url, "client_id": "Iv1.0123456789abcdef",
                    "client_secret": "app",
                })
            },
            token: Token::Opaque("ghu_NotARealToken"),
        },
        Way {
            name: "gitlab access token",
            vendor: Some("gitlab"),
            settings: |url| json!({"kind": "gitlab", "base_url": url, "client_ids": ["gitlab-app-uid"]}),
            token: Token::Opaque(
                "5f0e1d2c3b4a59687786950413223140f0e1d2c3b4a596877869504132231405",
            ),
        },
        Way {
            name: "slack user token",
            vendor: Some("slack"),
            settings: |url| {
                json!({
                    "kind": "slack", "team_id": "T0123ABC456", "trust": "any_client",
                    "userinfo_endpoint": format!("{url}/api/openid.connect.userInfo"),
                })
            },
            token: Token::Opaque("xoxp-1234567890-NotARealToken"),
        },
        Way {
            name: "facebook",
            vendor: Some("facebook"),
            settings: |url| {
                json!({
                    "kind": "facebook", "client_id": "1234567890", "client_secret": "app",
                    "binding_endpoint": format!("{url}/debug_token"),
                    "username": {"map": {"10001": "alice"}},
                })
            },
            token: Token::Opaque("EAANotARealToken"),
        },
        Way {
            name: "custom by introspection",
            vendor: Some("custom"),
            settings: |url| {
                json!({
                    "kind": "custom", "introspection_endpoint": format!("{url}/introspect"),
                    "issuer": "https://server.example.com/", "verify": "introspection",
                    "client_id": "authorizer", "client_secret": "app",
                    "client_ids": ["l238j323ds-23ij4"], "username": "username",
                })
            },
            token: Token::Opaque("mF_9.B5f-4.1JqMNotARealToken"),
        },
        Way {
            name: "custom by introspection and userinfo",
            vendor: Some("custom"),
            settings: |url| {
                json!({
                    "kind": "custom", "introspection_endpoint": format!("{url}/introspect"),
                    "userinfo_endpoint": format!("{url}/userinfo"),
                    "client_id": "authorizer", "client_secret": "app",
                    "client_ids": ["l238j323ds-23ij4"], "username": "preferred_username",
                })
            },
            token: Token::Opaque("mF_9.B5f-4.1JqMNotARealToken"),
        },
        Way {
            name: "custom by userinfo and binding",
            vendor: Some("custom"),
            settings: |url| {
                json!({
                    "kind": "custom", "userinfo_endpoint": format!("{url}/userinfo"),
                    "binding_endpoint": format!("{url}/tokeninfo"),
                    "client_ids": ["l238j323ds-23ij4"], "username": "preferred_username",
                })
            },
            token: Token::Opaque("mF_9.B5f-4.1JqMNotARealToken"),
        },
    ]
}
