//! What a push keeps on this machine, so that it can be finished or taken back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ssm::ParameterAttributes;
use serde::{Deserialize, Serialize};

use super::documents::Documents;
use crate::failure::Failure;
use crate::private_file::{self, Existing};
use crate::state;

/// Begins the name of each journal's file.
const PREFIX: &str = "settings-push-";

/// One push: where to, and what was there before. Holds secrets.
#[derive(Deserialize, Serialize)]
pub(crate) struct Journal {
    /// Tells it from any other; the marker parameter has the same.
    pub(crate) id: String,
    /// Where the settings are.
    pub(crate) source: String,
    /// The AWS region that they are in.
    pub(crate) region: String,
    /// When it began, in seconds since 1970.
    pub(crate) started: u64,
    /// Whether all has been written, and the marker is gone.
    pub(crate) finished: bool,
    /// What was there before.
    pub(crate) before: Documents,
    /// How it was kept.
    pub(crate) kept: BTreeMap<String, ParameterAttributes>,
    /// What is there afterwards.
    pub(crate) after: Documents,
}

impl Journal {
    /// Writes it to its file, which nobody else may read.
    pub(crate) fn write(&self) -> Result<PathBuf, Failure> {
        let path = self.path()?;
        let content = serde_json::to_vec(self).map_err(|error| {
            Failure::unavailable(format!("the journal can't be written: {error}"))
        })?;
        private_file::write(&path, &content, Existing::Replace)?;
        Ok(path)
    }

    /// Removes its file.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        let path = self.path()?;
        std::fs::remove_file(&path).map_err(|error| state::file_failure(&path, &error))
    }

    /// The journal with this id, if it was written on this machine.
    pub(crate) fn find(id: &str) -> Result<Option<Self>, Failure> {
        Ok(all()?.into_iter().find(|journal| journal.id == id))
    }

    /// The finished journals of this place, the last first.
    pub(crate) fn finished(source: &str, region: &str) -> Result<Vec<Self>, Failure> {
        let mut found = all()?;
        found.retain(|journal| {
            journal.finished && journal.source == source && journal.region == region
        });
        found.sort_by_key(|journal| std::cmp::Reverse(journal.started));
        Ok(found)
    }

    /// Removes the journals of pushes that never ended and have left no marker: nothing can be done
    /// with them, and there are secrets in them.
    pub(crate) fn remove_unfinished(
        source: &str,
        region: &str,
        marker: Option<&str>,
    ) -> Result<(), Failure> {
        let is_idle = |journal: &Self| {
            let here = journal.source == source && journal.region == region;
            here && !journal.finished && marker != Some(journal.id.as_str())
        };
        for journal in all()?.iter().filter(|journal| is_idle(journal)) {
            journal.remove()?;
        }
        Ok(())
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        Ok(state::state_folder()?.join(format!("{PREFIX}{}.json", self.id)))
    }
}

/// All journals that can be read.
fn all() -> Result<Vec<Journal>, Failure> {
    let folder = state::state_folder()?;
    let entries =
        std::fs::read_dir(&folder).map_err(|error| state::file_failure(&folder, &error))?;
    let is_journal = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        is_json && name.is_some_and(|name| name.starts_with(PREFIX))
    };
    Ok(entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_journal)
        .filter_map(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok())
        .collect())
}
