//! What a request is sent with, and where it comes from: a file, standard input, a prompt, or what
//! `atlauth login` has stored. Never the command line.

use std::io::{IsTerminal, Read};
use std::path::Path;

use atlassian_authorizer::credential::API_TOKEN_PREFIX;
use atlassian_authorizer::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::failure::Failure;
use crate::tokens::stored_token;
use crate::ui::Ui;

/// The most bytes that are read of a token.
const MAX_BYTES: u64 = 64 * 1024;

/// A credential in the two forms in which it is needed.
pub(crate) struct Credential {
    /// The value of `Authorization`.
    pub(crate) authorization: Secret,
    /// The token; `None` for Basic credentials.
    pub(crate) token: Option<Secret>,
}

impl Credential {
    /// The token of a file, of standard input for `-`, else the stored one, else of a prompt.
    pub(crate) fn bearer(file: Option<&Path>, ui: &Ui) -> Result<Self, Failure> {
        let text = match file {
            Some(file) => read(file)?,
            None => match stored_token()? {
                Some(stored) => {
                    ui.note("with the token that `atlauth login` stored");
                    stored.expose_secret().to_owned()
                }
                None => prompt("Token: ")?,
            },
        };
        let token = text.trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        if token.is_empty() {
            return Err(Failure::usage("there is no token in it"));
        }
        Ok(Self {
            authorization: Secret::new(&format!("Bearer {token}")),
            token: Some(Secret::new(token)),
        })
    }

    /// Basic credentials of a user, with the password from a file, standard input or a prompt.
    pub(crate) fn basic(user: &str, file: Option<&Path>) -> Result<Self, Failure> {
        let password = match file {
            Some(file) => read(file)?,
            None => prompt(&format!("Password of {user}: "))?,
        };
        let password = password.trim_end_matches(['\r', '\n']);
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Ok(Self {
            authorization: Secret::new(&format!("Basic {pair}")),
            token: password
                .starts_with(API_TOKEN_PREFIX)
                .then(|| Secret::new(password)),
        })
    }
}

/// A small text of a file, or of standard input for `-`.
pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if file == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    result.map(|_| text).map_err(|error| {
        let name = file.to_string_lossy();
        if name.starts_with(API_TOKEN_PREFIX)
            || name.matches('.').count() == 2 && name.starts_with("ey")
        {
            return Failure::usage("that is a token, where the name of a file with one belongs")
                .hint("send it to standard input with -, and take it out of the shell's history");
        }
        Failure::ours(format!("{} could not be read: {error}", file.display()))
            .hint("name a file that is there, or - for standard input")
    })
}

fn prompt(what: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no token").hint(
            "name a file that holds one, give - and send it to standard input, or run `atlauth login`",
        ));
    }
    rpassword::prompt_password(what)
        .map_err(|error| Failure::ours(format!("the terminal could not be read: {error}")))
}
