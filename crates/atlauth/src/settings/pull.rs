//! `atlauth settings pull`.

use std::path::PathBuf;

use atlassian_authorizer::document::PUSH_MARKER;
use serde_json::{Map, Value};

use super::documents::{self, Documents};
use crate::failure::Failure;
use crate::private_file::{self, Existing};
use crate::source;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings pull --settings ssm:/atlassian-authorizer/prod --out settings.json
  atlauth settings pull --settings ssm:/atlassian-authorizer/prod --with-secrets --out backup.json

Secrets are downloaded only with --with-secrets. A push of a file without secrets does not change them.")]
pub(crate) struct PullArgs {
    /// The file to write, readable only by you. By default, standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also downloads the secrets. Needs --out.
    #[arg(long, requires = "out")]
    with_secrets: bool,
    /// Overwrites an existing file.
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(args: &PullArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, _) = source::open(source).await?;
    private_file::refuse_existing(args.out.as_deref(), args.force)?;
    let tree = source::read(&source, ui).await?;
    if tree.documents().is_empty() {
        return Err(source::nothing_there(&source));
    }
    let mut documents = tree.documents().clone();
    if documents.remove(PUSH_MARKER).is_some() {
        return Err(Failure::negative(format!(
            "a push to {source} is in progress, or was interrupted: the parameters are a mixture of old and new"
        ))
        .hint("pull again when `atlauth settings push`, or `push --undo`, is done"));
    }
    let secrets: Vec<String> = documents
        .keys()
        .filter(|name| documents::is_secret(name))
        .cloned()
        .collect();
    if !args.with_secrets {
        documents.retain(|name, _| !documents::is_secret(name));
    }
    let text = format!("{:#}\n", file_form(&documents));
    match &args.out {
        Some(path) => private_file::write(path, text.as_bytes(), Existing::Replace)?,
        None => ui.json(text.trim_end()),
    }
    if let Some(path) = &args.out {
        let count = documents.len();
        ui.note(&format!("wrote {count} parameters to {}", path.display()));
    }
    if !args.with_secrets && !secrets.is_empty() {
        ui.note(&format!("left out: {}", secrets.join(", ")));
    }
    Ok(())
}

/// The documents as one JSON object.
pub(super) fn file_form(documents: &Documents) -> Value {
    let mut top = Map::new();
    for (name, text) in documents {
        let value = if documents::is_secret(name) {
            Value::String(text.clone())
        } else {
            // What is no JSON stays a text, which the file form takes for the document itself.
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        };
        let folders: Vec<&str> = name.split('/').collect();
        insert(&mut top, &folders, value);
    }
    Value::Object(top)
}

/// Puts a document into its folders. No name is a folder's and a document's in settings that can be read.
fn insert(folder: &mut Map<String, Value>, way: &[&str], value: Value) {
    match way {
        [] => {}
        [name] => {
            folder.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let within = folder.entry(*name).or_insert_with(|| Map::new().into());
            if let Value::Object(within) = within {
                insert(within, rest, value);
            }
        }
    }
}
