//! Settings from SSM Parameter Store.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use tokio::sync::OnceCell;

#[cfg(feature = "cli")]
use crate::authenticate::api_token::TokenId;
use crate::http::{Deadline, FetchError, HttpClient, TOTAL_DEADLINE};
use crate::settings::Tree;
use crate::settings::source::{LoadError, RecordName};

/// The longest that one try may take; a slow one is then repeated.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// The first try and its repetitions.
const MAX_ATTEMPTS: u32 = 5;
/// The pause before the first repetition; it doubles, with jitter.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// SSM returns at most ten parameters a page.
const PAGE_SIZE: i32 = 10;
/// The most pages that are followed: 500 parameters.
const MAX_PAGES: usize = 50;
/// The largest answer of SSM that is read: ten parameters of 8 KB are about 100 KB.
const MAX_ANSWER: usize = 1024 * 1024;

/// All parameters below a prefix.
pub struct SsmSource {
    prefix: String,
    http: HttpClient,
    client: OnceCell<Client>,
}

impl SsmSource {
    /// Parameters below `/a/path`; `None` when the prefix is no such path.
    pub(crate) fn new(prefix: &str, http: &HttpClient) -> Option<Self> {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let well_formed = prefix.len() > 1
            && prefix.starts_with('/')
            && !prefix.contains("//")
            && prefix
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte));
        well_formed.then(|| Self {
            prefix: prefix.to_owned(),
            http: http.clone(),
            client: OnceCell::new(),
        })
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) async fn read(&self, deadline: Deadline) -> Result<Tree, LoadError> {
        within(deadline, Box::pin(self.pages())).await
    }

    /// One record; `None` where there is no such parameter.
    pub(crate) async fn read_record(
        &self,
        name: RecordName<'_>,
        deadline: Deadline,
    ) -> Result<Option<String>, LoadError> {
        let work = Box::pin(async {
            let client = self.client.get_or_init(|| client(&self.http)).await;
            let answer = client
                .get_parameter()
                .name(self.record_name(name))
                .with_decryption(true)
                .send()
                .await;
            match answer {
                Ok(answer) => {
                    let value = answer.parameter.and_then(|parameter| parameter.value);
                    value
                        .map(Some)
                        .ok_or_else(|| LoadError::Ssm("a parameter has no value".to_owned()))
                }
                Err(SdkError::ServiceError(error)) if error.err().is_parameter_not_found() => {
                    Ok(None)
                }
                Err(error) => Err(load_error(&error)),
            }
        });
        within(deadline, work).await
    }

    /// Writes the record of a new API token; SSM refuses a name that is taken.
    #[cfg(feature = "cli")]
    pub(crate) async fn write_token(
        &self,
        id: &TokenId,
        record: &str,
        deadline: Deadline,
    ) -> Result<(), LoadError> {
        let work = Box::pin(async {
            let client = self.client.get_or_init(|| client(&self.http)).await;
            let request = client
                .put_parameter()
                .name(self.record_name(RecordName::ApiToken(id)))
                .value(record)
                .overwrite(false);
            let answer = request
                .r#type(aws_sdk_ssm::types::ParameterType::String)
                .send()
                .await;
            answer.map(drop).map_err(|error| load_error(&error))
        });
        within(deadline, work).await
    }

    /// Deletes the record of an API token; `false` where there is none.
    #[cfg(feature = "cli")]
    pub(crate) async fn delete_token(
        &self,
        id: &TokenId,
        deadline: Deadline,
    ) -> Result<bool, LoadError> {
        let work = Box::pin(async {
            let client = self.client.get_or_init(|| client(&self.http)).await;
            match client
                .delete_parameter()
                .name(self.record_name(RecordName::ApiToken(id)))
                .send()
                .await
            {
                Ok(_) => Ok(true),
                Err(SdkError::ServiceError(error)) if error.err().is_parameter_not_found() => {
                    Ok(false)
                }
                Err(error) => Err(load_error(&error)),
            }
        });
        within(deadline, work).await
    }

    fn record_name(&self, name: RecordName<'_>) -> String {
        format!("{}-{}/{}", self.prefix, name.folder(), name.last_part())
    }

    async fn pages(&self) -> Result<Tree, LoadError> {
        let client = self.client.get_or_init(|| client(&self.http)).await;
        let mut documents = Vec::new();
        let mut next_token = None;
        for _ in 0..MAX_PAGES {
            let page = client
                .get_parameters_by_path()
                .path(&self.prefix)
                .recursive(true)
                .with_decryption(true)
                .max_results(PAGE_SIZE)
                .set_next_token(next_token)
                .send()
                .await
                .map_err(|error| load_error(&error))?;
            for parameter in page.parameters.unwrap_or_default() {
                let name = parameter
                    .name
                    .as_deref()
                    .and_then(|name| name.strip_prefix(&self.prefix))
                    .and_then(|name| name.strip_prefix('/'));
                let (Some(name), Some(value)) = (name, parameter.value) else {
                    // A tree with a part missing could allow what the whole would not.
                    return Err(LoadError::Ssm(
                        "a parameter has no value, or a name outside of the prefix".to_owned(),
                    ));
                };
                documents.push((name.to_owned(), value));
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(documents.into_iter().collect());
            }
        }
        Err(LoadError::Ssm(format!(
            "there are more than {MAX_PAGES} pages of parameters below the prefix"
        )))
    }
}

/// Does some work with SSM, within the deadline. The SDK's futures take 10 KB and more: on the heap,
/// they are not part of the future of every event.
async fn within<T>(
    deadline: Deadline,
    work: Pin<Box<impl Future<Output = Result<T, LoadError>>>>,
) -> Result<T, LoadError> {
    tokio::time::timeout(deadline.left(TOTAL_DEADLINE), work)
        .await
        .unwrap_or(Err(LoadError::SsmTimeout))
}

impl fmt::Debug for SsmSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SsmSource")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

async fn client(http: &HttpClient) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(SdkHttp(http.clone()))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(MAX_ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(Duration::from_secs(1)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await;
    Client::new(&config)
}

/// What went wrong, by SSM's error code where it gave one. Its messages can name the role and the
/// parameters, which an operator needs; they hold no values.
fn load_error<E, R>(error: &SdkError<E, R>) -> LoadError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug,
{
    match error {
        SdkError::ServiceError(service) => {
            let metadata = service.err().meta();
            let code = metadata.code().unwrap_or("no error code");
            let message = metadata.message().unwrap_or("no message");
            LoadError::Ssm(format!("{code}: {message}"))
        }
        SdkError::TimeoutError(_) => LoadError::SsmTimeout,
        SdkError::DispatchFailure(failure) => {
            let reason = failure.as_connector_error().map_or_else(
                || "no connection".to_owned(),
                |error| DisplayErrorContext(error).to_string(),
            );
            LoadError::Ssm(reason)
        }
        _ => LoadError::Ssm("the answer could not be read".to_owned()),
    }
}

/// Lets the SDK speak through our HTTP client.
#[derive(Clone, Debug)]
struct SdkHttp(HttpClient);

impl aws_smithy_runtime_api::client::http::HttpClient for SdkHttp {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // Time limits are the SDK's own, per attempt, and the deadline around all of them.
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SdkHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let user_error = |error: &'static str| ConnectorError::user(error.into());
            let request = request
                .try_into_http1x()
                .map_err(|_| user_error("the request can't be sent"))?;
            let (head, body) = request.into_parts();
            let body = body
                .bytes()
                .ok_or_else(|| user_error("a streaming request"))?
                .to_vec();
            let answer = http
                .send(http::Request::from_parts(head, body), MAX_ANSWER)
                .await
                .map_err(connector_error)?;
            HttpResponse::try_from(answer.map(SdkBody::from))
                .map_err(|_| user_error("the answer can't be read"))
        })
    }
}

fn connector_error(error: FetchError) -> ConnectorError {
    match error {
        FetchError::Connection => ConnectorError::io(error.into()),
        other => ConnectorError::other(other.into(), None),
    }
}
