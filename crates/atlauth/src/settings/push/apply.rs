//! Writing to SSM, behind the marker.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, SystemTime};

use crate::ssm::{ParameterAttributes, Parameters};
use atlassian_authorizer::document::PUSH_MARKER;
use atlassian_authorizer::http::{Counters, Deadline};
use atlassian_authorizer::random;
use atlassian_authorizer::store::{FOLDERS, LoadError, Source, WhenThrottled};

use super::super::documents::{Change, Documents, changes, is_secret};
use super::super::journal::Journal;
use crate::aws;
use crate::failure::Failure;
use crate::source;
use crate::state;
use crate::ui::Ui;

/// Where to write, and how.
pub(super) struct Push<'p> {
    pub(super) source: &'p Source,
    pub(super) ssm: Parameters<'p>,
    /// The KMS key of new secrets.
    pub(super) key_id: Option<&'p str>,
    /// How long readers are waited for.
    pub(super) settle: Duration,
    pub(super) ui: &'p Ui,
}

impl Push<'_> {
    /// A new journal.
    pub(super) async fn journal(
        &self,
        before: &Documents,
        after: &Documents,
        region: &str,
    ) -> Result<Journal, Failure> {
        let started = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Ok(Journal {
            id: random::id()?,
            source: self.source.to_string(),
            region: region.to_owned(),
            started,
            finished: false,
            before: before.clone(),
            kept: self.kept().await?,
            after: after.clone(),
        })
    }

    /// Puts the marker there, and makes sure that nothing has changed before it was.
    pub(super) async fn begin(
        &self,
        journal: &Journal,
        expected: &Documents,
    ) -> Result<(), Failure> {
        let marker = self
            .ssm
            .put(
                PUSH_MARKER,
                &journal.id,
                &ParameterAttributes::default(),
                false,
            )
            .await
            .map_err(|error| self.failure(&error))?;
        if !marker {
            forget(journal)?;
            return Err(Failure::negative("somebody else has just started a push")
                .hint("run it again when theirs is done"));
        }
        let mut tree = source::read(self.source, self.ui).await?;
        tree.documents_mut().remove(PUSH_MARKER);
        if tree.documents() == expected {
            return Ok(());
        }
        self.ssm
            .delete(PUSH_MARKER)
            .await
            .map_err(|error| interrupted(&aws::in_words(&error).message))?;
        forget(journal)?;
        Err(Failure::negative(
            "somebody has changed the settings in the meantime; nothing was written",
        )
        .hint("run it again"))
    }

    /// Writes what leads from one set of documents to another, and takes the marker away.
    ///
    /// Ctrl-C leaves the marker, and says so.
    pub(super) async fn write(
        &self,
        from: &Documents,
        to: &Documents,
        kept: Option<&BTreeMap<String, ParameterAttributes>>,
        marker: &str,
    ) -> Result<(), Failure> {
        tokio::select! {
            done = self.write_all(from, to, kept, marker) => done,
            _ = tokio::signal::ctrl_c() => Err(interrupted("by you")),
        }
    }

    async fn write_all(
        &self,
        from: &Documents,
        to: &Documents,
        kept: Option<&BTreeMap<String, ParameterAttributes>>,
        marker: &str,
    ) -> Result<(), Failure> {
        let now = self.kept().await?;
        let kept_before = |name: &str| kept.and_then(|kept| kept.get(name));
        let new = |name: &str| ParameterAttributes {
            secure: is_secret(name),
            key_id: self.key_id.filter(|_| is_secret(name)).map(str::to_owned),
            advanced: false,
        };
        self.settle("waiting until no reader sees the old parameters")
            .await;
        self.found(marker).await?;
        for (name, change) in changes(from, to) {
            let written = match change {
                Change::Remove(_) => self.ssm.delete(name).await,
                Change::Add(value) | Change::Replace(_, value) => {
                    let how = now.get(name).or_else(|| kept_before(name)).cloned();
                    let mut how = how.unwrap_or_else(|| new(name)).for_value(value);
                    // An operator may have written it as a plain text.
                    how.secure |= is_secret(name);
                    self.ssm.put(name, value, &how, true).await.map(drop)
                }
            };
            written.map_err(|error| interrupted(&format!("{name}: {error}")))?;
        }
        let found = self.found(marker).await?;
        if let Some(name) = changes(&found, to).keys().next() {
            return Err(interrupted(&format!("{name} is not what was written")));
        }
        self.settle("waiting until no reader sees the intermediate parameters")
            .await;
        self.found(marker).await?;
        self.ssm
            .delete(PUSH_MARKER)
            .await
            .map_err(|error| interrupted(&aws::in_words(&error).message))
    }

    /// What is there but the marker, which must be ours still: another push may have taken it over,
    /// or ended.
    async fn found(&self, marker: &str) -> Result<Documents, Failure> {
        let tree = self
            .source
            .read(Deadline::start(), WhenThrottled::Wait, &Counters::default())
            .await;
        let tree = tree.map_err(|error| interrupted(&aws::in_words(&error).message))?;
        let mut found = tree.documents().clone();
        if found.remove(PUSH_MARKER).as_deref() == Some(marker) {
            return Ok(found);
        }
        Err(
            Failure::unavailable("somebody else has pushed, or is pushing, in the meantime")
                .hint("look at `atlauth settings diff`, and push again"),
        )
    }

    /// Puts a marker of ours in the place of another's, and returns it.
    pub(super) async fn take_over(&self, expected: &Documents) -> Result<String, Failure> {
        let marker = random::id()?;
        self.ssm
            .put(PUSH_MARKER, &marker, &ParameterAttributes::default(), true)
            .await
            .map_err(|error| self.failure(&error))?;
        self.settle("waiting for the other push to finish").await;
        if self.found(&marker).await? == *expected {
            return Ok(marker);
        }
        Err(interrupted("the other push has continued in the meantime"))
    }

    async fn settle(&self, what: &str) {
        self.ui
            .progress(what, tokio::time::sleep(self.settle))
            .await;
    }

    async fn kept(&self) -> Result<BTreeMap<String, ParameterAttributes>, Failure> {
        self.ssm.attributes().await.map_err(|error| {
            let message = format!("{}: {error}", self.source);
            Failure::unavailable(message).hint(
                "the permission ssm:DescribeParameters is needed, to read the types and keys of the parameters",
            )
        })
    }

    /// Makes sure that each parameter holds one document, as a push writes them.
    pub(super) async fn check_single(&self) -> Result<(), Failure> {
        let kept = self.kept().await?;
        let Some(folder) = FOLDERS.iter().find(|name| kept.contains_key(**name)) else {
            return Ok(());
        };
        let message = format!(
            "the parameter `{folder}` holds several documents; push writes a parameter for each"
        );
        Err(Failure::negative(message).hint(format!(
            "change `{folder}` with `aws ssm put-parameter --overwrite`; or store its documents one by one, \
             and delete it"
        )))
    }

    fn failure(&self, error: &LoadError) -> Failure {
        source::failure(self.source, error)
    }
}

/// Something went wrong while the marker is there.
fn interrupted(what: &str) -> Failure {
    Failure::unavailable(format!("the push was interrupted: {what}")).hint(
        "until you push again or run `push --undo`, running instances keep their settings and new ones \
         answer 500",
    )
}

/// Removes the journal of a push that has not begun.
fn forget(journal: &Journal) -> Result<(), Failure> {
    if journal.finished {
        Ok(())
    } else {
        journal.remove()
    }
}

/// Keeps other pushes from this machine out, until it is dropped.
pub(super) fn lock() -> Result<File, Failure> {
    let path = state::state_folder()?.join("settings-push.lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| state::file_failure(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::negative(
            "another push is in progress on this machine",
        )
        .hint("run it again when that is done")),
        Err(TryLockError::Error(error)) => Err(state::file_failure(&path, &error)),
    }
}
