//! `atlauth keys`: the keys that upstream modes need.

mod files;

use std::path::{Path, PathBuf};

use atlassian_authorizer::secret::Secret;
use clap::Subcommand;
use serde_json::json;

use crate::failure::Failure;
use crate::private_file::{self, Existing};
use crate::source;
use crate::ui::{Tone, Ui};
use files::PublicHalf;
pub(crate) use files::{KeyKind, make_key, public_half};

/// The examples of `--help`.
const EXAMPLES: &str = "\
Examples:
  atlauth keys oauth1 --out jira-oauth1.pem
  atlauth keys show jira-oauth1.pem --consumer-key gateway
  atlauth keys jwks --product bitbucket > jwks.json";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Creates an RSA key for the upstream mode `oauth1`.
    #[command(after_help = "\
Examples:
  atlauth keys oauth1 --out jira-oauth1.pem
  atlauth keys oauth1 --bits 4096 --out jira-oauth1.pem")]
    Oauth1 {
        /// The file to write, readable only by you. An existing file is not overwritten.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The size of the key, in bits.
        #[arg(long, value_parser = ["2048", "3072", "4096"], default_value = "3072")]
        bits: String,
    },
    /// Creates a P-256 key for the upstream mode `assertion`.
    #[command(after_help = "\
Examples:
  atlauth keys assertion --out bitbucket-assertion.pem")]
    Assertion {
        /// The file to write, readable only by you. An existing file is not overwritten.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Shows the public key of a private key, and where to enter it.
    Show(ShowArgs),
    /// Prints the JWKS that verifies the assertions of a product.
    #[command(after_help = "\
Examples:
  atlauth keys jwks --settings file:settings.json > jwks.json
  atlauth keys jwks --product bitbucket > jwks.json")]
    Jwks {
        /// The product. Needed if several products have the mode `assertion`.
        #[arg(long)]
        product: Option<String>,
    },
}

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth keys show jira-oauth1.pem --consumer-key gateway
  atlauth keys show --json - < upstream-key.pem")]
struct ShowArgs {
    /// The file with the private key in PEM, or `-` for standard input.
    file: PathBuf,
    /// The consumer key, as in `upstream.consumer_key`.
    #[arg(long, value_name = "NAME", default_value = "gateway")]
    consumer_key: String,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: KeysArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    match args.command {
        KeysCommand::Oauth1 { out, bits } => {
            let bits = bits.parse().unwrap_or_default();
            make(KeyKind::Rsa(bits), &out, ui)
        }
        KeysCommand::Assertion { out } => make(KeyKind::P256, &out, ui),
        KeysCommand::Show(args) => show(&args, ui),
        KeysCommand::Jwks { product } => jwks(product.as_deref(), source, ui).await,
    }
}

fn make(kind: KeyKind, out: &Path, ui: &Ui) -> Result<(), Failure> {
    let key = make_key(kind).ok_or_else(|| Failure::unavailable("the key could not be created"))?;
    private_file::write(out, key.expose_secret().as_bytes(), Existing::Keep)?;
    let out = out.display();
    ui.note(&format!(
        "wrote {out}: {}, readable only by you",
        name(kind)
    ));
    ui.note(&format!(
        "1. Store it in the secret that `upstream.private_key` names, for example:
   aws ssm put-parameter --type SecureString --value file://{out} \\
     --name /atlassian-authorizer/prod/secrets/products/jira/upstream-key
2. `atlauth keys show {out}` shows what the other side needs.
3. Delete the file."
    ));
    Ok(())
}

fn show(args: &ShowArgs, ui: &Ui) -> Result<(), Failure> {
    let text = Secret::new(&crate::input::read(&args.file)?);
    let half = public_half(&text).ok_or_else(|| {
        Failure::negative(format!("{} holds no supported private key", args.file.display())).hint(
            "expected PEM, not encrypted: RSA of 2048 bits or more, or P-256; `atlauth keys oauth1` and \
             `atlauth keys assertion` create them",
        )
    })?;
    if args.json {
        let document =
            json!({"kind": name(half.kind), "pem": half.pem, "jwks": {"keys": [half.jwk]}});
        ui.json(&serde_json::to_string_pretty(&document).unwrap_or_default());
        return Ok(());
    }
    ui.line(&format!(
        "{}, key id {}",
        name(half.kind),
        half.jwk["kid"].as_str().unwrap_or_default()
    ));
    match half.kind {
        KeyKind::Rsa(_) => application_link(&half, &args.consumer_key, ui),
        KeyKind::P256 => verifier(&half, ui),
    }
    Ok(())
}

/// What an administrator of Jira, Confluence or Bitbucket enters.
fn application_link(half: &PublicHalf, consumer_key: &str, ui: &Ui) {
    ui.line("");
    ui.line(&ui.paint(
        Tone::Strong,
        "Application link, in the product's administration",
    ));
    ui.line(&format!(
        "\
Create a link of the type \"Atlassian product\" (since Jira 8.22; generic
application before), continue if the URL does not answer, and enter under
Incoming authentication, OAuth:

  Consumer Key          {consumer_key}
  Consumer Name         {consumer_key}
  Public Key            what follows
  Allow 2-Legged OAuth  on
  Execute as            empty
  Allow user impersonation through 2-Legged OAuth  on
"
    ));
    ui.line(half.pem.trim_end());
}

/// What whatever verifies assertions at the origin needs.
fn verifier(half: &PublicHalf, ui: &Ui) {
    ui.line("");
    ui.line(half.pem.trim_end());
    ui.line("");
    ui.line(&ui.paint(Tone::Strong, "As a JWKS, for the verifier at the origin"));
    let set = json!({"keys": [half.jwk]});
    ui.json(&serde_json::to_string_pretty(&set).unwrap_or_default());
}

async fn jwks(product: Option<&str>, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (store, _) = source::open(source).await?;
    let settings = source::load(&store, ui).await?;
    let keys = settings.assertion_keys();
    let names = || keys.keys().copied().collect::<Vec<_>>().join(", ");
    let set = match (product, keys.len()) {
        (_, 0) => {
            return Err(Failure::negative(
                "no product has the upstream mode `assertion`",
            ));
        }
        (None, 1) => keys.values().next(),
        (None, _) => {
            return Err(Failure::usage("several products have the mode `assertion`")
                .hint(format!("choose one with --product: {}", names())));
        }
        (Some(product), _) => keys.get(product),
    };
    let set = set.ok_or_else(|| {
        Failure::usage("that product does not have the mode `assertion`")
            .hint(format!("these do: {}", names()))
    })?;
    ui.json(&serde_json::to_string_pretty(set).unwrap_or_default());
    Ok(())
}

fn name(kind: KeyKind) -> String {
    match kind {
        KeyKind::Rsa(bits) => format!("RSA {bits}"),
        KeyKind::P256 => "P-256".to_owned(),
    }
}
