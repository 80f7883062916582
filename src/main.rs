//! The Lambda function: logging, settings, and the authorizer behind the Lambda runtime.

use std::process::ExitCode;
use std::sync::Arc;

use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::event::EventText;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::Source;
use atlassian_authorizer::{Authorizer, logging};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, service_fn};

fn main() -> ExitCode {
    logging::init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the authorizer could not start");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let http = HttpClient::new()?;
    let source = Source::from_env(&http)?;
    let authorizer = Authorizer::new(
        source,
        http,
        Arc::new(SystemClock),
        AuditLog::stdout(),
        Deployment::from_env()?,
    );
    // One event at a time is all that Lambda sends: a second thread would only cost memory.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            authorizer.prepare(connects_ahead()).await;
            let authorizer = &authorizer;
            Runtime::new(service_fn(async |event: LambdaEvent<EventText>| {
                let id = &event.context.request_id;
                let answer = authorizer.authorize(event.payload.as_str(), id).await;
                answer.map_err(Diagnostic::from)
            }))
            .run()
            .await
        })
}

/// Whether connections that are made now will serve the first event: an instance that Lambda keeps
/// ready for later has lost them by then.
fn connects_ahead() -> bool {
    std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_ok_and(|how| how == "on-demand")
}
