//! The SDK's client: with the credentials of a Lambda function, and through our HTTP client.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::http::{FetchError, HttpClient};

/// The longest that one try may take; a slow one is then repeated.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// The largest answer of SSM that is read: ten parameters of 8 KB are about 100 KB.
const MAX_ANSWER: usize = 1024 * 1024;

/// A client with what Lambda gives a function in its environment: region and credentials, and
/// where to find SSM if not at its usual place. There is nothing else for a function to be found,
/// and the SDK's own search for more would take a seventh of the binary.
pub(super) async fn client(http: &HttpClient) -> Client {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let flag = |name| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let endpoint = variable("AWS_ENDPOINT_URL_SSM").or_else(|| variable("AWS_ENDPOINT_URL"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(variable("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .use_fips(flag("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(flag("AWS_USE_DUALSTACK_ENDPOINT"))
        .http_client(sdk_http(http))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        // The source repeats calls itself, for it knows how much time there is (`tries`).
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(endpoint);
    Client::new(&config.build())
}

/// Lets the SDK speak through our HTTP client.
pub fn sdk_http(http: &HttpClient) -> SharedHttpClient {
    SharedHttpClient::new(SdkHttp(http.clone()))
}

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
        FetchError::Connection | FetchError::Broken => ConnectorError::io(error.into()),
        other => ConnectorError::other(other.into(), None),
    }
}
