//! `atlauth explain`: the product's own decision about a request, told stage by stage.

mod access;
mod asked;
mod compare;
mod decode;
mod explanation;
mod line;
pub mod meaning;
mod path_hint;
mod probe;
mod reasons;
mod report;
mod rules;
mod show;
mod stages;

use std::path::{Path, PathBuf};

use crate::api::ApiArgs;
use crate::audit_line::AuditLine;
use crate::credential::Credential;
use crate::event::{Kind, RequestArgs};
use crate::failure::Failure;
use crate::ui::Ui;

pub(crate) use access::{Access, EffectiveAccess, RuleReport};
pub(crate) use compare::show as show_compared;
pub(crate) use decode::Decoded;
pub(crate) use explanation::Explanation;
pub(crate) use probe::Probe;
pub(crate) use report::{Assumed, Caller, Report, Told};
pub(crate) use show::{assumed, wrapped};

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth explain --path /jira/rest/api/2/myself token.txt
  atlauth explain --method POST --path /jira/rest/api/2/issue --policy - < token.txt
  atlauth explain --event event.json
  atlauth explain --event audit-line.json token.txt

An audit line has no token. Without one, what comes before the token is
explained again.
Without a file, it uses the token that `atlauth login` stored, or asks for one.
A terminal accepts at most 4,095 characters.
The token is sent only to the providers that the function would ask.
Where --cache-key, --cache-seconds and --source-ip are not given, the template's
values and 127.0.0.1 apply, and the output says so.

Exit codes: 0 allowed, 1 refused (401 or 403), 3 no decision (500).";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    api: ApiArgs,
    /// The kind of event.
    #[arg(long, value_enum, default_value_t = Kind::RestRequest)]
    kind: Kind,
    /// A file, or `-` for standard input, with an event to explain as it is, with its own credential. Or with
    /// an audit line, whose request is explained again.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["method", "path", "query", "header", "source_ip", "kind"]
    )]
    event: Option<PathBuf>,
    /// Shows the policy and the context that API Gateway would get.
    #[arg(long)]
    policy: bool,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

/// Where the credential comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct CredentialArgs {
    /// The file with the token (with --basic: the password), or `-` for standard input.
    #[arg(value_name = "TOKEN_FILE")]
    token: Option<PathBuf>,
    /// Sends Basic credentials of this user.
    #[arg(long, value_name = "USER")]
    basic: Option<String>,
}

impl CredentialArgs {
    /// The credential.
    pub(crate) fn read(&self, ui: &Ui) -> Result<Credential, Failure> {
        match &self.basic {
            Some(user) => Credential::basic(user, self.token.as_deref()),
            None => Credential::bearer(self.token.as_deref(), ui),
        }
    }
}

impl CredentialArgs {
    /// Whether one was named.
    fn is_given(&self) -> bool {
        self.token.is_some() || self.basic.is_some()
    }

    /// Whether it comes from standard input.
    fn is_stdin(&self) -> bool {
        self.token.as_deref() == Some(Path::new("-"))
    }
}

/// What is explained.
struct Question {
    event: String,
    decoded: Decoded,
    told: Told,
    /// The line that the event was made of holds no credential, and none was given.
    lacks_credential: bool,
}

pub(crate) async fn run(args: ExplainArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let probe = Probe::new(source, &args.api).await?;
    let question = match &args.event {
        Some(file) => of_file(file, &args.credential, ui)?,
        None => of_request(&args, ui)?,
    };
    let explanation = ui
        .progress(
            "deciding as the function would",
            probe.explain(&question.event),
        )
        .await;
    let mut report = Report::new(
        &explanation,
        question.decoded,
        question.told,
        &probe,
        args.policy,
    );
    if question.lacks_credential {
        report.leave_out_the_credential();
    }
    if args.json {
        ui.json(&report.json());
    } else {
        show::show(&report, ui);
    }
    report.verdict()
}

fn of_request(args: &ExplainArgs, ui: &Ui) -> Result<Question, Failure> {
    let credential = args.credential.read(ui)?;
    if args.request.path() == "/" {
        ui.note("no --path was given: this explains the API's root");
    }
    Ok(Question {
        event: args.request.event(args.kind, Some(&credential))?,
        decoded: Decoded::of(&credential),
        told: Told::request(&args.request),
        lacks_credential: false,
    })
}

/// An event as it is, or one that is made of an audit line.
fn of_file(file: &Path, credential: &CredentialArgs, ui: &Ui) -> Result<Question, Failure> {
    if file == Path::new("-") && credential.is_stdin() {
        return Err(Failure::usage(
            "the audit line and the token can't both come from standard input",
        )
        .hint("give one of them as a file"));
    }
    let text = crate::input::read(file)?;
    if let Some(line) = AuditLine::parse(&text) {
        let credential = if credential.is_given() {
            Some(credential.read(ui)?)
        } else {
            None
        };
        let event = line::event(&line, credential.as_ref())?;
        for note in line::notes(&line) {
            ui.note(note);
        }
        return Ok(Question {
            decoded: Decoded::of_event(&event),
            event,
            told: Told::line(file, &line),
            lacks_credential: credential.is_none(),
        });
    }
    if credential.is_given() {
        return Err(Failure::usage(
            "an event has its own credential, and this one is no audit line",
        )
        .hint("leave the token out, or give --path in place of --event"));
    }
    Ok(Question {
        decoded: Decoded::of_event(&text),
        event: text,
        told: Told::event(file),
        lacks_credential: false,
    })
}
