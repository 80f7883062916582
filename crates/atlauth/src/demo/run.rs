//! Runs the scenarios, and shows what came of each in a row.

use axum::http::Method;
use local_gateway::{AccessLogEntry, DecidedBy};

use super::DemoError;
use super::environment::{Environment, SERVICE_USER};
use super::issuer::Key;
use super::scenarios::{self, MYSELF, Scenario};
use crate::failure::Failure;
use crate::gateway;
use crate::ui::{Tone, Ui};

/// How long after a fetch an unknown key is looked for again, and a second more.
const KEY_PAUSE: u64 = 11;

/// Runs all scenarios. Says how many there were, and of how many came what must.
pub(super) async fn run(environment: &mut Environment, ui: &Ui) -> Result<(usize, usize), Failure> {
    let head = format!("GET {MYSELF}");
    let head = row("", &head, "must", "got", "code", "Atlassian saw");
    ui.line(&ui.paint(Tone::Strong, &head));
    let client = gateway::client(None)?;
    let mut came = Vec::new();
    for scenario in scenarios::tokens(environment)? {
        came.push(show(environment, ui, &client, &scenario).await?);
    }
    for scenario in scenarios::paths(environment)? {
        came.push(show(environment, ui, &client, &scenario).await?);
    }
    for scenario in scenarios::others(environment)? {
        came.push(show(environment, ui, &client, &scenario).await?);
    }
    let second = Key::generate("second")?;
    environment.issuer.publish(&[&second]);
    environment.clock.advance(KEY_PAUSE);
    for scenario in scenarios::rotated(environment, &second)? {
        came.push(show(environment, ui, &client, &scenario).await?);
    }
    // Whoever goes on does so with a key that is there.
    environment.issuer.publish(&[&second, &environment.key]);
    environment.clock.advance(KEY_PAUSE);
    let good = came.iter().filter(|good| **good).count();
    Ok((came.len(), good))
}

/// Runs a scenario, and says whether that came of it which must.
async fn show(
    environment: &mut Environment,
    ui: &Ui,
    client: &reqwest::Client,
    scenario: &Scenario,
) -> Result<bool, Failure> {
    let status = send(client, &environment.url, scenario).await?;
    let code = environment.row().await.map(code).unwrap_or_default();
    let seen = environment.atlassian.seen();
    let (user, told) = seen.map(|seen| (seen.user, seen.told)).unwrap_or_default();
    let good =
        (status, code.as_str(), user.as_str()) == (scenario.status, scenario.code, scenario.seen);
    let (mark, tone) = if good {
        ("ok", Tone::Good)
    } else {
        ("NO", Tone::Bad)
    };
    // A service user acts for somebody, whose name is in a header.
    let shown = if user == SERVICE_USER {
        format!("{user} ({told})")
    } else {
        user
    };
    let (must, got) = (scenario.status.to_string(), status.to_string());
    let line = row(mark, scenario.said, &must, &got, &code, &shown);
    let (_, rest) = line.split_at(mark.len());
    ui.line(&[ui.paint(tone, mark).as_str(), rest].concat());
    if !good {
        let (code, seen) = (scenario.code, scenario.seen);
        ui.line(&format!(
            "   expected the code {code}, and that Atlassian receives `{seen}`"
        ));
    }
    Ok(good)
}

async fn send(
    client: &reqwest::Client,
    gateway: &str,
    scenario: &Scenario,
) -> Result<u16, DemoError> {
    let url = [gateway, scenario.path].concat();
    let mut request = client.request(scenario.method.clone(), url);
    for (name, value) in &scenario.headers {
        request = request.header(*name, value);
    }
    if scenario.method == Method::POST {
        let body = r#"{"fields": {"project": {"key": "DEMO"}, "summary": "A first issue"}}"#;
        request = request
            .header("content-type", "application/json")
            .body(body);
    }
    Ok(request.send().await?.status().as_u16())
}

/// The authorizer's code, or who answered in its place.
fn code(entry: AccessLogEntry) -> String {
    match entry.decided_by {
        DecidedBy::Authorizer => entry.code,
        other => format!("({})", other.as_str()),
    }
}

fn row(mark: &str, said: &str, must: &str, got: &str, code: &str, seen: &str) -> String {
    let row = format!("{mark:<2} {said:<29} {must:<4} {got:<3} {code:<18} {seen}");
    row.trim_end().to_owned()
}
