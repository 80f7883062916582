//! A server in front of another, with a fault that tests choose.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::tls::Authority;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nobody listens.
    Refused,
    /// Connections are accepted, and nothing is answered.
    BlackHole,
    /// An answer comes by one byte in a fifth of a second.
    SlowDrip,
    /// The connection is reset in the middle of an answer.
    ResetHalfWay,
    /// 500.
    ServerError,
    /// 429.
    Limited,
    /// 429 that says when to come again.
    LimitedFor(u32),
    /// A page in place of JSON.
    WrongType,
    /// Megabytes of JSON.
    Huge,
    /// A certificate by a CA that nobody trusts.
    WrongCertificate,
}

/// How much of an answer is sent by [`Fault::Huge`].
const HUGE: usize = 4 * 1024 * 1024;

/// The server: it passes connections on where nothing goes wrong.
pub struct Faulty {
    /// Where it listens.
    pub address: SocketAddr,
    scheme: &'static str,
    fault: watch::Sender<Fault>,
    server: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
    _holder: TcpSocket,
}

struct Shared {
    upstream: String,
    /// Of the right CA, and of a wrong one.
    acceptors: Option<[TlsAcceptor; 2]>,
}

impl Faulty {
    /// In front of this `http` URL.
    pub fn start(upstream: &str) -> Self {
        Self::start_with(upstream, None)
    }

    /// In front of this `http` URL, behind TLS with a certificate by this CA.
    pub fn start_tls(upstream: &str, authority: &Authority) -> Self {
        let acceptors = [authority, &Authority::new()].map(|one| one.acceptor("127.0.0.1"));
        Self::start_with(upstream, Some(acceptors))
    }

    fn start_with(upstream: &str, acceptors: Option<[TlsAcceptor; 2]>) -> Self {
        // It keeps the port while nobody listens there.
        let holder = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = holder.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").to_owned(),
            acceptors,
        });
        let (fault, seen) = watch::channel(Fault::None);
        let scheme = if shared.acceptors.is_some() {
            "https"
        } else {
            "http"
        };
        let server = tokio::spawn(serve(listen(address), Arc::clone(&shared), seen));
        Self {
            address,
            scheme,
            fault,
            server: Mutex::new(Some(server)),
            shared,
            _holder: holder,
        }
    }

    /// Its URL, without a path.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Goes wrong like this from now on. Connections that are open end.
    pub async fn fail(&self, fault: Fault) {
        let server = self.server.lock().unwrap().take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
        self.fault.send_replace(fault);
        if fault != Fault::Refused {
            let seen = self.fault.subscribe();
            let server = tokio::spawn(serve(listen(self.address), Arc::clone(&self.shared), seen));
            *self.server.lock().unwrap() = Some(server);
        }
    }
}

/// A socket at this address, beside others of ours.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn listen(address: SocketAddr) -> TcpListener {
    socket(address).listen(1_024).unwrap()
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.abort();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, seen: watch::Receiver<Fault>) {
    let fault = *seen.borrow();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = stream.set_nodelay(true);
        let (shared, mut seen) = (Arc::clone(&shared), seen.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(stream, &shared, fault) => {}
                _ = seen.changed() => {}
            }
        });
    }
}

async fn connection(stream: TcpStream, shared: &Shared, fault: Fault) {
    if fault == Fault::ResetHalfWay {
        let _ = reset_when_closed(&stream);
    }
    match &shared.acceptors {
        None => answer(stream, shared, fault).await,
        Some(acceptors) => {
            if fault == Fault::BlackHole {
                return std::future::pending().await;
            }
            let acceptor = &acceptors[usize::from(fault == Fault::WrongCertificate)];
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, shared, fault).await;
            }
        }
    }
}

/// Closing the connection resets it.
fn reset_when_closed(stream: &TcpStream) -> std::io::Result<()> {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).map_err(Into::into)
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared, fault: Fault) {
    if matches!(fault, Fault::None | Fault::WrongCertificate) {
        if let Ok(mut upstream) = TcpStream::connect(&shared.upstream).await {
            let _ = upstream.set_nodelay(true);
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream).await;
        }
        return;
    }
    // Whatever is asked: the questions of these tests come in one piece.
    let mut question = vec![0; 65_536];
    if stream.read(&mut question).await.is_err() {
        return;
    }
    let head = |status: &str, length: usize, more: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n")
    };
    let json = "content-type: application/json\r\n";
    let whole = match fault {
        Fault::BlackHole => return std::future::pending().await,
        Fault::SlowDrip => {
            let _ = stream
                .write_all(head("200 OK", 1_000, json).as_bytes())
                .await;
            for byte in b"{\"active\":true,"
                .iter()
                .chain(std::iter::repeat_n(&b' ', 985))
            {
                tokio::time::sleep(Duration::from_millis(200)).await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
            return;
        }
        Fault::ResetHalfWay => {
            let half = head("200 OK", 1_000, json) + r#"{"active":true,"keys":["#;
            let _ = stream.write_all(half.as_bytes()).await;
            let _ = stream.flush().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            return;
        }
        Fault::ServerError => head("500 Internal Server Error", 0, ""),
        Fault::Limited => head("429 Too Many Requests", 0, ""),
        Fault::LimitedFor(seconds) => head(
            "429 Too Many Requests",
            0,
            &format!("retry-after: {seconds}\r\n"),
        ),
        Fault::WrongType => {
            let page = "<html><body>Please log in</body></html>";
            head("200 OK", page.len(), "content-type: text/html\r\n") + page
        }
        Fault::Huge => {
            let start = r#"{"active":true,"padding":""#;
            let padding = "x".repeat(HUGE);
            head("200 OK", HUGE + start.len() + 2, json) + start + &padding + "\"}"
        }
        Fault::None | Fault::Refused | Fault::WrongCertificate => return,
    };
    let _ = stream.write_all(whole.as_bytes()).await;
    let _ = stream.flush().await;
    let _ = stream.shutdown().await;
}
