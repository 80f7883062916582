//! `atlauth settings lint`.

use atlassian_authorizer::settings::{Settings, Warning};
use serde_json::{Value, json};

use super::{ApiArgs, lint_rules};
use crate::failure::Failure;
use crate::gateway;
use crate::source;
use crate::spelled::given;
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

/// The rules, as warnings name them; in the order of the alphabet.
const RULES: [&str; 26] = [
    "admin_as_service_user",
    "any_client",
    "api_tokens_unkeyed",
    "api_tokens_without_key",
    "basic_pass_through",
    "cache_outlives_token_age",
    "email_unverified",
    "google_any_domain",
    "header_with_cache",
    "id_tokens_accepted",
    "idle_rule",
    "impersonates_anyone",
    "inline_keys",
    "mints_service_tokens",
    "mode_not_enforce",
    "no_access_rules",
    "no_audience",
    "path_not_served",
    "rule_of_any_provider",
    "rules_in_one_policy",
    "secret_of_any_document",
    "shared_usernames",
    "similar_issuers",
    "strip_domain",
    "unused_secret",
    "user_chosen_name",
];

pub(crate) async fn run(args: &LintArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    if let Some(unknown) = args.allow.iter().find(|id| !RULES.contains(&id.as_str())) {
        return Err(
            Failure::usage(format!("--allow: no rule is named {}", given(unknown)))
                .hint(format!("the rules are: {}", RULES.join(", "))),
        );
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::RULES;

    /// Each rule that the source warns by, and no other.
    #[test]
    fn all_rules_are_listed() {
        fn find(folder: &Path, found: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    find(&path, found);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    // Written so that this file has no rule of its own.
                    let start = ["Warning::", "new("].concat();
                    for after in text.split(&start).skip(1) {
                        let id = after.trim_start().strip_prefix('"');
                        let id = id.and_then(|id| id.split('"').next());
                        found.extend(id.map(str::to_owned));
                    }
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        find(&root.join("src/settings"), &mut found);
        find(&root.join("../../src"), &mut found);
        let listed: BTreeSet<String> = RULES.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(listed, found);
    }
}
