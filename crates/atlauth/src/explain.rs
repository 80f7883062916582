//! `atlauth explain`: the product's own decision about a request, told stage by stage.

mod access;
mod asked;
mod compare;
mod decode;
mod explanation;
pub mod meaning;
mod path_hint;
mod probe;
mod reasons;
mod report;
mod rules;
mod show;
mod stages;

use std::path::PathBuf;

use crate::api::ApiArgs;
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
pub(crate) use show::assumed;

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth explain --path /jira/rest/api/2/myself token.txt
  atlauth explain --method POST --path /jira/rest/api/2/issue --policy - < token.txt
  atlauth explain --event event.json

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
    /// A file with an event to explain as it is, with its own credential.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["token", "basic", "method", "path", "query", "header", "source_ip", "kind"]
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

pub(crate) async fn run(args: ExplainArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let probe = Probe::new(source, &args.api).await?;
    let (event, decoded, told) = if let Some(file) = &args.event {
        let event = crate::input::read(file)?;
        let decoded = Decoded::of_event(&event);
        (event, decoded, Told::event(file))
    } else {
        let credential = args.credential.read(ui)?;
        if args.request.path() == "/" {
            ui.note("no --path was given: this explains the API's root");
        }
        let event = args.request.event(args.kind, Some(&credential))?;
        let decoded = Decoded::of(&credential);
        (event, decoded, Told::request(&args.request))
    };
    let explanation = ui
        .progress("deciding as the function would", probe.explain(&event))
        .await;
    let report = Report::new(&explanation, decoded, told, &probe, args.policy);
    if args.json {
        ui.json(&report.json());
    } else {
        show::show(&report, ui);
    }
    report.verdict()
}
