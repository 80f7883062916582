//! `atlauth token key`: the key that checksums of API tokens are made with.

use std::collections::BTreeMap;

use atlassian_authorizer::authenticate::api_token::{API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY};
use atlassian_authorizer::credential::SECRET_LENGTH;
use atlassian_authorizer::random;
use atlassian_authorizer::secret::{Secret, constant_time_eq};
use atlassian_authorizer::store::{LoadError, Source};
use clap::Subcommand;

use crate::api_tokens::list;
use crate::failure::Failure;
use crate::private_file::{self, Existing};
use crate::settings_text;
use crate::source;
use crate::ssm::{ParameterAttributes, Parameters};
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token key create --settings ssm:/atlassian-authorizer/prod
  atlauth token key rotate --settings ssm:/atlassian-authorizer/prod

With a key, a token that somebody has made up is refused without a look at the store. The key is the secret
`api-token-key` of the service, the one before it `api-token-key-previous`, both below `secrets/settings/`.
Nobody is shown either.")]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Makes the first key.
    Create(CreateArgs),
    /// Makes another key. Tokens made with the one before stay good.
    Rotate(RotateArgs),
    /// Ends the key before the last. Tokens made with it are refused.
    Retire,
}

/// Arguments of `create`.
#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Makes it even where tokens would be refused that are there already.
    #[arg(long)]
    force: bool,
    /// The KMS key that it is encrypted with; AWS's own by default.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
}

/// Arguments of `rotate`.
#[derive(Debug, clap::Args)]
struct RotateArgs {
    /// Ends all keys before it at once, and with them the tokens that were made until now.
    #[arg(long)]
    forget: bool,
    /// The KMS key that it is encrypted with; AWS's own by default.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
}

pub(super) async fn run(args: KeyArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, _) = source::open(source).await?;
    match args.command {
        KeyCommand::Create(args) => create(&args, &source, ui).await,
        KeyCommand::Rotate(args) => rotate(&args, &source, ui).await,
        KeyCommand::Retire => retire(&source, ui).await,
    }
}

async fn create(args: &CreateArgs, source: &Source, ui: &Ui) -> Result<(), Failure> {
    let store = Keys::read(source, ui).await?;
    if store.last.is_some() || store.previous.is_some() {
        return Err(there_already());
    }
    let settings = source::load(source, ui).await?;
    let rules = settings.general.api_tokens;
    if !args.force && !rules.is_some_and(|rules| rules.checksums.accept_unkeyed) {
        let all = list(source).await.map_err(|error| super::failure(&error))?;
        let count = all.tokens.len();
        if count > 0 {
            let tokens = if count == 1 {
                "1 token was"
            } else {
                &format!("{count} tokens were")
            };
            return Err(Failure::negative(format!(
                "{tokens} made without a key, and would be refused"
            ))
            .hint(
                "set `api_tokens.accept_unkeyed` to true in the parameter `settings` until they are rotated; \
                 or give --force",
            ));
        }
    }
    let key = Secret::new(&random::text(SECRET_LENGTH)?);
    if !store.put(LAST, &key, args.key_id.as_deref(), false).await? {
        return Err(there_already());
    }
    ui.note(&format!("wrote {LAST}"));
    ui.note(IN_FORCE);
    Ok(())
}

async fn rotate(args: &RotateArgs, source: &Source, ui: &Ui) -> Result<(), Failure> {
    let store = Keys::read(source, ui).await?;
    // No key is written into settings that are invalid, or just being pushed.
    source::load(source, ui).await?;
    let Some(last) = &store.last else {
        return Err(
            Failure::negative("there is no key").hint("`atlauth token key create` makes one")
        );
    };
    // An interrupted run has left the same key in both places.
    let is_same = |previous: &Secret| {
        let (one, other) = (previous.expose_secret(), last.expose_secret());
        constant_time_eq(one.as_bytes(), other.as_bytes())
    };
    let key_id = args.key_id.as_deref();
    if args.forget {
        store.delete(PREVIOUS).await?;
    } else if store
        .previous
        .as_ref()
        .is_some_and(|previous| !is_same(previous))
    {
        return Err(Failure::negative(
            "there is a key before the last already, and tokens that were made with it would be refused",
        )
        .hint("`atlauth token key retire` ends it, once those tokens are rotated"));
    } else {
        store.put(PREVIOUS, last, key_id, true).await?;
    }
    let key = Secret::new(&random::text(SECRET_LENGTH)?);
    store.put(LAST, &key, key_id, true).await?;
    ui.note(&format!("wrote {LAST}"));
    if args.forget {
        ui.note(
            "Tokens that were made until now are refused; `atlauth token rotate` makes others.",
        );
    } else {
        ui.note(&format!(
            "The key before it is {PREVIOUS}; `atlauth token key retire` ends it."
        ));
    }
    ui.note(IN_FORCE);
    Ok(())
}

async fn retire(source: &Source, ui: &Ui) -> Result<(), Failure> {
    let store = Keys::read(source, ui).await?;
    if store.previous.is_none() {
        return Err(Failure::negative("there is no key before the last"));
    }
    store.delete(PREVIOUS).await?;
    ui.note(&format!("deleted {PREVIOUS}"));
    ui.note(IN_FORCE);
    Ok(())
}

/// When a change of a key is felt.
const IN_FORCE: &str = "In force after `refresh_seconds`; until then, make no token.";

const LAST: &str = "secrets/settings/api-token-key";
const PREVIOUS: &str = "secrets/settings/api-token-key-previous";

fn there_already() -> Failure {
    Failure::negative("there is a key already").hint("`atlauth token key rotate` makes another")
}

/// Where the keys are, and what they are.
struct Keys<'s> {
    source: &'s Source,
    last: Option<Secret>,
    previous: Option<Secret>,
    /// How parameters are kept, where the source has some.
    kept: BTreeMap<String, ParameterAttributes>,
}

impl<'s> Keys<'s> {
    async fn read(source: &'s Source, ui: &Ui) -> Result<Self, Failure> {
        let tree = source::read(source, ui).await?;
        if let (Source::Ssm(_), true) = (source, tree.documents().is_empty()) {
            return Err(source::nothing_there(source));
        }
        let kept = match source {
            Source::Ssm(ssm) => {
                let kept = Parameters(ssm).attributes().await;
                kept.map_err(|error| {
                    Failure::unavailable(format!("{source}: {error}"))
                        .hint("the permission ssm:DescribeParameters is needed")
                })?
            }
            Source::File(_) => BTreeMap::new(),
        };
        let secrets = tree.secrets_of("settings");
        let keys = Self {
            source,
            last: secrets.find(API_TOKEN_KEY).cloned(),
            previous: secrets.find(PREVIOUS_API_TOKEN_KEY).cloned(),
            kept,
        };
        // One that stood in two places would be an error, and no function would take the settings.
        for (name, key) in [(LAST, &keys.last), (PREVIOUS, &keys.previous)] {
            if matches!(source, Source::Ssm(_)) && key.is_some() && !keys.kept.contains_key(name) {
                return Err(Failure::negative(
                    "the keys stand in the parameter `secrets`, which holds several documents",
                )
                .hint("change it by `aws ssm put-parameter --overwrite`, with a key of 32 characters or more"));
            }
        }
        Ok(keys)
    }

    /// Writes a key; `false` where one is there and may not be overwritten.
    async fn put(
        &self,
        name: &str,
        key: &Secret,
        key_id: Option<&str>,
        overwrite: bool,
    ) -> Result<bool, Failure> {
        match self.source {
            Source::Ssm(ssm) => {
                // Encrypted with the same key as the one that gives way, if nothing else is said.
                let kept = [name, LAST].iter().find_map(|name| self.kept.get(*name));
                let mut how = kept.cloned().unwrap_or_default();
                how.secure = true;
                if let Some(key_id) = key_id {
                    how.key_id = Some(key_id.to_owned());
                }
                let ssm = Parameters(ssm);
                let put = ssm.put(name, key.expose_secret(), &how, overwrite);
                put.await.map_err(|error| self.failure(&error))
            }
            Source::File(_) => {
                self.edit(|text| settings_text::with(text, name, key.expose_secret()))?;
                Ok(true)
            }
        }
    }

    async fn delete(&self, name: &str) -> Result<(), Failure> {
        match self.source {
            Source::Ssm(ssm) => {
                let ssm = Parameters(ssm);
                let delete = ssm.delete(name);
                delete.await.map_err(|error| self.failure(&error))
            }
            Source::File(_) => self.edit(|text| settings_text::without(text, name)),
        }
    }

    /// Changes a settings file, whole or not at all.
    fn edit(&self, edit: impl FnOnce(&str) -> Option<String>) -> Result<(), Failure> {
        let Source::File(path) = self.source else {
            return Ok(());
        };
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| self.failure(&LoadError::File(error.kind())))?;
        let text = edit(&text).ok_or_else(|| {
            Failure::unavailable(format!("{} could not be changed", path.display()))
                .hint("expected a JSON object, in which `secrets` and `settings` in it are objects")
        })?;
        private_file::write(path, text.as_bytes(), Existing::Replace)
    }

    fn failure(&self, error: &LoadError) -> Failure {
        source::failure(self.source, error)
    }
}
