//! What an answer of the authorizer is found by.

use reqwest::Method;

use super::{Scene, client, reads_and_writes};

/// Sends requests with one token, and says who decided on each.
async fn decided_by(scene: &Scene, requests: &[(Method, &str)]) -> Vec<String> {
    let token = scene.bearer();
    for (method, path) in requests {
        let url = [&scene.local.url, *path].concat();
        let request = client().request(method.clone(), url);
        let request = request.header("authorization", &token).body("{}");
        request.send().await.unwrap();
    }
    let rows = scene.local.rows(requests.len()).await;
    rows.iter()
        // The decision's id and the path come behind it.
        .map(|row| row.split_whitespace().rev().nth(2).unwrap().to_owned())
        .collect()
}

const REQUESTS: [(Method, &str); 9] = [
    (Method::GET, "/jira/rest/api/2/myself"),
    (Method::GET, "/jira/rest/api/2/myself"),
    (Method::GET, "/jira/rest/api/2/myself?expand=groups"),
    (Method::GET, "/jira/rest/api/2/issue/DEMO-1"),
    (Method::POST, "/jira/rest/api/2/search"),
    (Method::GET, "/jira/rest/api/2/search"),
    (Method::GET, "/jira/rest/api/2/search/"),
    (Method::GET, "/jira/rest/api/2/sear%63h"),
    (Method::GET, "/jira/rest/api/2/issue/DEMO-1"),
];

/// As the template has it: method and path are as they were sent, without the query.
#[tokio::test]
async fn by_route_each_route_is_decided() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let decided = decided_by(&scene, &REQUESTS).await;
    let expected = [
        "authorizer",
        "cache",
        "cache",
        "authorizer",
        "authorizer",
        "authorizer",
        "authorizer",
        "authorizer",
        "cache",
    ];
    assert_eq!(decided, expected);
    assert_eq!(scene.local.audits().len(), 6);
    // Two entries, and one path at the product: API Gateway drops the slash.
    let seen = scene.jira.requests();
    let searches = seen
        .iter()
        .filter(|request| request.method == "GET" && request.path == "/jira/rest/api/2/search");
    assert_eq!(searches.count(), 2);
}

#[tokio::test]
async fn by_token_one_answer_serves_for_all_routes() {
    let scene = Scene::set(&reads_and_writes(), &["--cache-key", "token"]).await;
    let decided = decided_by(&scene, &REQUESTS).await;
    assert_eq!(decided[0], "authorizer");
    assert!(decided[1..].iter().all(|by| by == "cache"), "{decided:?}");
    assert_eq!(scene.local.audits().len(), 1);
}

/// Each request is asked about, whatever the key.
#[tokio::test]
async fn without_a_cache_time_there_is_no_key() {
    for key in ["route", "token"] {
        let options = ["--cache-key", key, "--cache-seconds", "0"];
        let scene = Scene::set(&reads_and_writes(), &options).await;
        let decided = decided_by(&scene, &REQUESTS[..3]).await;
        assert_eq!(decided, ["authorizer"; 3], "{key}");
    }
}
