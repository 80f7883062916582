//! `atlauth token list`.

use crate::api_tokens::{Known, list};
use serde::Serialize;

use crate::failure::Failure;
use crate::ui::Ui;
use crate::{source, times};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token list --settings ssm:/atlassian-authorizer/prod
  atlauth token list --user alice --json")]
pub(crate) struct ListArgs {
    /// Lists only the tokens of this user.
    #[arg(long)]
    user: Option<String>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'d> {
    tokens: Vec<&'d Known>,
    unreadable: &'d [String],
}

pub(super) async fn run(args: &ListArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (store, _) = source::open(source).await?;
    let all = ui
        .progress("reading tokens", Box::pin(list(&store)))
        .await
        .map_err(|error| super::failure(&error))?;
    let wanted = |token: &&Known| {
        args.user
            .as_ref()
            .is_none_or(|user| *user == token.username)
    };
    let tokens: Vec<&Known> = all.tokens.iter().filter(wanted).collect();
    if args.json {
        let document = Document {
            tokens,
            unreadable: &all.unreadable,
        };
        ui.json(&serde_json::to_string_pretty(&document).unwrap_or_default());
        return Ok(());
    }
    if tokens.is_empty() {
        ui.note("there are no tokens; `atlauth token create` creates one");
    } else {
        let now = times::now();
        let rows: Vec<Vec<String>> = tokens.iter().map(|token| row(token, now)).collect();
        ui.table(
            &["id", "user", "name", "created", "expires", "limits"],
            &rows,
        );
    }
    for name in &all.unreadable {
        ui.note(&format!("{name}: its record can't be read"));
    }
    Ok(())
}

fn row(token: &Known, now: u64) -> Vec<String> {
    let expires = match token.expires.checked_sub(now) {
        Some(left) if left > 0 => format!("in {}", times::span(left)),
        _ => "expired".to_owned(),
    };
    vec![
        token.id.clone(),
        token.username.clone(),
        token.name.clone(),
        times::plain_date(token.created),
        expires,
        limits(token),
    ]
}

/// What the token may do, in a few words.
fn limits(token: &Known) -> String {
    let each = |word: &str, items: &[String]| {
        let items = items.iter().map(|item| format!("{word} {item}"));
        items.collect::<Vec<_>>()
    };
    let networks: Vec<String> = token.source_cidrs.iter().map(ToString::to_string).collect();
    let limits = [
        if token.read_only {
            vec!["read-only".to_owned()]
        } else {
            Vec::new()
        },
        each("scope", &token.scopes),
        each("group", token.groups.as_deref().unwrap_or_default()),
        each("from", &networks),
        each("in", &token.products),
    ];
    limits.concat().join(", ")
}
