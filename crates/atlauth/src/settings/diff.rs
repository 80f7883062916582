//! `atlauth settings diff`.

use super::documents;
use crate::failure::Failure;
use crate::source;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth settings diff settings.json --settings ssm:/atlassian-authorizer/prod
  atlauth settings diff ssm:/atlassian-authorizer/staging --settings ssm:/atlassian-authorizer/prod

Of a secret it shows only that it differs. It exits with 1 if anything differs.")]
pub(crate) struct DiffArgs {
    /// The other settings: a file, or a source such as `ssm:/path`.
    #[arg(value_name = "OTHER")]
    other: String,
    /// Does not compare secrets.
    #[arg(long)]
    no_secrets: bool,
    /// Prints one JSON document with the names of the parameters that differ.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &DiffArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (source, _) = source::open(source).await?;
    let other = source::open_path(&args.other).await?;
    let mut from = source::read(&source, ui).await?;
    let mut to = source::read(&other, ui).await?;
    if args.no_secrets {
        for tree in [&mut from, &mut to] {
            tree.documents_mut()
                .retain(|name, _| !documents::is_secret(name));
        }
    }
    let changes = documents::changes(from.documents(), to.documents());
    if args.json {
        let differs: Vec<_> = changes
            .iter()
            .map(|(name, change)| serde_json::json!({"parameter": name, "change": change.word()}))
            .collect();
        let result = serde_json::json!({"from": source.to_string(), "to": other.to_string(),
                                        "same": changes.is_empty(), "differs": differs});
        ui.json(&format!("{result:#}"));
    } else {
        documents::show(&changes, ui);
    }
    match changes.len() {
        0 => {
            ui.note("no difference");
            Ok(())
        }
        1 => Err(Failure::negative("1 parameter differs")),
        count => Err(Failure::negative(format!("{count} parameters differ"))),
    }
}
