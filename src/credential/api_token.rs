//! The form of API tokens: `atl_`, an id, a secret and a checksum.
//!
//! The checksum lets a mistyped or guessed token be refused without a look at the store. It is made
//! with a key of the operator's, so that nobody else can make one; without a key anyone can. That a
//! token is good, its record alone says.

use std::fmt;

use aws_lc_rs::{digest, hmac};

use super::Token;
use crate::error::Denial;
use crate::random::{ALPHABET, characters};
use crate::secret::{Secret, constant_time_eq};

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

/// The least bytes of a key: as many as HMAC-SHA256 gives (RFC 2104, section 3).
pub const LEAST_KEY: usize = 32;

/// A key that checksums are made with, by HMAC-SHA256 (RFC 2104). `Debug` doesn't show it.
#[derive(Clone)]
pub struct ChecksumKey(hmac::Key);

impl ChecksumKey {
    /// The key of these characters; `None` for fewer than [`LEAST_KEY`].
    pub fn new(secret: &Secret) -> Option<Self> {
        let bytes = secret.expose_secret().as_bytes();
        (bytes.len() >= LEAST_KEY).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    fn checksum(&self, id: &str, secret: &str) -> String {
        shortened(hmac::sign(&self.0, &signed(id, secret)).as_ref())
    }
}

impl fmt::Debug for ChecksumKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[key]")
    }
}

/// The checksums that are right.
#[derive(Clone, Debug, Default)]
pub struct Checksums {
    /// Keys that they may be made with. New ones are made with the first.
    pub keys: Vec<ChecksumKey>,
    /// Those that are made without a key are right too, as they are where there is no key.
    pub accept_unkeyed: bool,
}

impl Checksums {
    /// The last part of a new token, made of all that stands before it.
    pub fn make(&self, id: &str, secret: &str) -> String {
        let key = self.keys.first();
        key.map_or_else(|| unkeyed(id, secret), |key| key.checksum(id, secret))
    }

    /// Whether one that anybody can make is right.
    pub fn take_unkeyed(&self) -> bool {
        self.keys.is_empty() || self.accept_unkeyed
    }
}

/// A token of the right form and checksum. Whether there is such a token is not known.
pub struct UnverifiedApiToken<'t> {
    /// Its id.
    pub id: TokenId,
    /// Its secret.
    pub(crate) secret: &'t str,
    /// Whether its checksum was made with a key, and so by the operator.
    pub is_keyed: bool,
}

impl<'t> UnverifiedApiToken<'t> {
    /// Takes a token apart. All checksums are compared, whichever is right.
    ///
    /// # Errors
    ///
    /// [`Denial::ApiTokenMalformed`], and [`Denial::ApiTokenUnkeyed`] where it would be right without
    /// a key.
    pub fn parse(token: &'t Token<'_>, checksums: &Checksums) -> Result<Self, Denial> {
        let split = || {
            let body = token
                .expose_secret()
                .strip_prefix(API_TOKEN_PREFIX)
                .filter(|body| is_plain(body))?;
            let (id, rest) = body.split_at_checked(ID_LENGTH)?;
            let (secret, checksum) = rest.split_at_checked(SECRET_LENGTH)?;
            let is = |expected: String| constant_time_eq(checksum.as_bytes(), expected.as_bytes());
            let keys = checksums.keys.iter();
            let is_keyed = keys.fold(false, |any, key| any | is(key.checksum(id, secret)));
            let is_unkeyed = is(unkeyed(id, secret));
            let token = Self {
                id: TokenId::new(id)?,
                secret,
                is_keyed,
            };
            (is_keyed || is_unkeyed).then_some(token)
        };
        let token = split().ok_or(Denial::ApiTokenMalformed)?;
        if token.is_keyed || checksums.take_unkeyed() {
            Ok(token)
        } else {
            Err(Denial::ApiTokenUnkeyed)
        }
    }
}

/// The last part of a token where there is no key.
fn unkeyed(id: &str, secret: &str) -> String {
    shortened(digest::digest(&digest::SHA256, &signed(id, secret)).as_ref())
}

/// What a checksum is made of.
fn signed(id: &str, secret: &str) -> Vec<u8> {
    [API_TOKEN_PREFIX, id, secret].concat().into_bytes()
}

fn shortened(digest: &[u8]) -> String {
    characters(digest.get(..CHECKSUM_LENGTH).unwrap_or_default())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const ID: &str = "abcdefghijkmnpqr";

    fn key(text: &str) -> ChecksumKey {
        ChecksumKey::new(&Secret::new(text)).unwrap()
    }

    fn outcome(checksum: &str, checksums: &Checksums) -> Result<bool, Denial> {
        let secret = "a".repeat(SECRET_LENGTH);
        let text = [API_TOKEN_PREFIX, ID, &secret, checksum].concat();
        let token = Token(Cow::Owned(text));
        UnverifiedApiToken::parse(&token, checksums).map(|token| token.is_keyed)
    }

    /// A row for each way to make a checksum and each set of keys.
    #[test]
    fn checksums_by_key() {
        let secret = "a".repeat(SECRET_LENGTH);
        let (new, old, lost) = (
            key(&"new-key-".repeat(4)),
            key(&"old-key-".repeat(4)),
            key(&"lost-key".repeat(4)),
        );
        let made = |keys: &[&ChecksumKey]| {
            let keys = keys.iter().copied().cloned().collect();
            let checksums = Checksums {
                keys,
                accept_unkeyed: false,
            };
            checksums.make(ID, &secret)
        };
        let plain = made(&[]);
        assert_ne!(plain, made(&[&new]));
        assert_ne!(made(&[&new]), made(&[&old]));
        assert_eq!(made(&[&new, &old]), made(&[&new]));
        let malformed = Err(Denial::ApiTokenMalformed);
        for (keys, accept_unkeyed, expected) in [
            // Made: without a key, with the new, the old, and a lost one.
            (vec![], false, [Ok(false), malformed, malformed, malformed]),
            (
                vec![&new],
                false,
                [Err(Denial::ApiTokenUnkeyed), Ok(true), malformed, malformed],
            ),
            (
                vec![&new],
                true,
                [Ok(false), Ok(true), malformed, malformed],
            ),
            (
                vec![&new, &old],
                false,
                [Err(Denial::ApiTokenUnkeyed), Ok(true), Ok(true), malformed],
            ),
            (
                vec![&new, &old],
                true,
                [Ok(false), Ok(true), Ok(true), malformed],
            ),
        ] {
            let checksums = Checksums {
                keys: keys.iter().copied().cloned().collect(),
                accept_unkeyed,
            };
            let found = [plain.clone(), made(&[&new]), made(&[&old]), made(&[&lost])]
                .map(|checksum| outcome(&checksum, &checksums));
            assert_eq!(found, expected, "{} keys, {accept_unkeyed}", keys.len());
            assert_eq!(outcome("aaaaaaaa", &checksums), malformed);
            assert_eq!(outcome("", &checksums), malformed);
        }
    }

    #[test]
    fn keys_are_long_and_not_shown() {
        let text = "0123456789abcdef0123456789abcde";
        assert!(ChecksumKey::new(&Secret::new(text)).is_none());
        assert!(ChecksumKey::new(&Secret::new(&format!("{text}\n"))).is_none());
        let key = key(&format!("{text}f\n"));
        let checksums = Checksums {
            keys: vec![key],
            accept_unkeyed: false,
        };
        assert!(!format!("{checksums:?}").contains("0123"));
    }
}
