//! What the codes of audit lines mean, made from the table that `atlauth explain` speaks by.

use atlassian_authorizer::error::Refusal;
use atlauth::meaning::{DENIALS, FAULTS, FORBIDDEN, Meaning};

/// A heading for each code with this status, so that pages can link it.
pub(crate) fn table(status: &str) -> String {
    let mut refusals: Vec<(&str, Refusal)> = match status {
        "401" => DENIALS
            .iter()
            .map(|one| (one.code(), Refusal::Denied(*one)))
            .collect(),
        "403" => FORBIDDEN
            .iter()
            .map(|one| (one.code(), Refusal::Forbidden(*one)))
            .collect(),
        "500" => FAULTS
            .iter()
            .map(|one| (one.code(), Refusal::Failed(*one)))
            .collect(),
        _ => panic!("no code has the status `{status}`"),
    };
    refusals.sort_by_key(|(code, _)| *code);
    let sections = refusals.into_iter().map(|(code, refusal)| {
        let Meaning { stage, what, next } = Meaning::of(refusal);
        let stage = stage.as_str();
        format!("### {code}\n\n{what} *Stage: {stage}.*\n\nWhat to do: {next}\n")
    });
    sections.collect::<Vec<_>>().join("\n")
}
