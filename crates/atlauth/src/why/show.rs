//! What a line says, as text of 80 columns.

use super::report::{Entry, Report};
use crate::explain::wrapped;
use crate::times::date;
use crate::ui::{Tone, Ui, within_line};

pub(super) fn show(report: &Report, now: u64, ui: &Ui) {
    for (place, decision) in report.decisions.iter().enumerate() {
        if place > 0 {
            ui.line("");
        }
        one(decision, now, ui);
    }
    if report.more > 0 {
        ui.note(&format!(
            "{} more, which are older: --limit shows them, and --at an earlier time",
            report.more
        ));
    }
}

fn one(decision: &Entry, now: u64, ui: &Ui) {
    let seconds = decision.millis.and_then(|millis| millis.checked_div(1_000));
    let time = seconds.map_or_else(
        || "at a time that the line does not tell".to_owned(),
        |seconds| date(seconds, now),
    );
    ui.line(&ui.paint(Tone::Strong, &time));
    let tone = if decision.outcome == "allowed" {
        Tone::Good
    } else {
        Tone::Bad
    };
    ui.line(&ui.paint(tone, &within_line(&decision.verdict)));
    if decision.mode != "enforce" {
        let text = format!(
            "mode {}: the request was let through all the same",
            within_line(&decision.mode)
        );
        ui.line(&ui.paint(Tone::Warning, &text));
    }
    ui.line("");
    let row = |label: &str, text: Option<&str>| {
        if let Some(text) = text {
            wrapped(label, text, ui);
        }
    };
    row("who", Some(&decision.who));
    row("asked", Some(&decision.request));
    row("from", decision.source_ip.as_deref());
    // The label has the word already.
    let rule = decision.rule.as_deref();
    row("rule", rule.and_then(|rule| rule.strip_prefix("rule ")));
    row("needs", decision.needs.as_deref());
    row("why", decision.reason.as_deref());
    row("what", decision.what.as_deref());
    row("next", decision.next.as_deref());
    for (place, setting) in decision.settings.iter().enumerate() {
        row(
            if place == 0 { "set" } else { "" },
            Some(&setting.describe()),
        );
    }
    let ids = [
        ("request", &decision.request_id),
        ("decision", &decision.decision_id),
    ];
    let ids = ids.into_iter();
    let ids: Vec<String> = ids
        .filter_map(|(what, id)| Some(format!("{what} {}", id.as_ref()?)))
        .collect();
    if !ids.is_empty() {
        row("ids", Some(&ids.join(", ")));
    }
    for (name, value) in decision.others() {
        row("also", Some(&format!("{name}: {value}")));
    }
}
