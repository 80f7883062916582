//! Random numbers, and texts made of them.

use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

/// Five bits a character, and no two characters that look alike.
pub const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The characters of a [`DecisionId`]: 60 random bits.
const DECISION_ID: usize = 12;

/// The name of one decision: 12 random characters of [`ALPHABET`], which are safe in headers and in JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DecisionId([u8; DECISION_ID]);

impl DecisionId {
    /// A new one. Without random numbers all of them are the same: an id finds a line of a log, and no
    /// caller is refused for want of one.
    pub fn random() -> Self {
        let mut bytes = [0; DECISION_ID];
        let _ = rand::fill(&mut bytes);
        Self(bytes.map(character))
    }

    /// Its characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The system's random generator failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("random numbers are not available")]
pub struct RandomError;

/// 128 random bits in base64url, for a `jti`.
///
/// # Errors
///
/// [`RandomError`].
pub fn id() -> Result<String, RandomError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Random characters of [`ALPHABET`], five bits each.
///
/// # Errors
///
/// [`RandomError`].
pub fn text(length: usize) -> Result<String, RandomError> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(characters(&bytes))
}

/// A random time from nothing to `most`, both included. Without random numbers, all of it: waiting too long is safe.
pub fn up_to(most: Duration) -> Duration {
    let mut bytes = [0xff; 4];
    let _ = rand::fill(&mut bytes);
    let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
    most.mul_f64(share)
}

/// A character of [`ALPHABET`] for each byte, by its lowest five bits.
pub fn characters(bytes: &[u8]) -> String {
    let all = bytes.iter().copied().map(character);
    all.map(char::from).collect()
}

/// The character for a byte.
fn character(byte: u8) -> u8 {
    let place = usize::from(byte & 31);
    ALPHABET.get(place).copied().unwrap_or(b'a')
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, DecisionId};

    #[test]
    fn ids_of_decisions_are_short_and_differ() {
        let (one, other) = (DecisionId::random(), DecisionId::random());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 12);
        assert!(one.as_str().bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
