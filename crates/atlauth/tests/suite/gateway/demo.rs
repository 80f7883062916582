//! The walk of `atlauth demo`.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use testing::Folder;

use crate::atlauth;

#[tokio::test]
async fn all_is_well() {
    let folder = Folder::new();
    let demo = atlauth("demo").env("TMPDIR", folder.path());
    let said = demo.end("").await;
    let text = said.stdout;
    assert_eq!(said.code, 0, "{text}");
    assert!(
        text.ends_with("\nAll 18 requests gave the expected result.\n"),
        "{text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.starts_with("ok ")).count(),
        18
    );
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for row in [
        "ok no token                      401  401 credential_missing",
        "ok a token of the pool           200  200 allowed            alice",
        "ok an expired token              401  401 token_expired",
        "ok POST an issue, scope read     403  403 route_not_allowed",
        "ok GET Confluence's user/current 200  200 allowed            svc-gateway (alice)",
        "ok GET /status, no token         200  200 (gateway)",
        "ok GET the plugin manager        403  403 route_not_allowed",
        "ok a token by the withdrawn key  401  401 key_unknown",
    ] {
        assert!(text.lines().any(|line| line == row), "{text}");
    }
    // Nothing is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn kept_running() {
    let folder = Folder::new();
    let demo = atlauth("demo --keep").env("TMPDIR", folder.path());
    let mut demo = demo.start("").await;
    let line = demo.printed("H='@").await;
    let file = line.strip_prefix("H='@").unwrap().trim_end_matches('\'');
    let line = demo.printed("curl -H \"$H\" ").await;
    let url = line.strip_prefix("curl -H \"$H\" ").unwrap();
    // Other commands go on with its settings and its token.
    let line = demo.printed("--settings file:").await;
    let settings = line.strip_prefix("--settings ").unwrap();
    let settings = settings.trim_end_matches(" \\");
    let token = demo.printed("/token").await;
    let said = atlauth("whoami --settings").arg(settings).arg(&token);
    let said = said.end("").await;
    assert!(said.stdout.contains("username   alice"), "{}", said.all());
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let header = std::fs::read_to_string(file).unwrap();
    let value = header.trim().strip_prefix("Authorization: ").unwrap();
    let request = super::client().get(url).header("authorization", value);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("alice"));
    let row = demo.printed("GET     200 allowed").await;
    assert!(row.starts_with("GET     200 allowed"), "{row}");
    assert!(!demo.stdout().contains(value));
    demo.interrupt().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), demo.end()).await;
    assert_eq!(ended.unwrap().code, 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
