//! Many requests, and large ones.

use futures_util::StreamExt;
use futures_util::stream;

use super::atlassian::{PIECE, PIECES};
use super::{Scene, client, reads_and_writes};

const MYSELF: &str = "/jira/rest/api/2/myself";

/// How much more the gateway may hold after 100 MB have gone through it.
const GROWTH: u64 = 20 * 1_024 * 1_024;

#[tokio::test]
async fn a_thousand_requests() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let token = scene.bearer();
    let client = client();
    let url = [&scene.local.url, MYSELF].concat();
    let right = stream::iter(0..1_000)
        .map(|_| {
            let request = client.get(&url).header("authorization", &token);
            async move {
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200);
                let body: serde_json::Value =
                    serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                body["name"] == "svc-gateway"
            }
        })
        .buffer_unordered(8)
        .filter(|right| std::future::ready(*right))
        .count()
        .await;
    assert_eq!(right, 1_000);
    assert_eq!(scene.jira.requests().len(), 1_000);
    let rows = scene.local.rows(1_000).await;
    let cached = rows.iter().filter(|row| row.contains(" cache ")).count();
    // Requests that come together ask each for itself, as API Gateway's do.
    let asked = scene.local.audits().len();
    assert!((1..=8).contains(&asked), "{asked}");
    assert_eq!(cached, 1_000 - asked);
}

#[tokio::test]
async fn a_large_download_in_little_memory() {
    let scene = Scene::set(&serde_json::json!([{"allow": ["* /*"]}]), &[]).await;
    let token = scene.bearer();
    scene.get(MYSELF, &token).send().await.unwrap();
    let before = scene.local.peak_memory();
    let path = "/jira/secure/attachment/1/large";
    let answer = scene.get(path, &token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut stream = answer.bytes_stream();
    let mut received = 0;
    while let Some(piece) = stream.next().await {
        received += piece.unwrap().len();
    }
    assert_eq!(received, PIECE * PIECES);
    let grown = scene.local.peak_memory() - before;
    assert!(grown < GROWTH, "it grew by {grown} bytes");
}

#[tokio::test]
async fn a_large_upload_in_little_memory() {
    let scene = Scene::set(&serde_json::json!([{"allow": ["* /*"]}]), &[]).await;
    let token = scene.bearer();
    scene.get(MYSELF, &token).send().await.unwrap();
    let before = scene.local.peak_memory();
    let piece = vec![b'x'; PIECE];
    let pieces = (0..PIECES).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
    let url = format!("{}/jira/secure/attachment/1/large", scene.local.url);
    let request = client().put(url).header("authorization", &token);
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), (PIECE * PIECES).to_string());
    let grown = scene.local.peak_memory() - before;
    assert!(grown < GROWTH, "it grew by {grown} bytes");
}
