//! `atlauth token key`: the key that checksums of API tokens are made with.

use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::{LoadError, Source};
use clap::Subcommand;

use super::keys::{Keys, LAST, PREVIOUS, new_key};
use crate::api_tokens::list;
use crate::failure::Failure;
use crate::source;
use crate::times::{now, plain_date};
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token key create --settings ssm:/atlassian-authorizer/prod
  atlauth token key rotate --settings ssm:/atlassian-authorizer/prod

With a key, made-up tokens are refused without a look-up in the store. The key is the secret
`secrets/settings/api-token-key`, and the previous one is `secrets/settings/api-token-key-previous`.
Neither is ever shown.")]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Creates the first key.
    Create(CreateArgs),
    /// Creates a new key. Tokens that were made with the previous key stay valid.
    Rotate(RotateArgs),
    /// Retires the previous key. Tokens that were made with it are refused from then on.
    Retire(RetireArgs),
}

/// Arguments of `create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token key create --settings ssm:/atlassian-authorizer/prod")]
struct CreateArgs {
    /// Creates the key even if existing tokens will be refused.
    #[arg(long)]
    force: bool,
    /// The KMS key that encrypts the key. By default, the AWS managed key.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
}

/// Arguments of `rotate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token key rotate --settings ssm:/atlassian-authorizer/prod
  atlauth token key rotate --forget")]
struct RotateArgs {
    /// Retires all earlier keys at once. All existing tokens are refused from then on.
    #[arg(long)]
    forget: bool,
    /// The KMS key that encrypts the key. By default, the AWS managed key.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
}

/// Arguments of `retire`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token key retire --settings ssm:/atlassian-authorizer/prod")]
struct RetireArgs {
    /// Retires the key even if this may make existing tokens invalid.
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: KeyArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, _) = source::open(source).await?;
    match args.command {
        KeyCommand::Create(args) => create(&args, &source, ui).await,
        KeyCommand::Rotate(args) => rotate(&args, &source, ui).await,
        KeyCommand::Retire(args) => retire(&args, &source, ui).await,
    }
}

async fn create(args: &CreateArgs, source: &Source, ui: &Ui) -> Result<(), Failure> {
    let store = Keys::read(source, ui).await?;
    if store.last.is_some() {
        return Err(there_already());
    }
    let key = new_key(now())?;
    // A key before the last is invalid without a last one, and stays beside the new one.
    let mut tree = store.tree.clone();
    tree.documents_mut()
        .insert(LAST.to_owned(), key.expose_secret().to_owned());
    let settings = Settings::parse(&tree, &source::without_cache())
        .map_err(|problems| source::failure(source, &LoadError::Invalid(problems)))?;
    let rules = settings.general.api_tokens;
    let has_key = store.previous.is_some();
    if !args.force && !has_key && !rules.is_some_and(|rules| rules.checksums.accept_unkeyed) {
        let all = list(source).await.map_err(|error| super::failure(&error))?;
        let count = all.tokens.len();
        if count > 0 {
            let tokens = counted(count, "was", "were");
            return Err(Failure::negative(format!(
                "{tokens} made without a key and would be refused"
            ))
            .hint(format!(
                "set `api_tokens.accept_unkeyed` to true in the parameter `settings` until {} rotated; or give \
                 --force",
                if count == 1 { "it is" } else { "they are" }
            )));
        }
    }
    if !store.put(LAST, &key, args.key_id.as_deref(), false).await? {
        return Err(there_already());
    }
    ui.note(&format!("wrote {LAST}"));
    ui.note(IN_FORCE);
    Ok(())
}

async fn rotate(args: &RotateArgs, source: &Source, ui: &Ui) -> Result<(), Failure> {
    let store = Keys::read(source, ui).await?;
    let Some(last) = &store.last else {
        return Err(
            Failure::negative("there is no key").hint("`atlauth token key create` creates one")
        );
    };
    // No key is written into settings that are invalid, or just being pushed.
    source::load(source, ui).await?;
    let key_id = args.key_id.as_deref();
    if args.forget {
        store.delete(PREVIOUS).await?;
    } else if store.previous.is_some() && !store.are_same() {
        return Err(Failure::negative(
            "there is already a previous key, and tokens that were made with it would be refused",
        )
        .hint("retire it with `atlauth token key retire` once those tokens are rotated"));
    } else {
        store.put(PREVIOUS, last, key_id, true).await?;
    }
    let key = new_key(now())?;
    store.put(LAST, &key, key_id, true).await?;
    ui.note(&format!("wrote {LAST}"));
    if args.forget {
        ui.note(
            "All existing tokens are refused from now on; replace them with `atlauth token rotate`.",
        );
    } else {
        ui.note(&format!(
            "The previous key is now {PREVIOUS}; retire it with `atlauth token key retire`."
        ));
    }
    ui.note(IN_FORCE);
    Ok(())
}

async fn retire(args: &RetireArgs, source: &Source, ui: &Ui) -> Result<(), Failure> {
    let store = Keys::read(source, ui).await?;
    if store.previous.is_none() {
        return Err(Failure::negative("there is no previous key"));
    }
    if !args.force && !store.are_same() {
        refuse_where_used(&store, source, ui).await?;
    }
    store.delete(PREVIOUS).await?;
    ui.note(&format!("deleted {PREVIOUS}"));
    ui.note("In force after `refresh_seconds`.");
    Ok(())
}

/// Refuses to retire the previous key while there are valid tokens that may have been made with it.
async fn refuse_where_used(store: &Keys<'_>, source: &Source, ui: &Ui) -> Result<(), Failure> {
    let (from, until) = store.time_of_previous();
    let settings = Settings::parse(&store.tree, &source::without_cache()).ok();
    let rules = settings.and_then(|settings| settings.general.api_tokens);
    let listed = ui.progress("reading tokens", Box::pin(list(source))).await;
    let all = listed.map_err(|error| super::failure(&error))?;
    let now = now();
    let used = all.tokens.iter().filter(|token| {
        // One of the same second may have been made before the rotation.
        from.is_none_or(|from| token.created >= from)
            && until.is_none_or(|until| token.created <= until)
            && token.ends(rules.as_ref()) > now
    });
    let count = used.count();
    if count == 0 {
        return Ok(());
    }
    let tokens = counted(count, "", "");
    let (those, them) = if count == 1 {
        ("the one", "it")
    } else {
        ("those", "them")
    };
    let (why, which) = match until {
        Some(until) => (
            format!("{tokens} may have been made with the previous key"),
            format!("{those} created up to {}", plain_date(until)),
        ),
        None => (
            format!(
                "{tokens} may have been made with the previous key (it is not known when the current one was \
                 created)"
            ),
            format!("{those} created before it"),
        ),
    };
    Err(Failure::negative(format!("{why}, and would be refused")).hint(format!(
        "replace {them} with `atlauth token rotate` (`atlauth token list --json` shows {which}), or give --force"
    )))
}

fn counted(count: usize, one: &str, more: &str) -> String {
    let text = match count {
        1 => format!("1 token {one}"),
        _ => format!("{count} tokens {more}"),
    };
    text.trim_end().to_owned()
}

/// When a new key takes effect.
const IN_FORCE: &str = "In force after `refresh_seconds`; until then, create no token.";

fn there_already() -> Failure {
    Failure::negative("there is already a key").hint("`atlauth token key rotate` creates another")
}
