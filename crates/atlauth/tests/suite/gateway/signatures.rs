//! OAuth 1.0a signatures through the gateway: what the product is asked for, letter by letter, is what
//! was signed. Python's `oauthlib` says so, as a provider that sees the request's target alone.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::KeyPair;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::process::Local;
use super::sent_on::raw;
use testing::issuer::Issuer;
use testing::tokens::{DEVELOPMENT_KEY, SigningKey, access_claims, development_pair, pem};
use testing::{root, tool};

/// What no request line may hold, or the gateway sends to nobody: a URL library would make a slash of
/// the backslash.
const REFUSED: &str = " <>\\`";

/// Parts of paths that the rules of a product with a path deny. An API whose one product is at `/`, and
/// has no rules, denies none.
const DENIED: [&str; 4] = ["%25", "%2E", "%5C", "\\"];

/// A product that writes down what it is asked, as it stands on the wire.
struct Origin {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Seen {
    method: String,
    target: String,
    authorization: String,
}

impl Origin {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let shared = Arc::clone(&seen);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let request = answer(stream).await;
                shared.lock().unwrap().push(request);
            }
        });
        Self { url, seen, server }
    }

    /// The requests since the last call.
    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(mut stream: TcpStream) -> Seen {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut line = lines.next().unwrap().split(' ');
    let mut headers = lines.filter_map(|line| line.split_once(": "));
    let authorization = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let seen = Seen {
        method: line.next().unwrap().to_owned(),
        target: line.next().unwrap().to_owned(),
        authorization: authorization.unwrap().1.to_owned(),
    };
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    seen
}

/// What a provider says of requests: one process for all of them.
fn judge(requests: &[Value]) -> Vec<bool> {
    let pair = development_pair();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let consumer =
        json!({"consumer_key": "gateway", "public_key": pem("PUBLIC KEY", public.as_ref())});
    let lines = [&consumer].into_iter().chain(requests);
    let lines: Vec<String> = lines.map(Value::to_string).collect();
    let mut provider = Command::new(tool("python"))
        .arg(root().join("crates/testing/python/oauth1.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = provider.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.join("\n").as_bytes()).unwrap());
    let output = provider.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let verdicts = String::from_utf8(output.stdout).unwrap();
    let verdicts = verdicts.lines();
    verdicts
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What a caller asks for in Jira, and what the product is asked for below its own path; `None` for
/// nothing at all.
type Case = (String, Option<String>);

fn case(asked: &str, sent: &str) -> Case {
    (asked.to_owned(), Some(sent.to_owned()))
}

/// Every printable character in the middle of a segment, percent-encoded and as it is. Both are in one
/// request: each takes a signature, and those take their time.
fn characters() -> Vec<Case> {
    let mut cases = Vec::new();
    for character in ' '..='~' {
        let encoded = format!("%{:02X}", u32::from(character));
        let path = format!("/rest/x{encoded}z");
        let asked = format!("{path}/x{character}z/y");
        let sent = match character {
            _ if REFUSED.contains(character) => {
                cases.push(case(&path, &path));
                None
            }
            // What follows is no part of what is asked for.
            '#' => Some(format!("{path}/x")),
            '"' | '{' | '}' => Some(format!("{path}/x{encoded}z/y")),
            _ => Some(asked.clone()),
        };
        cases.push((asked, sent));
    }
    cases
}

fn others() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        // Escapes stay as they are, whatever is in them.
        "/rest/a%2Fb%2fc",
        "/rest/a%2F",
        "/rest/100%25",
        "/rest/100%",
        "/rest/%zz",
        "/rest/a%252Fb%25252fc",
        "/rest/%255B%5b",
        "/rest/%C3%A9%c3%a9/%F0%9F%A6%80",
        "/rest//a",
        // (Python's URLs lose a `;` at the end.)
        "/rest/a;v=1/b;/c",
        // All that URL libraries leave raw, at once.
        "/rest/[a]|b^c/~user/@me:x,y=(1)*'!$&+",
        // The query is signed, and none of it a reason to refuse.
        "/rest/x?os_authType=basic",
        "/rest/x?OS_authtype=any&jql=a%20b+c%2Bd",
        "/rest/x[1]?a=%5B%C3%BC%5D",
    ]
    .iter()
    .map(|path| case(path, path))
    .collect();
    cases.extend([
        case("/rest/é/日本語", "/rest/%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E"),
        // The product's own path, and slashes at the end, of which one is lost.
        case("", "/"),
        case("/", "/"),
        case("/rest/x/", "/rest/x"),
        case("/rest/x//", "/rest/x/"),
        case("/rest/[x]/", "/rest/[x]"),
        case("/rest/x%2F/", "/rest/x%2F"),
        case("/rest/é/?jql=x/", "/rest/%C3%A9?jql=x/"),
    ]);
    cases
}

/// A gateway that signs for an origin, with its one product at this path of the API.
async fn gateway(issuer: &Issuer, origin: &Origin, path: &str) -> Local {
    let base_url = [&origin.url, path.trim_end_matches('/')].concat();
    let upstream = json!({"mode": "oauth1", "consumer_key": "gateway", "private_key": "rsa",
                          "base_url": base_url});
    let mut settings = issuer.settings();
    settings["products"] = json!({"jira": {"path": path, "upstream": upstream}});
    settings["secrets"] = json!({"rsa": DEVELOPMENT_KEY});
    let jira = format!("{}/jira", origin.url);
    Local::start(&settings, &[("jira", &jira)], &[]).await
}

#[tokio::test]
async fn what_arrives_is_what_was_signed() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let origin = Origin::start().await;
    let of_jira = gateway(&issuer, &origin, "/jira").await;
    let of_api = gateway(&issuer, &origin, "/").await;
    let token = key.sign(&access_claims(&issuer.url));
    of_jira.keep_secret(&token);
    of_api.keep_secret(&token);

    let mut wrong = Vec::new();
    let mut shown = Vec::new();
    let mut expected = Vec::new();
    for (asked, sent) in [characters(), others()].concat() {
        let is_denied = DENIED.iter().any(|part| asked.contains(part));
        let local = if is_denied { &of_api } else { &of_jira };
        let request = format!(
            "GET /jira{asked} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        let answer = raw(&local.url, &request).await;
        let seen = origin.take();
        let Some(sent) = sent else {
            assert!(answer.starts_with("HTTP/1.1 400 "), "{asked}: {answer}");
            assert!(seen.is_empty(), "{asked}");
            continue;
        };
        assert!(answer.starts_with("HTTP/1.1 204 "), "{asked}: {answer}");
        let [seen] = seen.as_slice() else {
            panic!("{asked}: {} requests", seen.len());
        };
        let separator = if sent.contains('?') { '&' } else { '?' };
        let target = format!("/jira{sent}{separator}xoauth_requestor_id=alice");
        if seen.target != target {
            wrong.push(format!("{asked}: {} instead of {target}", seen.target));
        }
        let mut show = |target: &str, is_right: bool| {
            let url = [&origin.url, target].concat();
            shown.push(
                json!({"method": seen.method, "url": url, "authorization": seen.authorization}),
            );
            expected.push((asked.clone(), target.to_owned(), is_right));
        };
        show(&seen.target, true);
        // Another spelling of the same is not what was signed.
        for (character, other) in [("[", "%5B"), ("|", "%7C"), ("^", "%5E"), ("%7B", "{")] {
            if seen.target.contains(character) {
                show(&seen.target.replace(character, other), false);
            }
        }
    }
    let verdicts = judge(&shown);
    assert_eq!(verdicts.len(), expected.len());
    for ((asked, target, is_right), verdict) in expected.into_iter().zip(verdicts) {
        if verdict != is_right {
            wrong.push(format!("{asked}: {target} as signed: {verdict}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
