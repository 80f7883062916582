//! A request, and the event that API Gateway makes of it for an authorizer.
//!
//! Source: [input of a REST API's authorizer](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::{HeaderMap, Method, request};
use serde_json::{Map, Value as Json, json};

use crate::account;

/// The id of an API that is not there.
const API: &str = "local00000";

/// What a caller asks for, but for the body.
pub(crate) struct MethodRequest {
    pub(crate) method: Method,
    /// As it came, percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) source_ip: IpAddr,
    pub(crate) request_id: String,
}

impl MethodRequest {
    pub(crate) fn new(parts: &request::Parts, source_ip: IpAddr, request_id: String) -> Self {
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers.clone(),
            source_ip,
            request_id,
        }
    }

    /// The query's names and values, decoded.
    pub(crate) fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// The ARN of the method, which policies are about.
    pub(crate) fn arn(&self, stage: &str) -> String {
        let (region, account) = (account::REGION, account::ACCOUNT);
        let (method, path) = (&self.method, self.path.trim_start_matches('/'));
        format!("arn:aws:execute-api:{region}:{account}:{API}/{stage}/{method}/{path}")
    }

    /// The path of the URL: with the stage before it.
    pub(crate) fn context_path(&self, stage: &str) -> String {
        format!("/{stage}{}", self.path)
    }

    /// The event for an authorizer of the kind REQUEST.
    pub(crate) fn event(
        &self,
        stage: &str,
        resource: &str,
        parameters: &BTreeMap<&str, &str>,
    ) -> Json {
        let headers = self.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let (headers, all_headers) = single_and_multiple(headers);
        let query = self
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), value.into_owned()));
        let (query, all_query) = single_and_multiple(query);
        json!({
            "type": "REQUEST",
            "methodArn": self.arn(stage),
            "resource": resource,
            "path": self.path,
            "httpMethod": self.method.as_str(),
            "headers": headers,
            "multiValueHeaders": all_headers,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": all_query,
            "pathParameters": parameters,
            "stageVariables": {},
            "requestContext": {
                "resourceId": "local0",
                "resourcePath": resource,
                "httpMethod": self.method.as_str(),
                "path": self.context_path(stage),
                "accountId": account::ACCOUNT,
                "protocol": "HTTP/1.1",
                "stage": stage,
                "requestId": self.request_id,
                "identity": {"sourceIp": self.source_ip.to_string(), "apiKey": null},
                "apiId": API,
            },
        })
    }
}

/// The last value of each name, and all of them.
fn single_and_multiple(
    pairs: impl Iterator<Item = (String, String)>,
) -> (Map<String, Json>, BTreeMap<String, Vec<String>>) {
    let mut last = Map::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        last.insert(name.clone(), Json::from(value.clone()));
        all.entry(name).or_default().push(value);
    }
    (last, all)
}
