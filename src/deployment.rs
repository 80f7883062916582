//! How the API is set up, as the function's environment tells it.

use thiserror::Error;

/// How the API is set up, where that changes what an answer must be.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// Answer HTTP API 2.0 events with `isAuthorized`.
    pub simple_responses: bool,
    /// How long API Gateway uses an answer again.
    pub cache_seconds: CacheSeconds,
    /// The caller's address is part of what API Gateway finds an answer by.
    pub cached_by_source_ip: bool,
    /// Products for which the API sends `xoauth_requestor_id` in the query; `None` where nobody has
    /// said.
    pub oauth1_products: Option<Vec<String>>,
}

/// How long API Gateway uses an answer again, by product: each has an authorizer of its own.
#[derive(Clone, Debug, Default)]
pub struct CacheSeconds {
    /// For products that are not named; `None` where nobody has said.
    others: Option<u32>,
    named: Vec<(String, u32)>,
}

impl CacheSeconds {
    /// The same time for all products.
    pub fn all(seconds: u32) -> Self {
        Self {
            others: Some(seconds),
            named: Vec::new(),
        }
    }

    /// Sets the time of one product that has none of its own yet.
    #[must_use]
    pub fn with(mut self, product: &str, seconds: u32) -> Self {
        self.named.push((product.to_owned(), seconds));
        self
    }

    /// The time of one product; `None` where nobody has said.
    pub fn of(&self, product: &str) -> Option<u32> {
        let named = self.named.iter().find(|(name, _)| name == product);
        named.map(|(_, seconds)| *seconds).or(self.others)
    }

    fn names(&self, product: &str) -> bool {
        self.named.iter().any(|(name, _)| name == product)
    }

    /// Whether all times that are known are 0, and some are.
    fn are_all_off(&self) -> bool {
        let mut times = self.named.iter().map(|(_, seconds)| *seconds);
        let known = self.others.is_some() || !self.named.is_empty();
        known && self.others.unwrap_or_default() == 0 && times.all(|seconds| seconds == 0)
    }

    /// Reads `60` or `jira=60,confluence=0`; an empty text says nothing.
    fn parse(text: &str) -> Option<Self> {
        let mut times = Self::default();
        if text.is_empty() {
            return Some(times);
        }
        for part in text.split(',') {
            match part.split_once('=') {
                None if times.others.is_none() => times.others = Some(part.parse().ok()?),
                Some((product, seconds)) if !product.is_empty() && !times.names(product) => {
                    times
                        .named
                        .push((product.to_owned(), seconds.parse().ok()?));
                }
                _ => return None,
            }
        }
        Some(times)
    }
}

impl std::str::FromStr for CacheSeconds {
    type Err = DeploymentError;

    fn from_str(text: &str) -> Result<Self, DeploymentError> {
        Self::parse(text).ok_or(DeploymentError::Seconds)
    }
}

impl Deployment {
    /// Reads `AUTHORIZER_SIMPLE_RESPONSES`, `AUTHORIZER_CACHE_SECONDS`,
    /// `AUTHORIZER_CACHED_BY_SOURCE_IP` and `AUTHORIZER_OAUTH1_PRODUCTS`.
    ///
    /// # Errors
    ///
    /// A simple response says yes or no for one request. With a cache, API Gateway would use it
    /// for all routes; so it is an error unless the cache is known to be off.
    pub fn from_env() -> Result<Self, DeploymentError> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let deployment = Self::parse(
            &variable("AUTHORIZER_SIMPLE_RESPONSES"),
            &variable("AUTHORIZER_CACHE_SECONDS"),
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
        by_source_ip: &str,
    ) -> Result<Self, DeploymentError> {
        let flag = |text| match text {
            "" | "false" => Some(false),
            "true" => Some(true),
            _ => None,
        };
        let deployment = Self {
            simple_responses: flag(simple).ok_or(DeploymentError::Simple)?,
            cache_seconds: CacheSeconds::parse(cache_seconds).ok_or(DeploymentError::Seconds)?,
            cached_by_source_ip: flag(by_source_ip).ok_or(DeploymentError::SourceIp)?,
            oauth1_products: None,
        };
        if deployment.simple_responses && !deployment.cache_seconds.are_all_off() {
            return Err(DeploymentError::Cache);
        }
        Ok(deployment)
    }

    /// Whether each request for a product is known to reach the authorizer.
    pub fn cache_is_off(&self, product: &str) -> bool {
        self.cache_seconds.of(product) == Some(0)
    }

    /// Whether the API may be taken to send `xoauth_requestor_id` for a product.
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
    /// Simple responses together with a cache.
    #[error(
        "AUTHORIZER_CACHE_SECONDS: expected `0`, and the authorizer's cache off: a simple response \
         is right for one route only, and a cache would use it for all"
    )]
    Cache,
}

#[cfg(test)]
mod tests {
    use super::{Deployment, DeploymentError};

    #[test]
    fn simple_responses_need_the_cache_off() {
        let parse = |simple, seconds| Deployment::parse(simple, seconds, "");
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
    fn cache_times_by_product() {
        let parse = |seconds| Deployment::parse("", seconds, "");
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
            Deployment::parse("", seconds, by_source)
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
            Deployment::parse("", "", "1").unwrap_err(),
            DeploymentError::SourceIp
        );
    }
}
