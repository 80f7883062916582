//! What a request is sent with, and where it comes from: a file, standard input, a prompt, or what
//! `atlauth login` has stored. Never the command line.

use std::path::Path;

use atlassian_authorizer::credential::API_TOKEN_PREFIX;
use atlassian_authorizer::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::failure::Failure;
use crate::input;
use crate::session::stored_token;
use crate::ui::Ui;

/// How to give a token.
const HINT: &str =
    "give a file with a token, give - and send the token to standard input, or run `atlauth login`";

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
        let stored = match file {
            Some(_) => None,
            None => stored_token()?,
        };
        let text = match stored {
            Some(stored) => {
                ui.note("with the token that `atlauth login` stored");
                stored
            }
            None => input::secret("token", file, HINT)?,
        };
        let token = text.expose_secret().trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        if token.is_empty() {
            return Err(Failure::usage("it holds no token"));
        }
        Ok(Self {
            authorization: Secret::new(&format!("Bearer {token}")),
            token: Some(Secret::new(token)),
        })
    }

    /// Basic credentials of a user, with the password from a file, standard input or a prompt.
    pub(crate) fn basic(user: &str, file: Option<&Path>) -> Result<Self, Failure> {
        let hint = "give a file with the password, or give - and send it to standard input";
        if user.contains(':') {
            // What follows is the password.
            return Err(
                Failure::usage("--basic takes the name of a user, without a password")
                    .hint(format!("{hint}; delete it from the shell's history")),
            );
        }
        let password = input::secret(&format!("password of {user}"), file, hint)?;
        let password = password.expose_secret();
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Ok(Self {
            authorization: Secret::new(&format!("Basic {pair}")),
            token: password
                .starts_with(API_TOKEN_PREFIX)
                .then(|| Secret::new(password)),
        })
    }
}
