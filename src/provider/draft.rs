//! A provider's document on its way, and what its kind may read of it.

use std::sync::Arc;

use super::Issuer;
use crate::document::problem::Report;
use crate::document::{ClientAuthMethod, Kind, RawProvider};
use crate::document::{ProviderId, Secrets};
use crate::http::Endpoint;
use crate::inspect::{ClientAuth, Introspection};
use crate::keys::KeySet;
use crate::keys::cache::KeySource;
use crate::secret::Secret;
use crate::signing::PrivateKey;

/// The fields that say how JWTs are verified.
pub(super) const KEYS: [&str; 4] = ["issuer", "jwks_uri", "jwks", "algorithms"];
/// The fields that say who we are at the provider.
pub(super) const CLIENT: [&str; 5] = [
    "client_id",
    "client_secret",
    "client_auth",
    "private_key",
    "client_key_id",
];
/// The fields that say whether it is asked about JWTs.
pub(super) const ONLINE: [&str; 4] = [
    "verify",
    "online_for",
    "introspection_endpoint",
    "userinfo_endpoint",
];

/// A provider's document on its way, and where to report what is wrong with it.
pub(super) struct Draft<'d, 'p> {
    pub(super) raw: RawProvider,
    pub(super) id: &'d ProviderId,
    pub(super) kind: Kind,
    secrets: &'d Secrets,
    pub(super) report: &'d mut Report<'p>,
}

impl<'d, 'p> Draft<'d, 'p> {
    pub(super) fn new(
        id: &'d ProviderId,
        kind: Kind,
        raw: RawProvider,
        secrets: &'d Secrets,
        report: &'d mut Report<'p>,
    ) -> Self {
        Self {
            raw,
            id,
            kind,
            secrets,
            report,
        }
    }

    pub(super) fn wrong(&mut self, field: &str, message: &str) {
        self.report.wrong(field, message);
    }

    /// Reports the fields that belong to other kinds.
    pub(super) fn takes(&mut self, fields: &[&str]) {
        let message = format!("does not belong to kind `{}`", self.kind.as_str());
        for (field, given) in self.raw.specific() {
            if given && !fields.contains(&field) {
                self.report.wrong(field, &message);
            }
        }
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
    pub(super) fn base_url(&mut self) -> Option<String> {
        let url = self.raw.base_url.clone()?;
        let base = url.strip_suffix('/').unwrap_or(&url);
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

    /// The keys of the settings, or else those at this URL, made of the issuer.
    pub(super) fn keys(&mut self, url: &str) -> Option<KeySource> {
        if self.raw.jwks.is_some() && self.raw.jwks_uri.is_some() {
            self.wrong("jwks_uri", "contradicts `jwks`; leave one of them out");
        }
        if self.raw.jwks.is_some() {
            return self.inline_keys();
        }
        self.endpoint(self.raw.jwks_uri.clone(), "issuer", url)
            .map(KeySource::Jwks)
    }

    /// The issuer of the settings, or else this one, with its keys, which are at this URL unless the
    /// settings say otherwise.
    pub(super) fn issuer(&mut self, name: String, keys_url: &str) -> Vec<Issuer> {
        let name = self.raw.issuer.clone().unwrap_or(name);
        let keys = self.keys(keys_url);
        let issuer = keys.map(|keys| Issuer {
            name,
            keys: Some(keys),
        });
        issuer.into_iter().collect()
    }

    /// The key set written in the settings, if there is one.
    pub(super) fn inline_keys(&mut self) -> Option<KeySource> {
        match KeySet::from_value(self.raw.jwks.as_ref()?) {
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
    pub(super) fn client_secret(&mut self) -> Option<(String, Secret)> {
        let id = self.required(
            self.raw.client_id.clone(),
            "client_id",
            "the id of your application at the provider",
        );
        let name = self.raw.client_secret.clone();
        let secret = self.secret(name.as_ref(), "client_secret");
        id.zip(secret)
    }

    /// How we authenticate at an introspection endpoint.
    fn client_auth(&mut self, endpoint: &Endpoint, audience: Option<&str>) -> Option<ClientAuth> {
        let method = self
            .raw
            .client_auth
            .unwrap_or(if self.raw.private_key.is_some() {
                ClientAuthMethod::PrivateKeyJwt
            } else {
                ClientAuthMethod::ClientSecretBasic
            });
        if method == ClientAuthMethod::PrivateKeyJwt {
            let id = self.required(
                self.raw.client_id.clone(),
                "client_id",
                "the id of your client at the provider",
            );
            let name = self.raw.private_key.clone();
            let pem = self.secret(name.as_ref(), "private_key")?;
            let key = PrivateKey::from_pem(pem.expose_secret())
                .map_err(|error| self.wrong("private_key", &error.to_string()))
                .ok()?;
            return Some(ClientAuth::PrivateKeyJwt {
                id: id?,
                key,
                key_id: self.raw.client_key_id.clone(),
                audience: audience.unwrap_or(endpoint.as_str()).to_owned(),
            });
        }
        let (id, secret) = self.client_secret()?;
        Some(match method {
            ClientAuthMethod::ClientSecretPost => ClientAuth::Post { id, secret },
            _ => ClientAuth::Basic { id, secret },
        })
    }

    /// An introspection check at this endpoint.
    pub(super) fn introspection(
        &mut self,
        endpoint: &Endpoint,
        issuers: &[Issuer],
    ) -> Option<Introspection> {
        // Okta wants the endpoint, others take their issuer.
        let issuer = issuers.first().map(|issuer| issuer.name.as_str());
        let client = self.client_auth(endpoint, issuer.filter(|_| self.kind != Kind::Okta))?;
        Some(Introspection {
            endpoint: endpoint.clone(),
            client,
            issuers: issuers.iter().map(|issuer| issuer.name.clone()).collect(),
            always_names_issuer: self.kind == Kind::Okta,
            userinfo: None,
        })
    }

    /// Anyone can have an account here, under a name that is someone else's elsewhere.
    pub(super) fn needs_known_users(&mut self, vendor: &str) {
        let rule = self.raw.username.as_ref();
        if rule.is_none_or(|rule| rule.allow.is_none() && rule.map.is_none()) {
            self.wrong(
                "username",
                &format!(
                    "lets in everyone with an account at {vendor}, under a name of their own choice; expected \
                     `username.map`, from the provider's names or ids to Atlassian's, or `username.allow`, \
                     a regular expression of the names that are yours"
                ),
            );
        }
    }

    /// The provider's ids mean nothing to Atlassian.
    pub(super) fn needs_map(&mut self) {
        if self
            .raw
            .username
            .as_ref()
            .is_none_or(|rule| rule.map.is_none())
        {
            self.wrong("username.map", "is missing; expected an object from the provider's user ids to Atlassian usernames");
        }
    }
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
