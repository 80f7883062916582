//! The Lambda Runtime API, as the service offers it to a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// What the function answered: a value, or the error that it reported.
pub type Answer = Result<Value, FunctionError>;

/// An error that the function reported.
#[derive(Debug, PartialEq)]
pub struct FunctionError {
    /// Its type.
    pub error_type: String,
    /// Its message.
    pub error_message: String,
}

/// A Runtime API for one function.
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    events: mpsc::UnboundedSender<(String, Bytes)>,
    pending: Arc<Pending>,
    next_id: AtomicU64,
    first_asked: watch::Receiver<Option<Instant>>,
    server: JoinHandle<()>,
}

/// Who waits for the answer to which event, and how many events the function has at once.
#[derive(Default)]
struct Pending {
    senders: Mutex<HashMap<String, oneshot::Sender<(bool, Bytes)>>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

struct Shared {
    events: AsyncMutex<mpsc::UnboundedReceiver<(String, Bytes)>>,
    pending: Arc<Pending>,
    first_asked: watch::Sender<Option<Instant>>,
}

impl RuntimeApi {
    /// Starts one without events.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, receiver) = mpsc::unbounded_channel();
        let pending = Arc::new(Pending::default());
        let (asks, first_asked) = watch::channel(None);
        let shared = Arc::new(Shared {
            events: AsyncMutex::new(receiver),
            pending: Arc::clone(&pending),
            first_asked: asks,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(done))
            .layer(DefaultBodyLimit::disable())
            .with_state(shared);
        // Without it, an answer in two writes waits 40 ms for the function's acknowledgement.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            events,
            pending,
            next_id: 0.into(),
            first_asked,
            server,
        }
    }

    /// When the function first asked for an event, which is when its INIT is over. Waits for it,
    /// for ever where the function never asks.
    pub async fn first_asked(&self) -> Instant {
        let mut asked = self.first_asked.clone();
        let asked = asked.wait_for(Option::is_some).await;
        (*asked.expect("the server runs as long as this")).expect("it was waited for")
    }

    /// The variables that Lambda gives a function, of which this is the Runtime API.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "authorizer".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ]
    }

    /// Sends one event and waits for its answer.
    pub async fn invoke(&self, event: impl Into<Bytes>) -> Answer {
        let (failed, body) = self.invoke_raw(event).await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        if failed {
            Err(FunctionError {
                error_type: body["errorType"].as_str().unwrap().to_owned(),
                error_message: body["errorMessage"].as_str().unwrap().to_owned(),
            })
        } else {
            Ok(body)
        }
    }

    /// As [`RuntimeApi::invoke`], without reading the answer: whether it is an error, and its text.
    pub async fn invoke_raw(&self, event: impl Into<Bytes>) -> (bool, Bytes) {
        let number = self.next_id.fetch_add(1, Ordering::SeqCst);
        let id = format!("00000000-0000-0000-0000-{number:012}");
        let (sender, receiver) = oneshot::channel();
        self.pending
            .senders
            .lock()
            .unwrap()
            .insert(id.clone(), sender);
        self.events.send((id, event.into())).unwrap();
        tokio::time::timeout(Duration::from_secs(30), receiver)
            .await
            .expect("the function answers within 30 s")
            .unwrap()
    }

    /// The most events that the function has had at once.
    pub fn most_in_flight(&self) -> usize {
        self.pending.most_in_flight.load(Ordering::SeqCst)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    shared.first_asked.send_if_modified(|asked| {
        let is_first = asked.is_none();
        asked.get_or_insert_with(Instant::now);
        is_first
    });
    let next = shared.events.lock().await.recv().await;
    // The test is over: this function will be stopped while it waits.
    let (id, event) = match next {
        Some(next) => next,
        None => std::future::pending().await,
    };
    let pending = &shared.pending;
    let in_flight = pending.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    pending
        .most_in_flight
        .fetch_max(in_flight, Ordering::SeqCst);
    let headers = AppendHeaders([
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:123456789012:function:authorizer".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ]);
    (headers, event)
}

async fn done(
    State(shared): State<Arc<Shared>>,
    Path((id, kind)): Path<(String, String)>,
    _: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let sender = shared.pending.senders.lock().unwrap().remove(&id);
    if let Some(sender) = sender {
        shared.pending.in_flight.fetch_sub(1, Ordering::SeqCst);
        // The test may have given up waiting.
        let _ = sender.send((kind == "error", body));
    }
    StatusCode::ACCEPTED
}
