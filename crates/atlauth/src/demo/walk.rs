//! The walk: plays the scenes, and shows what came of each in a row.

use axum::http::Method;
use local_gateway::{AccessLogEntry, DecidedBy};

use super::Unlucky;
use super::issuer::Key;
use super::scenes::{self, MYSELF, Scene};
use super::stage::{SERVICE_USER, Stage};
use crate::failure::Failure;
use crate::gateway;
use crate::ui::{Tone, Ui};

/// How long after a fetch an unknown key is looked for again, and a second more.
const KEY_PAUSE: u64 = 11;

/// Plays all scenes. Says how many there were, and of how many came what must.
pub(super) async fn walk(stage: &mut Stage, ui: &Ui) -> Result<(usize, usize), Failure> {
    let head = format!("GET {MYSELF}");
    let head = row("", &head, "must", "got", "code", "Atlassian saw");
    ui.line(&ui.paint(Tone::Strong, &head));
    let client = gateway::client(None)?;
    let mut came = Vec::new();
    for scene in scenes::tokens(stage)? {
        came.push(show(stage, ui, &client, &scene).await?);
    }
    for scene in scenes::others(stage)? {
        came.push(show(stage, ui, &client, &scene).await?);
    }
    let second = Key::generate("second")?;
    stage.issuer.publish(&[&second]);
    stage.clock.advance(KEY_PAUSE);
    for scene in scenes::rotated(stage, &second)? {
        came.push(show(stage, ui, &client, &scene).await?);
    }
    // Whoever goes on does so with a key that is there.
    stage.issuer.publish(&[&second, &stage.key]);
    stage.clock.advance(KEY_PAUSE);
    let good = came.iter().filter(|good| **good).count();
    Ok((came.len(), good))
}

/// Plays a scene, and says whether that came of it which must.
async fn show(
    stage: &mut Stage,
    ui: &Ui,
    client: &reqwest::Client,
    scene: &Scene,
) -> Result<bool, Failure> {
    let status = send(client, &stage.url, scene).await?;
    let code = stage.row().await.map(code).unwrap_or_default();
    let seen = stage.atlassian.seen();
    let (user, told) = seen.map(|seen| (seen.user, seen.told)).unwrap_or_default();
    let good = (status, code.as_str(), user.as_str()) == (scene.status, scene.code, scene.seen);
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
    let (must, got) = (scene.status.to_string(), status.to_string());
    let line = row(mark, scene.said, &must, &got, &code, &shown);
    let (_, rest) = line.split_at(mark.len());
    ui.line(&[ui.paint(tone, mark).as_str(), rest].concat());
    if !good {
        let (code, seen) = (scene.code, scene.seen);
        ui.line(&format!(
            "   expected the code {code}, and Atlassian to see `{seen}`"
        ));
    }
    Ok(good)
}

async fn send(client: &reqwest::Client, gateway: &str, scene: &Scene) -> Result<u16, Unlucky> {
    let url = [gateway, scene.path].concat();
    let mut request = client.request(scene.method.clone(), url);
    for (name, value) in &scene.headers {
        request = request.header(*name, value);
    }
    if scene.method == Method::POST {
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
    let row = format!("{mark:<2} {said:<29} {must:<4} {got:<3}  {code:<17} {seen}");
    row.trim_end().to_owned()
}
