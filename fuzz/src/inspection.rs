//! What a provider answers about a token: introspection, and userinfo behind a binding endpoint.
//!
//! The answers come by HTTP from a server of our own, so that all is read that a provider can send.
//! The input's first byte chooses status and headers, the rest is the body.

use std::cell::LazyCell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use serde_json::{Value, json};

use crate::answer::{allows, check_context};
use crate::scene::{Scene, bearer};

/// What is answered: of the introspection or binding endpoint, and of userinfo.
#[derive(Clone, Default)]
struct Answers {
    head: &'static str,
    bodies: [Vec<u8>; 2],
}

/// By the first byte. Most answers are good in form.
const HEADS: [&str; 12] = [
    "200 OK\r\ncontent-type: application/json",
    "200 OK\r\ncontent-type: application/json",
    "200 OK\r\ncontent-type: application/json",
    "200 OK\r\ncontent-type: application/json;charset=UTF-8",
    "200 OK\r\ncontent-type: application/token-introspection+jwt",
    "200 OK\r\ncontent-type: application/jwt",
    "200 OK\r\ncontent-type: text/html",
    "400 Bad Request\r\ncontent-type: application/json",
    "401 Unauthorized\r\nwww-authenticate: Bearer error=\"invalid_token\"",
    "403 Forbidden\r\nwww-authenticate: Bearer error=\"insufficient_scope\"",
    "429 Too Many Requests\r\nretry-after: 7",
    "500 Internal Server Error\r\ncontent-type: application/json",
];

struct Asked {
    scene: Scene,
    answers: Arc<Mutex<Answers>>,
    count: std::cell::Cell<u64>,
}

impl Asked {
    fn new(name: &str, fields: &dyn Fn(&str) -> Value) -> Self {
        let answers = Arc::<Mutex<Answers>>::default();
        let url = serve(Arc::clone(&answers));
        let mut provider = fields(&url);
        provider["kind"] = "custom".into();
        provider["username"] = "username".into();
        provider["client_ids"] = json!(["client"]);
        provider["recheck_seconds"] = 1.into();
        let settings = json!({
            "settings": {"refresh_seconds": 3_600},
            "providers": {"idp": provider},
            "secrets": {"it": "a-secret-for-the-fuzzer"},
        });
        let deployment = Deployment {
            cache_seconds: ByProduct::all(0),
            ..Deployment::default()
        };
        Self {
            scene: Scene::new(name, &settings, deployment),
            answers,
            count: std::cell::Cell::new(0),
        }
    }

    /// What is made of a token that this is said of.
    fn ask(&self, head: &'static str, bodies: [&[u8]; 2]) -> Option<Value> {
        *self.answers.lock().unwrap() = Answers {
            head,
            bodies: bodies.map(<[u8]>::to_vec),
        };
        // A new token, after all that was kept of those before has lapsed.
        let count = self.count.get() + 1;
        self.count.set(count);
        self.scene.clock.advance(120);
        let token = format!("opaque-token-number-{count}");
        let (answer, line) = self.scene.answer(&bearer(&token));
        assert!(!line.contains(&token), "a token in the audit line");
        assert!(!line.contains("a-secret-for-the-fuzzer"));
        let answer = answer.ok()?;
        check_context(&answer);
        allows(&answer).then_some(answer)
    }
}

thread_local! {
    static INTROSPECTION: LazyCell<Asked> = LazyCell::new(|| {
        Asked::new("introspection", &|url| json!({
            "introspection_endpoint": format!("{url}/first"),
            "client_id": "gateway", "client_secret": "it",
        }))
    });
    static USERINFO: LazyCell<Asked> = LazyCell::new(|| {
        Asked::new("userinfo", &|url| json!({
            "binding_endpoint": format!("{url}/first"),
            "userinfo_endpoint": format!("{url}/second"),
        }))
    });
}

fn head_of(byte: u8) -> &'static str {
    HEADS[usize::from(byte) % HEADS.len()]
}

pub(crate) fn introspection(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let head = head_of(*first);
    let Some(answer) = INTROSPECTION.with(|asked| asked.ask(head, [body, b""])) else {
        return;
    };
    assert!(head.starts_with("200 "));
    let said = object(body);
    assert_eq!(said["active"], true, "of a token that is not active");
    check(&said, &said, &answer);
}

/// The two bodies stand apart by a NUL.
pub(crate) fn userinfo(data: &[u8]) {
    let Some((first, bodies)) = data.split_first() else {
        return;
    };
    let head = head_of(*first);
    let end = bodies
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bodies.len());
    let (binding, user) = (&bodies[..end], bodies.get(end + 1..).unwrap_or_default());
    let Some(answer) = USERINFO.with(|asked| asked.ask(head, [binding, user])) else {
        return;
    };
    assert!(head.starts_with("200 "));
    let (binding, user) = (object(binding), object(user));
    assert!(binding["active"].is_null() || binding["active"] == true);
    assert!(
        binding["sub"].is_null() || user["sub"].is_null() || binding["sub"] == user["sub"],
        "of two subjects"
    );
    check(&binding, &user, &answer);
}

fn object(body: &[u8]) -> Value {
    let text = std::str::from_utf8(body).unwrap();
    serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
}

/// The token was issued to our client, and its user is the one who was told of.
fn check(token: &Value, user: &Value, answer: &Value) {
    let names = ["client_id", "azp", "cid", "appid"];
    let mut clients = names
        .iter()
        .map(|name| &token[*name])
        .filter(|one| !one.is_null())
        .peekable();
    assert!(
        clients.peek().is_some() || token["aud"] == "client" || token["aud"] == json!(["client"])
    );
    assert!(
        clients.all(|client| client == "client"),
        "of another client"
    );
    let username = answer["context"]["username"].as_str().unwrap();
    let is_it = |told: &Value| match &told["username"] {
        Value::Array(one) if one.len() == 1 => one[0] == username,
        Value::Number(number) => number.to_string() == username,
        other => *other == username,
    };
    assert!(is_it(token) || is_it(user), "another user: {username}");
}

/// Serves what it is told to, one connection after the other.
fn serve(answers: Arc<Mutex<Answers>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || while answer(&stream, &answers).is_some() {});
        }
    });
    url
}

/// Answers one request of a connection, which stays open for the next.
fn answer(mut stream: &TcpStream, answers: &Mutex<Answers>) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    let end = loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        request.extend_from_slice(&buffer[..count]);
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    while request.len() < end + length {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        request.extend_from_slice(&buffer[..count]);
    }
    let answers = answers.lock().unwrap().clone();
    let body = &answers.bodies[usize::from(text.contains(" /second "))];
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-length: {}\r\n\r\n",
        answers.head,
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()
}
