//! A product behind the gateway, and the API that the template describes for it.

use std::collections::BTreeMap;

use atlassian_authorizer::deployment::CacheKey;
use atlassian_authorizer::http::Endpoint;
use thiserror::Error;

use crate::api::Api;
use crate::served::PublicSwitch;
use crate::template::{Template, TemplateError};

/// A product and where it is.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its id in the settings.
    pub id: String,
    /// Where it is.
    pub url: Endpoint,
    /// What it is sent is right for one request alone.
    pub is_signed: bool,
    /// Routes such as `GET /status`, below the product's path, that everyone may use. Those that the
    /// template has no parameter for stay as they are there.
    pub public: Vec<String>,
}

/// API Gateway's cache, where it is to differ from what the template says.
#[derive(Clone, Copy, Debug, Default)]
pub struct CacheChoice {
    /// How long an answer is used again.
    pub seconds: Option<u32>,
    /// What it is found by.
    pub key: Option<CacheKey>,
}

/// Why a template describes no API for a product.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// None of its parameters are the product's.
    #[error("the template has no product `{0}`")]
    Unknown(String),
    /// It is not as expected.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Upstream {
    /// The API of this product: the template, evaluated for it alone.
    ///
    /// # Errors
    ///
    /// When the template has no such product, or what can't be played here.
    pub fn api(&self, template: &Template, cache: CacheChoice) -> Result<Api, UpstreamError> {
        let id = self.id.as_str();
        let Some(base_url) = template.parameter(id, "BaseUrl") else {
            return Err(UpstreamError::Unknown(self.id.clone()));
        };
        let url = self.url.as_str().trim_end_matches('/');
        let mut parameters = BTreeMap::from([(base_url.to_owned(), url.to_owned())]);
        for switch in PublicSwitch::all(template, id, base_url)? {
            let is_public = self.public.contains(&switch.route);
            parameters.insert(switch.parameter, is_public.to_string());
        }
        let mut set = |what, value: String| {
            if let Some(name) = template.parameter(id, what) {
                parameters.insert(name.to_owned(), value);
            }
        };
        set("OAuth1", self.is_signed.to_string());
        if let Some(seconds) = cache.seconds {
            set("CacheSeconds", seconds.to_string());
        }
        if let Some(key) = cache.key {
            set("CacheKey", key.as_str().to_owned());
        }
        Ok(Api::read(&template.with(parameters))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::deployment;
    use crate::served::ServedProduct;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    fn upstream(public: &[&str]) -> Upstream {
        Upstream {
            id: "jira".to_owned(),
            url: Endpoint::parse("https://jira.example.com").unwrap(),
            is_signed: false,
            public: public.iter().map(|route| (*route).to_owned()).collect(),
        }
    }

    /// What the function is told of the API: `route` only where each authorizer keeps answers by
    /// method and path.
    #[test]
    fn the_function_is_told_what_the_api_does() {
        let both = "context.identity.sourceIp, context.httpMethod, context.path";
        let (no_path, no_address) = (
            "context.identity.sourceIp, context.httpMethod",
            "context.httpMethod, context.path",
        );
        for (text, key, expected, by_address) in [
            (TEMPLATE.to_owned(), None, CacheKey::Route, true),
            (
                TEMPLATE.to_owned(),
                Some(CacheKey::Token),
                CacheKey::Token,
                true,
            ),
            (TEMPLATE.replace(both, no_path), None, CacheKey::Token, true),
            (
                TEMPLATE.replace(both, no_address),
                None,
                CacheKey::Route,
                false,
            ),
        ] {
            let template = Template::parse(&text).unwrap();
            let cache = CacheChoice {
                seconds: Some(7),
                key,
            };
            let api = upstream(&[]).api(&template, cache).unwrap();
            let told = deployment(&[("jira", &api)]);
            assert_eq!(told.cache_keys.of("jira"), Some(expected));
            assert_eq!(told.cache_keys.of("confluence"), None);
            assert_eq!(told.cache_seconds.of("jira"), Some(7));
            assert_eq!(told.cached_by_source_ip, by_address);
            assert_eq!(told.oauth1_products, Some(Vec::new()));
        }
        let template = Template::parse(TEMPLATE).unwrap();
        let signed = Upstream {
            is_signed: true,
            ..upstream(&[])
        };
        let api = signed.api(&template, CacheChoice::default()).unwrap();
        let told = deployment(&[("jira", &api)]);
        assert_eq!(told.cache_seconds.of("jira"), Some(0));
        assert_eq!(told.oauth1_products, Some(vec!["jira".to_owned()]));
    }

    #[test]
    fn switches_of_public_routes() {
        let template = Template::parse(TEMPLATE).unwrap();
        let served = ServedProduct::all(&template).unwrap();
        let switches: Vec<_> = served
            .iter()
            .flat_map(|one| &one.public)
            .map(|switch| (switch.parameter.as_str(), switch.route.as_str()))
            .collect();
        assert_eq!(
            switches,
            [
                ("JiraPublicStatus", "GET /status"),
                ("JiraPublicServerInfo", "GET /rest/api/2/serverInfo"),
                ("ConfluencePublicStatus", "GET /status"),
                ("BitbucketPublicStatus", "GET /status"),
            ]
        );
        for (asked, expected) in [
            (&[][..], &[][..]),
            (&["GET /status"], &["GET /status"]),
            (&["GET /rest/api/2/field"], &[]),
        ] {
            let api = upstream(asked)
                .api(&template, CacheChoice::default())
                .unwrap();
            assert_eq!(api.public_routes().collect::<Vec<_>>(), expected);
        }
    }
}
