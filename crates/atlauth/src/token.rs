//! `atlauth token`: API tokens, from their making to their end.

mod create;
mod key;
mod keys;
mod list;
mod retire;

use std::io::Write;

use crate::api_tokens::{ApiTokenError, Created, TokenId};
use atlassian_authorizer::authenticate::ApiTokenRules;
use clap::Subcommand;
use serde_json::json;

use crate::aws::{self, InWords};
use crate::failure::Failure;
use crate::times::date;
use crate::ui::Ui;

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth token create --user alice --name 'nightly export' --expires 90d > token.txt
  atlauth token create --user ci --read-only --product jira --cidr 10.0.0.0/8
  atlauth token rotate --grace 24h abcdefghijkmnpqr > token.txt

A token is printed once, on standard output. Only its hash is stored.";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Creates a token, and prints it.
    Create(create::CreateArgs),
    /// Lists all tokens.
    List(list::ListArgs),
    /// Revokes tokens.
    Revoke(retire::RevokeArgs),
    /// Creates a token with the same limits as an old one, prints it, and revokes the old one.
    Rotate(retire::RotateArgs),
    /// Creates, rotates and retires the key that authenticates API tokens.
    Key(key::KeyArgs),
}

pub(crate) async fn run(args: TokenArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    match args.command {
        TokenCommand::Create(args) => create::run(args, source, ui).await,
        TokenCommand::List(args) => list::run(&args, source, ui).await,
        TokenCommand::Revoke(args) => retire::revoke(&args, source, ui).await,
        TokenCommand::Rotate(args) => retire::rotate(&args, source, ui).await,
        TokenCommand::Key(args) => key::run(args, source, ui).await,
    }
}

/// Prints a new token: the one time that it is shown.
fn show(
    created: &Created,
    rules: Option<&ApiTokenRules>,
    json: bool,
    now: u64,
    ui: &Ui,
) -> Result<(), Failure> {
    let (id, expires) = (created.id.as_str(), created.expires.as_secs());
    let token = created.token.expose_secret();
    let line = if json {
        json!({"id": id, "token": token, "expires": expires}).to_string()
    } else {
        token.to_owned()
    };
    let mut out = std::io::stdout();
    let printed = writeln!(out, "{line}").and_then(|()| out.flush());
    printed.map_err(|error| {
        Failure::unavailable(format!("the token could not be printed: {error}")).hint(format!(
            "it is lost; revoke it with `atlauth token revoke {id}`"
        ))
    })?;
    ui.note(&format!("id {id}, until {}", date(expires, now)));
    ui.note("This is the only time that the token is shown.");
    if rules.is_some_and(|rules| rules.checksums.keys.is_empty()) {
        ui.note(
            "Without a key, anyone can make up tokens of this form; see `atlauth token key --help`.",
        );
    }
    Ok(())
}

fn id(text: &str) -> Result<TokenId, Failure> {
    TokenId::new(text).ok_or_else(|| {
        let failure = Failure::usage("expected the id of a token: 16 characters, without `atl_`");
        if text.starts_with("atl_") {
            failure.hint(
                "a whole token does not belong on a command line, which your shell's history keeps: revoke \
                 it by the 16 characters after `atl_`",
            )
        } else {
            failure.hint("see `atlauth token list`")
        }
    })
}

fn lifetime(text: &str) -> Result<std::time::Duration, String> {
    humantime::parse_duration(text).map_err(|_| "expected a time such as 90d or 24h".to_owned())
}

/// What a refusal of the store or the settings means for the command.
fn failure(error: &ApiTokenError) -> Failure {
    match error {
        ApiTokenError::Disabled | ApiTokenError::Lifetime(_) | ApiTokenError::TooLarge => {
            Failure::negative(error.to_string())
        }
        ApiTokenError::Store(error) => {
            let InWords { message, hint } = aws::in_words(error);
            // The permission is what is missing where access is denied, and nowhere else.
            let hint = if message.starts_with("access denied") {
                Some(
                    "tokens are stored in `<prefix>-tokens/<id>`: you need permission to read and write there",
                )
            } else {
                hint
            };
            let failure = Failure::unavailable(message);
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        }
        _ => Failure::unavailable(error.to_string()),
    }
}
