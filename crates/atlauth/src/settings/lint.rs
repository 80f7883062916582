//! `atlauth settings lint`.

use atlassian_authorizer::settings::{Advice, Settings};
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
    /// Leaves out what this rule finds; may be given again.
    #[arg(long, value_name = "ID")]
    allow: Vec<String>,
    /// Exits with 1 when anything is found.
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
        Failure::negative(format!("{source} is invalid: {count} problems"))
            .hint("`atlauth settings check` shows them")
    })?;
    let served = gateway::served(&gateway::template(None)?)?;
    let mut found = lint_rules::lint(&settings, &tree, &deployment, &served);
    found.retain(|advice| !args.allow.iter().any(|id| id == advice.id));
    if args.json {
        let advice: Vec<_> = found.iter().map(as_json).collect();
        let result = json!({"source": source.to_string(), "advice": advice});
        ui.json(&format!("{result:#}"));
    } else {
        for advice in &found {
            show(advice, ui);
        }
    }
    let count = found.len();
    let noun = if count == 1 { "piece" } else { "pieces" };
    match count {
        0 => {
            ui.note("nothing found");
            Ok(())
        }
        _ if args.strict => Err(Failure::negative(format!("{count} {noun} of advice"))),
        _ => {
            ui.note(&format!("{count} {noun} of advice"));
            Ok(())
        }
    }
}

fn as_json(advice: &Advice) -> Value {
    json!({"id": advice.id, "parameter": advice.parameter, "field": advice.field,
           "severe": advice.severe, "why": advice.why, "instead": advice.instead})
}

fn show(advice: &Advice, ui: &Ui) {
    let place = if advice.field.is_empty() {
        advice.parameter.clone()
    } else {
        format!("{}: {}", advice.parameter, advice.field)
    };
    let (tone, word) = if advice.severe {
        (Tone::Bad, "severe")
    } else {
        (Tone::Warning, "advice")
    };
    let head = format!("{}: {place} ({})", ui.paint(tone, word), advice.id);
    ui.line(&head);
    for line in wrapped(&advice.why) {
        ui.line(&format!("  {line}"));
    }
    for line in wrapped(&format!("better: {}", advice.instead)) {
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
