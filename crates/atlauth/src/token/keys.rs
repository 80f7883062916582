//! Where the keys of API tokens are kept, and since when each is there.

use std::collections::BTreeMap;

use atlassian_authorizer::authenticate::api_token::{API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY};
use atlassian_authorizer::credential::SECRET_LENGTH;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::random::{self, ALPHABET, RandomError};
use atlassian_authorizer::secret::{Secret, constant_time_eq};
use atlassian_authorizer::store::{LoadError, Source};

use crate::aws;
use crate::failure::Failure;
use crate::private_file::{self, Existing};
use crate::settings_text;
use crate::source;
use crate::ssm::{ParameterAttributes, Parameters};
use crate::ui::Ui;

pub(super) const LAST: &str = "secrets/settings/api-token-key";
pub(super) const PREVIOUS: &str = "secrets/settings/api-token-key-previous";

/// A new key. It ends in the time of its making, so that tokens from before it can be told: a record
/// can't name its key, because functions of earlier versions refuse records with unknown fields.
pub(super) fn new_key(now: u64) -> Result<Secret, RandomError> {
    Ok(Secret::new(&format!(
        "{}-{now}",
        random::text(SECRET_LENGTH)?
    )))
}

/// When a key was made, in seconds since the epoch; `None` where [`new_key`] did not make it.
fn made_at(key: &Secret) -> Option<u64> {
    let (random, time) = key.expose_secret().rsplit_once('-')?;
    let is_ours = random.len() == SECRET_LENGTH
        && random.bytes().all(|byte| ALPHABET.contains(&byte))
        && time.bytes().all(|byte| byte.is_ascii_digit());
    time.parse().ok().filter(|_| is_ours)
}

/// When the first of the keys that are good was made, by settings that have been read.
pub(super) fn first_made_at(tree: &Tree) -> Option<u64> {
    let secrets = tree.secrets_of("settings");
    let previous = secrets.find(PREVIOUS_API_TOKEN_KEY);
    made_at(previous.or_else(|| secrets.find(API_TOKEN_KEY))?)
}

/// Where the keys are, and what they are.
pub(super) struct Keys<'s> {
    source: &'s Source,
    pub(super) last: Option<Secret>,
    pub(super) previous: Option<Secret>,
    /// All settings, unchecked.
    pub(super) tree: Tree,
    /// How parameters are kept, where the source has some.
    kept: BTreeMap<String, ParameterAttributes>,
}

impl<'s> Keys<'s> {
    pub(super) async fn read(source: &'s Source, ui: &Ui) -> Result<Self, Failure> {
        let tree = source::read(source, ui).await?;
        if let (Source::Ssm(_), true) = (source, tree.documents().is_empty()) {
            return Err(source::nothing_there(source));
        }
        let kept = match source {
            Source::Ssm(ssm) => {
                let kept = Parameters(ssm).attributes().await;
                kept.map_err(|error| {
                    Failure::unavailable(format!("{source}: {}", aws::in_words(&error).message))
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
            tree,
            kept,
        };
        // One that stood in two places would be an error, and no function would take the settings.
        for (name, key) in [(LAST, &keys.last), (PREVIOUS, &keys.previous)] {
            if matches!(source, Source::Ssm(_)) && key.is_some() && !keys.kept.contains_key(name) {
                return Err(Failure::negative(
                    "the keys are in the parameter `secrets`, which holds several documents",
                )
                .hint(
                    "change it with `aws ssm put-parameter --overwrite`, with a key of at least 32 \
                    characters",
                ));
            }
        }
        Ok(keys)
    }

    /// Whether both are one key, as an interrupted rotation leaves them.
    pub(super) fn are_same(&self) -> bool {
        match (&self.last, &self.previous) {
            (Some(last), Some(previous)) => {
                let (one, other) = (last.expose_secret(), previous.expose_secret());
                constant_time_eq(one.as_bytes(), other.as_bytes())
            }
            _ => false,
        }
    }

    /// From when until when, in seconds since the epoch, tokens may have been made with the key before
    /// the last: as far as the keys tell.
    pub(super) fn time_of_previous(&self) -> (Option<u64>, Option<u64>) {
        let time = |key: &Option<Secret>| key.as_ref().and_then(made_at);
        (time(&self.previous), time(&self.last))
    }

    /// Writes a key; `false` where one is there and may not be overwritten.
    pub(super) async fn put(
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

    pub(super) async fn delete(&self, name: &str) -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_when_it_was_made() {
        assert_eq!(
            made_at(&new_key(1_764_350_000).unwrap()),
            Some(1_764_350_000)
        );
        let random = "a".repeat(SECRET_LENGTH);
        for text in [
            random.clone(),
            format!("{random}-"),
            format!("{random}-+1"),
            format!("{random}1-1"),
            format!("{}-1", "A".repeat(SECRET_LENGTH)),
            // Of somebody's own.
            "f47ac10b-58cc-4372-a567-0e02b2c3d479-1764350000".to_owned(),
        ] {
            assert_eq!(made_at(&Secret::new(&text)), None, "{text}");
        }
    }

    /// The key that is good the longest counts.
    #[test]
    fn the_first_of_the_keys() {
        let key = |time: u64| new_key(time).unwrap().expose_secret().to_owned();
        for (last, previous, expected) in [
            (None, None, None),
            (Some(key(2)), None, Some(2)),
            (Some(key(2)), Some(key(1)), Some(1)),
            (Some(key(2)), Some("b".repeat(40)), None),
        ] {
            let tree: Tree = [(LAST, last), (PREVIOUS, previous)]
                .into_iter()
                .filter_map(|(name, key)| Some((name.to_owned(), key?)))
                .collect();
            assert_eq!(first_made_at(&tree), expected);
        }
    }
}
