//! `atlauth why`: what the audit log has of a request, in plain words.

mod cloudwatch;
mod file;
mod found;
mod places;
mod report;
mod show;
mod wanted;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use crate::failure::Failure;
use crate::source;
use crate::spelled::has_token;
use crate::times;
use crate::ui::Ui;
use cloudwatch::{LogGroupChoice, Logs};
use found::Found;
use report::{Entry, Report};
use wanted::{LookupId, Span, Wanted};

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth why 504ae420-9f9f-4eac-9d08-2b9ea2592145
  atlauth why --user alice --since 1h --refused
  atlauth why --source-ip 203.0.113.7 --at 2026-11-28T10:00Z
  atlauth why --log audit.log 504ae420-9f9f-4eac-9d08-2b9ea2592145
  atlauth why - < line.json

The caller finds the request's id in the answer's header x-amzn-requestid.
A refused token has no user in its line unless the token was verified: look
for the address and the time.

Exit codes, by the newest decision: 0 allowed, 1 refused (401 or 403),
3 no decision (500), or nothing was found.";

/// How long before and behind `--at` is searched, in seconds.
const AROUND: u64 = 5 * 60;
/// How far back is searched where nothing else is said.
const DAY: Duration = Duration::from_hours(24);
/// Stands for standard input.
const STDIN: &str = "-";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WhyArgs {
    /// The id of a request or of a decision; `-` reads audit lines from standard input.
    #[arg(value_name = "ID")]
    subject: Option<String>,
    /// Only decisions about this user: the username or the principal, as the audit line spells it.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only requests from this address.
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<IpAddr>,
    /// Only what was refused, or failed.
    #[arg(long)]
    refused: bool,
    /// How far back to search, such as `90m` or `2days`. By default a day; for a file, everything.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, conflicts_with = "at")]
    since: Option<Duration>,
    /// Searches five minutes before and after this time, in UTC, such as `2026-11-28T10:00Z`.
    #[arg(long, value_name = "TIME")]
    at: Option<At>,
    /// How many decisions to tell at most, the newest first.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// A file of audit lines, as `atlauth local --audit` writes it, or `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "log_group")]
    log: Option<PathBuf>,
    /// The function's log group in CloudWatch Logs.
    #[arg(long, value_name = "NAME")]
    log_group: Option<String>,
    /// The stack whose function's log group is searched, where --log-group names none.
    #[arg(
        long,
        value_name = "NAME",
        env = "AUTHORIZER_STACK",
        hide_env_values = true,
        default_value = "atlassian-authorizer"
    )]
    stack: String,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

/// A time in UTC, in seconds since the epoch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct At(u64);

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = text.trim_end_matches('Z');
        // Seconds may be left out.
        let seconds = if time.matches(':').count() == 1 {
            ":00"
        } else {
            ""
        };
        let time = humantime::parse_rfc3339_weak(&format!("{time}{seconds}Z")).ok();
        let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since
            .map(|since| Self(since.as_secs()))
            .ok_or_else(|| "expected a time in UTC, such as 2026-11-28T10:00Z".to_owned())
    }
}

impl WhyArgs {
    /// What a line must have. Without any condition, all lines of a file count; of a log group that says
    /// too little.
    fn wanted(&self, file: Option<&Path>) -> Result<Wanted, Failure> {
        let id = self.id()?;
        let is_told = id.is_some()
            || self.user.is_some()
            || self.source_ip.is_some()
            || self.refused
            || self.at.is_some();
        if file.is_none() && !is_told {
            return Err(Failure::usage("nothing says which request is meant").hint(
                "give its id, --user, --source-ip, --at or --refused; or audit lines by - or --log FILE",
            ));
        }
        Ok(Wanted {
            id,
            user: self.user.clone(),
            source_ip: self.source_ip,
            refused: self.refused,
            span: self.span(times::now(), file.is_some()),
        })
    }

    /// Where lines are read from; `None` for CloudWatch Logs.
    fn file(&self) -> Result<Option<&Path>, Failure> {
        let is_stdin = self.subject.as_deref() == Some(STDIN);
        match (is_stdin, self.log.as_deref()) {
            (true, Some(_)) => Err(Failure::usage("`-` and --log both say where the lines are")
                .hint("give one of them")),
            (true, None) => Ok(Some(Path::new(STDIN))),
            (false, log) => Ok(log),
        }
    }

    /// The id that the argument is. Read here and not by the command line's parser, which repeats what it
    /// refuses: it may be a token.
    fn id(&self) -> Result<Option<LookupId>, Failure> {
        match self.subject.as_deref() {
            None | Some(STDIN) => Ok(None),
            Some(text) if may_be_token(text) => Err(Failure::usage(
                "this may be a token, but expected the id of a request",
            )
            .hint(
                "delete it from the shell's history; `atlauth explain` tells what a token may do",
            )),
            Some(text) => text.parse().map(Some).map_err(Failure::usage),
        }
    }

    /// When it was; `None` for any time.
    fn span(&self, now: u64, is_file: bool) -> Option<Span> {
        let (start, end) = match (self.at, self.since) {
            (Some(At(at)), _) => (at.saturating_sub(AROUND), at.saturating_add(AROUND)),
            (None, None) if is_file => return None,
            (None, since) => (now.saturating_sub(since.unwrap_or(DAY).as_secs()), now),
        };
        Some(Span {
            start: start.saturating_mul(1_000),
            end: end.saturating_mul(1_000).saturating_add(999),
        })
    }
}

pub(crate) async fn run(args: WhyArgs, ui: &Ui) -> Result<(), Failure> {
    let file = args.file()?;
    let wanted = args.wanted(file)?;
    let most = usize::from(args.limit);
    let (source, found) = match (file, wanted.span) {
        (Some(file), _) => (
            file.display().to_string(),
            file::search(file, &wanted, most)?,
        ),
        (None, span) => {
            let choice = match &args.log_group {
                Some(name) => LogGroupChoice::Named(name.clone()),
                None => LogGroupChoice::OfStack(args.stack.clone()),
            };
            let span = span.unwrap_or(Span { start: 0, end: 0 });
            let logs = Logs::open(choice, &source::http()?, ui).await?;
            let what = format!("searching {}", logs.group);
            let found = ui.progress(&what, logs.search(&wanted, span, most)).await?;
            (logs.group, found)
        }
    };
    tell(source, &found, &wanted, args.json, ui)
}

fn tell(
    source: String,
    found: &Found,
    wanted: &Wanted,
    json: bool,
    ui: &Ui,
) -> Result<(), Failure> {
    if !found.complete {
        ui.note(
            "not all was read, for it takes more than a minute or is one long document: newer lines may be \
             missing; give a shorter time by --at or --since, or a line for each decision",
        );
    }
    if found.is_empty() {
        return Err(nothing(&source, wanted));
    }
    let decisions: Vec<Entry> = found.lines().iter().map(Entry::of).collect();
    let report = Report {
        more: found.count.saturating_sub(decisions.len()),
        complete: found.complete,
        source,
        decisions,
    };
    if json {
        ui.json(&report.json());
    } else {
        show::show(&report, times::now(), ui);
    }
    if wanted.id.is_some() && report.decisions.len() > 1 {
        ui.note(
            "several decisions have this id: a caller can choose the id of a request, and not that of a \
             decision",
        );
    }
    let by_decision =
        found.is_decided && report.decisions.iter().any(|one| one.outcome == "allowed");
    if by_decision {
        ui.note(
            "a 403 with this id came from API Gateway's cache, which used the answer for another path: compare \
             the path",
        );
    }
    report.verdict()
}

/// Says what was searched, and what may be the reason that nothing is there.
fn nothing(source: &str, wanted: &Wanted) -> Failure {
    let when = wanted.span.map_or_else(String::new, |span| {
        let date = |millis: u64| times::plain_date(millis.checked_div(1_000).unwrap_or_default());
        format!(" from {} to {}", date(span.start), date(span.end))
    });
    let why = if wanted.user.is_some() {
        "a token that was refused has no user in its line unless it was verified: try --source-ip"
    } else if wanted.span.is_some() {
        "a line may come a minute late; --since and --at search another time. Requests that API Gateway \
         answers itself have none"
    } else {
        "requests that API Gateway answers itself have none"
    };
    Failure::unavailable(format!("no such audit line in {source}{when}")).hint(why)
}

/// Whether a text may be a token rather than an id: ids of API Gateway and Lambda are shorter, or have
/// hyphens or an equals sign.
fn may_be_token(text: &str) -> bool {
    has_token(text) || text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{At, Span, WhyArgs};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: WhyArgs,
    }

    fn args(words: &str) -> Result<WhyArgs, clap::Error> {
        let words = ["why"].into_iter().chain(words.split_whitespace());
        Line::try_parse_from(words).map(|line| line.args)
    }

    #[test]
    fn times_in_utc() {
        for (text, seconds) in [
            ("2026-11-28T10:00Z", Some(1_795_860_000)),
            ("2026-11-28T10:00:30Z", Some(1_795_860_030)),
            ("2026-11-28T10:00", Some(1_795_860_000)),
            ("2026-11-28T10:00:00.500Z", Some(1_795_860_000)),
            ("2026-11-28T10:00+01:00", None),
            ("2026-11-28", None),
            ("10:00", None),
            ("", None),
        ] {
            let at = text.parse::<At>().ok().map(|At(seconds)| seconds);
            assert_eq!(at, seconds, "{text}");
        }
    }

    #[test]
    fn spans() {
        let now = 1_000_000;
        for (words, is_file, expected) in [
            ("--user a --since 1h", false, Some((996_400, 1_000_000))),
            ("--user a", false, Some((913_600, 1_000_000))),
            ("--user a", true, None),
            ("--user a --since 1h", true, Some((996_400, 1_000_000))),
            ("--at 1970-01-01T01:00Z", false, Some((3_300, 3_900))),
            ("--at 1970-01-01T00:01Z", true, Some((0, 360))),
        ] {
            let span = args(words).unwrap().span(now, is_file);
            let expected = expected.map(|(start, end)| Span {
                start: start * 1_000,
                end: end * 1_000 + 999,
            });
            assert_eq!(span, expected, "{words}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            "--at noon",
            "--since yesterday",
            "--since 1h --at 2026-11-28T10:00Z",
            "--limit 0",
            "--limit 101",
            "--log x --log-group y",
            "--source-ip x",
        ] {
            assert!(args(words).is_err(), "{words}");
        }
        assert_eq!(args("").unwrap().wanted(None).unwrap_err().code(), 2);
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        let opaque = "0123456789abcdef0123456789abcdef01234567";
        for words in ["a*", jwt, opaque, "--since 1h"] {
            let error = args(words).unwrap().wanted(None).unwrap_err();
            assert_eq!(error.code(), 2, "{words}");
            assert!(!error.message().contains("eyJ") && !error.message().contains(opaque));
        }
        assert!(args("-").unwrap().wanted(Some("-".as_ref())).is_ok());
    }
}
