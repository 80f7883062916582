//! `atlauth settings push`.
//!
//! SSM has no transactions, and the authorizer reads its parameters, page by page, while they are
//! written. So a marker parameter goes first and leaves last: the authorizer refuses every tree
//! with a parameter that it does not know, and keeps the settings that it has. A read that began
//! before the marker was there, or before the last change, could end without having seen it: both
//! are waited for.

mod apply;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use crate::ssm::{MAX_VALUE, Parameters};
use atlassian_authorizer::document::PUSH_MARKER;
use atlassian_authorizer::store::Source;
use atlassian_authorizer::store::SsmSource;

use super::ApiArgs;
use super::documents::{self, Documents, changes};
use super::journal::Journal;
use crate::failure::Failure;
use crate::source;
use crate::ui::{Ui, within_line};
use apply::Push;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings push settings.json --settings ssm:/atlassian-authorizer/prod
  atlauth settings push --undo --settings ssm:/atlassian-authorizer/prod

While it writes, the parameter `push-in-progress` makes the authorizer refuse what it reads. Running
instances keep their settings, and new ones answer 500. To finish an interrupted push, run it again;
to revert it, use --undo.")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the flags of a command line, each of which stands for itself"
)]
pub(crate) struct PushArgs {
    /// The new settings: a file, or a source such as `ssm:/path`.
    #[arg(
        value_name = "FROM",
        required_unless_present = "undo",
        conflicts_with = "undo"
    )]
    from: Option<String>,
    /// Reverts the last push, or one that was interrupted.
    #[arg(long)]
    undo: bool,
    /// Writes without asking.
    #[arg(long)]
    yes: bool,
    /// Deletes the secrets that FROM does not have. By default, they are kept.
    #[arg(long, conflicts_with = "undo")]
    delete_secrets: bool,
    /// The KMS key that encrypts new secrets. By default, the AWS managed key.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// Continues an interrupted push whose journal is not on this machine. It can't be reverted.
    #[arg(long, conflicts_with = "undo")]
    take_over: bool,
    /// How long to wait for readers, before the first change and after the last one. The authorizer
    /// reads for at most 8 seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    settle: u64,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(args: &PushArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, _) = source::open(source).await?;
    let Source::Ssm(ssm) = &source else {
        return Err(Failure::usage("settings can only be pushed to SSM")
            .hint("copy a settings file instead, or give --settings ssm:/path"));
    };
    // Two pushes from one machine would take each other's marker for their own.
    let _alone = apply::lock()?;
    let there = There::read(&source, ssm, ui).await?;
    if args.settle < 8 {
        ui.note(
            "warning: with less than 8 seconds a reader may see a mixture of old and new settings",
        );
    }
    let push = Push {
        source: &source,
        ssm: Parameters(ssm),
        key_id: args.key_id.as_deref(),
        settle: Duration::from_secs(args.settle),
        ui,
    };
    push.check_single().await?;
    match &args.from {
        Some(from) => forward(args, from, there, &push).await,
        None => undo(args, there, &push).await,
    }
}

/// What is in SSM.
struct There {
    documents: Documents,
    /// The id of the push that is going on, or was interrupted.
    marker: Option<String>,
    region: String,
}

impl There {
    async fn read(source: &Source, ssm: &SsmSource, ui: &Ui) -> Result<Self, Failure> {
        let mut tree = source::read(source, ui).await?;
        let marker = tree.documents_mut().remove(PUSH_MARKER);
        Ok(Self {
            documents: tree.documents().clone(),
            marker,
            region: Parameters(ssm).region().await,
        })
    }
}

async fn forward(
    args: &PushArgs,
    from: &str,
    there: There,
    push: &Push<'_>,
) -> Result<(), Failure> {
    let mut wanted = source::read(&source::open_path(from).await?, push.ui)
        .await?
        .documents()
        .clone();
    if !args.delete_secrets {
        for (name, secret) in &there.documents {
            if documents::is_secret(name) && !wanted.contains_key(name) {
                wanted.insert(name.clone(), secret.clone());
            }
        }
    }
    documents::check(&wanted, from, &args.api.deployment(), push.ui)?;
    if let Some((name, _)) = wanted.iter().find(|(_, text)| text.len() > MAX_VALUE) {
        return Err(Failure::negative(format!(
            "{name} is too long for SSM: {MAX_VALUE} bytes at most"
        )));
    }
    let interrupted = match &there.marker {
        Some(id) => Some(interrupted(args, id, push)?),
        None => None,
    };
    let changes = changes(&there.documents, &wanted);
    if changes.is_empty() && there.marker.is_none() {
        push.ui.note("nothing to change");
        return Ok(());
    }
    documents::show(&changes, push.ui);
    confirm(args, changes.len(), push)?;
    Journal::remove_unfinished(
        &push.source.to_string(),
        &there.region,
        there.marker.as_deref(),
    )?;
    let journal = match interrupted {
        Some(Some(journal)) => Some(Journal {
            after: wanted.clone(),
            finished: false,
            ..journal
        }),
        Some(None) => None,
        None => Some(
            push.journal(&there.documents, &wanted, &there.region)
                .await?,
        ),
    };
    if let Some(journal) = &journal {
        journal.write()?;
    }
    if there.marker.is_none()
        && let Some(journal) = &journal
    {
        push.begin(journal, &there.documents).await?;
    }
    let marker = match &journal {
        Some(journal) => journal.id.clone(),
        None => push.take_over(&there.documents).await?,
    };
    push.write(&there.documents, &wanted, None, &marker).await?;
    let Some(mut journal) = journal else {
        push.ui.note("done; this push can't be reverted");
        return Ok(());
    };
    journal.finished = true;
    let path = journal.write()?;
    for old in Journal::finished(&journal.source, &journal.region)? {
        if old.id != journal.id {
            old.remove()?;
        }
    }
    push.ui.note(&format!(
        "done; `atlauth settings push --undo` reverts it: the previous values, including secrets, are in {}",
        path.display()
    ));
    Ok(())
}

/// The journal of an interrupted push; `None` where it is continued without one.
fn interrupted(args: &PushArgs, id: &str, push: &Push<'_>) -> Result<Option<Journal>, Failure> {
    let found = Journal::find(id)?;
    match &found {
        Some(_) => push
            .ui
            .note("an earlier push was interrupted; this one continues it"),
        None if args.take_over => push
            .ui
            .note("continuing another push: the values before it are not known here"),
        None => return Err(foreign(push.source)),
    }
    Ok(found)
}

fn foreign(source: &Source) -> Failure {
    Failure::negative(format!(
        "a push to {source} is in progress or was interrupted, and its journal is not on this machine"
    ))
    .hint("whoever started it can finish or revert it; if nobody can, `push FROM --take-over` writes all of \
        FROM")
}

async fn undo(args: &PushArgs, there: There, push: &Push<'_>) -> Result<(), Failure> {
    let source = push.source.to_string();
    let journal = if let Some(id) = &there.marker {
        Journal::find(id)?.ok_or_else(|| foreign(push.source))?
    } else {
        let mut finished = Journal::finished(&source, &there.region)?.into_iter();
        finished
            .find(|journal| changes(&there.documents, &journal.after).is_empty())
            .ok_or_else(|| {
                Failure::negative(format!("there is no push to {source} to revert")).hint(
                    "only the last push from this machine can be reverted, and only if nobody has \
                         changed anything since",
                )
            })?
    };
    let changes = changes(&there.documents, &journal.before);
    documents::show(&changes, push.ui);
    confirm(args, changes.len(), push)?;
    if there.marker.is_none() {
        push.begin(&journal, &there.documents).await?;
    }
    let kept = Some(&journal.kept);
    push.write(&there.documents, &journal.before, kept, &journal.id)
        .await?;
    journal.remove()?;
    push.ui.note("taken back");
    Ok(())
}

fn confirm(args: &PushArgs, count: usize, push: &Push<'_>) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    let noun = if count == 1 { "change" } else { "changes" };
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::usage(format!("no terminal to confirm {count} {noun}"))
                .hint("give --yes; `atlauth settings diff` shows what would change"),
        );
    }
    // The question ends without a line's end, where the answer is written.
    let _ = write!(
        std::io::stderr(),
        "Write {count} {noun} to {}? [y/N] ",
        within_line(&push.source.to_string())
    );
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::negative("nothing was written")
        .hint("the marker of an interrupted push stays until a push or --undo is done"))
}
