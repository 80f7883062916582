//! What is told of a decision, as text of 80 columns.

use serde_json::{Map, Value};

use super::report::Report;
use super::stages::State;
use super::{Decoded, rules};
use crate::times::date;
use crate::ui::{Tone, Ui, within_line};

/// Claims that are times.
const TIMES: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];

pub(crate) fn show(report: &Report, ui: &Ui) {
    headline(report, ui);
    ui.line("");
    for step in &report.stages {
        let (tone, mark) = match step.state {
            State::Held => (Tone::Good, "ok"),
            State::Failed => (Tone::Bad, "no"),
            State::NotReached => (Tone::Faint, "--"),
        };
        let line = format!(
            "{}  {:<11} {}",
            ui.paint(tone, mark),
            step.stage,
            within_line(&step.detail)
        );
        ui.line(line.trim_end());
    }
    if let (Some(what), Some(next)) = (report.what, &report.next) {
        ui.line("");
        wrapped("what", what, ui);
        wrapped("next", next, ui);
    }
    for line in &report.log {
        wrapped("log", line, ui);
    }
    if matches!(report.outcome, "allowed" | "forbidden") {
        access(report, ui);
    }
    token(report, ui);
    if let Some(answer) = &report.answer {
        ui.line("");
        ui.line(&ui.paint(Tone::Strong, "Answer to API Gateway"));
        ui.json(&serde_json::to_string_pretty(answer).unwrap_or_default());
    }
}

fn headline(report: &Report, ui: &Ui) {
    let request = &report.request;
    let asked = match &request.event {
        Some(event) if request.recorded.is_none() => format!("the event in {event}"),
        _ => format!(
            "{} {}",
            request.method.as_deref().unwrap_or_default(),
            request.path.as_deref().unwrap_or_default()
        ),
    };
    let (tone, verdict) = match (report.outcome, report.status) {
        ("unknown", _) => (
            Tone::Warning,
            "not decided again: the line holds no credential".to_owned(),
        ),
        (_, None) => (Tone::Good, "allowed".to_owned()),
        ("failed", _) => (Tone::Bad, format!("no decision: 500 {}", report.code)),
        (_, Some(status)) => (Tone::Bad, format!("refused: {status} {}", report.code)),
    };
    let asked = within_line(&asked);
    ui.line(&asked);
    if let Some(recorded) = &request.recorded {
        ui.line(&format!("in the audit line: {}", within_line(recorded)));
    }
    ui.line(&ui.paint(tone, &verdict));
    if report.mode != "enforce" {
        let text = format!(
            "mode {}: every request is allowed all the same",
            report.mode
        );
        ui.line(&ui.paint(Tone::Warning, &text));
    }
}

fn access(report: &Report, ui: &Ui) {
    let Some(access) = &report.access else { return };
    let Some(all) = &access.rules else { return };
    ui.line("");
    let heading = format!("Access rules of {}", access.product);
    ui.line(&ui.paint(Tone::Strong, &heading));
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let rows: Vec<Vec<String>> = all
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            vec![
                place.saturating_add(1).to_string(),
                format!("{} {}", rule.effect, rule.routes.join(", ")),
                rules::condition(rule),
                yes(rules::applies(rule)),
                match rule.matching.as_slice() {
                    [] => "no".to_owned(),
                    matching => matching.join(", "),
                },
            ]
        })
        .collect();
    ui.table(&["#", "rule", "", "applies", "matches"], &rows);
}

fn token(report: &Report, ui: &Ui) {
    let Decoded::Jwt { header, claims } = &report.token else {
        return;
    };
    ui.line("");
    let (tone, word) = if report.token_verified {
        (Tone::Good, "verified")
    } else {
        (
            Tone::Warning,
            "NOT verified: anyone could have written this",
        )
    };
    let heading = ui.paint(Tone::Strong, "Token");
    ui.line(&format!("{heading} ({})", ui.paint(tone, word)));
    members("header", header, report.now, ui);
    members("claims", claims, report.now, ui);
}

fn members(what: &str, members: &Map<String, Value>, now: u64, ui: &Ui) {
    let longest = members.keys().map(String::len).max().unwrap_or_default();
    for (index, (name, value)) in members.iter().enumerate() {
        let shown = match value {
            Value::Number(number) if TIMES.contains(&name.as_str()) => number
                .as_u64()
                .map_or_else(|| number.to_string(), |seconds| date(seconds, now)),
            Value::String(text) => within_line(text),
            other => other.to_string(),
        };
        let label = if index == 0 { what } else { "" };
        let name = within_line(name);
        ui.line(&format!("{label:<8}{name:<longest$}  {shown}"));
    }
}

/// A text broken into lines of 80 columns, indented below its label.
pub(crate) fn wrapped(label: &str, text: &str, ui: &Ui) {
    const WIDTH: usize = 74;
    let mut line = String::new();
    let mut label = label;
    for word in text.split_whitespace() {
        let length = line.chars().count().saturating_add(word.chars().count());
        if !line.is_empty() && length >= WIDTH {
            ui.line(&format!("{label:<5} {line}"));
            label = "";
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    ui.line(&format!("{label:<5} {line}"));
}
