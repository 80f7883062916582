//! How the API is set up: what the command line and the environment say of it, and what is assumed
//! where they don't.

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};

use crate::source::as_the_template;

/// How the API is set up, where that decides what settings may say.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ApiArgs {
    /// API Gateway's cache time: one number, or one for each product, such as jira=0,confluence=60.
    #[arg(long, value_name = "SECONDS", env = "AUTHORIZER_CACHE_SECONDS")]
    cache_seconds: Option<ByProduct<u32>>,
    /// API Gateway's cache key: route or token, or one for each product, such as
    /// jira=route,confluence=token.
    #[arg(long, value_name = "KEY", env = "AUTHORIZER_CACHE_KEY")]
    cache_key: Option<ByProduct<CacheKey>>,
}

impl ApiArgs {
    /// How the API is set up, where what was not given is as the template has it.
    pub(crate) fn deployment(&self) -> Deployment {
        as_the_template(self.given())
    }

    /// The cache's time and key as they were given.
    pub(crate) fn given(&self) -> Deployment {
        Deployment {
            cache_seconds: self.cache_seconds.clone().unwrap_or_default(),
            cache_keys: self.cache_key.clone().unwrap_or_default(),
            ..Deployment::default()
        }
    }
}
