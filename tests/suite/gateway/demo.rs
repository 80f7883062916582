//! The walk of `atlauth demo`.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

use super::process::atlauth;
use crate::support::Folder;

#[tokio::test]
async fn all_is_well() {
    let folder = Folder::new();
    let output = atlauth()
        .arg("demo")
        .env("TMPDIR", folder.path())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.ends_with("\nAll 14 came out as they must.\n"),
        "{text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.starts_with("ok ")).count(),
        14
    );
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for row in [
        "ok a token of the pool           200  200  allowed           alice",
        "ok an expired token              401  401  token_expired",
        "ok POST an issue, scope read     403  403  route_not_allowed",
        "ok GET Confluence's user/current 200  200  allowed           svc-gateway (alice)",
        "ok a token by the withdrawn key  401  401  key_unknown",
    ] {
        assert!(text.lines().any(|line| line == row), "{text}");
    }
    // Nothing is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn kept_running() {
    let folder = Folder::new();
    let mut demo = atlauth()
        .args(["demo", "--keep"])
        .env("TMPDIR", folder.path())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let (mut file, mut url) = (String::new(), String::new());
    while url.is_empty() {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some(name) = line.trim().strip_prefix("H='@") {
            name.trim_end_matches('\'').clone_into(&mut file);
        }
        if let Some(rest) = line.trim().strip_prefix("curl -H \"$H\" ") {
            rest.clone_into(&mut url);
        }
    }
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let header = std::fs::read_to_string(&file).unwrap();
    let value = header.trim().strip_prefix("Authorization: ").unwrap();
    let request = super::client().get(&url).header("authorization", value);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("alice"));
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(!line.contains(value));
        if line.starts_with("GET     200 allowed") {
            break;
        }
    }
    let id = demo.id().unwrap().to_string();
    let kill = tokio::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(kill.await.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(5), demo.wait()).await;
    assert!(ended.unwrap().unwrap().success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
