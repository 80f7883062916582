//! The command line.

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::ui::{Color, Ui};

/// Exit codes, as `--help` shows them.
const AFTER_HELP: &str = "\
Exit codes:
  0  success: allowed, valid, the same, done
  1  the answer is no: refused, invalid, different
  2  the command line is wrong
  3  no answer: no network, no settings, no permission

Secrets are never read from the command line: give a file or standard input, or answer the prompt.";

/// The operator's tool for the authorizer that lets OAuth and OpenID Connect identities call
/// Atlassian's REST APIs.
#[derive(Debug, Parser)]
#[command(name = "atlauth", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// The source of the settings: `ssm:/path/of/parameters` or `file:path.json`.
    #[arg(
        long,
        global = true,
        env = "AUTHORIZER_SETTINGS",
        hide_env_values = true,
        value_name = "SOURCE"
    )]
    pub(crate) settings: Option<String>,
    /// When to use colours. The environment variable `NO_COLOR` turns them off too.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a demo on loopback: the gateway, a token issuer, and stand-ins for Jira and Confluence.
    Demo(crate::demo::DemoArgs),
    /// Runs a local API Gateway in front of a real Atlassian product. Not for production.
    Local(crate::local::LocalArgs),
    /// Logs in at a provider of the settings, and shows what the token allows.
    Login(Box<crate::login::LoginArgs>),
    /// Shows which user a token stands for.
    Whoami(crate::whoami::WhoamiArgs),
    /// Explains, stage by stage, why a request is allowed or refused.
    Explain(crate::explain::ExplainArgs),
    /// Says what the audit log has of a request, why it was decided so, and what to change.
    Why(Box<crate::why::WhyArgs>),
    /// Checks, compares, downloads and uploads settings.
    Settings(crate::settings::SettingsArgs),
    /// Creates, lists, rotates and revokes API tokens.
    Token(crate::token::TokenArgs),
    /// Writes a sample event for `cargo lambda invoke`.
    Event(crate::event::EventArgs),
    /// Creates and shows the keys that upstream modes need.
    Keys(crate::keys::KeysArgs),
    /// Prints completions for a shell.
    Completions(CompletionsArgs),
}

/// Which shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// The whole command line, for whoever documents it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Prints a shell's completions to standard output.
pub(crate) fn completions(args: &CompletionsArgs, ui: &Ui) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "atlauth", &mut script);
    ui.verbatim(&String::from_utf8_lossy(&script));
}
