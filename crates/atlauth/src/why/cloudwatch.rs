//! Lines of the function's log group in CloudWatch Logs.

use std::time::{Duration, Instant};

use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::{LoadError, load_error};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatchlogs::types::LogGroup;

use super::found::Found;
use super::wanted::{Span, Wanted};
use crate::audit_line::AuditLine;
use crate::failure::Failure;
use crate::sdk;
use crate::ui::Ui;

/// The most lines of an answer. So an answer stays below what is read of one, 1 MiB, where each line is
/// 4 KiB long and each of its characters is escaped.
const PAGE: i32 = 100;
/// The longest that an operator waits for all answers together.
const PATIENCE: Duration = Duration::from_mins(1);
/// How far back the first question goes. The next ones go back four times as far each.
const FIRST_WINDOW: u64 = 5 * 60 * 1_000;

/// Which log group.
#[derive(Clone, Debug)]
pub(super) enum LogGroupChoice {
    /// By its name.
    Named(String),
    /// That of a stack.
    OfStack(String),
}

/// The log group of a function.
pub(super) struct Logs {
    client: Client,
    pub(super) group: String,
}

impl Logs {
    /// With the AWS credentials that the AWS CLI would find.
    pub(super) async fn open(
        choice: LogGroupChoice,
        http: &HttpClient,
        ui: &Ui,
    ) -> Result<Self, Failure> {
        let client = Client::new(&sdk::operator_config(http).await);
        let group = match choice {
            LogGroupChoice::Named(name) => name,
            LogGroupChoice::OfStack(stack) => group_of(&stack, &client, ui).await?,
        };
        Ok(Self { client, group })
    }

    /// The newest wanted lines of a span. CloudWatch Logs tells the oldest first, so it is asked about the
    /// last minutes, and then about more and more before. Where the id of a decision is wanted, the search
    /// ends with the minutes that have it.
    pub(super) async fn search(
        &self,
        wanted: &Wanted,
        span: Span,
        most: usize,
    ) -> Result<Found, Failure> {
        let until = Instant::now().checked_add(PATIENCE);
        let mut found = Found::new(most);
        for window in windows(span) {
            self.read(wanted, window, until, &mut found).await?;
            let is_enough = found.is_decided || wanted.id.is_none() && found.is_full();
            if is_enough || !found.complete {
                break;
            }
        }
        Ok(found)
    }

    /// Adds the lines of a window.
    async fn read(
        &self,
        wanted: &Wanted,
        window: Span,
        until: Option<Instant>,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let mut next = None;
        loop {
            if until.is_some_and(|until| Instant::now() >= until) {
                found.complete = false;
                return Ok(());
            }
            let answer = self
                .client
                .filter_log_events()
                .log_group_name(&self.group)
                .filter_pattern(wanted.pattern())
                .start_time(signed(window.start))
                .end_time(signed(window.end))
                .limit(PAGE)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| self.failure(&error))?;
            for event in answer.events.unwrap_or_default() {
                let logged = event.timestamp.and_then(|time| u64::try_from(time).ok());
                let line = event.message.as_deref().and_then(AuditLine::parse);
                if let Some(line) = line {
                    found.add(line.logged_at(logged), wanted);
                }
            }
            next = answer.next_token;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    fn failure<E, R>(&self, error: &SdkError<E, R>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        let failure = failure(&format!("log group {}", self.group), error);
        match error.code() {
            Some("ResourceNotFoundException") => failure.hint(
                "check the name, and the account and region that AWS_PROFILE and AWS_REGION choose; the \
                 stack's output AuthorizerLogGroup names it",
            ),
            Some("AccessDeniedException") => {
                failure.hint("reading it needs logs:FilterLogEvents on the log group")
            }
            _ => failure,
        }
    }
}

/// The spans to ask about, the newest first. They do not overlap, and are the whole span together.
fn windows(span: Span) -> impl Iterator<Item = Span> {
    let (mut end, mut width) = (Some(span.end), FIRST_WINDOW);
    std::iter::from_fn(move || {
        let last = end.filter(|end| *end >= span.start)?;
        let start = last.saturating_sub(width).max(span.start);
        width = width.saturating_mul(4);
        // CloudWatch Logs includes both ends.
        end = start.checked_sub(1);
        Some(Span { start, end: last })
    })
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// The log group that a stack has for the function. `CloudFormation` names it after the stack and the
/// template's resource. A group stays when its stack is deleted, so there may be older ones.
async fn group_of(stack: &str, client: &Client, ui: &Ui) -> Result<String, Failure> {
    let prefix = format!("{stack}-AuthorizerLogs-");
    let answer = client
        .describe_log_groups()
        .log_group_name_prefix(&prefix)
        .send()
        .await
        .map_err(|error| {
            let failure = failure(&format!("the log group of the stack {stack}"), &error);
            match error.code() {
                Some("AccessDeniedException") => failure.hint(
                    "finding it needs logs:DescribeLogGroups; or give its name by --log-group",
                ),
                _ => failure,
            }
        })?;
    let mut groups = answer.log_groups.unwrap_or_default();
    groups.sort_by_key(|group| std::cmp::Reverse(group.creation_time));
    let name = |group: &LogGroup| group.log_group_name.clone();
    let older = groups.iter().skip(1).filter_map(name).collect::<Vec<_>>();
    let newest = groups.first().and_then(name).ok_or_else(|| {
        Failure::unavailable(format!("there is no log group whose name begins with {prefix}")).hint(
            "check the stack's name, and the account and region that AWS_PROFILE and AWS_REGION choose; or \
             give --log-group",
        )
    })?;
    if !older.is_empty() {
        ui.note(&format!(
            "reading {newest}, the newest of the stack; --log-group reads an older one: {}",
            older.join(", ")
        ));
    }
    Ok(newest)
}

fn failure<E, R>(what: &str, error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    // The same errors as SSM's, which are told without what was answered.
    let reason = match load_error(error) {
        LoadError::Ssm(reason) => reason,
        _ => "CloudWatch Logs did not answer in time".to_owned(),
    };
    Failure::unavailable(format!("{what}: {reason}")).hint(
        "`aws sts get-caller-identity` shows whose credentials these are; change them with AWS_PROFILE and \
         AWS_REGION",
    )
}

#[cfg(test)]
mod tests {
    use super::{FIRST_WINDOW, Span, windows};

    #[test]
    fn windows_cover_the_span_once() {
        for (start, end, count) in [
            (0, 0, 1),
            (5, 5, 1),
            (0, FIRST_WINDOW, 1),
            (0, FIRST_WINDOW + 1, 2),
            (1_000, 86_400_000, 5),
        ] {
            let all: Vec<Span> = windows(Span { start, end }).collect();
            assert_eq!(all.len(), count, "{start} to {end}");
            assert_eq!((all[0].end, all[count - 1].start), (end, start));
            for two in all.windows(2) {
                assert_eq!(two[1].end + 1, two[0].start);
            }
        }
        assert_eq!(windows(Span { start: 2, end: 1 }).count(), 0);
    }
}
