//! The event that the benchmarks send.

use serde_json::{Value, json};

/// A REST REQUEST event as API Gateway sends it, with the headers of a usual client.
pub(crate) fn rest(token: &str) -> String {
    let headers = json!({
        "Accept": "application/json", "Accept-Encoding": "gzip, deflate", "Authorization": format!("Bearer {token}"),
        "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com", "User-Agent": "python-requests/2.34.2",
        "X-Amzn-Trace-Id": "Root=1-5e1b4151-5ac6c58f3375aa3c7c6b73c9", "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
    });
    let many: serde_json::Map<String, Value> = headers
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect();
    json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/rest/api/2/issue/A-1",
        "resource": "/{proxy+}", "path": "/rest/api/2/issue/A-1", "httpMethod": "GET",
        "headers": headers, "multiValueHeaders": many,
        "queryStringParameters": {"fields": "summary"}, "multiValueQueryStringParameters": {"fields": ["summary"]},
        "pathParameters": {"proxy": "rest/api/2/issue/A-1"}, "stageVariables": {},
        "requestContext": {
            "resourceId": "a1b2c3", "resourcePath": "/{proxy+}", "httpMethod": "GET", "path": "/prod/rest/api/2/issue/A-1",
            "accountId": "123456789012", "stage": "prod", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "apiId": "abcdef1234", "identity": {"sourceIp": "203.0.113.7", "userAgent": "python-requests/2.34.2"},
        },
    })
    .to_string()
}
