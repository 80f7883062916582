//! URLs that may be fetched.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use serde::Deserialize;

/// A URL that may be fetched: `https`, or `http` on a loopback address for emulators.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Endpoint(pub(super) Url);

impl Endpoint {
    /// Parses a URL from the settings or from a discovery document.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what would be right, without the URL.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const RULE: &str = "expected an https URL without user, password or fragment";
        let url = Url::parse(text).map_err(|_| RULE)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || url.fragment().is_some() || url.host_str().is_none() {
            return Err(RULE);
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err("expected an https URL; http is only accepted for loopback addresses"),
            _ => Err(RULE),
        }
    }

    /// Whether the address is this machine's own.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether it is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether one connection serves both: scheme, host and port are the same.
    pub fn is_of_server_of(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// The same URL with these members added to its query, percent-encoded.
    #[must_use]
    pub fn with_query(&self, members: &[(&str, &str)]) -> Self {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(members);
        Self(url)
    }

    /// The host, in lower case and without a dot at its end.
    pub fn host(&self) -> Option<String> {
        let host = self.0.host_str()?;
        Some(host.strip_suffix('.').unwrap_or(host).to_owned())
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Without the query, where some services want a key.
impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        url.set_query(None);
        formatter.write_str(url.as_str())
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn is_loopback(url: &Url) -> bool {
    address(url).is_some_and(|address| address.is_loopback())
}

/// By address only: what `localhost` resolves to depends on the resolver.
pub(super) fn address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn endpoints() {
        for accepted in [
            "https://idp.example.com/keys",
            "https://idp.example.com:8443/keys?tenant=1",
            "http://127.0.0.1:9000/keys",
            "http://127.9.9.9/keys",
            "http://[::1]:9000/keys",
        ] {
            assert!(Endpoint::parse(accepted).is_ok(), "{accepted}");
        }
        for refused in [
            "",
            "keys",
            "//idp.example.com/keys",
            "http://idp.example.com/keys",
            "http://localhost:9000/keys",
            "http://127.0.0.1.example.com/keys",
            "https://user@idp.example.com/keys",
            "https://user:password@idp.example.com/keys",
            "https://idp.example.com/keys#fragment",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(Endpoint::parse(refused).is_err(), "{refused}");
        }
    }
}
