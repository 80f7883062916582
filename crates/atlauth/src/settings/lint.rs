//! `atlauth settings lint`.

use atlassian_authorizer::settings::{Settings, Warning};
use serde_json::{Value, json};

use super::{ApiArgs, lint_rules};
use crate::failure::Failure;
use crate::gateway;
use crate::source;
use crate::ui::{Tone, Ui};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings lint --settings file:settings.json --cache-seconds 60
  atlauth settings lint --settings ssm:/atlassian-authorizer/prod --allow no_audience --strict")]
pub(crate) struct LintArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Hides the warnings of this rule. The option can be given several times.
    #[arg(long, value_name = "ID")]
    allow: Vec<String>,
    /// Exits with 1 if there is any warning.
    #[arg(long)]
    strict: bool,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &LintArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, _) = source::open(source).await?;
    let tree = source::read(&source, ui).await?;
    let deployment = args.api.deployment();
    let settings = Settings::parse(&tree, &deployment).map_err(|problems| {
        let count = problems.iter().count();
        let noun = if count == 1 { "problem" } else { "problems" };
        Failure::negative(format!("{source} is invalid: {count} {noun}"))
            .hint("`atlauth settings check` shows them")
    })?;
    let served = gateway::served(&gateway::template(None)?)?;
    let mut found = lint_rules::lint(&settings, &tree, &deployment, &served);
    found.retain(|warning| !args.allow.iter().any(|id| id == warning.id));
    if args.json {
        let warnings: Vec<_> = found.iter().map(as_json).collect();
        let result = json!({"source": source.to_string(), "warnings": warnings});
        ui.json(&format!("{result:#}"));
    } else {
        for warning in &found {
            show(warning, ui);
        }
    }
    let count = found.len();
    let noun = if count == 1 { "warning" } else { "warnings" };
    match count {
        0 => {
            ui.note("no warnings");
            Ok(())
        }
        _ if args.strict => Err(Failure::negative(format!("{count} {noun}"))),
        _ => {
            ui.note(&format!("{count} {noun}"));
            Ok(())
        }
    }
}

fn as_json(warning: &Warning) -> Value {
    json!({"id": warning.id, "parameter": warning.parameter, "field": warning.field,
           "severe": warning.severe, "why": warning.why, "instead": warning.instead})
}

fn show(warning: &Warning, ui: &Ui) {
    let place = if warning.field.is_empty() {
        warning.parameter.clone()
    } else {
        format!("{}: {}", warning.parameter, warning.field)
    };
    let (tone, word) = if warning.severe {
        (Tone::Bad, "severe")
    } else {
        (Tone::Warning, "warning")
    };
    let head = format!("{}: {place} ({})", ui.paint(tone, word), warning.id);
    ui.line(&head);
    for line in wrapped(&warning.why) {
        ui.line(&format!("  {line}"));
    }
    for line in wrapped(&format!("better: {}", warning.instead)) {
        ui.line(&format!("  {}", ui.paint(Tone::Faint, &line)));
    }
}

/// A text in lines that fit into a terminal of 80 columns, indented.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 76;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len().saturating_add(word.len()) < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
