//! `atlauth`: what an operator of the authorizer does by hand, as commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    atlauth::main()
}
