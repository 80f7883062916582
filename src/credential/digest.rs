//! What a token is found by in a cache.

use aws_lc_rs::digest;

use super::Token;

/// A token's SHA-256, so that no cache keeps the token itself.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    pub fn of(token: &Token<'_>) -> Self {
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, token.expose_secret().as_bytes());
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    #[cfg(test)]
    pub(crate) fn for_test(number: u32) -> Self {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }
}
