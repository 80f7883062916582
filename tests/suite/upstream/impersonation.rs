//! OAuth 1.0a with impersonation, from the event to the answer. What the signature itself must be
//! is tested against another implementation in `oauth1.rs`.

use std::collections::BTreeMap;

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{authorization, get, settings};
use testing::lambda::Lambda;
use testing::local::{Local, without_cache};
use testing::tokens::{DEVELOPMENT_KEY, SigningKey};
use testing::{Folder, STAGE, rest_event};

/// RFC 3986's unreserved characters stay.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What stays as it is on the way to the product.
const PATH: &AsciiSet = &UNRESERVED
    .remove(b'/')
    .remove(b'%')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'[')
    .remove(b']')
    .remove(b'^')
    .remove(b'|');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

pub fn upstream() -> Value {
    json!({"mode": "oauth1", "consumer_key": "gateway", "private_key": "oauth1-key",
           "base_url": "https://jira.example.com:8443/tracker", "never_impersonate": ["admin", "svc-*"]})
}

fn with_key(key: &SigningKey) -> Value {
    let mut settings = settings(key, &upstream());
    settings["secrets"]["oauth1-key"] = DEVELOPMENT_KEY.into();
    settings["products"]["jira"]["access"] = json!([{"allow": ["* /*"]}]);
    settings
}

/// The fields of an `OAuth` header, each once.
fn fields(header: &str) -> BTreeMap<String, String> {
    let rest = header.strip_prefix("OAuth ").unwrap();
    let mut fields = BTreeMap::new();
    for field in rest.split(", ") {
        let (name, value) = field.split_once('=').unwrap();
        let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        let value = percent_decode_str(value)
            .decode_utf8()
            .unwrap()
            .into_owned();
        assert!(fields.insert(name.to_owned(), value).is_none(), "{header}");
    }
    fields
}

/// Whether the product would take the request as signed, and as this user's.
fn verifies(header: &str, method: &str, url: &str, query: &[(String, String)], user: &str) -> bool {
    let mut fields = fields(header);
    let signature = STANDARD
        .decode(fields.remove("oauth_signature").unwrap())
        .unwrap();
    let mut pairs: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.extend(
        query
            .iter()
            .map(|(name, value)| (encode(name), encode(value))),
    );
    pairs.push(("xoauth_requestor_id".to_owned(), encode(user)));
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let base = [encode(method), encode(url), encode(&pairs.join("&"))].join("&");
    let key = SigningKey::development();
    let part = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(key.jwk[name].as_str().unwrap())
            .unwrap()
    };
    let public = der(&part("n"), &part("e"));
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, public)
        .verify(base.as_bytes(), &signature)
        .is_ok()
}

/// PKCS #1's `RSAPublicKey` of a 2048-bit modulus.
fn der(n: &[u8], e: &[u8]) -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
    der.extend(n);
    der.extend([0x02, u8::try_from(e.len()).unwrap()]);
    der.extend(e);
    der
}

fn header(answer: &Value) -> &str {
    answer["context"]["authorization"].as_str().unwrap()
}

#[tokio::test]
async fn a_request_is_signed_for_its_user() {
    let key = SigningKey::generate("key", "ES256");
    let folder = Folder::new();
    let variables = [("AUTHORIZER_CACHE_SECONDS", "jira=0,confluence=300")];
    let lambda = Lambda::start(&folder.settings(&with_key(&key)), &variables).await;
    let alice = authorization(&key, "alice@example.com");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let query = [
        pair("jql", "text ~ \"a+b\" & x=1"),
        pair("f", ""),
        pair("f", "2"),
        pair("é", "ü"),
    ];
    let mut event = rest_event("PUT", "/jira/rest/api/2/issue/A-1%2F2", &alice);
    event["headers"]["Content-Type"] = "application/json".into();
    event["multiValueQueryStringParameters"] =
        json!({"jql": ["text ~ \"a+b\" & x=1"], "f": ["", "2"], "é": ["ü"]});
    event["queryStringParameters"] = json!({"jql": "text ~ \"a+b\" & x=1", "f": "2", "é": "ü"});
    let answer = lambda.invoke(&event).await.unwrap();
    let url = "https://jira.example.com:8443/tracker/rest/api/2/issue/A-1%2F2";
    let signed = header(&answer);
    assert!(
        verifies(signed, "PUT", url, &query, "alice@example.com"),
        "{signed}"
    );
    assert!(!verifies(signed, "PUT", url, &query, "admin"));
    assert!(!verifies(signed, "GET", url, &query, "alice@example.com"));
    assert!(!verifies(
        signed,
        "PUT",
        url,
        &query[1..],
        "alice@example.com"
    ));
    assert_eq!(
        answer["context"]["xoauth_requestor_id"],
        "alice@example.com"
    );
    assert_eq!(fields(signed)["oauth_consumer_key"], "gateway");
    // The same request again has another nonce.
    let again = lambda.invoke(&event).await.unwrap();
    assert_ne!(
        fields(header(&again))["oauth_nonce"],
        fields(signed)["oauth_nonce"]
    );

    // The product's own path is asked for as `/`.
    let answer = lambda
        .invoke(&rest_event("GET", "/jira", &alice))
        .await
        .unwrap();
    let url = "https://jira.example.com:8443/tracker/";
    assert!(verifies(
        header(&answer),
        "GET",
        url,
        &[],
        "alice@example.com"
    ));

    // The query of HTTP APIs comes as it was sent.
    let event = json!({
        "version": "2.0", "type": "REQUEST", "routeArn": format!("{STAGE}/GET/jira/x"), "rawPath": "/prod/jira/x",
        "rawQueryString": "a=1+2%2B3&a&b=%C3%BC", "headers": {"authorization": alice},
        "requestContext": {"http": {"method": "GET"}},
    });
    let answer = lambda.invoke(&event).await.unwrap();
    let query = [pair("a", "1 2+3"), pair("a", ""), pair("b", "ü")];
    let url = "https://jira.example.com:8443/tracker/x";
    assert!(verifies(
        header(&answer),
        "GET",
        url,
        &query,
        "alice@example.com"
    ));
}

#[tokio::test]
async fn requests_that_are_not_signed() {
    let key = SigningKey::generate("key", "ES256");
    let folder = Folder::new();
    let variables = [("AUTHORIZER_CACHE_SECONDS", "0")];
    let lambda = Lambda::start(&folder.settings(&with_key(&key)), &variables).await;
    let alice = authorization(&key, "alice");
    for content_type in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-URLEncoded; charset=UTF-8",
        " application/x-www-form-urlencoded ",
        "text/plain, application/x-www-form-urlencoded",
    ] {
        for name in ["Content-Type", "content-type", "CONTENT-TYPE"] {
            let mut event = rest_event("POST", "/jira/rest/api/2/issue", &alice);
            event["multiValueHeaders"][name] = json!([content_type]);
            let answer = lambda.invoke(&event).await.unwrap();
            assert_eq!(lambda.audit().await["code"], "form_not_signable");
            assert_eq!(header(&answer), "none");
            assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Deny");
        }
    }
    for name in ["admin", "ADMIN", "svc-build"] {
        let answer = lambda
            .invoke(&get(&authorization(&key, name)))
            .await
            .unwrap();
        assert_eq!(lambda.audit().await["code"], "impersonation_refused");
        assert_eq!(header(&answer), "none");
        assert_eq!(answer["context"]["xoauth_requestor_id"], "");
    }
    let mut event = get(&alice);
    event["queryStringParameters"] = json!({"user_id": "admin"});
    assert_eq!(lambda.denied(&event).await, "identity_parameter");

    let token = json!({"type": "TOKEN", "authorizationToken": alice, "methodArn": format!("{STAGE}/GET/jira/x")});
    assert_eq!(lambda.failed(&token).await, "request_not_signable");
}

#[tokio::test]
async fn only_where_the_user_gets_into_the_query() {
    let key = SigningKey::generate("key", "ES256");
    for (products, works) in [("jira,-,-", true), ("-,confluence,-", false), ("", false)] {
        let folder = Folder::new();
        let variables = [
            ("AUTHORIZER_CACHE_SECONDS", "0"),
            ("AUTHORIZER_OAUTH1_PRODUCTS", products),
        ];
        let lambda = Lambda::start(&folder.settings(&with_key(&key)), &variables).await;
        let event = get(&authorization(&key, "alice"));
        if works {
            assert_eq!(lambda.allowed(&event).await, "alice");
        } else {
            assert_eq!(lambda.failed(&event).await, "settings_unavailable");
            let output = lambda.output();
            assert!(
                output.contains("needs `xoauth_requestor_id` in the query"),
                "{output}"
            );
        }
    }
}

#[tokio::test]
async fn only_with_the_cache_off() {
    let key = SigningKey::generate("key", "ES256");
    for (seconds, works) in [
        (ByProduct::all(0), true),
        (ByProduct::all(1), false),
        (ByProduct::default(), false),
    ] {
        let options = Deployment {
            cache_seconds: seconds,
            ..Deployment::default()
        };
        let local = Local::new(&with_key(&key), options);
        let code = local.code(&get(&authorization(&key, "alice"))).await;
        assert_eq!(
            code,
            if works {
                "allowed"
            } else {
                "settings_unavailable"
            }
        );
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 +%&=/?.,;:_~*'\"()!\\\\-]{0,12}",
        "\\PC{0,6}",
        Just("xoauth_requestor_id".to_owned()),
        Just("x%6Fauth_requestor_id".to_owned()),
        Just("admin\r\nX-Authorizer-Username: admin".to_owned()),
    ]
}

/// What is encoded of a username in a header.
const NAME: &AsciiSet = &CONTROLS.add(b'%').add(b'"').add(b'\\');

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a caller sends, an answer that lets the request through names one user, the one in
    /// the audit line, in a header that is one.
    #[test]
    fn one_user_and_one_header(
        username in prop_oneof!["[a-z@._-]{1,12}", text()],
        segments in proptest::collection::vec(text(), 0..3),
        query in proptest::collection::vec((text(), text()), 0..4),
        name in prop_oneof![Just("X-Other".to_owned()), "[xX][-_]authorizer[-_]username", text()],
        content_type in prop_oneof![Just("application/json".to_owned()), text()],
    ) {
        let key = SigningKey::generate("key", "ES256");
        let local = Local::new(&with_key(&key), without_cache());
        let path = format!("/jira/{}", segments.join("/"));
        let mut event = rest_event("GET", &path, &authorization(&key, &username));
        let mut several = Map::new();
        let mut single = Map::new();
        for (name, value) in &query {
            let values = several.entry(name.clone()).or_insert_with(|| json!([]));
            values.as_array_mut().unwrap().push(value.clone().into());
            single.insert(name.clone(), value.clone().into());
        }
        event["multiValueQueryStringParameters"] = several.into();
        event["queryStringParameters"] = single.into();
        event["headers"][&name] = "admin".into();
        event["headers"]["content-type"] = content_type.clone().into();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(local.invoke(&event));
        let audit = local.audit();
        if audit["outcome"] != "allowed" {
            if let Ok(answer) = answer {
                prop_assert_eq!(&answer["context"]["authorization"], "none");
            }
            return Ok(());
        }
        let answer = answer.unwrap();
        let context = answer["context"].as_object().unwrap();
        for (name, value) in context {
            // What goes into the query is encoded there.
            if name == "xoauth_requestor_id" {
                continue;
            }
            prop_assert!(value.as_str().unwrap().bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", value);
        }
        let user = audit["username"].as_str().unwrap();
        let header = utf8_percent_encode(user, NAME).to_string();
        prop_assert_eq!(&answer["context"]["username"], &header);
        prop_assert_eq!(&answer["context"]["user_header"], &header);
        prop_assert_eq!(&answer["context"]["xoauth_requestor_id"], user);
        prop_assert_eq!(user, &username);
        prop_assert!(query.iter().all(|(name, _)| !name.to_ascii_lowercase().contains("oauth")));
        let mangled = name.to_ascii_lowercase().replace('_', "-");
        prop_assert!(mangled != "x-authorizer-username");
        // One slash at the end is lost on the way.
        let below = path.strip_prefix("/jira").unwrap();
        let below = below.strip_suffix('/').filter(|below| !below.is_empty()).unwrap_or(below);
        let below = utf8_percent_encode(below, PATH);
        let url = format!("https://jira.example.com:8443/tracker{below}");
        prop_assert!(verifies(self::header(&answer), "GET", &url, &query, user), "{}", path);
    }
}
