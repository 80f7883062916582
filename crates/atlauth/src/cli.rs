//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::failure::USAGE;
use crate::spelled::without_secrets;
use crate::ui::{Color, Ui};

/// Exit codes, as `--help` shows them.
const AFTER_HELP: &str = "\
Examples:
  atlauth demo
  atlauth settings check --settings file:settings.json
  atlauth explain --path /jira/rest/api/2/myself token.txt

Exit codes:
  0  success: allowed, valid, the same, done
  1  the answer is no: refused, invalid, different
  2  the command line is wrong
  3  no answer: no network, no settings, no permission

Secrets are never read from the command line: give a file or standard input, or answer the prompt.";

/// The heading of the options that all commands have.
const GLOBAL: &str = "Global options";

/// The commands that read no settings, by their path.
const WITHOUT_SETTINGS: [&[&str]; 7] = [
    &["demo"],
    &["event"],
    &["completions"],
    &["keys", "oauth1"],
    &["keys", "assertion"],
    &["keys", "show"],
    &["settings", "init"],
];

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
        value_name = "SOURCE",
        help_heading = GLOBAL
    )]
    pub(crate) settings: Option<String>,
    /// When to use colours. `NO_COLOR` and `TERM=dumb` in the environment turn them off too.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Color::Auto,
        help_heading = GLOBAL
    )]
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
#[command(after_help = "\
Examples:
  bash:        mkdir -p ~/.local/share/bash-completion/completions
               atlauth completions bash > ~/.local/share/bash-completion/completions/atlauth
  zsh:         mkdir -p ~/.zfunc
               atlauth completions zsh > ~/.zfunc/_atlauth
               in ~/.zshrc, before compinit: fpath=(~/.zfunc $fpath)
  fish:        mkdir -p ~/.config/fish/completions
               atlauth completions fish > ~/.config/fish/completions/atlauth.fish
  elvish:      mkdir -p ~/.config/elvish/lib
               atlauth completions elvish > ~/.config/elvish/lib/atlauth.elv
               in ~/.config/elvish/rc.elv: use atlauth
  powershell:  atlauth completions powershell >> $PROFILE

A new shell has them.")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// The whole command line, for whoever documents it.
pub fn command() -> clap::Command {
    let mut command = Cli::command();
    for path in WITHOUT_SETTINGS {
        command = without_settings(command, path);
    }
    command
}

/// Accepts `--settings` still, for scripts that give it to each command, and does not offer it.
fn without_settings(command: clap::Command, path: &[&str]) -> clap::Command {
    match path.split_first() {
        None => command.arg(
            Arg::new("settings")
                .long("settings")
                .value_name("SOURCE")
                .hide(true),
        ),
        Some((name, rest)) => command.mut_subcommand(*name, |inner| without_settings(inner, rest)),
    }
}

/// The command line of this process.
///
/// # Errors
///
/// The exit code, where help was asked for or something is wrong, which has been told by then.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, ExitCode> {
    let parsed = command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        if !error.use_stderr() {
            // Help and version have no argument in them.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        let text = error.render().to_string();
        let text = without_secrets(&text, arguments);
        let ui = Ui::new(Color::Never);
        ui.note(text.trim_end());
        ExitCode::from(USAGE)
    })
}

/// Prints a shell's completions to standard output.
pub(crate) fn completions(args: &CompletionsArgs, ui: &Ui) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "atlauth", &mut script);
    ui.verbatim(&String::from_utf8_lossy(&script));
}
