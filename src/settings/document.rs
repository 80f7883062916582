//! The documents as operators write them, before their rules are checked.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::http::Endpoint;
use crate::provider::TokenUse;
use crate::settings::problem::Report;

/// The parameter `settings`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGeneral {
    pub(crate) refresh_seconds: Option<u64>,
    #[serde(rename = "mode")]
    _mode: Option<Mode>,
    #[serde(rename = "basic_auth")]
    _basic_auth: Option<BasicAuth>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Enforce,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BasicAuth {
    Deny,
}

/// A parameter `providers/<id>`, of any kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProvider {
    pub(crate) kind: Option<Kind>,
    pub(crate) user_pool_id: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) jwks_uri: Option<Endpoint>,
    pub(crate) jwks: Option<Value>,
    pub(crate) discovery: Option<Discovery>,
    pub(crate) algorithms: Option<Vec<String>>,
    pub(crate) client_ids: Option<Vec<String>>,
    pub(crate) audiences: Option<Vec<String>>,
    pub(crate) trust: Option<Trust>,
    #[serde(default, deserialize_with = "one_or_more")]
    pub(crate) token_use: Option<Vec<TokenUse>>,
    pub(crate) username: Option<RawUsername>,
    pub(crate) groups: Option<String>,
    pub(crate) machine_users: Option<BTreeMap<String, String>>,
    pub(crate) max_token_age_seconds: Option<u64>,
}

/// The kinds of provider.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Cognito,
    Custom,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trust {
    AnyClient,
}

/// `discovery`: true, false, or the URL of the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Discovery {
    Off,
    On,
    At(Endpoint),
}

impl<'de> Deserialize<'de> for Discovery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DiscoveryVisitor;

        impl Visitor<'_> for DiscoveryVisitor {
            type Value = Discovery;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("true, false, or the https URL of the discovery document")
            }

            fn visit_bool<E>(self, on: bool) -> Result<Discovery, E> {
                Ok(if on { Discovery::On } else { Discovery::Off })
            }

            fn visit_str<E: Error>(self, url: &str) -> Result<Discovery, E> {
                Endpoint::parse(url).map(Discovery::At).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(DiscoveryVisitor)
    }
}

/// `username`: an attribute, or a rule.
#[derive(Clone, Debug)]
pub(crate) enum RawUsername {
    Attribute(String),
    Rule(RawUsernameRule),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUsernameRule {
    pub(crate) attributes: Option<Vec<String>>,
    pub(crate) transform: Option<Vec<RawTransform>>,
    pub(crate) allow: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawTransform {
    Lowercase,
    Uppercase,
    StripDomain,
    Regex(String),
}

impl RawUsername {
    pub(crate) fn into_rule(self) -> RawUsernameRule {
        match self {
            Self::Rule(rule) => rule,
            Self::Attribute(name) => RawUsernameRule {
                attributes: Some(vec![name]),
                ..RawUsernameRule::default()
            },
        }
    }
}

impl<'de> Deserialize<'de> for RawUsername {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UsernameVisitor;

        impl<'de> Visitor<'de> for UsernameVisitor {
            type Value = RawUsername;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "an attribute's name, or {\"attributes\": […], \"transform\": […], \"allow\": \"…\"}",
                )
            }

            fn visit_str<E>(self, name: &str) -> Result<RawUsername, E> {
                Ok(RawUsername::Attribute(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawUsername, A::Error> {
                RawUsernameRule::deserialize(MapAccessDeserializer::new(map)).map(RawUsername::Rule)
            }
        }

        deserializer.deserialize_any(UsernameVisitor)
    }
}

fn one_or_more<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<TokenUse>>, D::Error> {
    TokenUse::deserialize(deserializer).map(|one| Some(vec![one]))
}

/// A parameter `products/<id>`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProduct {
    pub(crate) path: Option<String>,
    pub(crate) kind: Option<ProductKind>,
    pub(crate) access: Option<Vec<RawRule>>,
}

/// The Atlassian product, as far as its REST API is known here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProductKind {
    /// Jira Software, Core and Service Management.
    Jira,
    /// Confluence.
    Confluence,
    /// Bitbucket.
    Bitbucket,
}

/// One access rule: `allow` or `deny`, under conditions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRule {
    pub(crate) allow: Option<Vec<String>>,
    pub(crate) deny: Option<Vec<String>>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) groups: Option<Vec<String>>,
}

/// Reads a document, and reports everything in it that can't be read: after each error the
/// field at fault is taken out and the rest read again.
///
/// `None` when anything was wrong.
pub(crate) fn read<T: DeserializeOwned>(text: &str, report: &mut Report<'_>) -> Option<T> {
    let mut value = match crate::json::parse(text.as_bytes()) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) => {
            report.whole("expected a JSON object");
            return None;
        }
        Err(error) => {
            report.whole(&format!(
                "expected a JSON object with unique members: {error}"
            ));
            return None;
        }
    };
    let mut clean = !report_empty(&value, "", report);
    loop {
        match serde_path_to_error::deserialize(&value) {
            Ok(document) => return clean.then_some(document),
            Err(error) => {
                clean = false;
                let path = error.path().clone();
                report.wrong(&path.to_string(), &expectation(&error.into_inner()));
                if !take_out(&mut value, &path) {
                    return None;
                }
            }
        }
    }
}

/// Reports every empty string, list or object and every null; `true` if there is any.
fn report_empty(value: &Value, path: &str, report: &mut Report<'_>) -> bool {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() && !path.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if empty {
        report.wrong(
            path,
            "is empty; expected a value, or the field to be left out",
        );
    }
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("{path}[{index}]"), item))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| {
                let dot = if path.is_empty() { "" } else { "." };
                (format!("{path}{dot}{name}"), member)
            })
            .collect(),
        _ => Vec::new(),
    };
    inner.into_iter().fold(empty, |any, (path, value)| {
        report_empty(value, &path, report) || any
    })
}

/// What serde expected, without the value that it found: that may be a secret in the wrong place.
fn expectation(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if message.starts_with("unknown field") {
        return message.replacen("unknown field", "is unknown:", 1);
    }
    match message.rsplit_once("expected ") {
        Some((_, "u64")) => "expected a whole number, not negative".to_owned(),
        Some((_, expected)) if !message.starts_with("expected") => format!("expected {expected}"),
        _ => message,
    }
}

/// Takes out what a path leads to. Of an array the whole is taken: without one of its elements
/// the places of the others would be reported wrongly.
fn take_out(value: &mut Value, path: &serde_path_to_error::Path) -> bool {
    let segments: Vec<&Segment> = path.iter().collect();
    let Some(last_name) = segments
        .iter()
        .rposition(|segment| matches!(segment, Segment::Map { .. }))
    else {
        return false;
    };
    let mut place = value;
    for segment in segments.iter().take(last_name) {
        let next = match segment {
            Segment::Map { key } => place.get_mut(key),
            Segment::Seq { index } => place.get_mut(index),
            Segment::Enum { variant } => place.get_mut(variant),
            Segment::Unknown => None,
        };
        let Some(next) = next else {
            return false;
        };
        place = next;
    }
    match (place, segments.get(last_name)) {
        (Value::Object(members), Some(Segment::Map { key })) => members.remove(key).is_some(),
        _ => false,
    }
}
