//! `atlauth token revoke` and `rotate`.

use atlassian_authorizer::clock::UnixTime;
use std::time::Duration;

use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::LoadError;

use super::keys;
use crate::api_tokens::{Known, TokenId, create, end_by, find, revoke as end};
use crate::failure::Failure;
use crate::source;
use crate::times::{self, date};
use crate::ui::Ui;

/// Arguments of `revoke`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token revoke abcdefghijkmnpqr")]
pub(crate) struct RevokeArgs {
    /// The ids of the tokens, as `atlauth token list` shows them.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Arguments of `rotate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token rotate abcdefghijkmnpqr > token.txt
  atlauth token rotate --grace 24h --expires 30d abcdefghijkmnpqr > token.txt")]
pub(crate) struct RotateArgs {
    /// The id of the old token.
    #[arg(value_name = "ID")]
    id: String,
    /// The lifetime of the new token. By default, that of the old token.
    #[arg(long, value_name = "TIME", value_parser = super::lifetime)]
    expires: Option<Duration>,
    /// Keeps the old token valid for this long, such as 24h.
    #[arg(long, value_name = "TIME", value_parser = super::lifetime)]
    grace: Option<Duration>,
    /// Prints one JSON document.
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

/// When the revocation of a token takes effect.
const IN_FORCE: &str =
    "In force after `api_tokens.recheck_seconds` and the cache time of API Gateway.";

pub(super) async fn rotate(
    args: &RotateArgs,
    source: Option<&str>,
    ui: &Ui,
) -> Result<(), Failure> {
    let id = super::id(&args.id)?;
    let (store, _) = source::open(source).await?;
    let tree = source::read(&store, ui).await?;
    let settings = Settings::parse(&tree, &source::without_cache())
        .map_err(|problems| source::failure(&store, &LoadError::Invalid(problems)))?;
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
            let ended = end_by(&store, &id, until).await;
            ended.map(|until| {
                let old = until.map(|until| Known {
                    expires: until.as_secs(),
                    ..old
                });
                let became = old.map_or_else(
                    || "no longer exists".to_owned(),
                    |old| in_grace(&old, &settings, keys::first_made_at(&tree), now),
                );
                format!("{} {became}", id.as_str())
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
            "the new token is valid; revoke the old one with `atlauth token revoke {}`",
            id.as_str()
        ))),
    }
}

/// What happens to a token that stays valid for a while, where the first of the valid keys was
/// created at `first_key`. Of an old token, only the time of its creation is known.
fn in_grace(token: &Known, settings: &Settings, first_key: Option<u64>, now: u64) -> String {
    let rules = settings.general.api_tokens.as_ref();
    let revoked = &settings.revoked;
    if revoked.contains(&token.id) || revoked.contains_user(&token.username) {
        return "is refused already: the parameter `revoked` names it or its user".to_owned();
    }
    let ends = token.ends(rules);
    if ends <= now {
        return format!("is refused already: it expired {}", date(ends, now));
    }
    let good = format!("is valid until {}", date(ends, now));
    let checksums = rules.map(|rules| &rules.checksums);
    let Some(checksums) = checksums.filter(|checksums| !checksums.keys.is_empty()) else {
        return good;
    };
    match (first_key, checksums.accept_unkeyed) {
        (Some(first), _) if token.created > first => good,
        (Some(first), false) if token.created < first => {
            "is refused already: it was made before the key, and `api_tokens.accept_unkeyed` is not set"
                .to_owned()
        }
        (_, false) => format!("{good}, unless it was made before the key"),
        (Some(first), true) if token.created < first => {
            format!("{good}, if it was made without a key")
        }
        (_, true) => format!("{good}, unless it was made with a retired key"),
    }
}

#[cfg(test)]
mod tests {
    use atlassian_authorizer::document::Tree;
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// A row for each reason to refuse a token before its record expires.
    #[test]
    fn what_holds_of_a_token_in_grace() {
        let good = "is valid until 2027-01-15 09:00:00Z, in 60 min";
        let before = "is refused already: it was made before the key";
        let unkeyed = format!("{good}, if it was made without a key");
        let unless = format!("{good}, unless it was made before the key");
        let ended = format!("{good}, unless it was made with a retired key");
        for (age, key, accept_unkeyed, revoked, expected) in [
            (60, false, false, "", good),
            (60, false, true, "", good),
            (60, true, false, "", before),
            (60, true, true, "", &unkeyed),
            // Of the same second.
            (50, true, false, "", &unless),
            (50, true, true, "", &ended),
            (40, true, false, "", good),
            (40, true, true, "", good),
            (
                60,
                false,
                false,
                "abcdefghijkmnpqr",
                "is refused already: the parameter `revoked`",
            ),
            (
                60,
                true,
                true,
                "Alice",
                "is refused already: the parameter `revoked`",
            ),
            // Older than `max_lifetime_days`.
            (
                86_460,
                false,
                false,
                "",
                "is refused already: it expired 2027-01-15 07:59:00Z",
            ),
        ] {
            let settings = json!({"api_tokens": {"enabled": true, "accept_unkeyed": accept_unkeyed,
                                                 "max_lifetime_days": 1}});
            let mut documents = vec![("settings".to_owned(), settings.to_string())];
            if !revoked.is_empty() {
                documents.push(("revoked".to_owned(), json!([revoked]).to_string()));
            }
            if key {
                documents.push((keys::LAST.to_owned(), "k".repeat(40)));
            }
            let tree: Tree = documents.into_iter().collect();
            let settings = Settings::parse(&tree, &source::without_cache()).unwrap();
            let token = Known {
                id: "abcdefghijkmnpqr".to_owned(),
                username: "alice".to_owned(),
                name: String::new(),
                created: NOW - age,
                expires: NOW + 3_600,
                scopes: Vec::new(),
                groups: None,
                read_only: false,
                source_cidrs: Vec::new(),
                products: Vec::new(),
            };
            let said = in_grace(&token, &settings, key.then_some(NOW - 50), NOW);
            let is_right = if expected.starts_with("is valid") {
                said == expected
            } else {
                said.starts_with(expected)
            };
            assert!(
                is_right,
                "{age}, {key}, {accept_unkeyed}, {revoked}: {said}"
            );
        }
    }
}
