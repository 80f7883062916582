//! `atlauth login`: fetches a token from a provider of the settings, and shows what it means here.

mod callback;
mod claims;
mod client;
mod decisions;
mod endpoints;
mod flow;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use atlassian_authorizer::http::Endpoint;
use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::session;
use crate::source;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  atlauth login cognito --redirect-host localhost --port 8400
  atlauth login github --device
  atlauth login robots --client-credentials --client-id ci --client-secret-file -
  atlauth login --print-token | sed 's/^/Authorization: Bearer /' \\
    | curl -H @- https://gateway.example.com/prod/jira/rest/api/2/myself";

/// Arguments of the command.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LoginArgs {
    /// The provider's id in the settings.
    #[arg(required_unless_present_any = ["forget", "print_token"])]
    provider: Option<String>,
    /// The client id of the application that logs in. By default, the one in the provider's
    /// settings.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A file with the client secret, or `-` for standard input. Public clients have no secret.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// How the client secret is sent. By default, as the provider's discovery document says.
    #[arg(long, value_enum)]
    client_auth: Option<ClientAuth>,
    /// A scope to request. The option can be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The API that the access token is for (RFC 8707), if the provider needs it.
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
    #[command(flatten)]
    flow: FlowArgs,
    /// Uses the id token instead of the access token.
    #[arg(long)]
    id_token: bool,
    /// The issuer whose discovery document names the endpoints. By default, the provider's issuer.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The authorization endpoint, instead of the one in the discovery document.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    authorization_endpoint: Option<Endpoint>,
    /// The token endpoint, instead of the one in the discovery document.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    token_endpoint: Option<Endpoint>,
    /// The device authorization endpoint, instead of the one in the discovery document.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    device_endpoint: Option<Endpoint>,
    /// The port of the redirect URI. By default, a free one. If the provider compares ports, give
    /// the registered one.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The host name in the redirect URI. Cognito needs `localhost`.
    #[arg(long, value_enum, default_value_t = RedirectHost::Address)]
    redirect_host: RedirectHost,
    /// How long to wait for the login, such as 5m.
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    output: OutputArgs,
}

/// How to log in; by default with a browser on this machine.
#[derive(Clone, Copy, Debug, Args)]
struct FlowArgs {
    /// Prints the login URL, and opens no browser.
    #[arg(long, conflicts_with_all = ["device", "client_credentials"])]
    no_browser: bool,
    /// Logs in on another device, with a code (device flow).
    #[arg(long, conflicts_with = "client_credentials")]
    device: bool,
    /// Logs in as the application itself (client credentials).
    #[arg(long)]
    client_credentials: bool,
}

/// What becomes of the token; by default it is shown and kept.
#[derive(Clone, Copy, Debug, Args)]
struct OutputArgs {
    /// Prints only the token, and stores nothing. Without PROVIDER, prints the stored token.
    #[arg(long, conflicts_with = "json")]
    print_token: bool,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
    /// Deletes the stored token.
    #[arg(long, conflicts_with_all = ["provider", "print_token", "json"])]
    forget: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum ClientAuth {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RedirectHost {
    /// `http://127.0.0.1:PORT/callback`
    #[value(name = "127.0.0.1")]
    Address,
    /// `http://localhost:PORT/callback`
    Localhost,
}

impl RedirectHost {
    fn as_str(self) -> &'static str {
        match self {
            Self::Address => "127.0.0.1",
            Self::Localhost => "localhost",
        }
    }
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    Endpoint::parse(text).map_err(str::to_owned)
}

pub(crate) async fn run(args: LoginArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let Some(id) = args.provider.clone() else {
        return if args.output.forget {
            forget(ui)
        } else {
            print(ui)
        };
    };
    let (source, http) = source::open(source).await?;
    let settings = source::load(&source, ui).await?;
    let login = client::Login::prepare(&id, &args, &settings, &http, ui).await?;
    let granted = flow::run(&login, &args, ui).await?;
    if args.output.print_token {
        ui.line(granted.taken(args.id_token)?.expose_secret());
        return Ok(());
    }
    let told = claims::tell(&login, &granted).await;
    let token = granted.taken(args.id_token)?;
    let decisions = decisions::decide(source, &settings, token, &http, ui).await;
    let kept = session::store(token, &id, claims::expiry(token, &granted))?;
    let report = report::Report {
        login: &login,
        granted: &granted,
        token,
        told: &told,
        decisions: &decisions,
        kept: &kept,
        is_id_token: args.id_token,
    };
    if args.output.json {
        ui.json(&report.json().to_string());
    } else {
        report.show(ui);
    }
    Ok(())
}

fn forget(ui: &Ui) -> Result<(), Failure> {
    let forgotten = session::forget()?;
    ui.note(if forgotten {
        "The stored token is deleted. It stays valid until it expires or its provider revokes it."
    } else {
        "No token was stored."
    });
    Ok(())
}

fn print(ui: &Ui) -> Result<(), Failure> {
    let token = session::stored_token()?.ok_or_else(|| {
        Failure::negative("no token is stored").hint("log in first: `atlauth login PROVIDER`")
    })?;
    ui.line(token.expose_secret());
    Ok(())
}
