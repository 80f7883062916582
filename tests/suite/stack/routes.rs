//! What a method of the API must be, and what it must send to the product.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use testing::stack::base_url;

/// Names of an object's members, in order.
pub fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

pub fn sorted<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names
}

/// What takes the place of anything of the caller's that names a session, a user, another host,
/// path or method.
fn overwritten(product: &str, method: &str) -> BTreeMap<String, String> {
    let base = base_url(product);
    let host = base.strip_prefix("https://").unwrap();
    let quoted = |text: &str| format!("'{text}'");
    [
        ("header.Cookie", quoted("none")),
        ("header.Proxy-Authorization", quoted("none")),
        ("header.Forwarded", quoted("for=unknown")),
        ("header.Origin", quoted(&base)),
        ("header.Referer", quoted(&format!("{base}/"))),
        ("header.X-Original-URL", quoted("/")),
        ("header.X-Rewrite-URL", quoted("/")),
        ("header.X-Forwarded-Path", quoted("/")),
        ("header.X-Forwarded-Prefix", quoted("/")),
        ("header.X-Forwarded-Host", quoted(host)),
        ("header.X-HTTP-Method-Override", method.to_owned()),
        ("header.X-HTTP-Method", method.to_owned()),
        ("header.X-Method-Override", method.to_owned()),
        ("querystring.os_authType", quoted("any")),
        ("querystring.os_cookie", quoted("false")),
        ("querystring.os_password", quoted("none")),
        ("querystring.os_username", quoted("none")),
        ("querystring.xoauth_requestor_id", quoted("none")),
    ]
    .map(|(name, value)| (format!("integration.request.{name}"), value))
    .into()
}

/// Behind the product's authorizer, whose answer says who is calling.
pub fn check_guarded(method: &Value, name: &str, origin: &str) {
    assert_eq!(method["authorizationType"], "CUSTOM");
    assert_eq!(method["authorizer"], format!("{name}Tokens"));
    assert_eq!(method["apiKeyRequired"], false);
    let mut expected = overwritten(&name.to_lowercase(), "context.httpMethod");
    let mut add = |to: &str, from: &str| {
        expected.insert(format!("integration.request.{to}"), from.to_owned());
    };
    add("header.Authorization", "context.authorizer.authorization");
    add(
        "header.X-Authorizer-Username",
        "context.authorizer.user_header",
    );
    if origin.ends_with("{proxy}") {
        add("path.proxy", "method.request.path.proxy");
    }
    check_proxy(method, "ANY", origin, &expected);
}

/// Behind nothing, and with constants for all that could name a user.
pub fn check_public(method: &Value, name: &str, origin: &str) {
    assert_eq!(method["authorizationType"], "NONE");
    assert_eq!(method["authorizer"], Value::Null);
    assert_eq!(method["apiKeyRequired"], false);
    let mut expected = overwritten(&name.to_lowercase(), "'GET'");
    for (to, constant) in [
        ("Authorization", "'none'"),
        ("X-Authorizer-Username", "'-'"),
    ] {
        let to = format!("integration.request.header.{to}");
        expected.insert(to, constant.to_owned());
    }
    check_proxy(method, "GET", origin, &expected);
}

fn check_proxy(method: &Value, verb: &str, origin: &str, expected: &BTreeMap<String, String>) {
    let integration = &method["methodIntegration"];
    assert_eq!(integration["type"], "http_proxy");
    assert_eq!(integration["httpMethod"], verb);
    assert_eq!(integration["uri"], origin);
    assert_eq!(integration["connectionType"], "INTERNET");
    assert_eq!(integration["timeoutInMillis"], 29_000);
    assert_eq!(
        integration["requestParameters"],
        json!(expected),
        "{origin}"
    );
}

/// Answered by API Gateway itself, and allowing nothing.
pub fn check_preflight(method: &Value) {
    assert_eq!(method["authorizationType"], "NONE");
    assert_eq!(method["authorizer"], Value::Null);
    let integration = &method["methodIntegration"];
    assert_eq!(integration["type"], "mock");
    assert_eq!(integration["contentHandling"], "CONVERT_TO_TEXT");
    assert_eq!(
        integration["requestTemplates"],
        json!({"application/json": "{\"statusCode\": 204}"})
    );
    assert_eq!(names(&integration["integrationResponses"]), ["204"]);
    assert_eq!(names(&method["methodResponses"]), ["204"]);
    let response = &integration["integrationResponses"]["204"];
    assert_eq!(response["responseParameters"], Value::Null);
}
