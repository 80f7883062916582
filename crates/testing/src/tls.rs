//! A CA of the tests' own, and a server that shows certificates by it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tokens::pem;

/// A CA.
pub struct Authority {
    /// Its certificate, as an operator writes it into the settings.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes one, with a key of its own.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: pem("CERTIFICATE", certificate.der()),
            issuer: Issuer::new(params, key),
        }
    }

    /// A server's side of TLS, with a certificate for this name or address.
    pub(crate) fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Connections whose handshake succeeded; others are dropped.
pub struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    distance: Duration,
    accepted: Arc<AtomicUsize>,
}

impl TlsListener {
    /// With a certificate for this name or address.
    pub fn new(listener: TcpListener, authority: &Authority, name: &str) -> Self {
        Self {
            listener,
            acceptor: authority.acceptor(name),
            distance: Duration::ZERO,
            accepted: Arc::default(),
        }
    }

    /// The same, as far away as this: each handshake waits so long before it begins.
    #[must_use]
    pub fn at_distance(mut self, distance: Duration) -> Self {
        self.distance = distance;
        self
    }

    /// Counts the connections whose handshake succeeded.
    pub fn accepted(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.accepted)
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::time::sleep(self.distance).await;
            if let Ok(stream) = self.acceptor.accept(stream).await {
                self.accepted.fetch_add(1, Ordering::SeqCst);
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
