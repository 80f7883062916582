//! `atlauth settings check`.

use atlassian_authorizer::document::Tree;
use atlassian_authorizer::document::problem::{Problem, Problems};
use atlassian_authorizer::http::{Deadline, HttpClient};
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::{LoadError, Source};
use serde_json::json;

use super::lines::Lines;
use super::{ApiArgs, probe};
use crate::failure::Failure;
use crate::source;
use crate::ui::{Tone, Ui};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings check --settings file:settings.json
  atlauth settings check --settings ssm:/atlassian-authorizer/prod --cache-seconds 0 --probe")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Also asks the providers' endpoints; no token is sent.
    #[arg(long)]
    probe: bool,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &CheckArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, http) = source::open(source).await?;
    let read = source.read(Deadline::start());
    let read = ui.progress(&format!("reading {source}"), read).await;
    let parsed = match read {
        Ok(tree) => Settings::parse(&tree, &args.api.deployment()).map(|settings| (tree, settings)),
        Err(LoadError::Invalid(problems)) => Err(problems),
        Err(error) => return Err(source::failure(&source, &error)),
    };
    match parsed {
        Ok((tree, settings)) => valid(args, &source, &http, &tree, &settings, ui).await,
        Err(problems) => Err(invalid(args, &source, &problems, ui)),
    }
}

/// Shows what is wrong.
fn invalid(args: &CheckArgs, source: &Source, problems: &Problems, ui: &Ui) -> Failure {
    let file = match source {
        Source::File(path) => Some(path.display().to_string()),
        Source::Ssm(_) => None,
    };
    let text = file
        .as_ref()
        .and_then(|path| std::fs::read_to_string(path).ok());
    let lines = text.as_deref().map(Lines::of);
    let line = |problem: &Problem| {
        lines
            .as_ref()
            .and_then(|lines| lines.line(&problem.parameter, &problem.field))
    };
    if args.json {
        let problems: Vec<_> = problems
            .iter()
            .map(|problem| {
                json!({"parameter": problem.parameter, "field": problem.field,
                       "message": problem.message, "line": line(problem)})
            })
            .collect();
        let result = json!({"source": source.to_string(), "valid": false, "problems": problems});
        ui.line(&format!("{result:#}"));
        return Failure::negative("");
    }
    for problem in problems.iter() {
        let place = match (&file, line(problem)) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        ui.line(&format!("{}{problem}", ui.paint(Tone::Faint, &place)));
    }
    let count = problems.iter().count();
    let noun = if count == 1 { "problem" } else { "problems" };
    Failure::negative(format!("{source} is invalid: {count} {noun}"))
        .hint("the authorizer takes none of these settings, and keeps those that it has")
}

/// Says what the settings hold, and what the providers say.
async fn valid(
    args: &CheckArgs,
    source: &Source,
    http: &HttpClient,
    tree: &Tree,
    settings: &Settings,
    ui: &Ui,
) -> Result<(), Failure> {
    let secrets = tree
        .documents()
        .keys()
        .filter(|name| super::documents::is_secret(name));
    let counts = [
        (settings.providers.len(), "provider"),
        (settings.products.len(), "product"),
        (secrets.count(), "secret"),
    ];
    if !args.json {
        let counts = counts
            .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }));
        ui.line(&format!(
            "{}: {source}: {}",
            ui.paint(Tone::Good, "valid"),
            counts.join(", ")
        ));
    }
    let mut results = Vec::new();
    if args.probe {
        let work = probe::probe(settings, http);
        results = ui.progress("asking the providers", work).await;
    }
    let bad = results.iter().filter(|result| !result.good).count();
    if args.json {
        let probe = args.probe.then_some(&results);
        let document =
            json!({"source": source.to_string(), "valid": true, "problems": [], "probe": probe});
        ui.line(&format!("{document:#}"));
    } else {
        for result in &results {
            let (tone, word) = if result.good {
                (Tone::Good, "ok")
            } else {
                (Tone::Bad, "bad")
            };
            ui.line(&format!(
                "{:<4} {}: {}: {}",
                ui.paint(tone, word),
                result.parameter,
                result.endpoint,
                result.message
            ));
        }
    }
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::negative(format!(
        "{bad} of {} answers are not as they should be",
        results.len()
    )))
}
