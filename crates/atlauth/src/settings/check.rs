//! `atlauth settings check`.

use atlassian_authorizer::document::Tree;
use std::path::PathBuf;

use atlassian_authorizer::document::problem::Problem;
use atlassian_authorizer::http::{Counters, Deadline, HttpClient};
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::{LoadError, Source, WhenThrottled};
use serde_json::json;

use super::lines::Lines;
use super::public_routes::{Stack, disagreements};
use super::{ApiArgs, probe};
use crate::failure::Failure;
use crate::gateway;
use crate::source;
use crate::ui::{Tone, Ui};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings check --settings file:settings.json
  atlauth settings check --settings ssm:/atlassian-authorizer/prod --cache-seconds 0 --probe
  atlauth settings check --settings file:settings.json --parameters parameters.yaml")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The stack's parameters, as given to `sam deploy`. They replace --cache-seconds and
    /// --cache-key, and say which routes are public.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Also sends requests to the providers' endpoints. No token is sent.
    #[arg(long)]
    probe: bool,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &CheckArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, http) = source::open(source).await?;
    let counters = Counters::default();
    let read = source.read(Deadline::start(), WhenThrottled::Wait, &counters);
    let read = ui.progress(&format!("reading {source}"), read).await;
    let template = gateway::template(None)?;
    let stack = match &args.parameters {
        Some(path) => Some(Stack::read(path, &template)?),
        None => None,
    };
    let deployment = match &stack {
        Some(stack) => stack.deployment(&template)?,
        None => args.api.deployment(),
    };
    let parsed = match read {
        Ok(tree) => Settings::parse(&tree, &deployment).map(|settings| (tree, settings)),
        Err(LoadError::Invalid(problems)) => Err(problems),
        Err(error) => return Err(source::failure(&source, &error)),
    };
    let mut wrong = Wrong {
        stack: stack.iter().flat_map(Stack::problems).collect(),
        ..Wrong::default()
    };
    match parsed {
        Ok((tree, settings)) => {
            let served = gateway::served(&template)?;
            wrong.settings = disagreements(&settings, &template, &served, stack.as_ref());
            if wrong.count() == 0 {
                return valid(args, &source, &http, &tree, &settings, ui).await;
            }
            show(args, &source, &wrong, ui);
            Err(wrong.failure(
                args,
                &source,
                "does not match the stack",
                "the authorizer accepts these settings, but the stack's parameters decide which routes are \
                 public",
            ))
        }
        Err(problems) => {
            wrong.settings = problems.iter().cloned().collect();
            show(args, &source, &wrong, ui);
            Err(wrong.failure(
                args,
                &source,
                "is invalid",
                "the authorizer refuses these settings as a whole, and keeps the ones that it has; a new \
                 instance has none, and answers 500",
            ))
        }
    }
}

/// What is wrong.
#[derive(Default)]
struct Wrong {
    /// With settings.
    settings: Vec<Problem>,
    /// With the stack's parameters.
    stack: Vec<Problem>,
}

impl Wrong {
    fn count(&self) -> usize {
        self.settings.len().saturating_add(self.stack.len())
    }

    fn failure(&self, args: &CheckArgs, source: &Source, what: &str, next: &str) -> Failure {
        if args.json {
            return Failure::negative("");
        }
        let count = self.count();
        let noun = if count == 1 { "problem" } else { "problems" };
        Failure::negative(format!("{source} {what}: {count} {noun}")).hint(next)
    }
}

/// Shows what is wrong.
fn show(args: &CheckArgs, source: &Source, wrong: &Wrong, ui: &Ui) {
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
    let of_settings = wrong
        .settings
        .iter()
        .map(|problem| (problem, line(problem)));
    if args.json {
        let problems: Vec<_> = of_settings
            .chain(wrong.stack.iter().map(|problem| (problem, None)))
            .map(|(problem, line)| {
                json!({"parameter": problem.parameter, "field": problem.field,
                       "message": problem.message, "line": line})
            })
            .collect();
        let result = json!({"source": source.to_string(), "valid": false, "problems": problems});
        ui.json(&format!("{result:#}"));
        return;
    }
    for (problem, line) in of_settings {
        let place = match (&file, line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        ui.line(&format!("{}{problem}", ui.paint(Tone::Faint, &place)));
    }
    for problem in &wrong.stack {
        ui.line(&problem.to_string());
    }
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
    if let Some(tokens) = &settings.general.api_tokens
        && tokens.checksums.keys.is_empty()
    {
        ui.note(
            "warning: API tokens have no key, so made-up tokens cause look-ups in the store; `atlauth token \
             key create` creates a key",
        );
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
        ui.json(&format!("{document:#}"));
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
        "{bad} of {} endpoints did not answer as expected",
        results.len()
    )))
}
