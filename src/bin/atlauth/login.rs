//! `atlauth login`.

use crate::failure::Failure;
use crate::ui::Ui;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {}

pub(crate) async fn run(_args: LoginArgs, _source: Option<&str>, _ui: &Ui) -> Result<(), Failure> {
    Err(Failure::ours("not there yet"))
}
