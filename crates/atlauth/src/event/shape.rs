//! The five shapes of an event, as API Gateway sends them.

use serde_json::{Map, Value, json};

/// `arn:…:{api}/{stage}` of an API that is nobody's.
const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

/// Which shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// REST API, TOKEN authorizer.
    RestToken,
    /// REST API, REQUEST authorizer.
    RestRequest,
    /// WebSocket API, REQUEST authorizer on `$connect`.
    Websocket,
    /// HTTP API, payload format 1.0.
    #[value(name = "http-1.0")]
    Http1,
    /// HTTP API, payload format 2.0.
    #[value(name = "http-2.0")]
    Http2,
}

/// A request, as a client sends it.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'r> {
    pub(crate) method: &'r str,
    /// Without its query.
    pub(crate) path: &'r str,
    pub(crate) query: &'r [(String, String)],
    /// Beside `Authorization`.
    pub(crate) headers: &'r [(String, String)],
    pub(crate) authorization: Option<&'r str>,
    pub(crate) source_ip: &'r str,
}

impl Sent<'_> {
    /// The event that API Gateway makes of the request.
    pub(crate) fn event(&self, kind: Kind) -> Value {
        match kind {
            Kind::RestToken => json!({
                "type": "TOKEN",
                "authorizationToken": self.authorization.unwrap_or_default(),
                "methodArn": self.arn(),
            }),
            Kind::RestRequest => self.rest(),
            Kind::Websocket => self.websocket(),
            Kind::Http1 => {
                let mut event = self.rest();
                event["version"] = "1.0".into();
                event["identitySource"] = self.authorization.into();
                event["authorizationToken"] = self.authorization.into();
                event
            }
            Kind::Http2 => self.http2(),
        }
    }

    fn arn(&self) -> String {
        format!("{STAGE}/{}{}", self.method, self.path)
    }

    fn rest(&self) -> Value {
        json!({
            "type": "REQUEST",
            "methodArn": self.arn(),
            "resource": "/{proxy+}",
            "path": self.path,
            "httpMethod": self.method,
            "headers": one(&self.headers(), str::to_owned),
            "multiValueHeaders": all(&self.headers()),
            "queryStringParameters": one(self.query, str::to_owned),
            "multiValueQueryStringParameters": all(self.query),
            "pathParameters": {"proxy": self.path.trim_start_matches('/')},
            "stageVariables": null,
            "requestContext": {
                "resourceId": "a1b2c3", "resourcePath": "/{proxy+}", "httpMethod": self.method,
                "path": format!("/prod{}", self.path), "accountId": "123456789012",
                "protocol": "HTTP/1.1", "stage": "prod", "requestId": "made-by-atlauth",
                "apiId": "abcdef1234",
                "identity": {"sourceIp": self.source_ip, "userAgent": "atlauth", "apiKey": null,
                             "clientCert": null},
            },
        })
    }

    fn websocket(&self) -> Value {
        json!({
            "type": "REQUEST",
            "methodArn": format!("{STAGE}/$connect"),
            "headers": one(&self.headers(), str::to_owned),
            "multiValueHeaders": all(&self.headers()),
            "queryStringParameters": one(self.query, str::to_owned),
            "multiValueQueryStringParameters": all(self.query),
            "stageVariables": {},
            "requestContext": {
                "routeKey": "$connect", "eventType": "CONNECT", "messageDirection": "IN",
                "stage": "prod", "connectionId": "made-by-atlauth=", "requestId": "made-by-atlauth",
                "apiId": "abcdef1234", "identity": {"sourceIp": self.source_ip},
            },
        })
    }

    fn http2(&self) -> Value {
        let mut raw_query = form_urlencoded::Serializer::new(String::new());
        raw_query.extend_pairs(self.query);
        json!({
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": self.arn(),
            "identitySource": self.authorization.map(|value| vec![value]),
            "routeKey": "ANY /{proxy+}",
            "rawPath": self.path,
            "rawQueryString": raw_query.finish(),
            // This format has names in lower case, and one value to a name.
            "headers": one(&self.headers(), str::to_ascii_lowercase),
            "queryStringParameters": one(self.query, str::to_owned),
            "requestContext": {
                "accountId": "123456789012", "apiId": "abcdef1234",
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1",
                         "sourceIp": self.source_ip, "userAgent": "atlauth"},
                "requestId": "made-by-atlauth", "routeKey": "ANY /{proxy+}", "stage": "prod",
            },
            "pathParameters": {"proxy": self.path.trim_start_matches('/')},
        })
    }

    fn headers(&self) -> Vec<(String, String)> {
        let authorization = self.authorization.map(|value| ("Authorization", value));
        let own = [("X-Forwarded-For", self.source_ip)].into_iter();
        let own = own.chain(authorization);
        own.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(self.headers.iter().cloned())
            .collect()
    }
}

/// The last value of each name; null where there are no names.
fn one(pairs: &[(String, String)], name_of: fn(&str) -> String) -> Value {
    let members = pairs.iter();
    let members: Map<String, Value> = members
        .map(|(name, value)| (name_of(name), value.as_str().into()))
        .collect();
    if members.is_empty() {
        Value::Null
    } else {
        members.into()
    }
}

/// All values of each name; null where there are no names.
fn all(pairs: &[(String, String)]) -> Value {
    let mut members = Map::new();
    for (name, value) in pairs {
        let values = members.entry(name.clone()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(value.as_str().into());
        }
    }
    if members.is_empty() {
        Value::Null
    } else {
        members.into()
    }
}
