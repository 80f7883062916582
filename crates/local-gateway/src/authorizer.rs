//! Invoking the authorizer: in this process, or through `cargo lambda watch`.

use std::collections::BTreeMap;
use std::sync::Arc;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::Clock;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::error::Refusal;
use atlassian_authorizer::http::{Endpoint, HttpClient};
use atlassian_authorizer::store::Source;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::answers::Kind;
use crate::api::Api;
use crate::iam::PolicyDocument;

/// The most bytes of an answer that API Gateway takes.
const MAX_ANSWER: usize = 8_192;

/// Who decides.
pub enum AuthorizerFunction {
    /// An authorizer in this process.
    InProcess(Box<Authorizer>),
    /// A function behind the Invoke API.
    Invoke(reqwest::Client, Endpoint),
}

/// What the authorizer said of a caller.
pub(crate) struct AuthorizerOutput {
    pub(crate) policy: PolicyDocument,
    pub(crate) context: BTreeMap<String, String>,
}

/// What came of an invocation.
pub(crate) struct Invocation {
    pub(crate) output: Result<AuthorizerOutput, Kind>,
    /// The code of the decision; empty where it is not known.
    pub(crate) code: String,
    /// The decision's name; empty where it is not known.
    pub(crate) decision_id: String,
}

/// What the function's environment says where the APIs of these products are deployed.
pub fn deployment(apis: &[(&str, &Api)]) -> Deployment {
    let mut deployment = Deployment {
        cached_by_source_ip: apis.iter().all(|(_, api)| api.is_cached_by_source_ip()),
        ..Deployment::default()
    };
    let mut signed = Vec::new();
    for (id, api) in apis {
        deployment.cache_seconds = deployment.cache_seconds.with(id, api.cache_seconds());
        deployment.cache_keys = deployment.cache_keys.with(id, api.cache_key());
        signed.extend(api.sends_requestor().then(|| (*id).to_owned()));
    }
    deployment.oauth1_products = Some(signed);
    deployment
}

impl AuthorizerFunction {
    /// An authorizer in this process, set up as the APIs of these products are.
    pub fn in_process(
        source: Source,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        audit: AuditLog,
        apis: &[(&str, &Api)],
    ) -> Self {
        let deployment = Deployment {
            // A product of another name may hold the API's, and the API sends what that one's
            // settings need.
            oauth1_products: None,
            ..deployment(apis)
        };
        let authorizer = Authorizer::new(source, http, clock, audit, deployment);
        Self::InProcess(Box::new(authorizer))
    }

    pub(crate) async fn invoke(&self, event: &Json, request_id: &str) -> Invocation {
        match self {
            Self::InProcess(authorizer) => {
                let record = authorizer.explain(&event.to_string(), request_id).await;
                Invocation {
                    code: record.code().to_owned(),
                    decision_id: record.id.as_str().to_owned(),
                    output: match record.answer {
                        Ok(answer) => AuthorizerOutput::read(answer.get()),
                        Err(Refusal::Denied(_)) => Err(Kind::Unauthorized),
                        Err(Refusal::Forbidden(_) | Refusal::Failed(_)) => {
                            Err(Kind::AuthorizerFailure)
                        }
                    },
                }
            }
            Self::Invoke(client, url) => Invocation {
                output: invoke_by_http(client, url, event).await,
                code: String::new(),
                decision_id: String::new(),
            },
        }
    }
}

/// One invocation by Lambda's Invoke API. It may take long: `cargo lambda watch` builds the
/// function for the first.
async fn invoke_by_http(
    client: &reqwest::Client,
    url: &Endpoint,
    event: &Json,
) -> Result<AuthorizerOutput, Kind> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failed {
        error_message: String,
    }

    let request = client.post(url.as_str()).body(event.to_string());
    let request = request.header("content-type", "application/json");
    let failed = |_| Kind::AuthorizerFailure;
    let response = request.send().await.map_err(failed)?;
    let text = response.text().await.map_err(failed)?;
    match serde_json::from_str::<Failed>(&text) {
        // Any other text is a failure to API Gateway, even one that begins like this.
        Ok(failed) if failed.error_message == "Unauthorized" => Err(Kind::Unauthorized),
        Ok(_) => Err(Kind::AuthorizerFailure),
        Err(_) => AuthorizerOutput::read(&text),
    }
}

impl AuthorizerOutput {
    /// Reads an answer as strictly as API Gateway does.
    fn read(text: &str) -> Result<Self, Kind> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            #[serde(rename = "principalId")]
            _principal_id: String,
            policy_document: PolicyDocument,
            #[serde(default)]
            context: BTreeMap<String, Json>,
        }

        let misconfigured = Kind::AuthorizerConfigurationError;
        if text.len() > MAX_ANSWER {
            return Err(misconfigured);
        }
        let raw: Raw = serde_json::from_str(text).map_err(|_| misconfigured)?;
        let members = raw.context.into_iter().map(|(name, value)| match value {
            Json::String(text) => Ok((name, text)),
            Json::Number(_) | Json::Bool(_) => Ok((name, value.to_string())),
            Json::Null | Json::Array(_) | Json::Object(_) => Err(misconfigured),
        });
        Ok(Self {
            context: members.collect::<Result<_, _>>()?,
            policy: raw.policy_document,
        })
    }
}
