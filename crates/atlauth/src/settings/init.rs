//! `atlauth settings init`.

mod kinds;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use atlassian_authorizer::document::Kind;
use atlassian_authorizer::secret::Secret;
use serde_json::{Map, Value, json};

use super::{ApiArgs, documents, pull};
use crate::failure::Failure;
use crate::input;
use crate::private_file::{self, Existing};
use crate::spelled::given;
use crate::ui::Ui;
use kinds::{Answer, Question};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings init --out settings.json
  atlauth settings init --kind cognito --set user_pool_id=eu-west-1_AbCdEfGhI \\
      --set client_ids=3n4b5urk1ft4fl3mg5e62d9ado --product jira --out settings.json

It asks for what you do not give. It asks for secrets too, or reads them from a file;
--secret-file - reads standard input.")]
pub(crate) struct InitArgs {
    /// The kind of the provider.
    #[arg(long, value_parser = kinds::parser())]
    kind: Option<Kind>,
    /// The provider's id in the settings. By default, its kind.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// A field of the provider: lists separated by commas, maps as a=b,c=d, and objects or arrays as
    /// JSON. The option can be given several times.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    fields: Vec<String>,
    /// A file with the provider's client secret, or `-` for standard input.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A product, such as jira. By default, its path is the template's, such as `/jira`. For an API
    /// of your own, give the path too: jira=/. The option can be given several times.
    #[arg(long = "product", value_name = "ID[=PATH]")]
    products: Vec<String>,
    /// How the product learns who is calling (the upstream mode).
    #[arg(long, value_enum)]
    upstream: Option<Upstream>,
    /// The file to write, readable only by you. By default, standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrites an existing file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// The upstream modes that need no key.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Upstream {
    /// Not at all. Only the context holds the username.
    None,
    /// Each user's own stored credential is sent.
    PerUser,
}

pub(crate) fn run(args: &InitArgs, ui: &Ui) -> Result<(), Failure> {
    private_file::refuse_existing(args.out.as_deref(), args.force)?;
    let kind = match args.kind {
        Some(kind) => kind,
        None => kinds::named(&ask("kind of provider", &kinds::names(), "--kind")?)?,
    };
    let (provider, secret) = provider(args, kind)?;
    let id = args.id.clone().unwrap_or_else(|| kind.as_str().to_owned());
    let mut flat = documents::Documents::new();
    let name = format!("providers/{id}");
    if let Some(secret) = &secret {
        if args.out.is_none() {
            return Err(Failure::usage("a secret is not written to standard output")
                .hint("give --out FILE"));
        }
        let secret = secret.expose_secret().to_owned();
        flat.insert(
            format!("secrets/{name}/{}", kinds::CLIENT_SECRET_NAME),
            secret,
        );
    }
    flat.insert(name, provider.to_string());
    for (id, product) in products(args)?.as_object().into_iter().flatten() {
        flat.insert(format!("products/{id}"), product.to_string());
    }
    documents::check(&flat, "what was given", &args.api.deployment(), ui)?;
    let text = format!("{:#}\n", pull::file_form(&flat));
    match &args.out {
        None => ui.json(text.trim_end()),
        Some(path) => {
            private_file::write(path, text.as_bytes(), Existing::Replace)?;
            ui.note(&format!(
                "wrote {path}; `atlauth settings lint --settings file:{path}` shows warnings, and `atlauth \
                 settings push {path} --settings ssm:/…` uploads it",
                path = path.display()
            ));
        }
    }
    Ok(())
}

/// The provider's document, and its secret.
fn provider(args: &InitArgs, kind: Kind) -> Result<(Value, Option<Secret>), Failure> {
    let mut given = BTreeMap::new();
    for field in &args.fields {
        let (name, value) = field
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--set {field}: expected FIELD=VALUE")))?;
        given.insert(name, value);
    }
    let mut document = Map::new();
    document.insert("kind".to_owned(), kind.as_str().into());
    let mut secret = None;
    for question in kinds::questions(kind) {
        let Question { field, answer, .. } = question;
        if matches!(answer, Answer::Secret) {
            if given.contains_key(field) {
                return Err(Failure::usage(format!(
                    "--set {field}: a secret can't be an argument"
                ))
                .hint("give --secret-file FILE, or - for standard input"));
            }
            let hint = "give --secret-file FILE, or - for standard input";
            let file = args.secret_file.as_deref();
            secret = Some(input::secret(question.what, file, hint)?);
            document.insert((*field).to_owned(), kinds::CLIENT_SECRET_NAME.into());
            continue;
        }
        let text = match given.remove(field) {
            Some(text) => text.to_owned(),
            None => ask(question.what, question.example, &format!("--set {field}=…"))?,
        };
        let value = if kinds::is_json(&text) {
            Some(kinds::json(field, &text)?)
        } else {
            answer.value(&text)?
        };
        if let Some(value) = value {
            kinds::insert(&mut document, field, value);
        }
    }
    for (field, text) in given {
        kinds::insert(&mut document, field, kinds::plain(field, text)?);
    }
    Ok((document.into(), secret))
}

fn products(args: &InitArgs) -> Result<Value, Failure> {
    let upstream = match args.upstream {
        Some(Upstream::PerUser) => Some(json!({"mode": "per_user"})),
        Some(Upstream::None) | None => None,
    };
    let names = if args.products.is_empty() {
        let answer = ask(
            "products",
            "jira, or jira,confluence; an API of your own: jira=/",
            "--product",
        )?;
        answer
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect()
    } else {
        args.products.clone()
    };
    let mut products = Map::new();
    for name in &names {
        let (id, path) = match name.split_once('=') {
            Some((id, path)) => (id, path.to_owned()),
            None => (name.as_str(), format!("/{name}")),
        };
        if !["jira", "confluence", "bitbucket"].contains(&id) {
            return Err(Failure::usage(format!("product {} is not known", given(id))).hint(
                "give jira, confluence or bitbucket; for another name, add a `kind` to the file by hand",
            ));
        }
        // What reads is a beginning that harms nobody.
        let access = json!([{"allow": ["@read"]}, {"deny": ["@admin"]}]);
        let mut product = json!({"path": path, "access": access});
        if let Some(upstream) = &upstream {
            product["upstream"] = upstream.clone();
        }
        products.insert(id.to_owned(), product);
    }
    Ok(products.into())
}

/// Asks on the terminal; fails where there is none.
fn ask(what: &str, example: &str, flag: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{what}: not given")).hint(format!("give {flag}")));
    }
    // The question ends without a line's end, where the answer is written.
    let _ = write!(std::io::stderr(), "{what} ({example}): ");
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    Ok(answer.trim().to_owned())
}
