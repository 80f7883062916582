//! What is told of a decision, as text of 80 columns.

use serde_json::{Map, Value};

use super::report::{Assumed, Report};
use super::stages::State;
use super::{Decoded, compare, rules};
use crate::candidates;
use crate::times::date;
use crate::ui::{Tone, Ui, folded, within_line};

/// The room of a stage's detail, in columns.
const DETAIL: usize = 64;

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
        let mut lines = folded(&within_line(&step.detail), DETAIL).into_iter();
        let first = lines.next().unwrap_or_default();
        let line = format!("{}  {:<11} {first}", ui.paint(tone, mark), step.stage);
        ui.line(line.trim_end());
        for line in lines {
            ui.line(&format!("{:16}{line}", ""));
        }
    }
    if let (Some(what), Some(next)) = (report.what, &report.next) {
        ui.line("");
        wrapped("what", what, ui);
        wrapped("next", next, ui);
    }
    compare::show(&report.compared, ui);
    for line in &report.log {
        wrapped("log", line, ui);
    }
    if matches!(report.outcome, "allowed" | "forbidden") {
        access(report, ui);
    }
    token(report, ui);
    candidates::show(&report.candidates, &report.group_candidates, ui);
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
    assumed(&report.assumed, ui);
    if report.mode != "enforce" {
        let text = format!(
            "mode {}: every request is allowed all the same",
            report.mode
        );
        ui.line(&ui.paint(Tone::Warning, &text));
    }
}

/// Says what counts where nobody has said.
pub(crate) fn assumed(all: &[Assumed], ui: &Ui) {
    if all.is_empty() {
        return;
    }
    let all: Vec<String> = all
        .iter()
        .map(|one| format!("{} {}", one.option, one.value))
        .collect();
    ui.line(&ui.paint(Tone::Faint, &format!("assumed: {}", all.join(", "))));
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
    for (place, line) in folded(text, WIDTH).into_iter().enumerate() {
        let label = if place == 0 { label } else { "" };
        ui.line(&format!("{label:<5} {line}"));
    }
}
