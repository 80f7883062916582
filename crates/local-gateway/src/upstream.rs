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
        Ok(Api::read(&template.with(parameters))?)
    }
}

/// A product that a template can serve, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServedProduct {
    /// Its id in the settings.
    pub id: String,
    /// The path that all of it lies below, such as `/jira`.
    pub path: String,
}

impl ServedProduct {
    /// All products of a template, in its order.
    ///
    /// # Errors
    ///
    /// When the template can't be evaluated.
    pub fn all(template: &Template) -> Result<Vec<Self>, TemplateError> {
        let mut all = Vec::new();
        for (id, base_url) in template.products() {
            // The path does not hang on where the product is.
            let url = "https://product.example.com".to_owned();
            let stack = template.with(BTreeMap::from([(base_url.to_owned(), url)]));
            if let Some(path) = Api::read(&stack)?.path() {
                let path = path.to_owned();
                all.push(Self { id, path });
            }
        }
        Ok(all)
    }
}
