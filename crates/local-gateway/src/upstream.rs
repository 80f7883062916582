//! A product behind the gateway, and the API that the template describes for it.

use std::collections::BTreeMap;

use atlassian_authorizer::http::Endpoint;
use thiserror::Error;

use crate::api::Api;
use crate::template::{Template, TemplateError};

/// A product and where it is.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its id in the settings.
    pub id: String,
    /// Where it is.
    pub url: Endpoint,
    /// Its path by the settings, without a slash at its end; `None` leaves it where the template
    /// has it.
    pub path: Option<String>,
    /// What it is sent is right for one request alone.
    pub is_signed: bool,
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
    pub fn api(
        &self,
        template: &Template,
        cache_seconds: Option<u32>,
    ) -> Result<Api, UpstreamError> {
        let id = self.id.as_str();
        let Some(base_url) = template.parameter(id, "BaseUrl") else {
            return Err(UpstreamError::Unknown(self.id.clone()));
        };
        let url = self.url.as_str().trim_end_matches('/');
        let mut parameters = BTreeMap::from([(base_url.to_owned(), url.to_owned())]);
        let mut set = |what, value: String| {
            if let Some(name) = template.parameter(id, what) {
                parameters.insert(name.to_owned(), value);
            }
        };
        set("OAuth1", self.is_signed.to_string());
        if let Some(seconds) = cache_seconds {
            set("CacheSeconds", seconds.to_string());
        }
        let mut api = Api::read(&template.with(parameters))?;
        if let (Some(from), Some(to)) = (api.base().map(str::to_owned), &self.path) {
            api.mount(&from, to);
        }
        Ok(api)
    }
}
