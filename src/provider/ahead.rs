//! What is fetched from providers ahead of the first token.
//!
//! While Lambda starts an instance it has a whole core; afterwards its memory's share of one. So what
//! the first caller would wait for is done before: keys are fetched, and servers that are asked about
//! tokens are connected to.

use std::pin::Pin;

use futures_util::future::join_all;

use super::Registry;
use crate::http::{Endpoint, FetchContext, HttpClient};

/// The most JWKS documents that are fetched ahead, and the most servers that are connected to.
const MOST: usize = 16;

/// Something that is done ahead.
type Ahead<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Registry {
    /// Fetches the keys of the first 16 sources, in the order of the providers and all at once. With
    /// `connect` it also connects to the first 16 servers that will be asked about tokens. It ends by
    /// the context's deadline. What fails is logged, and done by the first event that needs it.
    pub async fn prepare(&self, connect: bool, context: FetchContext<'_>) {
        let caches: Vec<_> = self.fetched_keys().into_iter().take(MOST).collect();
        let mut ahead: Vec<Ahead<'_>> = Vec::new();
        for cache in &caches {
            ahead.push(Box::pin(cache.prepare(context)));
        }
        let servers = if connect { self.servers() } else { Vec::new() };
        for (http, endpoint) in servers.into_iter().take(MOST) {
            // The connection that keys came by serves again.
            let has_keys = |keys: &Endpoint| keys.is_of_server_of(endpoint);
            if !caches
                .iter()
                .any(|cache| cache.source().endpoint().is_some_and(has_keys))
            {
                ahead.push(Box::pin(
                    http.unwrap_or(context.http)
                        .connect(endpoint, context.deadline),
                ));
            }
        }
        join_all(ahead).await;
    }

    /// The servers that are asked about tokens by TLS, whose handshake is what takes long.
    fn servers(&self) -> Vec<(Option<&HttpClient>, &Endpoint)> {
        let mut servers: Vec<(Option<&HttpClient>, &Endpoint)> = Vec::new();
        for (_, provider) in self.providers() {
            for way in provider.opaque.iter().chain(&provider.online) {
                let first = way.endpoints().into_iter().next();
                let endpoint = first
                    .map(|first| first.endpoint)
                    .filter(|one| one.is_https());
                let is_new =
                    |one: &&Endpoint| !servers.iter().any(|(_, known)| known.is_of_server_of(one));
                if let Some(endpoint) = endpoint.filter(is_new) {
                    servers.push((provider.http.as_ref(), endpoint));
                }
            }
        }
        servers
    }
}
