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

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use clap::Subcommand;

use crate::failure::Failure;
use crate::source::as_the_template;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
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

/// How the API is set up, where that decides what settings may say.
#[derive(Debug, clap::Args)]
struct ApiArgs {
    /// API Gateway's cache time: one number, or one for each product, such as jira=0,confluence=60.
    #[arg(long, value_name = "SECONDS", env = "AUTHORIZER_CACHE_SECONDS")]
    cache_seconds: Option<ByProduct<u32>>,
    /// API Gateway's cache key: route or token, or one for each product, such as
    /// jira=route,confluence=token.
    #[arg(long, value_name = "KEY", env = "AUTHORIZER_CACHE_KEY")]
    cache_key: Option<ByProduct<CacheKey>>,
}

impl ApiArgs {
    fn deployment(&self) -> Deployment {
        as_the_template(Deployment {
            cache_seconds: self.cache_seconds.clone().unwrap_or_default(),
            cache_keys: self.cache_key.clone().unwrap_or_default(),
            ..Deployment::default()
        })
    }
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
