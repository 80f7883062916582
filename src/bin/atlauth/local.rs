//! `atlauth local`.

use crate::failure::Failure;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct LocalArgs {}

pub(crate) async fn run(_args: LocalArgs, _source: Option<&str>, _ui: &Ui) -> Result<(), Failure> {
    Err(Failure::ours("not there yet"))
}
