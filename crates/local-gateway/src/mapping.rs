//! Request mappings: what of a request and of the authorizer's answer goes where.
//!
//! Source: [parameter mapping](https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html).

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::headers::remove_hop_by_hop;
use crate::method_request::MethodRequest;

/// One entry of `requestParameters`.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    target: Target,
    pub(crate) source: ParameterSource,
}

#[derive(Clone, Debug)]
enum Target {
    Header(HeaderName),
    Query(String),
    Path(String),
}

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ParameterSource {
    /// `'text'`.
    Literal(String),
    /// A member of the context that the authorizer answered.
    Authorizer(String),
    /// The caller's address.
    Caller,
    /// The request's method.
    Method,
    /// The request's path, with the stage before it.
    ContextPath,
    /// A part of the caller's request.
    Header(HeaderName),
    Query(String),
    Path(String),
}

/// What values come from.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'s> {
    /// The stage that the request is for.
    pub(crate) stage: &'s str,
    pub(crate) request: &'s MethodRequest,
    /// The path's parameters.
    pub(crate) parameters: &'s BTreeMap<&'s str, &'s str>,
    /// What the authorizer answered; empty before it has.
    pub(crate) context: &'s BTreeMap<String, String>,
}

/// What is sent on, but for the body.
#[derive(Debug)]
pub(crate) struct IntegrationRequest {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

/// The path that would be asked for is not the one that was decided on.
#[derive(Debug)]
pub(crate) struct PathChanged;

impl Mapping {
    pub(crate) fn read(to: &str, from: &str) -> Result<Self, String> {
        let unknown = || format!("a mapping to `{to}` is not played here");
        let target = to
            .strip_prefix("integration.request.")
            .ok_or_else(unknown)?;
        let (kind, name) = target.split_once('.').ok_or_else(unknown)?;
        Ok(Self {
            target: match kind {
                "header" => Target::Header(name.parse().map_err(|_| unknown())?),
                "querystring" => Target::Query(name.to_owned()),
                "path" => Target::Path(name.to_owned()),
                _ => return Err(unknown()),
            },
            source: ParameterSource::read(from)?,
        })
    }
}

impl ParameterSource {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let unknown = || format!("a value from `{text}` is not played here");
        let literal = text
            .strip_prefix('\'')
            .and_then(|text| text.strip_suffix('\''));
        if let Some(literal) = literal {
            return Ok(Self::Literal(literal.to_owned()));
        }
        match text {
            "context.identity.sourceIp" => return Ok(Self::Caller),
            "context.httpMethod" => return Ok(Self::Method),
            "context.path" => return Ok(Self::ContextPath),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("context.authorizer.") {
            return Ok(Self::Authorizer(name.to_owned()));
        }
        let part = text.strip_prefix("method.request.").ok_or_else(unknown)?;
        match part.split_once('.') {
            Some(("header", name)) => name.parse().map(Self::Header).map_err(|_| unknown()),
            Some(("querystring", name)) => Ok(Self::Query(name.to_owned())),
            Some(("path", name)) => Ok(Self::Path(name.to_owned())),
            _ => Err(unknown()),
        }
    }

    /// The value for a request; `None` where there is none, or an empty one, which API Gateway
    /// treats alike.
    pub(crate) fn value<'v>(&'v self, sources: Sources<'v>) -> Option<Cow<'v, str>> {
        let request = sources.request;
        let value = match self {
            Self::Literal(text) => Cow::Borrowed(text.as_str()),
            Self::Authorizer(name) => Cow::Borrowed(sources.context.get(name)?.as_str()),
            Self::Caller => Cow::Owned(request.source_ip.to_string()),
            Self::Method => Cow::Borrowed(request.method.as_str()),
            Self::ContextPath => Cow::Owned(request.context_path(sources.stage)),
            Self::Header(name) => request
                .headers
                .get_all(name)
                .iter()
                .next_back()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))?,
            Self::Query(name) => request
                .query_pairs()
                .filter(|(one, _)| one == name)
                .map(|(_, value)| value)
                .last()?,
            Self::Path(name) => Cow::Borrowed(*sources.parameters.get(name.as_str())?),
        };
        Some(value).filter(|value| !value.is_empty())
    }
}

impl IntegrationRequest {
    /// Applies an integration's mappings to a request.
    ///
    /// What stands in a mapping overwrites what the caller sent under that name, in any case: the
    /// names of headers come here without their case.
    pub(crate) fn new(
        uri: &str,
        mappings: &[Mapping],
        sources: Sources<'_>,
    ) -> Result<Self, PathChanged> {
        let request = sources.request;
        let mut uri = uri.to_owned();
        let mut headers = request.headers.clone();
        remove_hop_by_hop(&mut headers);
        let mut query: Vec<(&str, Cow<'_, str>)> = Vec::new();
        for mapping in mappings {
            let value = mapping.source.value(sources);
            match (&mapping.target, value) {
                (Target::Header(name), Some(value)) => {
                    // What the caller sent goes in any case.
                    headers.remove(name);
                    if let Ok(value) = HeaderValue::from_str(&value) {
                        headers.insert(name, value);
                    }
                }
                (Target::Query(name), Some(value)) => query.push((name, value)),
                (Target::Path(name), value) => {
                    uri = uri.replace(&format!("{{{name}}}"), &value.unwrap_or_default());
                }
                (_, None) => {}
            }
        }
        let mut url = Url::parse(&uri).map_err(|_| PathChanged)?;
        // The URL's parser resolves dot segments: what was decided on must be what is asked for.
        let asked = uri
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'));
        let asked = asked.map(|(_, path)| path).unwrap_or_default();
        let decoded = |path: &str| percent_decode_str(path).collect::<Vec<u8>>();
        if decoded(url.path().trim_start_matches('/')) != decoded(asked.trim_start_matches('/')) {
            return Err(PathChanged);
        }
        url.set_query(with_parameters(request.query.as_deref(), &query).as_deref());
        Ok(Self { url, headers })
    }
}

/// A query as it came, with these parameters in place of any of their names.
fn with_parameters(query: Option<&str>, mapped: &[(&str, Cow<'_, str>)]) -> Option<String> {
    if mapped.is_empty() {
        return query.map(str::to_owned);
    }
    let is_mapped = |pair: &str| {
        form_urlencoded::parse(pair.as_bytes())
            .any(|(name, _)| mapped.iter().any(|(mapped, _)| *mapped == name))
    };
    let pairs = query.unwrap_or_default().split('&');
    let mut pairs: Vec<String> = pairs
        .filter(|pair| !pair.is_empty() && !is_mapped(pair))
        .map(str::to_owned)
        .collect();
    for (name, value) in mapped {
        let mut pair = form_urlencoded::Serializer::new(String::new());
        pairs.push(pair.append_pair(name, value).finish());
    }
    Some(pairs.join("&"))
}
