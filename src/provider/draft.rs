//! A provider's document on its way.

use std::sync::Arc;

use serde_json::Value;

use super::Issuer;
use crate::document::problem::Report;
use crate::document::{
    ClientAuthMethod, ClientFields, IntrospectionFields, KeyFields, Kind, ProviderId, Secrets,
    SharedFields,
};
use crate::http::Endpoint;
use crate::inspect::{ClientAuth, Introspection};
use crate::keys::KeySet;
use crate::keys::cache::KeySource;
use crate::secret::Secret;
use crate::signing::PrivateKey;

/// What all kinds share of a provider's document, and where to report what is wrong with it.
pub(super) struct Draft<'d, 'p> {
    pub(super) shared: SharedFields,
    pub(super) id: &'d ProviderId,
    pub(super) kind: Kind,
    secrets: &'d Secrets,
    /// How old keys may become, of the fields for keys, which not all kinds have.
    pub(super) keys_max_stale_seconds: Option<u64>,
    pub(super) report: &'d mut Report<'p>,
}

impl<'d, 'p> Draft<'d, 'p> {
    pub(super) fn new(
        id: &'d ProviderId,
        kind: Kind,
        shared: SharedFields,
        secrets: &'d Secrets,
        report: &'d mut Report<'p>,
    ) -> Self {
        Self {
            shared,
            id,
            kind,
            secrets,
            keys_max_stale_seconds: None,
            report,
        }
    }

    pub(super) fn wrong(&mut self, field: &str, message: &str) {
        self.report.wrong(field, message);
    }

    /// A field that the kind can't do without.
    pub(super) fn required(
        &mut self,
        value: Option<String>,
        field: &str,
        what: &str,
    ) -> Option<String> {
        self.report.required(value, field, what)
    }

    /// `base_url`, without a slash at its end.
    pub(super) fn base_url(&mut self, url: Option<&String>) -> Option<String> {
        let url = url?;
        let base = url.strip_suffix('/').unwrap_or(url);
        match Endpoint::parse(base) {
            Ok(_) if !base.contains('?') => {}
            Ok(_) => self.wrong("base_url", "expected a URL without a query"),
            Err(expected) => self.wrong("base_url", expected),
        }
        Some(base.to_owned())
    }

    /// The endpoint of the settings, or else this one, made of the value of `field`.
    pub(super) fn endpoint(
        &mut self,
        given: Option<Endpoint>,
        field: &str,
        url: &str,
    ) -> Option<Endpoint> {
        given.or_else(|| {
            Endpoint::parse(url)
                .map_err(|expected| self.wrong(field, expected))
                .ok()
        })
    }

    /// Puts this endpoint, made of the value of `field`, where the settings name none.
    ///
    /// The value is checked even where the settings name one: it is wrong all the same.
    pub(super) fn fill_endpoint(&mut self, place: &mut Option<Endpoint>, field: &str, url: &str) {
        let known = self.endpoint(None, field, url);
        *place = place.take().or(known);
    }

    /// The keys of the settings, or else those at this URL, made of the issuer.
    pub(super) fn keys(&mut self, keys: &KeyFields, url: &str) -> Option<KeySource> {
        self.keys_max_stale_seconds = keys.keys_max_stale_seconds;
        if keys.jwks.is_some() && keys.jwks_uri.is_some() {
            self.wrong("jwks_uri", "contradicts `jwks`; remove one of them");
        }
        if let Some(set) = &keys.jwks {
            return self.inline_keys(set);
        }
        self.endpoint(keys.jwks_uri.clone(), "issuer", url)
            .map(KeySource::Jwks)
    }

    /// The issuer of the settings, or else this one, with its keys, which are at this URL unless the
    /// settings say otherwise.
    pub(super) fn issuer(&mut self, keys: &KeyFields, name: String, keys_url: &str) -> Vec<Issuer> {
        let name = keys.issuer.clone().unwrap_or(name);
        let keys = self.keys(keys, keys_url);
        let issuer = keys.map(|keys| Issuer {
            name,
            keys: Some(keys),
        });
        issuer.into_iter().collect()
    }

    /// The JWKS in the settings.
    pub(super) fn inline_keys(&mut self, set: &Value) -> Option<KeySource> {
        match KeySet::from_value(set) {
            Ok(keys) => Some(KeySource::Inline(Arc::new(keys))),
            Err(error) => {
                self.wrong("jwks", &error.to_string());
                None
            }
        }
    }

    /// A secret that a field names.
    fn secret(&mut self, name: Option<&String>, field: &str) -> Option<Secret> {
        self.report.secret(self.secrets, name, field)
    }

    /// Our client id and secret at the provider.
    pub(super) fn client_secret(&mut self, client: &ClientFields) -> Option<(String, Secret)> {
        let id = self.required(
            client.client_id.clone(),
            "client_id",
            "the id of your application at the provider",
        );
        let secret = self.secret(client.client_secret.as_ref(), "client_secret");
        id.zip(secret)
    }

    /// How we authenticate at an introspection endpoint.
    fn client_auth(&mut self, asked: &Asked<'_>, audience: &str) -> Option<ClientAuth> {
        let Asked { client, fields, .. } = asked;
        let method = fields
            .client_auth
            .unwrap_or(if fields.private_key.is_some() {
                ClientAuthMethod::PrivateKeyJwt
            } else {
                ClientAuthMethod::ClientSecretBasic
            });
        // The other one is checked too: it is no secret of this document's, or the wrong one.
        if method == ClientAuthMethod::PrivateKeyJwt {
            if client.client_secret.is_some() {
                self.secret(client.client_secret.as_ref(), "client_secret");
            }
            let id = self.required(
                client.client_id.clone(),
                "client_id",
                "the id of your client at the provider",
            );
            let name = fields.private_key.as_ref();
            let pem = self.report.private_key(self.secrets, name, "private_key")?;
            let key = PrivateKey::from_pem(pem.expose_secret())
                .map_err(|error| self.wrong("private_key", &error.to_string()))
                .ok()?;
            return Some(ClientAuth::PrivateKeyJwt {
                id: id?,
                key,
                key_id: fields.client_key_id.clone(),
                audience: audience.to_owned(),
            });
        }
        if fields.private_key.is_some() {
            let name = fields.private_key.as_ref();
            self.report.private_key(self.secrets, name, "private_key");
        }
        if method == ClientAuthMethod::Bearer {
            let token = self.secret(client.client_secret.as_ref(), "client_secret")?;
            if !is_bearer(token.expose_secret()) {
                self.wrong("client_secret", "expected the secret to hold a Bearer token: printable ASCII without spaces (RFC 6750, section 2.1)");
            }
            let id = client.client_id.clone();
            return Some(ClientAuth::Bearer { id, token });
        }
        let (id, secret) = self.client_secret(client)?;
        Some(match method {
            ClientAuthMethod::ClientSecretPost => ClientAuth::Post { id, secret },
            _ => ClientAuth::Basic { id, secret },
        })
    }

    /// An introspection check.
    pub(super) fn introspection(
        &mut self,
        asked: &Asked<'_>,
        issuers: &[Issuer],
    ) -> Option<Introspection> {
        // Okta wants the endpoint, others take their issuer.
        let issuer = issuers.first().filter(|_| self.kind != Kind::Okta);
        let audience = issuer.map_or(asked.endpoint.as_str(), |issuer| &issuer.name);
        Some(Introspection {
            endpoint: asked.endpoint.clone(),
            client: self.client_auth(asked, audience)?,
            issuers: issuers.iter().map(|issuer| issuer.name.clone()).collect(),
            always_names_issuer: self.kind == Kind::Okta,
            userinfo: None,
        })
    }

    /// Anyone can have an account here, under a name that is someone else's elsewhere.
    pub(super) fn needs_known_users(&mut self, vendor: &str) {
        let rule = self.shared.username.as_ref();
        if rule.is_none_or(|rule| rule.allow.is_none() && rule.map.is_none()) {
            self.wrong(
                "username",
                &format!(
                    "admits everyone with an account at {vendor}, under a name of their own choice; \
                     expected `username.map`, from the provider's names or ids to Atlassian's, or \
                     `username.allow`, a regular expression that matches your users only"
                ),
            );
        }
    }

    /// The provider's ids mean nothing to Atlassian.
    pub(super) fn needs_map(&mut self) {
        if self
            .shared
            .username
            .as_ref()
            .is_none_or(|rule| rule.map.is_none())
        {
            self.wrong("username.map", "is missing; expected an object from the provider's user ids to Atlassian usernames");
        }
    }
}

/// An endpoint for introspection, and who asks it.
pub(super) struct Asked<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) client: &'a ClientFields,
    /// How the client authenticates.
    pub(super) fields: &'a IntrospectionFields,
}

/// Whether a text can stand after `Bearer` in a header.
fn is_bearer(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a URL leads to this host or one below it.
pub(super) fn is_host_of(url: &str, host: &str) -> bool {
    let found = Endpoint::parse(url)
        .ok()
        .and_then(|endpoint| endpoint.host());
    found.is_some_and(|found| {
        let above = found.strip_suffix(host);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}
