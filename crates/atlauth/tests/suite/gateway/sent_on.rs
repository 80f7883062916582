//! What of a request goes on to the product, and what of its answer comes back.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::atlassian::Atlassian;
use super::process::Local;
use super::{SERVICE_TOKEN, Scene, client, reads_and_writes, settings};
use testing::issuer::Issuer;

/// Sends a request as it is written here, and reads the whole answer.
pub(super) async fn raw(url: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn mappings_replace_what_the_caller_sent() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let token = scene.bearer();
    // Fills the cache, so that nothing of the next request is seen by the authorizer.
    scene
        .get("/jira/rest/api/2/search", &token)
        .send()
        .await
        .unwrap();
    let request = format!(
        "GET /jira/rest/api/2/search?jql=a+b%26c&os_username=x&os%5Fpassword=y&os_authType=basic HTTP/1.1\r\n\
         Host: gateway\r\nauthorization: {token}\r\nConnection: close, X-Own\r\nX-Own: 1\r\n\
         TE: trailers\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\
         Proxy-Authorization: Basic x\r\nCookie: JSESSIONID=1\r\nx-authorizer-username: admin\r\n\
         Origin: https://evil.example.com\r\nReferer: https://evil.example.com/\r\n\
         Forwarded: for=192.0.2.1\r\nX-Kept: yes\r\nUser-Agent: test/1\r\n\
         x-original-url: /admin\r\nX-Rewrite-URL: /admin\r\nX-Forwarded-Path: /admin\r\n\
         X-Forwarded-Prefix: /admin\r\nX-Forwarded-Host: evil.example.com\r\n\
         X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nx-method-override: DELETE\r\n\r\n"
    );
    let answer = raw(&scene.local.url, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = scene.jira.last();
    assert_eq!(seen.method, "GET");
    assert_eq!(seen.path, "/jira/rest/api/2/search");
    assert_eq!(
        seen.query,
        "jql=a+b%26c&os_authType=any&os_cookie=false&os_password=none&os_username=none\
         &xoauth_requestor_id=none"
    );
    let header = |name: &str| {
        let values: Vec<_> = seen.headers.get_all(name).iter().collect();
        values
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    let host = scene.jira.url.strip_prefix("http://").unwrap();
    let host = host.strip_suffix("/jira").unwrap();
    assert_eq!(header("host"), [host]);
    assert_eq!(header("authorization"), [format!("Bearer {SERVICE_TOKEN}")]);
    assert_eq!(header("x-authorizer-username"), ["alice"]);
    assert_eq!(header("cookie"), ["none"]);
    assert_eq!(header("proxy-authorization"), ["none"]);
    assert_eq!(header("forwarded"), ["for=unknown"]);
    assert_eq!(header("origin"), [format!("https://{host}")]);
    assert_eq!(header("referer"), [format!("{}/", scene.jira.url)]);
    for path in [
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-path",
        "x-forwarded-prefix",
    ] {
        assert_eq!(header(path), ["/"], "{path}");
    }
    assert_eq!(header("x-forwarded-host"), [host]);
    for method in [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ] {
        assert_eq!(header(method), ["GET"], "{method}");
    }
    assert_eq!(header("x-kept"), ["yes"]);
    assert_eq!(header("user-agent"), ["test/1"]);
    for gone in [
        "connection",
        "x-own",
        "te",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
    ] {
        assert!(header(gone).is_empty(), "{gone}");
    }
}

#[tokio::test]
async fn answers_come_back_as_they_are() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let token = scene.bearer();
    let answer = scene
        .get("/jira/rest/api/2/connection", &token)
        .send()
        .await
        .unwrap();
    let headers = answer.headers().clone();
    assert_eq!(answer.text().await.unwrap(), "not packed");
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["x-arequestid"], "1x2x3");
    assert_eq!(headers["x-amzn-remapped-server"], "Jira");
    for gone in ["x-of-connection", "keep-alive", "server"] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
    let answer = scene
        .get("/jira/rest/api/2/redirect", &token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(
        answer.headers()["location"],
        "https://elsewhere.example.com/"
    );
    let url = format!("{}/jira/rest/api/2/myself", scene.local.url);
    let head = client().head(&url).header("authorization", &token);
    let head = head.send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.content_length().is_some());
    // A preflight request is answered by the gateway, and asks nobody.
    let options = client().request(reqwest::Method::OPTIONS, &url);
    assert_eq!(options.send().await.unwrap().status(), 204);
    let seen = scene.jira.requests();
    assert!(seen.iter().all(|request| request.method != "OPTIONS"));
}

/// In the mode `off` no policy of the authorizer's refuses such a path.
#[tokio::test]
async fn no_path_is_another_one_at_the_product() {
    let issuer = Issuer::start(&[]).await;
    let jira = Atlassian::start("").await;
    let mut settings = settings(&issuer, &reads_and_writes(), &json!({"mode": "none"}));
    settings["settings"] = json!({"mode": "off"});
    let local = Local::start(&settings, &[("jira", &jira.url)], &[]).await;
    for path in ["/jira/a/../b", "/jira/%2e%2e/confluence", "/jira/a/./b"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: gateway\r\nauthorization: Bearer x\r\nConnection: close\r\n\r\n"
        );
        let answer = raw(&local.url, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
    }
    assert!(jira.requests().is_empty());
    // All else arrives as it was sent.
    for path in [
        "/jira/a%2Fb%20c",
        "/jira/a//b",
        "/jira/a;x=1/b@c:d",
        "/jira/a%C3%A9",
    ] {
        let request = client().get([&local.url, path].concat());
        let request = request.header("authorization", "Bearer x");
        assert_eq!(request.send().await.unwrap().status(), 404);
        assert_eq!(jira.last().path, path);
    }
}
