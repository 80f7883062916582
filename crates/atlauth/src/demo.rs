//! `atlauth demo`: the gateway at work on loopback, with an issuer and an Atlassian of its own.

mod atlassian;
mod environment;
mod issuer;
mod run;
mod scenarios;

use atlassian_authorizer::random::RandomError;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::gateway::{ROW_HEAD, interrupted, show};
use crate::ui::{Tone, Ui};
use environment::Environment;
use issuer::Claims;

/// How long a token of `--keep` holds, in seconds.
const AN_HOUR: u64 = 3_600;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth demo           sends requests, and shows which are allowed and which refused
  atlauth demo --keep    keeps running afterwards, and prints commands to try")]
pub(crate) struct DemoArgs {
    /// Keeps running after the demo, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(args: DemoArgs, ui: &Ui) -> Result<(), Failure> {
    tokio::select! {
        done = play(args, ui) => done,
        // The environment is removed on the way out.
        () = interrupted() => Ok(()),
    }
}

async fn play(args: DemoArgs, ui: &Ui) -> Result<(), Failure> {
    let mut environment = ui.progress("Making keys", Environment::start(ui)).await?;
    ui.line("All of this runs on loopback: an issuer like a Cognito user pool, stand-ins for");
    ui.line("Jira and Confluence that trust the gateway for the user, and between them a");
    ui.line("local API Gateway, made from template.yaml, with this authorizer. The results:");
    ui.line("");
    let (all, good) = run::run(&mut environment, ui).await?;
    ui.line("");
    if good < all {
        let wrong = all.saturating_sub(good);
        return Err(Failure::negative(format!(
            "{wrong} of {all} requests did not give the expected result"
        )));
    }
    let done = format!("All {all} requests gave the expected result.");
    ui.line(&ui.paint(Tone::Good, &done));
    if args.keep {
        keep(&environment, ui)?;
        while let Some(row) = environment.row().await {
            show(ui, &row);
        }
    }
    Ok(())
}

/// Says what to try.
fn keep(environment: &Environment, ui: &Ui) -> Result<(), Failure> {
    let now = environment.now();
    let claims = Claims {
        client_id: environment::CLIENT,
        scope: "atlassian/read atlassian/write",
        issued: now,
        expires: now.saturating_add(AN_HOUR),
    };
    let token = environment.issuer.token(&environment.key, &claims)?;
    let header = format!("Authorization: Bearer {token}\n");
    let file = environment.folder.write("header", header.as_bytes())?;
    let (file, url) = (file.display(), &environment.url);
    ui.line("");
    ui.line("It runs until Ctrl-C. Alice's token is valid for an hour. Try:");
    ui.line("");
    ui.line(&format!("  H='@{file}'"));
    ui.line(&format!("  curl -H \"$H\" {url}/jira/rest/api/2/myself"));
    ui.line(&format!("  curl -H \"$H\" {url}/jira/rest/api/2/search"));
    ui.line(&format!(
        "  curl -H \"$H\" {url}/jira/rest/api/2/issue --json \\"
    ));
    ui.line(r#"    '{"fields": {"summary": "Tried it"}}'"#);
    ui.line(&format!(
        "  curl -H \"$H\" {url}/confluence/rest/api/user/current"
    ));
    ui.line(&format!("  curl -i {url}/jira/rest/api/2/myself    # 401"));
    let token = environment
        .folder
        .write("token", format!("{token}\n").as_bytes())?;
    let settings = environment.settings.display();
    ui.line("");
    ui.line("Other commands take the demo's settings and Alice's token:");
    ui.line("");
    ui.line("  atlauth explain --path /jira/rest/api/2/myself \\");
    ui.line(&format!("    --settings file:{settings} \\"));
    ui.line(&format!("    {}", token.display()));
    ui.line("");
    ui.line(&ui.paint(Tone::Strong, ROW_HEAD));
    Ok(())
}

/// What the demo itself could not do.
#[derive(Debug, Error)]
enum DemoError {
    /// The library refused.
    #[error("{0}")]
    Crypto(&'static str),
    /// An id could not be made.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No port, or no folder.
    #[error("the demo could not be set up: {0}")]
    System(#[from] std::io::Error),
    /// The gateway did not answer.
    #[error("the gateway did not answer: {0}")]
    Gateway(#[from] reqwest::Error),
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        Self::unavailable(error.to_string())
    }
}

/// Listens on a free port, and says where.
async fn listen() -> Result<(TcpListener, String), DemoError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}
