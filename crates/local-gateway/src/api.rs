//! The API that a template describes: its routes, whom they ask and what they send on.
//!
//! Source: [API Gateway's extensions to OpenAPI](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html).

mod route;

use std::collections::BTreeMap;
use std::time::Duration;

use atlassian_authorizer::deployment::CacheKey;
use axum::http::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::answers::{Answers, RawAnswer, status};
use crate::mapping::{Mapping, ParameterSource};
use crate::template::{Stack, TemplateError};
use route::Found;
pub(crate) use route::Route;

/// What a REST API does where an integration names no limit.
const DEFAULT_TIMEOUT: u64 = 29_000;

/// An API with its routes and the answers that it gives itself.
pub struct Api {
    pub(crate) stage: String,
    /// The most specific first.
    routes: Vec<Route>,
    pub(crate) answers: Answers,
}

/// What a route does with a method.
pub(crate) struct Operation {
    /// Who is asked first, if anyone.
    pub(crate) authorizer: Option<AuthorizerConfig>,
    pub(crate) integration: Integration,
}

/// An authorizer as the template sets it up.
#[derive(Clone)]
pub(crate) struct AuthorizerConfig {
    /// Its name: each has a cache of its own.
    pub(crate) name: String,
    pub(crate) sources: Vec<ParameterSource>,
    pub(crate) cache_seconds: u32,
}

/// Who answers a request that is allowed.
pub(crate) enum Integration {
    /// The product.
    Proxy {
        /// With `{name}` for what mappings put there.
        uri: String,
        mappings: Vec<Mapping>,
        timeout: Duration,
    },
    /// The gateway itself, with this status.
    Mock(u16),
}

impl Api {
    /// Reads the REST API of an evaluated template.
    pub(crate) fn read(stack: &Stack<'_>) -> Result<Self, TemplateError> {
        let properties = stack.properties("AWS::Serverless::Api")?;
        let raw: RawApi = serde_json::from_value(properties)
            .map_err(|error| TemplateError::new(format!("its API is not as expected: {error}")))?;
        let schemes = &raw.definition.components.schemes;
        let mut routes = Vec::new();
        for (resource, members) in &raw.definition.paths {
            let mut methods = BTreeMap::new();
            for (name, member) in members {
                if let Some(method) = method_of(name) {
                    let operation = Operation::read(member, schemes).map_err(|error| {
                        TemplateError::new(format!("{resource} {name}: {error}"))
                    })?;
                    methods.insert(method, operation);
                }
            }
            routes.push(Route {
                resource: resource.clone(),
                methods,
            });
        }
        routes.sort_by_key(Route::order);
        Ok(Self {
            stage: raw.stage,
            routes,
            answers: Answers::new(raw.definition.answers),
        })
    }

    /// How long an answer of the authorizer is used again; 0 without an authorizer.
    pub fn cache_seconds(&self) -> u32 {
        self.authorizers()
            .map(|authorizer| authorizer.cache_seconds)
            .max()
            .unwrap_or_default()
    }

    /// What an answer of the authorizer is found by, beside the caller's address: the route where
    /// method and path are among all identity sources, else the token.
    pub fn cache_key(&self) -> CacheKey {
        let route = [ParameterSource::Method, ParameterSource::ContextPath];
        if route.iter().all(|source| self.is_cached_by(source)) {
            CacheKey::Route
        } else {
            CacheKey::Token
        }
    }

    /// Whether an answer of the authorizer is used again for the same address alone.
    pub fn is_cached_by_source_ip(&self) -> bool {
        self.is_cached_by(&ParameterSource::Caller)
    }

    fn is_cached_by(&self, source: &ParameterSource) -> bool {
        let mut authorizers = self.authorizers().peekable();
        authorizers.peek().is_some()
            && authorizers.all(|authorizer| authorizer.sources.contains(source))
    }

    /// Whether the product is told in the query whom a signature is for.
    pub fn sends_requestor(&self) -> bool {
        let requestor = ParameterSource::Authorizer("xoauth_requestor_id".to_owned());
        self.operations()
            .any(|(_, _, operation)| match &operation.integration {
                Integration::Proxy { mappings, .. } => {
                    mappings.iter().any(|mapping| mapping.source == requestor)
                }
                Integration::Mock(_) => false,
            })
    }

    /// What reaches the product without a credential: routes such as `GET /status`, below the
    /// API's path.
    pub fn public_routes(&self) -> impl Iterator<Item = String> {
        let path = self.path().unwrap_or_default();
        self.operations()
            .filter(|(_, _, operation)| {
                operation.authorizer.is_none()
                    && matches!(operation.integration, Integration::Proxy { .. })
            })
            .filter_map(move |(resource, method, _)| {
                Some(format!("{method} {}", resource.strip_prefix(path)?))
            })
    }

    /// The path that all of the API lies below: what stands before `/{proxy+}`.
    pub fn path(&self) -> Option<&str> {
        let mut resources = self.routes.iter().map(|route| route.resource.as_str());
        resources.find_map(|resource| resource.strip_suffix("/{proxy+}"))
    }

    /// What is done with a request.
    pub(crate) fn find<'a, 'p>(&'a self, method: &Method, path: &'p str) -> Option<Found<'a, 'p>> {
        route::find(&self.routes, method, path)
    }

    fn authorizers(&self) -> impl Iterator<Item = &AuthorizerConfig> {
        self.operations()
            .filter_map(|(_, _, operation)| operation.authorizer.as_ref())
    }

    fn operations(&self) -> impl Iterator<Item = (&str, &str, &Operation)> {
        self.routes.iter().flat_map(|route| {
            let methods = route.methods.iter();
            methods.map(|(method, operation)| (route.resource.as_str(), method.as_str(), operation))
        })
    }
}

impl Operation {
    fn read(member: &Json, schemes: &BTreeMap<String, RawScheme>) -> Result<Self, String> {
        let raw = RawOperation::deserialize(member).map_err(|error| error.to_string())?;
        let names = raw.security.iter().flat_map(BTreeMap::keys);
        let mut authorizers = names.filter_map(|name| {
            let authorizer = schemes.get(name)?.authorizer.as_ref()?;
            Some(authorizer.read(name))
        });
        let integration = raw.integration;
        Ok(Self {
            authorizer: authorizers.next().transpose()?,
            integration: match (integration.kind.as_str(), integration.uri) {
                ("http_proxy", Some(uri)) => Integration::Proxy {
                    uri,
                    mappings: integration
                        .parameters
                        .iter()
                        .map(|(to, from)| Mapping::read(to, from))
                        .collect::<Result<_, _>>()?,
                    timeout: Duration::from_millis(integration.timeout.unwrap_or(DEFAULT_TIMEOUT)),
                },
                ("mock", _) => {
                    let response = integration.responses.get("default");
                    Integration::Mock(response.map_or(200, |response| response.status))
                }
                (other, _) => return Err(format!("an integration `{other}` is not played here")),
            },
        })
    }
}

/// `ANY` for the extension that means it, `None` for what is no method.
fn method_of(name: &str) -> Option<String> {
    match name {
        "x-amazon-apigateway-any-method" => Some("ANY".to_owned()),
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch" => {
            Some(name.to_ascii_uppercase())
        }
        _ => None,
    }
}

#[derive(Deserialize)]
struct RawApi {
    #[serde(rename = "StageName")]
    stage: String,
    #[serde(rename = "DefinitionBody")]
    definition: Definition,
}

#[derive(Deserialize)]
struct Definition {
    #[serde(default, rename = "x-amazon-apigateway-gateway-responses")]
    answers: BTreeMap<String, RawAnswer>,
    #[serde(default)]
    components: Components,
    paths: BTreeMap<String, BTreeMap<String, Json>>,
}

#[derive(Default, Deserialize)]
struct Components {
    #[serde(default, rename = "securitySchemes")]
    schemes: BTreeMap<String, RawScheme>,
}

#[derive(Deserialize)]
struct RawScheme {
    #[serde(rename = "x-amazon-apigateway-authorizer")]
    authorizer: Option<RawAuthorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAuthorizer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    identity_source: String,
    #[serde(default = "default_cache", rename = "authorizerResultTtlInSeconds")]
    cache_seconds: u32,
}

/// What API Gateway does where nothing is said.
const fn default_cache() -> u32 {
    300
}

impl RawAuthorizer {
    fn read(&self, name: &str) -> Result<AuthorizerConfig, String> {
        if self.kind != "request" {
            return Err(format!("an authorizer `{}` is not played here", self.kind));
        }
        let sources = self.identity_source.split(',').map(str::trim);
        Ok(AuthorizerConfig {
            name: name.to_owned(),
            sources: sources
                .filter(|source| !source.is_empty())
                .map(ParameterSource::read)
                .collect::<Result<_, _>>()?,
            cache_seconds: self.cache_seconds,
        })
    }
}

#[derive(Deserialize)]
struct RawOperation {
    #[serde(default)]
    security: Vec<BTreeMap<String, Json>>,
    #[serde(rename = "x-amazon-apigateway-integration")]
    integration: RawIntegration,
}

#[derive(Deserialize)]
struct RawIntegration {
    #[serde(rename = "type")]
    kind: String,
    uri: Option<String>,
    #[serde(default, rename = "requestParameters")]
    parameters: BTreeMap<String, String>,
    #[serde(rename = "timeoutInMillis")]
    timeout: Option<u64>,
    #[serde(default)]
    responses: BTreeMap<String, RawResponse>,
}

#[derive(Deserialize)]
struct RawResponse {
    #[serde(rename = "statusCode", deserialize_with = "status")]
    status: u16,
}
