//! Clients that many people use, as they come from `PyPI` and npm, through the gateway with a Bearer token.

mod attachments;
mod links;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use testing::{root, tool};

use super::{Scene, reads_and_writes};

/// A file beside this one.
pub(super) fn file(name: &str) -> PathBuf {
    root()
        .join("crates/atlauth/tests/suite/gateway/clients")
        .join(name)
}

/// A script in Python that drives a client.
pub(super) fn python(script: &str) -> Command {
    let mut python = Command::new(tool("python"));
    python.arg(file(script)).env_clear();
    python
}

/// A script that drives a client of npm, which is installed beside it.
fn node(script: &str) -> Command {
    let folder = root().join("crates/testing/clients");
    let modules = folder.join("node_modules");
    assert!(
        Path::new(&modules).exists(),
        "{} is missing: run `make tools`",
        modules.display()
    );
    let mut node = Command::new("node");
    node.arg(folder.join(script));
    node
}

/// Runs a client to its end with a token on its standard input, and returns what it printed.
pub(super) async fn run(mut client: Command, token: &str) -> String {
    let mut client = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(token.as_bytes()).await.unwrap();
    drop(stdin);
    let output = client.wait_with_output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

const EXPECTED: &str = "\
myself svc-gateway
search DEMO-1 A first issue
created DEMO-2
attached note.txt 300000
";

async fn tour(client: &str, scene: &Scene) -> String {
    let mut tour = python("tour.py");
    tour.args([client, &format!("{}/jira", scene.local.url)])
        .arg(scene.local.folder.path());
    run(tour, &scene.token()).await
}

#[tokio::test]
async fn of_jira() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    assert_eq!(tour("jira", &scene).await, EXPECTED);
    let requests = scene.jira.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.headers["x-authorizer-username"] == "alice")
    );
    asked_once_a_route(&scene);
}

#[tokio::test]
async fn of_atlassian_python_api() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    assert_eq!(tour("atlassian-python-api", &scene).await, EXPECTED);
    asked_once_a_route(&scene);
}

/// The authorizer decided on each method and path, and on none of them twice.
fn asked_once_a_route(scene: &Scene) {
    let requests = scene.jira.requests();
    let routes: BTreeSet<(String, String)> = requests
        .into_iter()
        .map(|request| (request.method, request.path))
        .collect();
    assert_eq!(scene.local.audits().len(), routes.len());
}
