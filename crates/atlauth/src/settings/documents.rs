//! Trees of settings as things to compare, show and write.

use std::collections::BTreeMap;

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::Value;

use crate::failure::Failure;
use crate::ui::{Tone, Ui};

/// Documents by the parameter's name.
pub(crate) type Documents = BTreeMap<String, String>;

/// Fails when anything is wrong with documents, with all that is.
pub(crate) fn check(
    documents: &Documents,
    name: &str,
    options: &Deployment,
    ui: &Ui,
) -> Result<Settings, Failure> {
    let tree: Tree = documents.clone().into_iter().collect();
    Settings::parse(&tree, options).map_err(|problems| {
        for problem in problems.iter() {
            ui.note(&problem.to_string());
        }
        Failure::negative(format!("{name} is invalid; nothing was written"))
            .hint("correct what is named above, and try again")
    })
}

pub(crate) fn is_secret(parameter: &str) -> bool {
    parameter.starts_with("secrets/")
}

/// Whether two documents say the same; how JSON is laid out does not matter.
pub(crate) fn is_same(parameter: &str, one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let parse = |text| serde_json::from_str::<Value>(text).ok();
    !is_secret(parameter) && parse(one).is_some_and(|one| parse(other) == Some(one))
}

/// What becomes of one parameter.
pub(crate) enum Change<'d> {
    Add(&'d str),
    Replace(&'d str, &'d str),
    Remove(&'d str),
}

impl Change<'_> {
    /// What has become of it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Add(_) => "added",
            Self::Replace(..) => "changed",
            Self::Remove(_) => "removed",
        }
    }
}

/// What leads from one set of documents to another, by parameter.
pub(crate) fn changes<'d>(from: &'d Documents, to: &'d Documents) -> BTreeMap<&'d str, Change<'d>> {
    let mut changes = BTreeMap::new();
    for (name, old) in from {
        match to.get(name) {
            None => {
                changes.insert(name.as_str(), Change::Remove(old));
            }
            Some(new) if !is_same(name, old, new) => {
                changes.insert(name.as_str(), Change::Replace(old, new));
            }
            Some(_) => {}
        }
    }
    for (name, new) in to.iter().filter(|(name, _)| !from.contains_key(*name)) {
        changes.insert(name.as_str(), Change::Add(new));
    }
    changes
}

/// Shows changes on standard output. Of secrets, nothing but that they change.
pub(crate) fn show(changes: &BTreeMap<&str, Change<'_>>, ui: &Ui) {
    for (name, change) in changes {
        let (tone, old, new) = match change {
            Change::Add(new) => (Tone::Good, "", *new),
            Change::Replace(old, new) => (Tone::Warning, *old, *new),
            Change::Remove(old) => (Tone::Bad, *old, ""),
        };
        ui.line(&ui.paint(tone, &format!("{name}: {}", change.word())));
        if is_secret(name) {
            continue;
        }
        let (old, new) = (shown(old), shown(new));
        let text = similar::TextDiff::from_lines(old.as_str(), new.as_str());
        for line in text.unified_diff().context_radius(2).to_string().lines() {
            let tone = match line.as_bytes().first() {
                Some(b'+') => Tone::Good,
                Some(b'-') => Tone::Bad,
                Some(b'@') => Tone::Faint,
                _ => {
                    ui.line(&format!("  {line}"));
                    continue;
                }
            };
            ui.line(&format!("  {}", ui.paint(tone, line)));
        }
    }
}

/// A document as it is compared: a member a line, and values of API keys only distinguished.
fn shown(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        // It may be a secret in the wrong place.
        return if text.is_empty() {
            String::new()
        } else {
            format!("(no JSON, {} bytes)\n", text.len())
        };
    };
    if let Some(Value::Object(keys)) = value.get_mut("usage_keys") {
        for key in keys.values_mut() {
            *key = format!("(hidden, {})", fingerprint(&key.to_string())).into();
        }
    }
    format!("{value:#}\n")
}

/// Tells two values apart, and no more.
fn fingerprint(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    hex::encode(digest.as_ref().get(..3).unwrap_or_default())
}
