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
    // Workers outlive no borrow: the one authorizer lives as long as the process.
    let authorizer: &'static Authorizer = Box::leak(Box::new(Authorizer::new(
        source,
        http,
        Arc::new(SystemClock),
        AuditLog::stdout(),
        Deployment::from_env()?,
    )));
    // One thread for many events too: docs/adr/0013-one-thread-for-many-events.md.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            authorizer.prepare(connects_ahead()).await;
            let answer = move |event: LambdaEvent<EventText>| async move {
                let id = &event.context.request_id;
                let answer = authorizer.authorize(event.payload.as_str(), id).await;
                answer.map_err(Diagnostic::from)
            };
            // One event at a time, unless `AWS_LAMBDA_MAX_CONCURRENCY` lets Lambda send more.
            Runtime::new(service_fn(answer)).run_concurrent().await
        })
}

/// Whether connections that are made now will serve the first event: an instance that Lambda keeps
/// ready for later has lost them by then.
fn connects_ahead() -> bool {
    std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_ok_and(|how| how == "on-demand")
}
