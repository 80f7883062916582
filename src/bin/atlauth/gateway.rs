//! API Gateway, played on loopback: the routes, mappings and answers of the template, in front of
//! the authorizer and a product. For trying things out; it has none of API Gateway's limits on size
//! and rate, and none of its protection.
//!
//! A request is decided on in the order in which API Gateway does: [`api`] finds its route, [`cache`]
//! or [`ask`] what the authorizer says of the caller, [`iam`] whether that allows the route,
//! [`mapping`] what is sent on, and [`proxy`] sends it. [`template`] is where all of it is read from.

mod answers;
mod api;
mod ask;
mod cache;
mod call;
mod iam;
mod mapping;
mod proxy;
pub(crate) mod setup;
mod template;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use atlassian_authorizer::clock::Clock;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::ui::{Tone, Ui};

use answers::Kind;
pub(crate) use api::Api;
use api::{AuthorizerSpec, Integration, Route};
use ask::Answer;
pub(crate) use ask::{Asker, Audit};
use cache::Cache;
use call::Call;
use mapping::Outgoing;
pub(crate) use template::Template;

/// Where the API would be.
const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "123456789012";

/// Said with every response.
const WARNING: (&str, &str) = ("x-atlauth-local", "not for production");

/// A gateway in front of one or more products.
pub(crate) struct Gateway {
    /// One for each product: the template, evaluated for it alone.
    apis: Vec<Api>,
    asker: Asker,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    /// Is told of each request.
    seen: Box<dyn Fn(&Row) + Send + Sync>,
    cache: Cache,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// The authorizer's code; empty where it was not asked, or its audit log is elsewhere.
    pub(crate) code: String,
    /// The verified user; empty where there is none.
    pub(crate) username: String,
    pub(crate) decided_by: DecidedBy,
}

/// Who decided on a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DecidedBy {
    /// The gateway, without asking.
    Gateway,
    /// The authorizer.
    Authorizer,
    /// An answer that the authorizer gave before.
    Cache,
}

impl DecidedBy {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Authorizer => "authorizer",
            Self::Cache => "cache",
        }
    }
}

/// What is known of a caller, and from whom.
struct Word {
    answer: Arc<Answer>,
    decided_by: DecidedBy,
}

impl Gateway {
    /// Serves requests until the task is dropped.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        let router = Router::new().fallback(handle).with_state(self);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let listener = listener.tap_io(|stream| {
            // Only a matter of speed.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, service).await
    }

    async fn answer(&self, call: &Call, body: Body, row: &mut Row) -> Result<Response, Kind> {
        let found = self.apis.iter().find_map(|api| {
            let mut routes = api.routes.iter();
            routes.find_map(|route| Some((api, route, route.parameters(&call.path)?)))
        });
        let missing = Kind::MissingAuthenticationToken;
        let (api, route, parameters) = found.ok_or(missing)?;
        let operation = route.operation(&call.method).ok_or(missing)?;
        let mut context = &BTreeMap::new();
        let word;
        if let Some(authorizer) = &operation.authorizer {
            word = self
                .word(api, route, authorizer, call, &parameters, row)
                .await?;
            row.decided_by = word.decided_by;
            context = &word.answer.context;
            context
                .get("username")
                .map(String::as_str)
                .unwrap_or_default()
                .clone_into(&mut row.username);
            if !word.answer.policy.allows(&call.arn(&api.stage)) {
                return Err(Kind::AccessDenied);
            }
        }
        match &operation.integration {
            Integration::Mock(status) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
                Ok(response)
            }
            Integration::Proxy {
                uri,
                mappings,
                timeout,
            } => {
                let outgoing = Outgoing::new(uri, mappings, call, &parameters, context)
                    .map_err(|_| Kind::BadRequestParameters)?;
                proxy::send(&self.client, call.method.clone(), outgoing, body, *timeout).await
            }
        }
    }

    /// What the authorizer says of the caller, or said before.
    async fn word(
        &self,
        api: &Api,
        route: &Route,
        authorizer: &AuthorizerSpec,
        call: &Call,
        parameters: &BTreeMap<&str, &str>,
        row: &mut Row,
    ) -> Result<Word, Kind> {
        let none = BTreeMap::new();
        let sources = authorizer.sources.iter();
        let values: Option<Vec<String>> = sources
            .map(|source| source.value(call, parameters, &none).map(Into::into))
            .collect();
        let is_cached = authorizer.cache_seconds > 0;
        let key = match values {
            // Without an identity source nothing can be found in the cache, and nobody is asked.
            None if is_cached => return Err(Kind::Unauthorized),
            None => Vec::new(),
            Some(mut values) => {
                values.push(authorizer.name.clone());
                values
            }
        };
        if is_cached && let Some(answer) = self.cache.get(&key, self.clock.now()) {
            return Ok(Word {
                answer,
                decided_by: DecidedBy::Cache,
            });
        }
        row.decided_by = DecidedBy::Authorizer;
        let event = call.event(&api.stage, &route.resource, parameters);
        let asked = self.asker.ask(&event, &call.request_id).await;
        row.code = asked.code;
        let answer = Arc::new(asked.verdict?);
        if is_cached {
            let seconds = authorizer.cache_seconds;
            self.cache
                .put(key, Arc::clone(&answer), self.clock.now(), seconds);
        }
        Ok(Word {
            answer,
            decided_by: DecidedBy::Authorizer,
        })
    }
}

/// What [`show`] writes, as a head.
pub(crate) const ROW_HEAD: &str = "method  got code              username     decided by path";

/// One request in a row, the path last: it is as long as it is.
pub(crate) fn show(ui: &Ui, row: &Row) {
    let or_none = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    let tone = match row.status {
        ..400 => Tone::Good,
        400..500 => Tone::Warning,
        _ => Tone::Bad,
    };
    ui.line(&format!(
        "{:<7} {} {:<17} {:<12} {:<10} {}",
        row.method,
        ui.paint(tone, &row.status.to_string()),
        or_none(&row.code),
        or_none(&row.username),
        row.decided_by.as_str(),
        row.path,
    ));
}

/// Waits until somebody wants it to end.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = request_id();
    let call = Call::new(&parts, peer.ip(), request_id);
    let mut row = Row {
        method: call.method.to_string(),
        path: call.path.clone(),
        status: 0,
        code: String::new(),
        username: String::new(),
        decided_by: DecidedBy::Gateway,
    };
    let answered = gateway.answer(&call, body, &mut row).await;
    let mut response = answered.unwrap_or_else(|kind| {
        let api = gateway.apis.first();
        api.map_or_else(Response::default, |api| {
            api.answers.response(kind, &call.request_id)
        })
    });
    row.status = response.status().as_u16();
    (gateway.seen)(&row);
    let headers = response.headers_mut();
    headers.insert(WARNING.0, HeaderValue::from_static(WARNING.1));
    if let Ok(id) = HeaderValue::from_str(&call.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// A random id, in the form of a UUID as API Gateway's are.
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Ids that collide would only mix up two rows.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [(0, 4), (4, 6), (6, 8), (8, 10), (10, 16)]
        .iter()
        .map(|(start, end)| hex.get(*start..*end).unwrap_or_default().concat())
        .collect::<Vec<_>>()
        .join("-")
}
