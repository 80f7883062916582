//! A server whose connections break, for what a real one does once in a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where a connection breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Break {
    /// Before it has read the request.
    AtOnce,
    /// After it has read the request.
    AfterRequest,
    /// Within the answer's body.
    WithinAnswer,
    /// Nowhere.
    Never,
}

/// A server on loopback that answers with one JSON value for each path, a connection for each request.
pub struct Breaking {
    /// Where it listens.
    pub url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    plan: Mutex<VecDeque<Break>>,
    answers: Mutex<Vec<(String, Value)>>,
    requests: Mutex<Vec<String>>,
}

impl Breaking {
    /// Starts one that breaks nothing, and answers nothing but 404.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            plan: Mutex::default(),
            answers: Mutex::default(),
            requests: Mutex::default(),
        });
        let of_server = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&of_server)));
            }
        });
        Self {
            url,
            shared,
            server,
        }
    }

    /// Answers requests for this path with this value.
    pub fn answer(&self, path: &str, value: Value) {
        let mut answers = self.shared.answers.lock().unwrap();
        answers.retain(|(known, _)| known != path);
        answers.push((path.to_owned(), value));
    }

    /// Breaks the next connections so, each once.
    pub fn break_next(&self, plan: &[Break]) {
        *self.shared.plan.lock().unwrap() = plan.iter().copied().collect();
    }

    /// The requests that it has read, each as it came.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for Breaking {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let planned = shared.plan.lock().unwrap().pop_front();
    let planned = planned.unwrap_or(Break::Never);
    if planned == Break::AtOnce {
        return;
    }
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    shared.requests.lock().unwrap().push(request);
    if planned == Break::AfterRequest {
        return;
    }
    let answers = shared.answers.lock().unwrap().clone();
    let answer = answers.into_iter().find(|(known, _)| *known == path);
    let status = if answer.is_some() {
        "200 OK"
    } else {
        "404 Not Found"
    };
    let body = answer.map_or_else(String::new, |(_, value)| value.to_string());
    let length = body.len();
    let body = match planned {
        Break::WithinAnswer => &body[..length / 2],
        _ => &body,
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let lengths = head
        .lines()
        .filter_map(|line| line.strip_prefix("content-length: "));
    lengths
        .map(|length| length.parse::<usize>().unwrap())
        .all(|length| body.len() >= length)
}
