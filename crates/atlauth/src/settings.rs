//! `atlauth settings`: checks, compares and moves settings.

mod check;
mod diff;
mod documents;
mod init;
mod journal;
mod lines;
mod lint;
mod lint_rules;
mod probe;
mod public_routes;
mod pull;
mod push;

use clap::Subcommand;

use crate::api::ApiArgs;
use crate::failure::Failure;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings init --kind cognito --out settings.json
  atlauth settings check --settings file:settings.json
  atlauth settings push settings.json --settings ssm:/atlassian-authorizer/prod")]
pub(crate) struct SettingsArgs {
    #[command(subcommand)]
    command: SettingsCommand,
}

#[derive(Debug, Subcommand)]
enum SettingsCommand {
    /// Checks settings, and shows each problem on a line.
    Check(check::CheckArgs),
    /// Warns about settings that are valid but risky, and says what is better.
    Lint(lint::LintArgs),
    /// Creates a first settings file, for any kind of provider.
    Init(init::InitArgs),
    /// Downloads the settings from SSM to a file.
    Pull(pull::PullArgs),
    /// Compares settings with other settings, parameter by parameter.
    Diff(diff::DiffArgs),
    /// Uploads settings to SSM: either all changes take effect, or none.
    Push(push::PushArgs),
}

pub(crate) async fn run(args: SettingsArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    match args.command {
        SettingsCommand::Check(args) => check::run(&args, source, ui).await,
        SettingsCommand::Lint(args) => lint::run(&args, source, ui).await,
        SettingsCommand::Init(args) => init::run(&args, ui),
        SettingsCommand::Pull(args) => pull::run(&args, source, ui).await,
        SettingsCommand::Diff(args) => diff::run(&args, source, ui).await,
        SettingsCommand::Push(args) => push::run(&args, source, ui).await,
    }
}
