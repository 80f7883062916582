//! `atlauth`: what an operator of the authorizer does by hand, as commands.

mod api;
pub mod api_tokens;
mod audit_line;
mod aws;
mod candidates;
mod cli;
mod credential;
mod demo;
mod event;
mod explain;
mod failure;
mod gateway;
mod input;
mod keys;
mod local;
mod log;
mod login;
mod pem;
mod private_file;
mod sdk;
mod session;
mod settings;
mod settings_text;
mod source;
mod spelled;
mod ssm;
mod state;
mod times;
mod token;
mod ui;
mod whoami;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

pub use cli::command;
use cli::{Cli, Command};
use failure::Failure;
use ui::{Color, Ui};

pub use explain::meaning;

/// Runs the command that the command line names.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Err(failure) = spelled::refuse_tokens(&arguments) {
        Ui::new(Color::Auto).failure(&failure);
        return ExitCode::from(failure.code());
    }
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let ui = Ui::new(cli.color);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli, &ui)),
        Err(error) => Err(Failure::unavailable(format!("no runtime: {error}"))),
    };
    match result.and_then(|()| ui.is_all_written()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            ui.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

async fn run(cli: Cli, ui: &Ui) -> Result<(), Failure> {
    let source = cli.settings.as_deref();
    match cli.command {
        Command::Demo(args) => demo::run(args, ui).await,
        Command::Local(args) => local::run(args, source, ui).await,
        Command::Login(args) => login::run(*args, source, ui).await,
        Command::Whoami(args) => whoami::run(args, source, ui).await,
        Command::Explain(args) => explain::run(args, source, ui).await,
        Command::Why(args) => why::run(*args, ui).await,
        Command::Settings(args) => settings::run(args, source, ui).await,
        Command::Token(args) => token::run(args, source, ui).await,
        Command::Event(args) => event::run(&args, ui),
        Command::Keys(args) => keys::run(args, source, ui).await,
        Command::Completions(args) => {
            cli::completions(&args, ui);
            Ok(())
        }
    }
}
