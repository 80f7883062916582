//! Invoking the authorizer: in this process, or through `cargo lambda watch`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::Clock;
use atlassian_authorizer::deployment::{CacheSeconds, Deployment};
use atlassian_authorizer::error::Refusal;
use atlassian_authorizer::http::{Endpoint, HttpClient};
use atlassian_authorizer::store::Source;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::answers::Kind;
use crate::iam::PolicyDocument;

/// The most bytes of an answer that API Gateway takes.
const MAX_ANSWER: usize = 8_192;

/// Who decides.
pub enum AuthorizerFunction {
    /// An authorizer in this process, and what it writes to its audit log.
    InProcess(Box<Authorizer>, Audit),
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
    /// The audit line's code; empty where it is not known.
    pub(crate) code: String,
}

impl AuthorizerFunction {
    /// An authorizer in this process, set up as the APIs of these products are: how long each uses an
    /// answer again.
    pub fn in_process(
        source: Source,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        audit: Audit,
        apis: &[(&str, u32)],
    ) -> Self {
        let mut seconds = CacheSeconds::default();
        for (id, cache_seconds) in apis {
            seconds = seconds.with(id, *cache_seconds);
        }
        let options = Deployment {
            cache_seconds: seconds,
            // As the template's identity sources are.
            cached_by_source_ip: true,
            ..Deployment::default()
        };
        let log = AuditLog::new(Box::new(audit.clone()));
        let authorizer = Authorizer::new(source, http, clock, log, options);
        Self::InProcess(Box::new(authorizer), audit)
    }

    pub(crate) async fn invoke(&self, event: &Json, request_id: &str) -> Invocation {
        match self {
            Self::InProcess(authorizer, audit) => {
                let answer = authorizer.authorize(&event.to_string(), request_id).await;
                Invocation {
                    output: match answer {
                        Ok(answer) => AuthorizerOutput::read(answer.get()),
                        Err(Refusal::Denied(_)) => Err(Kind::Unauthorized),
                        Err(Refusal::Failed(_)) => Err(Kind::AuthorizerFailure),
                    },
                    code: audit.take(request_id),
                }
            }
            Self::Invoke(client, url) => Invocation {
                output: invoke_by_http(client, url, event).await,
                code: String::new(),
            },
        }
    }
}

/// One invocation by Lambda's Invoke API. It may take long: `cargo lambda watch` builds the function
/// for the first.
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

/// The audit log of an authorizer in this process: its codes by request, and a file if one is
/// wanted.
#[derive(Clone, Default)]
pub struct Audit(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    codes: HashMap<String, String>,
    file: Option<File>,
}

impl Audit {
    /// Writes the lines to a file, too.
    pub fn to(file: Option<File>) -> Self {
        let codes = HashMap::new();
        Self(Arc::new(Mutex::new(State { codes, file })))
    }

    /// The code of a request's line, which is then forgotten.
    fn take(&self, request_id: &str) -> String {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.codes.remove(request_id).unwrap_or_default()
    }
}

impl Write for Audit {
    /// Takes one line: the audit log writes each as a whole.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        #[derive(Deserialize)]
        struct Line {
            request_id: String,
            code: String,
        }

        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(line) = serde_json::from_slice::<Line>(line) {
            state.codes.insert(line.request_id, line.code);
        }
        if let Some(file) = &mut state.file {
            file.write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
