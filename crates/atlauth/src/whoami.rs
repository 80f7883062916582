//! `atlauth whoami`: whom a token stands for.

use std::net::IpAddr;

use crate::api::ApiArgs;
use crate::candidates;
use crate::event::{Kind, RequestArgs};
use crate::explain::{
    Caller, CredentialArgs, Decoded, Probe, Report, Told, assumed, show_compared,
};
use crate::failure::Failure;
use crate::ui::{Tone, Ui, within_line};

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth whoami token.txt
  atlauth whoami --json - < token.txt

Without a file, it uses the token that `atlauth login` stored, or asks for one.
A terminal accepts at most 4,095 characters.
Exit codes: 0 the token stands for a user, 1 it is refused, 3 no answer.";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    credential: CredentialArgs,
    /// The caller's IP address, as API Gateway would see it. By default, 127.0.0.1.
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<IpAddr>,
    #[command(flatten)]
    api: ApiArgs,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: WhoamiArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let probe = Probe::new(source, &args.api).await?;
    let credential = args.credential.read(ui)?;
    let work = async {
        let request = RequestArgs::get(&probe.first_path().await, args.source_ip);
        let event = request.event(Kind::RestRequest, Some(&credential))?;
        let explanation = probe.explain(&event).await;
        let told = Told::request(&request);
        Ok::<_, Failure>(Report::new(
            &explanation,
            Decoded::of(&credential),
            told,
            &probe,
            false,
        ))
    };
    let report = ui.progress("asking as the function would", work).await?;
    if args.json {
        ui.json(&report.json_of_caller());
    } else if let (Some(caller), "allowed" | "forbidden") = (&report.caller, report.outcome) {
        show(caller, &report, ui);
    }
    if !args.json && report.caller.is_none() {
        refused(&report, ui);
    }
    match (report.outcome, report.what) {
        // Who it is does not hang on what the first product's rules say.
        ("allowed", _) => Ok(()),
        ("forbidden", _) if report.caller.is_some() => Ok(()),
        ("failed", what) => Err(Failure::unavailable(message(report.code, what)).hint(
            report
                .log
                .first()
                .map_or("atlauth explain shows more", String::as_str),
        )),
        (_, what) => Err(Failure::negative(message(report.code, what)).hint(
            report
                .next
                .as_deref()
                .unwrap_or("atlauth explain shows more"),
        )),
    }
}

fn message(code: &str, what: Option<&str>) -> String {
    format!("{code}: {}", what.unwrap_or("it is refused"))
}

/// What the settings want in place of what the token has.
fn refused(report: &Report, ui: &Ui) {
    show_compared(&report.compared, ui);
    // Who it could be helps where that is what is not known.
    let is_about_the_user = report.code.starts_with("username_")
        || ["email_unverified", "machine_user_unmapped"].contains(&report.code);
    if is_about_the_user {
        candidates::show(&report.candidates, &report.group_candidates, ui);
    }
}

fn show(caller: &Caller, report: &Report, ui: &Ui) {
    let list = |items: &[String]| {
        if items.is_empty() {
            "none".to_owned()
        } else {
            within_line(&items.join(", "))
        }
    };
    let optional = |text: &Option<String>| {
        text.as_deref()
            .map_or_else(|| "none".to_owned(), within_line)
    };
    ui.line(&format!(
        "username   {}",
        ui.paint(Tone::Strong, &within_line(&caller.username))
    ));
    ui.line(&format!("principal  {}", within_line(&caller.principal)));
    ui.line(&format!(
        "provider   {}, by {}",
        caller.provider, caller.auth_method
    ));
    ui.line(&format!("client     {}", optional(&caller.client_id)));
    ui.line(&format!("scopes     {}", list(&caller.scopes)));
    let groups = within_line(&report.groups());
    let more = if caller.groups_incomplete {
        " (there may be more)"
    } else {
        ""
    };
    ui.line(&format!("groups     {groups}{more}"));
    let lifetime = report.lifetime();
    // The next check, of a token that its provider alone knows, has a line of its own.
    let mut parts = lifetime.split("; ");
    let until = parts.next().unwrap_or_default();
    let until = until.strip_prefix("until ").unwrap_or(until);
    let until = until.strip_prefix("expiry ").unwrap_or(until);
    ui.line(&format!("until      {until}"));
    for part in parts {
        ui.line(&format!("           {part}"));
    }
    if caller.read_only || !caller.products.is_empty() || !caller.source_cidrs.is_empty() {
        let read_only = caller.read_only.then(|| "read-only".to_owned());
        let products = caller.products.iter().map(|one| format!("in {one}"));
        let networks = caller.source_cidrs.iter().map(|one| format!("from {one}"));
        let limits: Vec<String> = read_only
            .into_iter()
            .chain(products)
            .chain(networks)
            .collect();
        ui.line(&format!("limits     {}", limits.join(", ")));
    }
    ui.line("");
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let rows: Vec<Vec<String>> = report
        .reach
        .iter()
        .map(|reach| {
            vec![
                reach.product.clone(),
                reach.path.clone(),
                yes(reach.read),
                yes(reach.write),
                reach.admin.map_or_else(|| "-".to_owned(), yes),
            ]
        })
        .collect();
    ui.table(&["product", "path", "read", "write", "admin"], &rows);
    candidates::show(&report.candidates, &report.group_candidates, ui);
    if !report.assumed.is_empty() {
        ui.line("");
        assumed(&report.assumed, ui);
    }
    if report.code == "source_not_allowed" {
        ui.note("the token may not be used from this address; --source-ip tries another");
    }
}
