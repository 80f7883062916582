//! What an operator hands over: the text of a file, of standard input or of a prompt. Never of the
//! command line, which other users of the machine can read.

use std::io::{ErrorKind, IsTerminal, Read};
use std::path::Path;

use atlassian_authorizer::secret::Secret;

use crate::failure::{Failure, in_words};
use crate::spelled::file_name;

/// The most bytes that are read. What is larger is no token, no secret and no event.
const MAX_BYTES: u64 = 64 * 1024;

/// A small text of a file, or of standard input for `-`.
pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let limit = MAX_BYTES.saturating_add(1);
    let result = if is_stdin(file) {
        std::io::stdin().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    result.map_err(|error| unreadable(file, &error))?;
    // A text that was cut would be refused later, and nobody would know why.
    if u64::try_from(text.len()).is_ok_and(|length| length > MAX_BYTES) {
        let what = format!("{} holds more than 64 KiB", name(file));
        return Err(Failure::usage(what).hint("expected a file with one token, secret or event"));
    }
    Ok(text)
}

/// A secret of a file, of standard input for `-`, or of a prompt. A terminal
/// does not show what is typed, for `-` neither. The hint tells how to give the secret.
pub(crate) fn secret(what: &str, file: Option<&Path>, hint: &str) -> Result<Secret, Failure> {
    let is_terminal = std::io::stdin().is_terminal();
    let text = match file {
        Some(file) if !(is_terminal && is_stdin(file)) => read(file)?,
        _ if is_terminal => {
            rpassword::prompt_password(format!("{what} (not shown): ")).map_err(|error| {
                Failure::unavailable(format!("the terminal could not be read: {error}"))
            })?
        }
        _ => return Err(Failure::usage(format!("there is no {what}")).hint(hint)),
    };
    let secret = Secret::new(&text);
    if secret.expose_secret().is_empty() {
        return Err(Failure::usage(format!("the {what} is empty")).hint(hint));
    }
    Ok(secret)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn name(file: &Path) -> String {
    if is_stdin(file) {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

/// Never repeats what was given where it may be a token or a password.
pub(crate) fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let why = in_words(error);
    let is_named = is_stdin(file) || error.kind() != ErrorKind::NotFound;
    let hint = "give an existing file, or - for standard input";
    match file_name(file) {
        _ if is_named => Failure::unavailable(format!("{} could not be read: {why}", name(file))),
        Some(name) => Failure::unavailable(format!("{name} could not be read: {why}")),
        None => Failure::unavailable(
            "the file that was given could not be read: there is no such file (its name is not shown, as it \
             may be a secret)",
        ),
    }
    .hint(hint)
}
