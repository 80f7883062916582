//! The shapes themselves: what is read of an event's JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{EventKind, Text};
use crate::error::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape<'e> {
    #[serde(borrow, default)]
    pub(super) version: Option<Text<'e>>,
    #[serde(borrow, default, rename = "type")]
    pub(super) event_type: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) method_arn: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) route_arn: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) authorization_token: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) path: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) raw_path: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) identity_source: Values<'e>,
    #[serde(borrow, default)]
    pub(super) headers: Headers<'e>,
    #[serde(borrow, default)]
    pub(super) multi_value_headers: Headers<'e>,
    #[serde(borrow, default)]
    pub(super) query_string_parameters: Parameters<'e>,
    #[serde(borrow, default)]
    pub(super) multi_value_query_string_parameters: Parameters<'e>,
    #[serde(borrow, default)]
    pub(super) raw_query_string: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) request_context: Option<RawContext<'e>>,
}

impl Shape<'_> {
    pub(super) fn kind(&self) -> Result<EventKind, Fault> {
        let version = self.version.as_deref();
        let event_type = self.event_type.as_deref();
        match (version, event_type) {
            (Some("2.0"), Some("REQUEST")) => Ok(EventKind::Http2),
            (Some("1.0"), Some("REQUEST")) => Ok(EventKind::Http1),
            (None, Some("TOKEN")) => Ok(EventKind::RestToken),
            (None, Some("REQUEST")) => {
                let websocket = self
                    .request_context
                    .as_ref()
                    .is_some_and(|context| context.event_type.as_deref() == Some("CONNECT"));
                Ok(if websocket {
                    EventKind::WebSocket
                } else {
                    EventKind::RestRequest
                })
            }
            _ => Err(Fault::EventMalformed),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawContext<'e> {
    #[serde(borrow, default)]
    pub(super) request_id: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) event_type: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) path: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) identity: Option<RawCaller<'e>>,
    #[serde(borrow, default)]
    pub(super) http: Option<RawHttp<'e>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawHttp<'e> {
    #[serde(borrow, default)]
    pub(super) path: Option<Text<'e>>,
    #[serde(borrow, default)]
    pub(super) source_ip: Option<Text<'e>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawCaller<'e> {
    #[serde(borrow, default)]
    pub(super) source_ip: Option<Text<'e>>,
}

/// What is read of `headers` and `multiValueHeaders`.
///
/// Header names keep the case in which the client sent them over HTTP/1.1.
#[derive(Default)]
pub(super) struct Headers<'e> {
    pub(super) authorization: Vec<Text<'e>>,
    pub(super) content_type: Vec<Text<'e>>,
    pub(super) names: Vec<Text<'e>>,
}

impl Headers<'_> {
    pub(super) fn extend(&mut self, other: Self) {
        self.authorization.extend(other.authorization);
        self.content_type.extend(other.content_type);
        // The second of an event's two objects has the names of the first, as a rule.
        if self.names.is_empty() {
            self.names = other.names;
        } else if self.names != other.names {
            self.names.extend(other.names);
        }
    }
}

impl<'de: 'e, 'e> Deserialize<'de> for Headers<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeadersVisitor;

        impl<'de> Visitor<'de> for HeadersVisitor {
            type Value = Headers<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of header values")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Headers::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut headers = Headers {
                    // What most clients send, so that it seldom grows.
                    names: Vec::with_capacity(20),
                    ..Headers::default()
                };
                while let Some(name) = members.next_key::<Text<'de>>()? {
                    if name.eq_ignore_ascii_case("authorization") {
                        let values = members.next_value::<Values<'de>>()?.0;
                        headers.authorization.extend(values);
                    } else if name.eq_ignore_ascii_case("content-type") {
                        let values = members.next_value::<Values<'de>>()?.0;
                        headers.content_type.extend(values);
                    } else {
                        members.next_value::<IgnoredAny>()?;
                    }
                    headers.names.push(name);
                }
                Ok(headers)
            }
        }

        deserializer.deserialize_any(HeadersVisitor)
    }
}

/// The names and values of a query, as API Gateway has decoded them.
#[derive(Default)]
pub(super) struct Parameters<'e>(Vec<(Text<'e>, Text<'e>)>);

impl<'de: 'e, 'e> Deserialize<'de> for Parameters<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParametersVisitor;

        impl<'de> Visitor<'de> for ParametersVisitor {
            type Value = Parameters<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of query parameters")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Parameters::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(name) = members.next_key::<Text<'de>>()? {
                    let mut values = members.next_value::<Values<'de>>()?.0;
                    if values.is_empty() {
                        // A name alone is a name all the same.
                        values.push(Text::from(""));
                    }
                    pairs.extend(values.into_iter().map(|value| (name.clone(), value)));
                }
                Ok(Parameters(pairs))
            }
        }

        deserializer.deserialize_any(ParametersVisitor)
    }
}

/// All values of all names; a name that only one of the two objects has counts too.
pub(super) fn both<'e>(all: Parameters<'e>, last: Parameters<'e>) -> Vec<(Text<'e>, Text<'e>)> {
    let Parameters(mut pairs) = all;
    for (name, value) in last.0 {
        if !pairs.iter().any(|(known, _)| *known == name) {
            pairs.push((name, value));
        }
    }
    pairs
}

/// The names and values of a raw query.
pub(super) fn decoded<'e>(query: &str) -> Vec<(Text<'e>, Text<'e>)> {
    let owned = |text: Cow<'_, str>| Text(Cow::Owned(text.into_owned()));
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (owned(name), owned(value)))
        .collect()
}

/// A string, or an array of strings in the objects with several values to a name.
#[derive(Default)]
pub(super) struct Values<'e>(pub(super) Vec<Text<'e>>);

impl<'de: 'e, 'e> Deserialize<'de> for Values<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;

        impl<'de> Visitor<'de> for ValuesVisitor {
            type Value = Values<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or an array of strings")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Values(Vec::new()))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Values(vec![Text(Cow::Borrowed(text))]))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Values(vec![Text(Cow::Owned(text.to_owned()))]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = items.next_element()? {
                    values.push(value);
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_any(ValuesVisitor)
    }
}
