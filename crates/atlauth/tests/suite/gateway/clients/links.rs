//! Where clients go by the links of Jira's answers, which begin with the base URL that is set in Jira.

use super::{python, run};
use crate::gateway::{Scene, reads_and_writes};

/// What the client `jira` says of an update and a download, where Jira has this base URL.
async fn follow(scene: &Scene, base_url: &str) -> String {
    scene.jira.set_base_url(base_url);
    let mut client = python("links.py");
    client.arg(format!("{}/jira", scene.local.url));
    run(client, &scene.token()).await
}

/// What Jira was asked, with whether it came by the gateway.
fn seen(scene: &Scene) -> Vec<(String, String, bool)> {
    let requests = scene.jira.requests();
    requests
        .into_iter()
        .map(|request| {
            let is_by_gateway = request.headers.contains_key("x-authorizer-username");
            (request.method, request.path, is_by_gateway)
        })
        .collect()
}

fn audited(scene: &Scene) -> Vec<(String, String)> {
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    let audits = scene.local.audits();
    audits
        .iter()
        .map(|line| {
            assert_eq!(line["code"], "allowed");
            (text(line, "method"), text(line, "path"))
        })
        .collect()
}

const ISSUE: &str = "/jira/rest/api/2/issue/10000";
const FILE: &str = "/jira/secure/attachment/10000/x.txt";

fn pair(method: &str, path: &str) -> (String, String) {
    (method.to_owned(), path.to_owned())
}

#[tokio::test]
async fn by_the_gateway_where_it_is_the_base_url() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let said = follow(&scene, &format!("{}/jira", scene.local.url)).await;
    assert_eq!(said, "update done\ndownload done\n");
    let audited = audited(&scene);
    for request in [pair("PUT", ISSUE), pair("GET", ISSUE), pair("GET", FILE)] {
        assert!(audited.contains(&request), "{audited:?}");
    }
    assert!(
        seen(&scene)
            .into_iter()
            .all(|(_, _, is_by_gateway)| is_by_gateway)
    );
}

/// The client puts its own server into `self`, and into no other link: the download goes to Jira, and
/// shows it the caller's token.
#[tokio::test]
async fn past_the_gateway_where_it_is_not() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let said = follow(&scene, &scene.jira.url).await;
    assert_eq!(said, "update done\ndownload 401\n");
    let audited = audited(&scene);
    assert!(audited.contains(&pair("PUT", ISSUE)), "{audited:?}");
    assert!(!audited.contains(&pair("GET", FILE)), "{audited:?}");
    let last = seen(&scene).pop().unwrap();
    assert_eq!(last, ("GET".to_owned(), FILE.to_owned(), false));
    let header = scene.jira.last().headers["authorization"].clone();
    // Not the credential that the gateway sends, but a token of the identity provider.
    assert!(header.to_str().unwrap().starts_with("Bearer ey"));
}

/// Of `self` the client keeps the path, which is not the gateway's where Jira has no context path.
#[tokio::test]
async fn nowhere_where_paths_differ() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let origin = scene.jira.url.strip_suffix("/jira").unwrap().to_owned();
    let said = follow(&scene, &origin).await;
    assert_eq!(said, "update 404\ndownload 401\n");
    assert!(!audited(&scene).iter().any(|(method, _)| method == "PUT"));
    assert!(!seen(&scene).iter().any(|(method, ..)| method == "PUT"));
}
