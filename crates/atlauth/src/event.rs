//! `atlauth event`: an event of any shape, for `cargo lambda invoke`.

mod shape;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use crate::credential::Credential;
use crate::failure::Failure;
use crate::private_file;
use crate::ui::Ui;

pub(crate) use shape::{Kind, Sent};

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth event rest-request --path /jira/rest/api/2/myself --out event.json
  atlauth event http-2.0 --method POST --path /rest/api/2/issue --token-file - < token

The event contains the token: protect the file as you protect the token.";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EventArgs {
    /// The kind of event.
    kind: Kind,
    #[command(flatten)]
    request: RequestArgs,
    /// The file with the token, or `-` for standard input.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The file to write, readable only by you. By default, standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a client asks for.
#[derive(Debug, clap::Args)]
pub(crate) struct RequestArgs {
    /// The HTTP method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The path below the stage, with or without a query string.
    #[arg(long, default_value = "/")]
    path: String,
    /// A query parameter. The option can be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair('='))]
    query: Vec<(String, String)>,
    /// A header other than `Authorization`. The option can be given several times.
    #[arg(long, value_name = "NAME:VALUE", value_parser = pair(':'))]
    header: Vec<(String, String)>,
    /// The caller's IP address, as API Gateway would see it. By default, 127.0.0.1.
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<IpAddr>,
}

fn pair(
    separator: char,
) -> impl Fn(&str) -> Result<(String, String), String> + Clone + Send + Sync + 'static {
    move |text| {
        let (name, value) = text
            .split_once(separator)
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("expected NAME{separator}VALUE"))?;
        if name.eq_ignore_ascii_case("authorization") {
            return Err("credentials are not accepted on the command line".to_owned());
        }
        Ok((name.to_owned(), value.trim_start().to_owned()))
    }
}

impl RequestArgs {
    /// A plain GET.
    pub(crate) fn get(path: &str, source_ip: Option<IpAddr>) -> Self {
        Self {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            header: Vec::new(),
            source_ip,
        }
    }

    /// The method, in capital letters as API Gateway has it.
    pub(crate) fn method(&self) -> String {
        self.method.to_ascii_uppercase()
    }

    /// The path without its query.
    pub(crate) fn path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The caller's address.
    pub(crate) fn source_ip(&self) -> String {
        let address = self.source_ip.unwrap_or(Ipv4Addr::LOCALHOST.into());
        address.to_string()
    }

    /// Whether nobody has said what the caller's address is.
    pub(crate) fn assumes_source_ip(&self) -> bool {
        self.source_ip.is_none()
    }

    /// The event that API Gateway would make of the request, as JSON text.
    pub(crate) fn event(
        &self,
        kind: Kind,
        credential: Option<&Credential>,
    ) -> Result<String, Failure> {
        let method = self.method();
        if !self.path.starts_with('/') || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(Failure::usage(
                "expected a method such as GET, and a path that begins with `/`",
            ));
        }
        let mut query = self.query.clone();
        if let Some((_, more)) = self.path.split_once('?') {
            query.extend(form_urlencoded::parse(more.as_bytes()).into_owned());
        }
        let sent = Sent {
            method: &method,
            path: self.path(),
            query: &query,
            headers: &self.header,
            authorization: credential.map(|one| one.authorization.expose_secret()),
            source_ip: &self.source_ip(),
        };
        let event = sent.event(kind);
        serde_json::to_string_pretty(&event).map_err(|error| {
            Failure::unavailable(format!("the event could not be written: {error}"))
        })
    }
}

pub(crate) fn run(args: &EventArgs, ui: &Ui) -> Result<(), Failure> {
    let credential = Credential::bearer(args.token_file.as_deref(), ui)?;
    let event = args.request.event(args.kind, Some(&credential))?;
    match &args.out {
        None => ui.json(&event),
        Some(path) => {
            private_file::write(
                path,
                format!("{event}\n").as_bytes(),
                private_file::Existing::Replace,
            )?;
            ui.note(&format!("wrote {}; it contains the token", path.display()));
            ui.note(&next_step(path));
        }
    }
    Ok(())
}

fn next_step(path: &Path) -> String {
    format!(
        "try it: cargo lambda invoke atlassian-authorizer --data-file {}",
        path.display()
    )
}
