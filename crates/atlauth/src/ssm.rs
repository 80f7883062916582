//! SSM Parameter Store as an operator reaches it: with what the AWS CLI would find, and to be
//! written.

pub(crate) mod write;

use atlassian_authorizer::http::HttpClient;
use aws_sdk_ssm::Client;

use crate::sdk;

pub(crate) use write::{MAX_VALUE, ParameterAttributes, Parameters};

/// A client with what the AWS CLI would find.
pub(crate) async fn operator_client(http: &HttpClient) -> Client {
    Client::new(&sdk::operator_config(http).await)
}
