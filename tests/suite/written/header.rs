//! The header of signed tokens.

use serde_json::json;

use super::{check, row};

#[tokio::test]
async fn members_that_are_null() {
    let null = "RFC 8259, section 3; reports of libraries that write all members";
    check(vec![
        row(null, "alice").header(json!({"kid": null})),
        row(null, "alice").header(json!({"typ": null})),
        row(null, "alice").header(json!({"cty": null, "x5t": null, "jku": null, "jwk": null})),
        row(null, "401 algorithm_not_allowed").header(json!({"alg": null})),
        // What must be understood must be, whatever it says (RFC 7515, section 4.1.11).
        row(
            "RFC 7515, section 4.1.11",
            "401 critical_header_unsupported",
        )
        .header(json!({"crit": null})),
        row(
            "RFC 7515, section 4.1.11",
            "401 critical_header_unsupported",
        )
        .header(json!({"crit": []})),
    ])
    .await;
}

#[tokio::test]
async fn types() {
    let rfc9068 = "RFC 9068, section 2.1";
    let okta = "developer.okta.com, access tokens of an org";
    let refused = "401 token_type_unsupported";
    let at_jwt = || json!({"token_types": ["application/AT+JWT"]});
    check(vec![
        row(rfc9068, "alice").header(json!({"typ": "at+jwt"})),
        row(rfc9068, "alice").header(json!({"typ": "application/at+JWT"})),
        row(okta, "alice").header(json!({"typ": "application/okta-internal-at+jwt"})),
        row("RFC 7515, section 4.1.9", "alice").header(json!({"typ": "JOSE"})),
        row("RFC 7519, section 5.2", refused).header(json!({"cty": "JWT"})),
        row("reports of servers that name the payload", "alice").header(json!({"cty": "json"})),
        row("reports of servers that name the payload", "alice")
            .header(json!({"cty": "application/json"})),
        row("RFC 9449, section 4.2", refused).header(json!({"typ": "dpop+jwt"})),
        row(
            "OpenID Connect Back-Channel Logout 1.0, section 2.4",
            refused,
        )
        .header(json!({"typ": "logout+jwt"})),
        row("RFC 8417, section 2.3", refused).header(json!({"typ": "secevent+jwt"})),
        row("RFC 8725, section 3.11", refused).header(json!({"typ": "rt+jwt"})),
        row("RFC 8725, section 3.11", refused).header(json!({"typ": 7})),
        row("RFC 8725, section 3.11", refused).header(json!({"typ": ""})),
        // The settings can demand one.
        row(rfc9068, "alice")
            .provider(at_jwt())
            .header(json!({"typ": "at+jwt"})),
        row(rfc9068, refused)
            .provider(at_jwt())
            .header(json!({"typ": "JWT"})),
        row(rfc9068, refused)
            .provider(at_jwt())
            .header(json!({"typ": null})),
        row(rfc9068, "alice")
            .provider(json!({"token_types": ["vnd.example+jwt"]}))
            .header(json!({"typ": "application/vnd.example+jwt"})),
    ])
    .await;
}
