//! `atlauth demo`.

use crate::failure::Failure;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {}

pub(crate) async fn run(_args: DemoArgs, _ui: &Ui) -> Result<(), Failure> {
    Err(Failure::ours("not there yet"))
}
