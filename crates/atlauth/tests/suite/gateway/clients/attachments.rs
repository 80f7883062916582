//! Attachments of names that are hard to write into a URL, up and down: the bytes come back, or the refusal
//! is clear.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::process::Command;

use super::{file, node, python, run};
use crate::gateway::{Scene, reads_and_writes};

/// A name that can't be fetched: whether this is it, the status, and the code of the audit line.
type Refused = (fn(&str) -> bool, u16, &'static str);

/// With the cache off.
const REFUSED: [Refused; 1] = [
    // Jira's actions answer below any path.
    (|name| name == "AddUser.jspa", 403, "route_not_allowed"),
];

/// With the key `route`, too: a resource of more than 512 bytes reaches other paths, and with
/// percent-encoding these are read in more than one way.
const NOT_EXACT: Refused = (
    |name| !name.is_ascii() && in_url(name) > 420,
    403,
    "path_not_exact",
);

/// How long a name is in a URL.
fn in_url(name: &str) -> usize {
    form_urlencoded::byte_serialize(name.as_bytes())
        .map(str::len)
        .sum()
}

/// Attaches and fetches all names, and compares what became of each.
async fn there_and_back(
    mut client: Command,
    arguments: &[&str],
    options: &[&str],
    refused: &[Refused],
) {
    let scene = Scene::set(&reads_and_writes(), options).await;
    // A client goes where Jira says that the content is.
    scene
        .jira
        .set_base_url(&format!("{}/jira", scene.local.url));
    let names = file("names.json");
    client
        .args(arguments)
        .arg(format!("{}/jira", scene.local.url))
        .arg(&names);
    let printed = run(client, &scene.token()).await;
    let lines: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names = std::fs::read_to_string(names).unwrap();
    let names: Vec<String> = serde_json::from_str(&names).unwrap();
    assert!(names.len() >= 50);
    assert_eq!(lines.len(), names.len());

    // The downloads, by the number that is the attachment's id.
    let audits = scene.local.audits();
    let codes: BTreeMap<&str, &str> = audits
        .iter()
        .filter_map(|line| {
            let path = line["path"].as_str()?;
            let (id, _) = path.split_once("/secure/attachment/")?.1.split_once('/')?;
            Some((id, line["code"].as_str()?))
        })
        .collect();
    let mut wrong = Vec::new();
    for (line, name) in lines.iter().zip(&names) {
        let number = line["number"].as_u64().unwrap();
        let id = (10_000 + number).to_string();
        let refused = refused.iter().find(|(is_it, ..)| is_it(name));
        let (status, code) = refused.map_or((200, "allowed"), |(_, status, code)| (*status, *code));
        let said = match status {
            403 => "Forbidden",
            500 => "Internal server error",
            _ => "",
        };
        // The line about no event has no path.
        let audited = codes.get(id.as_str()).copied();
        let is_audited = match status {
            500 => audited.is_none() && audits.iter().any(|line| line["code"] == code),
            _ => audited == Some(code),
        };
        let is_right = line["status"] == status
            && line["said"] == said
            && line["same"] == (status == 200)
            && is_audited;
        if !is_right {
            wrong.push(format!("{name}: {line}, {audited:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn by_jira() {
    let all = [&REFUSED[..], &[NOT_EXACT]].concat();
    there_and_back(python("attachments.py"), &["jira"], &[], &all).await;
}

#[tokio::test]
async fn by_jira_without_a_cache() {
    let options = ["--cache-seconds", "0"];
    there_and_back(python("attachments.py"), &["jira"], &options, &REFUSED).await;
}

#[tokio::test]
async fn by_atlassian_python_api() {
    let all = [&REFUSED[..], &[NOT_EXACT]].concat();
    let client = python("attachments.py");
    there_and_back(client, &["atlassian-python-api"], &[], &all).await;
}

#[tokio::test]
async fn by_jira_js() {
    let all = [&REFUSED[..], &[NOT_EXACT]].concat();
    there_and_back(node("attachments.js"), &[], &[], &all).await;
}
