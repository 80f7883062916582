//! Setting a gateway up: from settings, a template and the products' URLs.

use std::collections::BTreeMap;
use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::Clock;
use atlassian_authorizer::http::{Endpoint, HttpClient};
use atlassian_authorizer::response::{CacheSeconds, Options};
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::settings::source::Source;

use super::cache::Cache;
use super::template::TemplateError;
use super::{Api, Asker, Audit, Gateway, Row, Template};
use crate::failure::Failure;

/// The template that the tool was built beside.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// A product and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    pub(crate) id: String,
    pub(crate) url: Endpoint,
    /// Its path by the settings, without a slash at its end; `None` leaves it where the template
    /// has it.
    pub(crate) path: Option<String>,
    /// What it is sent is right for one request alone.
    pub(crate) is_signed: bool,
}

/// The template in a file, or the tool's own.
pub(crate) fn template(text: Option<&str>) -> Result<Template, Failure> {
    Template::parse(text.unwrap_or(TEMPLATE)).map_err(Failure::from)
}

/// The settings, as they are read for the products' places: with all caches off, which every
/// upstream mode takes.
pub(crate) async fn settings(source: &Source) -> Result<Settings, Failure> {
    let unusable = |error: String| {
        Failure::ours(format!("the settings of {source} can't be used: {error}"))
            .hint("`atlauth settings check` shows what is wrong with them")
    };
    let documents = source.documents().await;
    let documents = documents.map_err(|error| unusable(error.to_string()))?;
    let options = Options {
        cache_seconds: CacheSeconds::all(0),
        ..Options::default()
    };
    Settings::parse(&documents, &options).map_err(|error| unusable(error.to_string()))
}

/// The APIs of products: the template, evaluated for each of them alone.
pub(crate) fn apis(
    template: &Template,
    upstreams: &[Upstream],
    cache_seconds: Option<u32>,
) -> Result<Vec<Api>, Failure> {
    upstreams
        .iter()
        .map(|upstream| api(template, upstream, cache_seconds))
        .collect()
}

fn api(
    template: &Template,
    upstream: &Upstream,
    cache_seconds: Option<u32>,
) -> Result<Api, Failure> {
    let id = upstream.id.as_str();
    let Some(base_url) = template.parameter(id, "BaseUrl") else {
        return Err(
            Failure::usage(format!("the template has no product `{id}`")).hint(
                "its products are the parameters that end with `BaseUrl`, such as JiraBaseUrl for `jira`",
            ),
        );
    };
    let url = upstream.url.as_str().trim_end_matches('/');
    let mut parameters = BTreeMap::from([(base_url.to_owned(), url.to_owned())]);
    let mut set = |what, value: String| {
        if let Some(name) = template.parameter(id, what) {
            parameters.insert(name.to_owned(), value);
        }
    };
    set("OAuth1", upstream.is_signed.to_string());
    if let Some(seconds) = cache_seconds {
        set("CacheSeconds", seconds.to_string());
    }
    let mut api = Api::read(&template.with(parameters))?;
    if let (Some(from), Some(to)) = (api.base().map(str::to_owned), &upstream.path) {
        api.mount(&from, to);
    }
    Ok(api)
}

/// An authorizer in this process, set up as the APIs are.
pub(crate) fn in_process(
    source: Source,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    audit: Audit,
    apis: &[(&str, u32)],
) -> Asker {
    let mut seconds = CacheSeconds::default();
    for (id, cache_seconds) in apis {
        seconds = seconds.with(id, *cache_seconds);
    }
    let options = Options {
        cache_seconds: seconds,
        // As the template's identity sources are.
        cached_by_source_ip: true,
        ..Options::default()
    };
    let log = AuditLog::new(Box::new(audit.clone()));
    let authorizer = Authorizer::new(source, http, clock, log, options);
    Asker::InProcess(Box::new(authorizer), audit)
}

/// A client that passes on what it is given: it follows no redirect, keeps no cookies, decompresses
/// nothing and uses no proxy.
pub(crate) fn client(authority: Option<&str>) -> Result<reqwest::Client, Failure> {
    let unusable = |error: String| Failure::ours(format!("no HTTP client: {error}"));
    let tls = HttpClient::tls(authority).map_err(|error| unusable(error.to_string()))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .http1_only()
        .tcp_nodelay(true)
        .build()
        .map_err(|error| unusable(error.to_string()))
}

impl Gateway {
    /// A gateway whose cache is empty.
    pub(crate) fn new(
        apis: Vec<Api>,
        asker: Asker,
        client: reqwest::Client,
        clock: Arc<dyn Clock>,
        seen: Box<dyn Fn(&Row) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self {
            apis,
            asker,
            client,
            clock,
            seen,
            cache: Cache::default(),
        })
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        Self::ours(format!("the template can't be used: {error}"))
    }
}
