//! The form of API tokens: `atl_`, an id, a secret and a checksum.
//!
//! The checksum lets a mistyped token be refused without a look at the store; it is no secret, and
//! no decision depends on it.

use aws_lc_rs::digest;

use super::Token;
use crate::error::Denial;
use crate::random::{ALPHABET, characters};
use crate::secret::constant_time_eq;

/// What every API token of ours begins with.
pub const API_TOKEN_PREFIX: &str = "atl_";
/// Characters of an id: 80 bits.
pub const ID_LENGTH: usize = 16;
/// Characters of a secret: 260 bits.
pub const SECRET_LENGTH: usize = 52;
/// Characters of a checksum: 40 bits.
const CHECKSUM_LENGTH: usize = 8;

/// The id of an API token, which is the last part of its parameter's name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TokenId(String);

impl TokenId {
    /// Takes an id; `None` for what is none.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() == ID_LENGTH && is_plain(text)).then(|| Self(text.to_owned()))
    }

    /// The id that a text of a token's form and length begins with, whatever its checksum. The
    /// outer `None` is for what does not look like an API token at all.
    pub fn unverified_of(token: &str) -> Option<Option<Self>> {
        let body = token.strip_prefix(API_TOKEN_PREFIX)?;
        let (id, rest) = body.split_at_checked(ID_LENGTH).unwrap_or_default();
        let is_whole = rest.len() == SECRET_LENGTH.saturating_add(CHECKSUM_LENGTH);
        Some(Self::new(id).filter(|_| is_whole))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A token of the right form and checksum. Whether there is such a token is not known.
pub struct UnverifiedApiToken<'t> {
    /// Its id.
    pub id: TokenId,
    /// Its secret.
    pub(crate) secret: &'t str,
}

impl<'t> UnverifiedApiToken<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// [`Denial::ApiTokenMalformed`].
    pub fn parse(token: &'t Token<'_>) -> Result<Self, Denial> {
        let split = || {
            let body = token
                .expose_secret()
                .strip_prefix(API_TOKEN_PREFIX)
                .filter(|body| is_plain(body))?;
            let (id, rest) = body.split_at_checked(ID_LENGTH)?;
            let (secret, checksum) = rest.split_at_checked(SECRET_LENGTH)?;
            let expected = self::checksum(id, secret);
            let is_right = constant_time_eq(checksum.as_bytes(), expected.as_bytes());
            is_right.then_some(Self {
                id: TokenId::new(id)?,
                secret,
            })
        };
        split().ok_or(Denial::ApiTokenMalformed)
    }
}

/// The last part of a token, made of all that stands before it.
pub fn checksum(id: &str, secret: &str) -> String {
    let text = [API_TOKEN_PREFIX, id, secret].concat();
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().get(..CHECKSUM_LENGTH);
    characters(bytes.unwrap_or_default())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
}
