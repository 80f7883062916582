//! `atlauth local`: plays API Gateway in front of a real Atlassian, on this machine.

mod remarks;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::deployment::CacheKey;
use atlassian_authorizer::http::Endpoint;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::settings::Settings;
use local_gateway::{Api, AuthorizerFunction, CacheChoice, Gateway, ServedProduct, Upstream};
use tokio::net::TcpListener;

use crate::failure::{Failure, in_words};
use crate::gateway::{self, ROW_HEAD, interrupted, show};
use crate::source;
use crate::spelled::given;
use crate::ui::{HarmlessLines, Tone, Ui};
use remarks::{Remark, not_public, remark};

/// The Invoke API's path of the authorizer.
const FUNCTION: &str = "/2015-03-31/functions/atlassian-authorizer/invocations";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth local --settings file:settings.json \\
    --upstream jira=http://127.0.0.1:8080/jira
  atlauth local --settings ssm:/atlassian-authorizer/prod --port 9090 \\
    --upstream jira=https://jira.example.com --upstream-ca company-ca.pem

It decides and maps as the template says, but does not enforce API Gateway's
limits on sizes and rates. It listens on 127.0.0.1 only. Not for production.")]
pub(crate) struct LocalArgs {
    /// A product of the template and its URL. Give the option once for each product.
    #[arg(long, required = true, value_name = "PRODUCT=URL", value_parser = upstream)]
    upstream: Vec<(String, Endpoint)>,
    /// CA certificates in PEM that verify the products' certificates, instead of Mozilla's roots.
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// The template to use, instead of the one built into this tool.
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// The port to listen on, on 127.0.0.1. 0 chooses a free port.
    #[arg(long, default_value_t = 8180)]
    port: u16,
    /// The cache time, instead of the template's. 0 turns the cache off.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(..=3_600))]
    cache_seconds: Option<u32>,
    /// The cache key, instead of the template's: `route` or `token`.
    #[arg(long, value_name = "KEY", value_parser = cache_key)]
    cache_key: Option<CacheKey>,
    /// The Invoke API of a running function, such as that of `cargo lambda watch` on port 9000. It
    /// replaces the authorizer in this tool.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    invoke_url: Option<Endpoint>,
    /// Appends the authorizer's audit lines to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "invoke_url")]
    audit: Option<PathBuf>,
}

pub(crate) async fn run(args: LocalArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    log_to_stderr();
    let opened = match source {
        Some(name) => Some(source::open(Some(name)).await?),
        None => None,
    };
    let settings = match &opened {
        Some((source, _)) => Some(source::load(source, ui).await?),
        None => None,
    };
    let template = args.template.map(|path| read(&path)).transpose()?;
    let template = gateway::template(template.as_deref())?;
    let served = gateway::served(&template)?;
    let placed = args
        .upstream
        .iter()
        .map(|(id, url)| place(id, url, &served, settings.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    let (upstreams, remarks): (Vec<Upstream>, Vec<Option<Remark>>) = placed.into_iter().unzip();
    let cache = CacheChoice {
        seconds: args.cache_seconds,
        key: args.cache_key,
    };
    let apis = gateway::apis(&template, &upstreams, cache)?;
    let mut remarks: Vec<Remark> = remarks.into_iter().flatten().collect();
    remarks.extend(
        upstreams
            .iter()
            .zip(&apis)
            .flat_map(|(upstream, api)| not_public(upstream, api)),
    );
    let authority = args.upstream_ca.map(|path| read(&path)).transpose()?;
    let authorizer = match (args.invoke_url, opened) {
        (Some(url), _) => AuthorizerFunction::Invoke(gateway::client(None)?, function(&url)?),
        (None, Some((source, http))) => {
            let apis: Vec<(&str, &Api)> = upstreams
                .iter()
                .map(|upstream| upstream.id.as_str())
                .zip(&apis)
                .collect();
            let audit: Box<dyn Write + Send> = match args.audit {
                Some(path) => Box::new(append(&path)?),
                None => Box::new(std::io::sink()),
            };
            let audit = AuditLog::new(audit);
            let source = source::as_function_reads(source);
            AuthorizerFunction::in_process(source, http, Arc::new(SystemClock), audit, &apis)
        }
        (None, None) => {
            return Err(Failure::usage("no settings are named").hint(
                "give --settings or AUTHORIZER_SETTINGS, or --invoke-url for a running function",
            ));
        }
    };
    let paths: Vec<String> = apis
        .iter()
        .map(|api| api.path().unwrap_or_default().to_owned())
        .collect();
    let (rows, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let gateway = Gateway::new(
        apis,
        authorizer,
        gateway::client(authority.as_deref())?,
        Arc::new(SystemClock),
        // Nobody is left to read it when the command ends.
        Box::new(move |row| drop(rows.send(row.clone()))),
    );
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await;
    let listener = listener.map_err(|error| {
        Failure::unavailable(format!("can't listen on port {}: {error}", args.port))
            .hint("--port 0 chooses a free one")
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::unavailable(error.to_string()))?;
    announce(ui, &format!("http://{address}"), &upstreams, &paths);
    for remark in &remarks {
        remark.say(ui);
    }
    ui.note("Listening; press Ctrl-C to stop.");
    let serving = gateway.serve(listener);
    tokio::pin!(serving);
    ui.line(&ui.paint(Tone::Strong, ROW_HEAD));
    loop {
        tokio::select! {
            Some(row) = seen.recv() => show(ui, &row),
            ended = &mut serving => {
                return ended.map_err(|error| Failure::unavailable(format!("the gateway ended: {error}")));
            }
            () = interrupted() => return Ok(()),
        }
    }
}

/// The URL of a function: the authorizer's own where only a server is named.
fn function(url: &Endpoint) -> Result<Endpoint, Failure> {
    let server = url.as_str().trim_end_matches('/');
    let is_server = server.matches('/').count() == 2;
    let path = if is_server { FUNCTION } else { "" };
    Endpoint::parse(&[server, path].concat()).map_err(Failure::usage)
}

/// A product where the template serves it, and how the settings differ from that.
fn place(
    id: &str,
    url: &Endpoint,
    served: &[ServedProduct],
    settings: Option<&Settings>,
) -> Result<(Upstream, Option<Remark>), Failure> {
    let path = served.iter().find(|one| one.id == id);
    let path = path.map(|one| one.path.as_str());
    let product = settings
        .map(|settings| {
            let all = settings.products.iter();
            let own = all.clone().find(|product| product.id() == id);
            // A product of another name may hold it all the same, as `/` holds everything.
            let holder = || {
                let path = path?;
                all.clone().find(|product| product.contains(path))
            };
            own.or_else(holder).ok_or_else(|| {
                let ids: Vec<&str> = all.clone().map(Product::id).collect();
                Failure::usage(format!("the settings have no product {}", given(id)))
                    .hint(format!("they have: {}", ids.join(", ")))
            })
        })
        .transpose()?;
    let Some(path) = path else {
        let ids: Vec<&str> = served.iter().map(|one| one.id.as_str()).collect();
        return Err(
            Failure::usage(format!("the template has no product {}", given(id))).hint(format!(
                "it has: {}; --template gives another template",
                ids.join(", ")
            )),
        );
    };
    let upstream = Upstream {
        id: id.to_owned(),
        url: url.clone(),
        is_signed: product.is_some_and(|product| product.upstream().is_for_one_request()),
        public: product
            .into_iter()
            .flat_map(gateway::public_routes)
            .filter_map(|route| gateway::below(&route, path))
            .collect(),
    };
    Ok((
        upstream,
        product.and_then(|product| remark(id, path, product)),
    ))
}

/// The URLs, and where each leads.
fn announce(ui: &Ui, url: &str, upstreams: &[Upstream], paths: &[String]) {
    ui.note(&ui.paint(
        Tone::Warning,
        "NOT FOR PRODUCTION: this is a local stand-in for API Gateway.",
    ));
    for (upstream, path) in upstreams.iter().zip(paths) {
        ui.note(&format!("{url}{path} -> {}", upstream.url.as_str()));
    }
}

/// What the authorizer says of settings and keys while it runs; never what others say of requests,
/// which could be tokens.
fn log_to_stderr() {
    // Only fails when something listens already.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(|| HarmlessLines(std::io::stderr()))
        .with_ansi(false)
        .with_target(false)
        .try_init();
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::unavailable(format!(
            "{} can't be read: {}",
            path.display(),
            in_words(&error)
        ))
    })
}

fn append(path: &PathBuf) -> Result<std::fs::File, Failure> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.map_err(|error| {
        Failure::unavailable(format!(
            "{} can't be written: {}",
            path.display(),
            in_words(&error)
        ))
    })
}

fn upstream(text: &str) -> Result<(String, Endpoint), String> {
    let (id, url) = text
        .split_once('=')
        .ok_or("expected a product and its URL, such as jira=https://jira.example.com")?;
    Ok((id.to_owned(), endpoint(url)?))
}

fn cache_key(text: &str) -> Result<CacheKey, String> {
    CacheKey::parse(text).ok_or_else(|| "expected `route` or `token`".to_owned())
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let endpoint = Endpoint::parse(text).map_err(|expected| {
        format!("{expected}, such as http://127.0.0.1:8080 (not by the name localhost)")
    })?;
    if endpoint.as_str().contains('?') {
        return Err("expected a URL without a query".to_owned());
    }
    Ok(endpoint)
}
