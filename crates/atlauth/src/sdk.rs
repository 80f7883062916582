//! AWS as an operator reaches it: with what the AWS CLI would find, through our HTTP client.

use std::time::Duration;

use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::sdk_http;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// The longest that one try may take: an operator waits for a decision of his own alone.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first try and its repetitions.
const MAX_ATTEMPTS: u32 = 5;

/// What the AWS CLI would find: the environment, profiles, SSO, a process, a container's or a machine's
/// own role.
pub(crate) async fn operator_config(http: &HttpClient) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(sdk_http(http))
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await
}
