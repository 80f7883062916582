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
