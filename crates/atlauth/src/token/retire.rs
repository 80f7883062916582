//! `atlauth token revoke` and `rotate`.

use atlassian_authorizer::clock::UnixTime;
use std::time::Duration;

use crate::api_tokens::{TokenId, create, end_by, find, revoke as end};

use crate::failure::Failure;
use crate::source;
use crate::times::{self, date};
use crate::ui::Ui;

/// Arguments of `revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// Ids of tokens, as `atlauth token list` shows them.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Arguments of `rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateArgs {
    /// The id of the token that gives way.
    #[arg(value_name = "ID")]
    id: String,
    /// How long the new one is good; as long as the old one was without it.
    #[arg(long, value_name = "TIME", value_parser = super::lifetime)]
    expires: Option<Duration>,
    /// Leave the old one good for this long, such as 24h.
    #[arg(long, value_name = "TIME", value_parser = super::lifetime)]
    grace: Option<Duration>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

pub(super) async fn revoke(
    args: &RevokeArgs,
    source: Option<&str>,
    ui: &Ui,
) -> Result<(), Failure> {
    let ids = args.ids.iter().map(|text| super::id(text));
    let ids: Vec<TokenId> = ids.collect::<Result<_, _>>()?;
    let (store, _) = source::open(source).await?;
    let mut missing = Vec::new();
    for id in &ids {
        let ended = end(&store, id)
            .await
            .map_err(|error| super::failure(&error))?;
        if ended {
            ui.line(&format!("revoked {}", id.as_str()));
        } else {
            missing.push(id.as_str());
        }
    }
    if missing.len() < ids.len() {
        ui.note(IN_FORCE);
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(
            Failure::negative(format!("there is no token {}", missing.join(", ")))
                .hint("see `atlauth token list`"),
        )
    }
}

/// When a record's end is felt.
const IN_FORCE: &str =
    "In force after `api_tokens.recheck_seconds` and the cache time of API Gateway.";

pub(super) async fn rotate(
    args: &RotateArgs,
    source: Option<&str>,
    ui: &Ui,
) -> Result<(), Failure> {
    let id = super::id(&args.id)?;
    let (store, _) = source::open(source).await?;
    let settings = source::load(&store, ui).await?;
    let old = find(&store, &id)
        .await
        .map_err(|error| super::failure(&error))?;
    let old = old.ok_or_else(|| {
        Failure::negative(format!("there is no token {}", id.as_str()))
            .hint("see `atlauth token list`")
    })?;
    let before = Duration::from_secs(old.expires.saturating_sub(old.created));
    let new = old
        .again(args.expires.unwrap_or(before))
        .ok_or_else(|| Failure::unavailable("the token's record names no user"))?;
    let now = times::now();
    let rules = settings.general.api_tokens.as_ref();
    let made = create(&store, rules, new, UnixTime::from_secs(now));
    let created = made.await.map_err(|error| super::failure(&error))?;
    super::show(&created, rules, args.json, now, ui)?;

    let retired = match args.grace {
        None => end(&store, &id)
            .await
            .map(|_| format!("{} is revoked", id.as_str())),
        Some(grace) => {
            let until = UnixTime::from_secs(now).saturating_add(grace);
            let until = end_by(&store, &id, until).await;
            until.map(|until| {
                let until = until.unwrap_or_default().as_secs();
                format!("{} is good until {}", id.as_str(), date(until, now))
            })
        }
    };
    match retired {
        Ok(what) => {
            ui.note(&what);
            ui.note(IN_FORCE);
            Ok(())
        }
        // The new one has been shown, and must not be lost with the error.
        Err(error) => Err(super::failure(&error).hint(format!(
            "the new token is good; end the old one by `atlauth token revoke {}`",
            id.as_str()
        ))),
    }
}
