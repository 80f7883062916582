//! What `atlauth local --audit` writes is what `atlauth why` tells.

use serde_json::json;

use super::Scene;
use crate::atlauth;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_file_is_told() {
    let access = json!([
        {"allow": ["@read"]},
        {"allow": ["@write"], "groups": ["jira-developers"]},
        {"deny": ["@admin"]},
    ]);
    let scene = Scene::set(&access, &[]).await;
    let token = scene.bearer();
    let read = scene.get("/jira/rest/api/2/myself", &token);
    assert_eq!(read.send().await.unwrap().status(), 200);
    let admin = scene.get("/jira/rest/api/2/user/search", &token);
    admin.send().await.unwrap();
    let nobody = scene.get("/jira/rest/api/2/myself", "Bearer x.y.z");
    assert_eq!(nobody.send().await.unwrap().status(), 401);

    let log = scene.local.folder.path().join("audit.log");
    let audits = scene.local.audits();
    let why = |words: &str| {
        let command = atlauth("why --log").arg(&log);
        let words: Vec<&str> = words.split_whitespace().collect();
        command.args(&words).run("")
    };
    for line in &audits {
        let id = line["request_id"].as_str().unwrap();
        let said = why(&format!("--json {id}"));
        let report = said.json();
        let decision = &report["decisions"][0];
        assert_eq!(decision["line"], *line);
        assert_eq!(decision["code"], line["code"]);
        let is_allowed = line["outcome"] == "allowed";
        assert_eq!(said.code, i32::from(!is_allowed), "{}", said.all());
        assert_eq!(decision["what"].is_null(), is_allowed);
    }
    // The newest first.
    let said = why("");
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.stdout.contains("refused: 401 "), "{}", said.stdout);
    let report = why("--user alice --json").json();
    assert_eq!(
        report["decisions"].as_array().unwrap().len(),
        audits.len() - 1
    );
    let said = why("--user alice --at 2001-01-01T00:00Z");
    assert_eq!(said.code, 3);
}
