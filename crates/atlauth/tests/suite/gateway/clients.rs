//! Clients that many people use, as they come from `PyPI`, through the gateway with a Bearer token.

use std::collections::BTreeSet;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use testing::{root, tool};

use super::{Scene, reads_and_writes};

async fn run(client: &str, scene: &Scene) -> String {
    let mut python = Command::new(tool("python"))
        .arg(root().join("crates/atlauth/tests/suite/gateway/clients.py"))
        .args([client, &format!("{}/jira", scene.local.url)])
        .arg(scene.local.folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(scene.token().as_bytes()).await.unwrap();
    drop(stdin);
    let output = python.wait_with_output().await.unwrap();
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

#[tokio::test]
async fn of_jira() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    assert_eq!(run("jira", &scene).await, EXPECTED);
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
    assert_eq!(run("atlassian-python-api", &scene).await, EXPECTED);
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
