//! The command line.

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::ui::Color;

/// Exit codes, as `--help` tells them.
const AFTER_HELP: &str = "\
Exit codes:
  0  it is so: allowed, valid, the same, done
  1  it is not so: refused, invalid, different
  2  the command line is wrong
  3  it could not be found out: no network, no settings, no permission

Secrets are never taken from the command line: give a file, standard input or answer the prompt.";

/// Sets up, tries and explains the authorizer that lets OAuth and OpenID Connect identities call
/// Atlassian's REST APIs.
#[derive(Debug, Parser)]
#[command(name = "atlauth", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// Where the settings are: `ssm:/path/of/parameters` or `file:path.json`.
    #[arg(
        long,
        global = true,
        env = "AUTHORIZER_SETTINGS",
        hide_env_values = true,
        value_name = "SOURCE"
    )]
    pub(crate) settings: Option<String>,
    /// When to use colours; `NO_COLOR` turns them off too.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the gateway at work on loopback, with an issuer and an Atlassian of its own.
    Demo(crate::demo::DemoArgs),
    /// Plays API Gateway in front of a real Atlassian, on this machine. Not for production.
    Local(crate::local::LocalArgs),
    /// Fetches a token from a provider of the settings, and shows what it would mean here.
    Login(Box<crate::login::LoginArgs>),
    /// Says whom a token stands for, by the settings.
    Whoami(crate::whoami::WhoamiArgs),
    /// Explains, stage by stage, what becomes of a request.
    Explain(crate::explain::ExplainArgs),
    /// Checks, compares and moves settings.
    Settings(crate::settings::SettingsArgs),
    /// Makes, lists and revokes API tokens.
    Token(crate::token::TokenArgs),
    /// Writes an event for `cargo lambda invoke`.
    Event(crate::event::EventArgs),
    /// Makes and shows the keys that upstream modes need.
    Keys(crate::keys::KeysArgs),
    /// Prints a shell's completions.
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
pub(crate) fn completions(args: &CompletionsArgs) {
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "atlauth", &mut std::io::stdout());
}
