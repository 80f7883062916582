//! Any provider: one that signs JWTs with published keys, or that can be asked about its tokens.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::draft::{Asked, Draft};
use super::online::Online;
use super::resolve::{Defaults, resolve_shared};
use super::{Issuer, Provider};
use crate::document::{
    ClientFields, IntrospectionFields, KeyFields, OnlineFields, Verify, grouped,
};
use crate::http::Endpoint;
use crate::inspect::{Inspect, Userinfo};
use crate::keys::cache::KeySource;

/// Any other provider.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct CustomFields {
    /// Whether the JWKS is found by OpenID Connect discovery below `issuer`, or the URL of the discovery
    /// document. Without this field discovery is used where there is neither `jwks_uri` nor `jwks`. `true`
    /// and a URL exclude these two.
    discovery: Option<Discovery>,
    /// The URL that is asked which client an opaque token was issued to, as userinfo does not say. It must
    /// answer to the token as Bearer with `client_id`, `azp`, `cid`, `appid` or `aud`. It needs
    /// `userinfo_endpoint`. Excludes `introspection_endpoint`.
    binding_endpoint: Option<Endpoint>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct CustomDocument {
        own: CustomFields,
        keys: KeyFields,
        client: ClientFields,
        introspection: IntrospectionFields,
        online: OnlineFields,
    }
}

/// `discovery`: true, false, or the URL of the document.
#[derive(Clone, Debug, PartialEq)]
enum Discovery {
    /// There is none.
    Off,
    /// At its usual place below the issuer.
    On,
    /// At this URL.
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

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Discovery {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Discovery".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let endpoint = generator.subschema_for::<Endpoint>();
        schemars::json_schema!({"anyOf": [{"type": "boolean"}, endpoint]})
    }
}

impl CustomDocument {
    /// Fills in the little that is known of any provider.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let issuers: Vec<Issuer> = self.issuer(&mut draft).into_iter().collect();
        let opaque = self.check(&mut draft, &issuers);
        resolve_shared(
            draft,
            Defaults {
                issuers,
                opaque,
                algorithms: (self.keys.algorithms, &[]),
                // Which claim holds the Atlassian username can't be guessed, or one user could act
                // as another.
                username: None,
                online: Online {
                    fields: self.online,
                    introspection: self.introspection,
                    client: self.client,
                    binding: self.own.binding_endpoint,
                },
                ..Defaults::default()
            },
        )
    }

    /// How opaque tokens are checked: by introspection, by userinfo, or by both together.
    fn check(&self, draft: &mut Draft<'_, '_>, issuers: &[Issuer]) -> Option<Arc<dyn Inspect>> {
        let binding = self.own.binding_endpoint.clone();
        let userinfo = self.online.userinfo_endpoint.clone();
        if let Some(endpoint) = &self.introspection.introspection_endpoint {
            if binding.is_some() {
                draft.wrong(
                    "binding_endpoint",
                    "contradicts `introspection_endpoint`, which also says \
                    which application a token was issued to; remove one of them",
                );
            }
            let asked = Asked {
                endpoint,
                client: &self.client,
                fields: &self.introspection,
            };
            let mut introspection = draft.introspection(&asked, issuers)?;
            introspection.userinfo = userinfo;
            return Some(Arc::new(introspection));
        }
        let Some(endpoint) = userinfo else {
            if binding.is_some() {
                draft.wrong(
                    "binding_endpoint",
                    "needs `userinfo_endpoint`, which returns the user",
                );
            }
            return None;
        };
        // Set for JWTs, whose claims restrict the audience.
        if binding.is_none()
            && draft.shared.trust.is_none()
            && self.online.verify == Some(Verify::JwtUserinfo)
        {
            return None;
        }
        Some(Arc::new(Userinfo { endpoint, binding }))
    }

    fn issuer(&self, draft: &mut Draft<'_, '_>) -> Option<Issuer> {
        let keys = &self.keys;
        draft.keys_max_stale_seconds = keys.keys_max_stale_seconds;
        let Some(name) = keys.issuer.clone() else {
            let can_be_asked = self.introspection.introspection_endpoint.is_some()
                || self.online.userinfo_endpoint.is_some();
            let has_keys =
                keys.jwks.is_some() || keys.jwks_uri.is_some() || self.own.discovery.is_some();
            if !can_be_asked || has_keys {
                draft.wrong(
                    "issuer",
                    "is missing; expected the exact `iss` of the provider's tokens, or, if they are not \
                     JWTs, `introspection_endpoint` or `userinfo_endpoint`",
                );
            }
            return None;
        };
        let sources = [
            keys.jwks.is_some(),
            keys.jwks_uri.is_some(),
            self.own
                .discovery
                .as_ref()
                .is_some_and(|discovery| *discovery != Discovery::Off),
        ];
        if sources.into_iter().filter(|given| *given).count() > 1 {
            draft.wrong(
                "jwks_uri",
                "expected one of `jwks`, `jwks_uri` and `discovery`",
            );
            return None;
        }
        // Asked about every token, the provider needs keys for signed answers alone.
        if matches!(
            self.online.verify,
            Some(Verify::Introspection | Verify::Userinfo)
        ) {
            let keys = self.answer_keys(&name, draft);
            return Some(Issuer { name, keys });
        }
        let keys = if let Some(set) = &keys.jwks {
            draft.inline_keys(set)?
        } else if let Some(uri) = &keys.jwks_uri {
            KeySource::Jwks(uri.clone())
        } else {
            let endpoint = match &self.own.discovery {
                Some(Discovery::Off) => {
                    draft.wrong(
                        "jwks_uri",
                        "is missing; expected it, or `jwks`, or `discovery`",
                    );
                    return None;
                }
                Some(Discovery::At(endpoint)) => endpoint.clone(),
                Some(Discovery::On) | None => usual_discovery(&name)
                    .map_err(|expected| {
                        // AD FS's access tokens have such an issuer.
                        let instead = "if the `iss` of the tokens is not such a URL, set `discovery` to the \
                            document's URL, or set `jwks_uri`";
                        draft.wrong("issuer", &format!("{expected}; {instead}"));
                    })
                    .ok()?,
            };
            KeySource::Discovery {
                endpoint,
                issuer: name.clone(),
            }
        };
        Some(Issuer {
            name,
            keys: Some(keys),
        })
    }

    /// The keys of a provider that is asked about every token: its answers may be signed. They are
    /// fetched with the first that is, so nothing is wrong without them.
    fn answer_keys(&self, issuer: &str, draft: &mut Draft<'_, '_>) -> Option<KeySource> {
        if let Some(set) = &self.keys.jwks {
            return draft.inline_keys(set);
        }
        if let Some(uri) = &self.keys.jwks_uri {
            return Some(KeySource::Jwks(uri.clone()));
        }
        let endpoint = match &self.own.discovery {
            Some(Discovery::Off) => return None,
            Some(Discovery::At(endpoint)) => endpoint.clone(),
            Some(Discovery::On) | None => usual_discovery(issuer).ok()?,
        };
        let issuer = issuer.to_owned();
        Some(KeySource::Discovery { endpoint, issuer })
    }
}

/// Where an issuer's discovery document usually is.
fn usual_discovery(issuer: &str) -> Result<Endpoint, &'static str> {
    // OpenID Connect Discovery 1.0, section 4: a terminating `/` is removed.
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Endpoint::parse(&format!("{base}/.well-known/openid-configuration"))
}
