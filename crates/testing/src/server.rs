//! A server of the tests' own on loopback, stopped when it is dropped.

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server on a free port.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts one.
    pub(crate) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Without it, an answer in two writes waits 40 ms for the client's acknowledgement.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
