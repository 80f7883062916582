//! Where the settings are, as an operator reaches them: with the AWS credentials that the AWS CLI
//! would find. Every command that reads or writes settings opens them here.

use std::time::Duration;

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::http::{Counters, Deadline, HttpClient};
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::{LoadError, Source, SsmSource, WhenThrottled};

use crate::aws::{self, InWords};
use crate::failure::Failure;
use crate::spelled::given;
use crate::ssm;
use crate::ui::Ui;

/// The longest that an operator is kept waiting by one step: a login or many pages may be behind
/// it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The settings' source that `--settings` or the environment names, and what it is reached by.
pub(crate) async fn open(name: Option<&str>) -> Result<(Source, HttpClient), Failure> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(
            Failure::usage("no settings are named").hint(
                "give --settings ssm:/path/of/parameters or --settings file:path.json, or set AUTHORIZER_SETTINGS",
            ),
        );
    };
    let http = http()?;
    let source = match Source::parse(name, &http) {
        Ok(Source::Ssm(function)) => Source::Ssm(as_operator(function, &http).await?),
        Ok(file) => file,
        Err(_) => {
            return Err(Failure::usage(format!("{} is not a source of settings", given(name))).hint(
                "expected ssm:/path/of/parameters or file:path.json, such as file:settings.json",
            ));
        }
    };
    Ok((source, http))
}

/// As [`open`], where the path of a file alone will do.
pub(crate) async fn open_path(name: &str) -> Result<Source, Failure> {
    let is_source = name.starts_with("ssm:") || name.starts_with("file:");
    let file = format!("file:{name}");
    let (source, _) = open(Some(if is_source { name } else { &file })).await?;
    Ok(source)
}

/// A source as a function has it beside its decisions: with an operator's credentials still, and with
/// no more time than a decision has left.
pub(crate) fn as_function_reads(source: Source) -> Source {
    match source {
        Source::Ssm(ssm) => Source::Ssm(ssm.without_patience()),
        file @ Source::File(_) => file,
    }
}

async fn as_operator(function: SsmSource, http: &HttpClient) -> Result<SsmSource, Failure> {
    let client = ssm::operator_client(http).await;
    if client.config().region().is_none() {
        return Err(aws::no_region());
    }
    Ok(function.with_client(client, PATIENCE))
}

/// The HTTP client of the authorizer.
pub(crate) fn http() -> Result<HttpClient, Failure> {
    HttpClient::new().map_err(|error| Failure::unavailable(error.to_string()))
}

/// An API without a cache: there is nothing then that settings could contradict, and every upstream
/// mode takes it.
pub(crate) fn without_cache() -> Deployment {
    Deployment {
        cache_seconds: ByProduct::all(0),
        ..Deployment::default()
    }
}

/// How the API is set up where nobody has said otherwise: as the template has it.
pub(crate) fn as_the_template(said: Deployment) -> Deployment {
    Deployment {
        cache_keys: said.cache_keys.or(CacheKey::Route),
        cached_by_source_ip: true,
        ..said
    }
}

/// Reads all documents of a source, unchecked.
pub(crate) async fn read(source: &Source, ui: &Ui) -> Result<Tree, Failure> {
    ui.progress(
        &format!("reading {source}"),
        source.read(Deadline::start(), WhenThrottled::Wait, &Counters::default()),
    )
    .await
    .map_err(|error| failure(source, &error))
}

/// The settings of a source, for what does not hang on how the API is set up.
pub(crate) async fn load(source: &Source, ui: &Ui) -> Result<Settings, Failure> {
    let tree = read(source, ui).await?;
    Settings::parse(&tree, &without_cache())
        .map_err(|problems| failure(source, &LoadError::Invalid(problems)))
}

/// Why settings could not be read or written, and what to do.
pub(crate) fn failure(source: &Source, error: &LoadError) -> Failure {
    if let LoadError::Invalid(problems) = error {
        return Failure::negative(format!("{source} is invalid: {problems}"))
            .hint("`atlauth settings check` shows each problem on a line");
    }
    let InWords { message, hint } = aws::in_words(error);
    let failure = Failure::unavailable(format!("{source}: {message}"));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Nothing at all is below a prefix, or in a file.
pub(crate) fn nothing_there(source: &Source) -> Failure {
    Failure::unavailable(format!("there are no settings in {source}"))
        .hint("check the path, and the account and region that AWS_PROFILE and AWS_REGION choose")
}
