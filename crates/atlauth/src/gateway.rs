//! The local gateway as commands of the tool set it up and show it.

use atlassian_authorizer::product::Product;
use local_gateway::{
    AccessLogEntry, Api, CacheChoice, ServedProduct, Template, TemplateError, Upstream,
    UpstreamError,
};

use crate::failure::Failure;
use crate::ui::{Tone, Ui, within_line};

/// The template that the tool was built beside.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The template in a file, or the tool's own.
pub(crate) fn template(text: Option<&str>) -> Result<Template, Failure> {
    Template::parse(text.unwrap_or(TEMPLATE)).map_err(Failure::from)
}

/// The products that a template serves, and where.
pub(crate) fn served(template: &Template) -> Result<Vec<ServedProduct>, Failure> {
    ServedProduct::all(template).map_err(Failure::from)
}

/// The APIs of products: the template, evaluated for each of them alone.
pub(crate) fn apis(
    template: &Template,
    upstreams: &[Upstream],
    cache: CacheChoice,
) -> Result<Vec<Api>, Failure> {
    upstreams
        .iter()
        .map(|upstream| Ok(upstream.api(template, cache)?))
        .collect()
}

/// The path of a product of the settings, as they write it.
pub(crate) fn path_of(product: &Product) -> &str {
    match product.path() {
        "" => "/",
        path => path,
    }
}

/// A product's public routes as the template would have them, with the whole path of each:
/// `GET /jira/status`.
pub(crate) fn public_routes(product: &Product) -> impl Iterator<Item = String> {
    product.public().iter().map(|route| {
        let (method, path) = route.text.split_once(' ').unwrap_or_default();
        format!("{method} {}{path}", product.path())
    })
}

/// A route with its whole path, as it is below `path`: `GET /status` for `GET /jira/status`.
pub(crate) fn below(route: &str, path: &str) -> Option<String> {
    let (method, whole) = route.split_once(' ')?;
    let rest = whole.strip_prefix(path)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{method} {rest}"))
}

/// A client that passes on what it is given.
pub(crate) fn client(authority: Option<&str>) -> Result<reqwest::Client, Failure> {
    local_gateway::client(authority)
        .map_err(|error| Failure::unavailable(format!("no HTTP client: {error}")))
}

/// What [`show`] writes, as a head. The code has room for the longest.
pub(crate) const ROW_HEAD: &str =
    "method  got code                         username     decided by decision     path";

/// One request in a row, the path last: it is as long as it is.
pub(crate) fn show(ui: &Ui, entry: &AccessLogEntry) {
    let or_none = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            within_line(text)
        }
    };
    let tone = match entry.status {
        ..400 => Tone::Good,
        400..500 => Tone::Warning,
        _ => Tone::Bad,
    };
    ui.line(&format!(
        "{:<7} {} {:<28} {:<12} {:<10} {:<12} {}",
        within_line(&entry.method),
        ui.paint(tone, &entry.status.to_string()),
        or_none(&entry.code),
        or_none(&entry.username),
        entry.decided_by.as_str(),
        or_none(&entry.decision_id),
        within_line(&entry.path),
    ));
}

/// Waits until somebody wants it to end.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        Self::unavailable(format!("the template can't be used: {error}"))
    }
}

impl From<UpstreamError> for Failure {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Unknown(_) => Self::usage(error.to_string()).hint(
                "its products are the parameters that end in `BaseUrl`, such as JiraBaseUrl for `jira`",
            ),
            UpstreamError::Template(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::explain::meaning::{DENIALS, FAULTS, FORBIDDEN};

    #[test]
    fn the_longest_code_fits_into_its_column() {
        let denials = DENIALS.iter().map(|one| one.code());
        let faults = FAULTS.iter().map(|one| one.code());
        let codes = denials.chain(faults);
        let codes = codes.chain(FORBIDDEN.iter().map(|one| one.code()));
        assert_eq!(codes.map(str::len).max(), Some(28));
    }
}
