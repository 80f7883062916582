//! Where the settings are, for commands that need them.

use atlassian_authorizer::deployment::{CacheSeconds, Deployment};
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::Source;

use crate::failure::Failure;
use crate::store;

/// The source of this name, and what it is reached by.
pub(crate) fn open(name: Option<&str>) -> Result<(Source, HttpClient), Failure> {
    let source = store::source(name)?;
    let http = HttpClient::new().map_err(|error| Failure::ours(error.to_string()))?;
    Ok((source, http))
}

/// The settings of a source, for what does not hang on how the API is set up.
pub(crate) async fn load(source: &Source) -> Result<Settings, Failure> {
    // Without a cache there is nothing that settings could contradict.
    let options = Deployment {
        cache_seconds: CacheSeconds::all(0),
        ..Deployment::default()
    };
    source.load(&options).await.map_err(|error| {
        Failure::ours(error.to_string()).hint("`atlauth settings check` tells one by one")
    })
}
