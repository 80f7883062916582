//! The gateway: decides on a request in the order in which API Gateway does.

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
use base64::Engine;
use tokio::net::TcpListener;

use crate::answers::{Ids, Kind};
use crate::api::{Api, AuthorizerConfig, Integration, Route};
use crate::authorizer::{AuthorizerFunction, AuthorizerOutput};
use crate::cache::Cache;
use crate::mapping::{IntegrationRequest, Sources};
use crate::method_request::MethodRequest;
use crate::proxy;

/// Said with every response.
const WARNING: (&str, &str) = ("x-atlauth-local", "not for production");

/// A gateway in front of one or more products.
pub struct Gateway {
    /// One for each product: the template, evaluated for it alone.
    apis: Vec<Api>,
    authorizer: AuthorizerFunction,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    /// Is told of each request.
    log: Box<dyn Fn(&AccessLogEntry) + Send + Sync>,
    cache: Cache,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct AccessLogEntry {
    /// The method.
    pub method: String,
    /// The path, as it came.
    pub path: String,
    /// What was answered.
    pub status: u16,
    /// The authorizer's code; empty where it was not asked, or its audit log is elsewhere.
    pub code: String,
    /// The verified user; empty where there is none.
    pub username: String,
    /// The decision's name in the audit line; empty where no authorizer was asked, or where it did not
    /// tell.
    pub decision_id: String,
    /// The gateway's own id of the request, which no caller can choose.
    pub extended_request_id: String,
    /// Who decided.
    pub decided_by: DecidedBy,
}

/// Who decided on a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DecidedBy {
    /// The gateway, without asking.
    Gateway,
    /// The authorizer.
    Authorizer,
    /// An answer that the authorizer gave before.
    Cache,
}

impl DecidedBy {
    /// The name, as logs have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Authorizer => "authorizer",
            Self::Cache => "cache",
        }
    }
}

/// What is known of a caller, and from whom.
struct AuthorizerResult {
    output: Arc<AuthorizerOutput>,
    decided_by: DecidedBy,
}

impl Gateway {
    /// A gateway whose cache is empty.
    pub fn new(
        apis: Vec<Api>,
        authorizer: AuthorizerFunction,
        client: reqwest::Client,
        clock: Arc<dyn Clock>,
        log: Box<dyn Fn(&AccessLogEntry) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self {
            apis,
            authorizer,
            client,
            clock,
            log,
            cache: Cache::default(),
        })
    }

    /// Serves requests until the task is dropped.
    ///
    /// # Errors
    ///
    /// When it can't listen any more.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        let router = Router::new().fallback(handle).with_state(self);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let listener = listener.tap_io(|stream| {
            // Only a matter of speed.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, service).await
    }

    async fn answer(
        &self,
        request: &MethodRequest,
        body: Body,
        entry: &mut AccessLogEntry,
    ) -> Result<Response, Kind> {
        let found = self
            .apis
            .iter()
            .find_map(|api| Some((api, api.find(&request.method, &request.path)?)));
        let (api, found) = found.ok_or(Kind::MissingAuthenticationToken)?;
        let operation = found.operation;
        let mut context = &BTreeMap::new();
        let authorized;
        if let Some(authorizer) = &operation.authorizer {
            let sources = Sources {
                stage: &api.stage,
                request,
                parameters: &found.parameters,
                context,
            };
            authorized = self
                .authorize(found.route, authorizer, sources, entry)
                .await?;
            entry.decided_by = authorized.decided_by;
            context = &authorized.output.context;
            for (name, value) in [
                ("username", &mut entry.username),
                ("decision_id", &mut entry.decision_id),
            ] {
                let told = context.get(name).map(String::as_str);
                told.unwrap_or_default().clone_into(value);
            }
            if !authorized.output.policy.allows(&request.arn(&api.stage)) {
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
                let sources = Sources {
                    stage: &api.stage,
                    request,
                    parameters: &found.parameters,
                    context,
                };
                let outgoing = IntegrationRequest::new(uri, mappings, sources)
                    .map_err(|_| Kind::BadRequestParameters)?;
                proxy::send(
                    &self.client,
                    request.method.clone(),
                    outgoing,
                    body,
                    *timeout,
                )
                .await
            }
        }
    }

    /// What the authorizer says of the caller, or said before.
    async fn authorize(
        &self,
        route: &Route,
        authorizer: &AuthorizerConfig,
        sources: Sources<'_>,
        entry: &mut AccessLogEntry,
    ) -> Result<AuthorizerResult, Kind> {
        let identity = authorizer.sources.iter();
        let values: Option<Vec<String>> = identity
            .map(|source| source.value(sources).map(Into::into))
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
        if is_cached && let Some(output) = self.cache.get(&key, self.clock.now()) {
            return Ok(AuthorizerResult {
                output,
                decided_by: DecidedBy::Cache,
            });
        }
        entry.decided_by = DecidedBy::Authorizer;
        let request = sources.request;
        let event = request.event(sources.stage, &route.resource, sources.parameters);
        let invocation = self.authorizer.invoke(&event, &request.request_id).await;
        entry.code = invocation.code;
        entry.decision_id = invocation.decision_id;
        let output = Arc::new(invocation.output?);
        if is_cached {
            let seconds = authorizer.cache_seconds;
            self.cache
                .put(key, Arc::clone(&output), self.clock.now(), seconds);
        }
        Ok(AuthorizerResult {
            output,
            decided_by: DecidedBy::Authorizer,
        })
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = request_id();
    let request = MethodRequest::new(&parts, peer.ip(), request_id);
    let mut entry = AccessLogEntry {
        method: request.method.to_string(),
        path: request.path.clone(),
        status: 0,
        code: String::new(),
        username: String::new(),
        decision_id: String::new(),
        extended_request_id: extended_request_id(),
        decided_by: DecidedBy::Gateway,
    };
    let answered = gateway.answer(&request, body, &mut entry).await;
    let mut response = answered.unwrap_or_else(|kind| {
        let api = gateway.apis.first();
        api.map_or_else(Response::default, |api| {
            // As API Gateway, whose 401 and 500 have nothing of the authorizer.
            let is_decided = matches!(kind, Kind::AccessDenied);
            let ids = Ids {
                request: &request.request_id,
                extended: &entry.extended_request_id,
                decision: if is_decided { &entry.decision_id } else { "" },
            };
            api.answers.response(kind, &ids)
        })
    });
    entry.status = response.status().as_u16();
    (gateway.log)(&entry);
    let headers = response.headers_mut();
    headers.insert(WARNING.0, HeaderValue::from_static(WARNING.1));
    for (name, id) in [
        ("x-amzn-requestid", &request.request_id),
        ("x-amz-apigw-id", &entry.extended_request_id),
    ] {
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(name, id);
        }
    }
    response
}

/// As API Gateway's extended ids are: eleven bytes in base64.
fn extended_request_id() -> String {
    let mut bytes = [0; 11];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A random UUID, as API Gateway's ids are.
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Ids that collide would only mix up two entries.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
