//! How the API is set up, as the function's environment tells it.

use thiserror::Error;

/// How the API is set up, where that changes what an answer must be.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// Answer HTTP API 2.0 events with `isAuthorized`.
    pub simple_responses: bool,
    /// How long API Gateway uses an answer again, in seconds.
    pub cache_seconds: ByProduct<u32>,
    /// What API Gateway finds an answer by.
    pub cache_keys: ByProduct<CacheKey>,
    /// The caller's address is part of what API Gateway finds an answer by.
    pub cached_by_source_ip: bool,
    /// Products for which the API sends `xoauth_requestor_id` in the query; `None` where nobody has
    /// said.
    pub oauth1_products: Option<Vec<String>>,
}

/// What API Gateway finds an answer by, beside the caller's address: an authorizer's identity
/// sources.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheKey {
    /// The token, the method and the path.
    Route,
    /// The token alone.
    Token,
}

impl CacheKey {
    /// Reads `route` or `token`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Route, Self::Token]
            .into_iter()
            .find(|key| key.as_str() == text)
    }

    /// The name, as the environment and the template have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Token => "token",
        }
    }
}

/// What an answer will serve for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerScope {
    /// This request alone: API Gateway's cache is off.
    Request,
    /// Every request of the token for this method and path.
    Route,
    /// Every request of the token for this product.
    Token,
}

/// A value for each product: each has an authorizer of its own.
#[derive(Clone, Debug)]
pub struct ByProduct<T> {
    /// For products that are not named; `None` where nobody has said.
    others: Option<T>,
    named: Vec<(String, T)>,
}

impl<T> Default for ByProduct<T> {
    fn default() -> Self {
        Self {
            others: None,
            named: Vec::new(),
        }
    }
}

impl<T: Copy> ByProduct<T> {
    /// The same value for all products.
    pub fn all(value: T) -> Self {
        Self {
            others: Some(value),
            named: Vec::new(),
        }
    }

    /// Sets the value of one product that has none of its own yet.
    #[must_use]
    pub fn with(mut self, product: &str, value: T) -> Self {
        self.named.push((product.to_owned(), value));
        self
    }

    /// The value of one product; `None` where nobody has said.
    pub fn of(&self, product: &str) -> Option<T> {
        let named = self.named.iter().find(|(name, _)| name == product);
        named.map(|(_, value)| *value).or(self.others)
    }

    /// The same, with this value for products of which nobody has said.
    #[must_use]
    pub fn or(mut self, value: T) -> Self {
        self.others = self.others.or(Some(value));
        self
    }

    fn names(&self, product: &str) -> bool {
        self.named.iter().any(|(name, _)| name == product)
    }

    /// Reads `60` or `jira=60,confluence=0`; an empty text says nothing.
    fn parse(text: &str, value: impl Fn(&str) -> Option<T>) -> Option<Self> {
        let mut values = Self::default();
        if text.is_empty() {
            return Some(values);
        }
        for part in text.split(',') {
            match part.split_once('=') {
                None if values.others.is_none() => values.others = Some(value(part)?),
                Some((product, text)) if !product.is_empty() && !values.names(product) => {
                    values.named.push((product.to_owned(), value(text)?));
                }
                _ => return None,
            }
        }
        Some(values)
    }
}

impl std::str::FromStr for ByProduct<u32> {
    type Err = DeploymentError;

    fn from_str(text: &str) -> Result<Self, DeploymentError> {
        Self::parse(text, |text| text.parse().ok()).ok_or(DeploymentError::Seconds)
    }
}

impl std::str::FromStr for ByProduct<CacheKey> {
    type Err = DeploymentError;

    fn from_str(text: &str) -> Result<Self, DeploymentError> {
        Self::parse(text, CacheKey::parse).ok_or(DeploymentError::Key)
    }
}

impl Deployment {
    /// Reads `AUTHORIZER_SIMPLE_RESPONSES`, `AUTHORIZER_CACHE_SECONDS`, `AUTHORIZER_CACHE_KEY`,
    /// `AUTHORIZER_CACHED_BY_SOURCE_IP` and `AUTHORIZER_OAUTH1_PRODUCTS`.
    ///
    /// # Errors
    ///
    /// A simple response says yes or no for one request. With a cache, API Gateway would use it
    /// for all routes; so it is an error unless the cache is known to be off, or to keep an answer
    /// for each route.
    pub fn from_env() -> Result<Self, DeploymentError> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let deployment = Self::parse(
            &variable("AUTHORIZER_SIMPLE_RESPONSES"),
            &variable("AUTHORIZER_CACHE_SECONDS"),
            &variable("AUTHORIZER_CACHE_KEY"),
            &variable("AUTHORIZER_CACHED_BY_SOURCE_IP"),
        )?;
        let products = std::env::var("AUTHORIZER_OAUTH1_PRODUCTS").ok();
        let names = |products: String| products.split(',').map(str::to_owned).collect();
        Ok(Self {
            oauth1_products: products.map(names),
            ..deployment
        })
    }

    fn parse(
        simple: &str,
        cache_seconds: &str,
        cache_key: &str,
        by_source_ip: &str,
    ) -> Result<Self, DeploymentError> {
        let flag = |text| match text {
            "" | "false" => Some(false),
            "true" => Some(true),
            _ => None,
        };
        let deployment = Self {
            simple_responses: flag(simple).ok_or(DeploymentError::Simple)?,
            cache_seconds: cache_seconds.parse()?,
            cache_keys: cache_key.parse()?,
            cached_by_source_ip: flag(by_source_ip).ok_or(DeploymentError::SourceIp)?,
            oauth1_products: None,
        };
        if deployment.simple_responses && !deployment.answers_are_exact() {
            return Err(DeploymentError::Cache);
        }
        Ok(deployment)
    }

    /// What an answer for a product will serve for, as far as is known.
    pub fn scope(&self, product: &str) -> AnswerScope {
        match (self.cache_seconds.of(product), self.cache_keys.of(product)) {
            (Some(0), _) => AnswerScope::Request,
            (_, Some(CacheKey::Route)) => AnswerScope::Route,
            (_, Some(CacheKey::Token) | None) => AnswerScope::Token,
        }
    }

    /// Whether answers for all products that are known serve for one route each, and some are
    /// known.
    fn answers_are_exact(&self) -> bool {
        let times = self.cache_seconds.named.iter().map(|(name, _)| name);
        let mut names = times.chain(self.cache_keys.named.iter().map(|(name, _)| name));
        let speaks_of_others =
            self.cache_seconds.others.is_some() || self.cache_keys.others.is_some();
        let known = speaks_of_others || names.clone().next().is_some();
        // No product has an empty name: it stands for those that are not named.
        known
            && names.all(|name| self.scope(name) != AnswerScope::Token)
            && !(speaks_of_others && self.scope("") == AnswerScope::Token)
    }

    /// Whether each request for a product is known to reach the authorizer.
    pub fn cache_is_off(&self, product: &str) -> bool {
        self.cache_seconds.of(product) == Some(0)
    }

    /// Whether the API can be expected to send `xoauth_requestor_id` for a product.
    pub fn sends_requestor(&self, product: &str) -> bool {
        let products = self.oauth1_products.as_ref();
        products.is_none_or(|products| products.iter().any(|known| known == product))
    }

    /// Whether an answer for a product is known to be used only for requests from the same address.
    pub fn is_bound_to_source(&self, product: &str) -> bool {
        self.cache_is_off(product) || self.cached_by_source_ip
    }
}

/// The environment describes no safe API.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DeploymentError {
    /// Neither `true` nor `false`.
    #[error("AUTHORIZER_SIMPLE_RESPONSES: expected `true` or `false`")]
    Simple,
    /// Neither `true` nor `false`.
    #[error("AUTHORIZER_CACHED_BY_SOURCE_IP: expected `true` or `false`")]
    SourceIp,
    /// No number.
    #[error(
        "AUTHORIZER_CACHE_SECONDS: expected a number of seconds, or one for each product such as \
         `jira=0,confluence=60`"
    )]
    Seconds,
    /// Neither `route` nor `token`.
    #[error(
        "AUTHORIZER_CACHE_KEY: expected `route` or `token`, or one for each product such as \
         `jira=route,confluence=token`"
    )]
    Key,
    /// Simple responses together with a cache.
    #[error(
        "AUTHORIZER_CACHE_SECONDS: expected `0`, and the authorizer's cache off, or \
         AUTHORIZER_CACHE_KEY to be `route`: a simple response is valid for one route only, and a cache \
             would use it for all"
    )]
    Cache,
}

#[cfg(test)]
mod tests {
    use super::{AnswerScope, Deployment, DeploymentError};

    #[test]
    fn simple_responses_need_the_cache_off() {
        let parse = |simple, seconds| Deployment::parse(simple, seconds, "", "");
        assert!(parse("true", "0").unwrap().simple_responses);
        assert!(
            parse("true", "jira=0,confluence=0")
                .unwrap()
                .simple_responses
        );
        assert!(!parse("", "").unwrap().simple_responses);
        assert!(!parse("false", "300").unwrap().simple_responses);
        for seconds in ["", "300", "jira=0,confluence=1", "0,jira=1", "1,jira=0"] {
            assert_eq!(parse("true", seconds).unwrap_err(), DeploymentError::Cache);
        }
        assert_eq!(parse("true", "off").unwrap_err(), DeploymentError::Seconds);
        assert_eq!(parse("yes", "0").unwrap_err(), DeploymentError::Simple);
    }

    #[test]
    fn simple_responses_will_do_with_a_cache_by_route() {
        let simple = |seconds, key| Deployment::parse("true", seconds, key, "").is_ok();
        for (seconds, key, expected) in [
            ("60", "route", true),
            ("", "route", true),
            ("60", "jira=route", false),
            ("jira=60", "jira=route", true),
            ("jira=60,confluence=0", "jira=route", true),
            ("jira=60,confluence=60", "jira=route", false),
            ("60", "route,jira=token", false),
            ("60,jira=0", "route,jira=token", true),
            ("60", "token", false),
        ] {
            assert_eq!(simple(seconds, key), expected, "{seconds} {key}");
        }
    }

    #[test]
    fn what_an_answer_serves_for() {
        let scope = |seconds, key, product| {
            Deployment::parse("", seconds, key, "")
                .unwrap()
                .scope(product)
        };
        for (seconds, key, expected) in [
            ("", "", AnswerScope::Token),
            ("60", "", AnswerScope::Token),
            ("60", "token", AnswerScope::Token),
            ("60", "route", AnswerScope::Route),
            ("", "jira=route", AnswerScope::Route),
            ("60", "confluence=route", AnswerScope::Token),
            ("0", "token", AnswerScope::Request),
            ("jira=0", "route", AnswerScope::Request),
        ] {
            assert_eq!(scope(seconds, key, "jira"), expected, "{seconds} {key}");
        }
        for key in ["path", "jira", "jira=", "route,token", "Route"] {
            let error = Deployment::parse("", "", key, "").unwrap_err();
            assert_eq!(error, DeploymentError::Key, "{key}");
        }
    }

    #[test]
    fn cache_times_by_product() {
        let parse = |seconds| Deployment::parse("", seconds, "", "");
        let some = parse("jira=0,confluence=60").unwrap();
        assert!(some.cache_is_off("jira"));
        assert_eq!(some.cache_seconds.of("confluence"), Some(60));
        assert_eq!(some.cache_seconds.of("bitbucket"), None);
        let all = parse("0,jira=60").unwrap();
        assert!(all.cache_is_off("bitbucket"));
        assert!(!all.cache_is_off("jira"));
        for seconds in [
            "jira",
            "jira=",
            "=0",
            "jira=0,jira=1",
            "1,2",
            "jira=0,",
            "-1",
        ] {
            assert_eq!(
                parse(seconds).unwrap_err(),
                DeploymentError::Seconds,
                "{seconds}"
            );
        }
    }

    #[test]
    fn what_an_answer_is_bound_to() {
        let bound = |seconds, by_source| {
            Deployment::parse("", seconds, "", by_source)
                .unwrap()
                .is_bound_to_source("jira")
        };
        assert!(bound("0", ""));
        assert!(bound("jira=0", ""));
        assert!(bound("300", "true"));
        assert!(!bound("300", ""));
        assert!(!bound("confluence=0", ""));
        assert!(!bound("", "false"));
        assert_eq!(
            Deployment::parse("", "", "", "1").unwrap_err(),
            DeploymentError::SourceIp
        );
    }
}
