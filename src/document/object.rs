//! An object of the settings whose fields are removed in groups.

use serde_json::{Map, Value};

use super::Named;
use super::fields::{ByTag, Group, field_names};
use super::named::one_of;
use super::problem::Report;
use super::read::{Attempt, parse, read_value, report_empty};

/// An object of the settings, on its way. What has been read of it is no longer there.
pub(crate) struct Object {
    members: Map<String, Value>,
    /// What stands before the names of its fields in a report: empty for a document.
    prefix: String,
    is_clean: bool,
}

impl Object {
    /// A document. Reports its empty fields, wherever they are.
    pub(crate) fn parse(text: &str, report: &mut Report<'_>) -> Option<Self> {
        let value = parse(text, "object", Value::is_object, report)?;
        let is_clean = !report_empty(&value, "", report);
        match value {
            Value::Object(members) => Some(Self {
                members,
                prefix: String::new(),
                is_clean,
            }),
            _ => None,
        }
    }

    /// The value of a document's field, whose empty fields have been reported.
    pub(crate) fn within(value: Value, field: &str, report: &mut Report<'_>) -> Option<Self> {
        let Value::Object(members) = value else {
            report.wrong(field, "expected an object");
            return None;
        };
        // Reported as empty.
        if members.is_empty() {
            return None;
        }
        Some(Self {
            members,
            prefix: format!("{field}."),
            is_clean: true,
        })
    }

    /// Whether all removed fields could be read, and nothing unknown was found.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// Takes out the fields of a struct. Without the fields that can't be read: those are reported.
    pub(crate) fn take<T: Group>(&mut self, report: &mut Report<'_>) -> Option<T> {
        // What depends on the type is as little as can be, for there are many.
        let mut found = None;
        self.take_part(field_names::<T>(), report, &mut |part| {
            found = Some(serde_path_to_error::deserialize(part)?);
            Ok(())
        });
        found
    }

    /// Takes out the fields of a struct, as [`Object::take`], and reports all others as unknown.
    pub(crate) fn take_all<T: Group>(&mut self, report: &mut Report<'_>) -> Option<T> {
        let document = self.take(report);
        self.report_left(field_names::<T>(), &[], "", report);
        document
    }

    fn take_part(&mut self, names: &[&str], report: &mut Report<'_>, attempt: &mut Attempt<'_>) {
        let part = names
            .iter()
            .filter_map(|name| self.members.remove_entry(*name))
            .collect();
        let clean = read_value(Value::Object(part), &self.prefix, report, attempt);
        self.is_clean &= clean;
    }

    /// Takes out the field that decides which others there are.
    pub(crate) fn take_tag<T: Named>(&mut self, tag: &str, report: &mut Report<'_>) -> Option<T> {
        let names: Vec<_> = T::ALL.iter().map(|one| one.name()).collect();
        let field = format!("{}{tag}", self.prefix);
        let message = match self.members.remove(tag) {
            None => format!("is missing; expected {}", one_of(&names)),
            Some(value) => {
                let known = names.iter().position(|name| value == *name);
                if let Some(found) = known.and_then(|index| T::ALL.get(index)) {
                    return Some(*found);
                }
                // Reported as empty.
                if value.is_null() || value == "" {
                    return None;
                }
                format!("expected one of {}", one_of(&names))
            }
        };
        report.wrong(&field, &message);
        None
    }

    /// Takes out the fields that go with a tag, and reports the fields that are left: those of
    /// another tag, and those that are unknown. `taken` has been read before.
    ///
    /// A field of another tag can't be mistaken for anything, so the rest may be of use.
    pub(crate) fn take_by_tag<D: ByTag>(
        &mut self,
        tag: Option<D::Tag>,
        taken: &[&'static str],
        report: &mut Report<'_>,
    ) -> Option<D> {
        let Some(tag) = tag else {
            self.report_for_any_tag::<D>(report);
            return None;
        };
        let document = D::read(tag, self, report);
        if !self.members.is_empty() {
            let mut own = vec![D::TAG];
            D::names(tag, &mut own);
            own.extend(taken);
            let what = format!("{} `{}`", D::TAG, tag.name());
            self.report_left(&own, &names_of_all::<D>(), &what, report);
        }
        document
    }

    /// Without a tag: reports what is wrong with a field where one has it, and fields that none has.
    fn report_for_any_tag<D: ByTag>(&mut self, report: &mut Report<'_>) {
        self.is_clean = false;
        for tag in D::Tag::ALL {
            let mut copy = Self {
                members: self.members.clone(),
                prefix: self.prefix.clone(),
                is_clean: true,
            };
            D::read(*tag, &mut copy, report);
        }
        let known = names_of_all::<D>();
        for name in self.members.keys() {
            if !known.contains(&name.as_str()) {
                let message = format!(
                    "is unknown: `{name}`, expected a field that goes with `{}`",
                    D::TAG
                );
                report.wrong(&format!("{}{name}", self.prefix), &message);
            }
        }
    }

    fn report_left(&mut self, own: &[&str], known: &[&str], what: &str, report: &mut Report<'_>) {
        for name in self.members.keys() {
            let message = if known.contains(&name.as_str()) {
                format!("does not belong to {what}")
            } else {
                self.is_clean = false;
                format!("is unknown: `{name}`, expected one of {}", one_of(own))
            };
            report.wrong(&format!("{}{name}", self.prefix), &message);
        }
    }
}

/// The names of the fields that go with any of the tags.
fn names_of_all<D: ByTag>() -> Vec<&'static str> {
    let mut names = Vec::new();
    for tag in D::Tag::ALL {
        D::names(*tag, &mut names);
    }
    names
}
