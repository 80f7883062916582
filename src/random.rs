//! Random numbers, and texts made of them.

use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

/// Five bits a character, and no two characters that look alike.
pub const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

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
    let character = |byte: &u8| {
        let place = usize::from(byte & 31);
        char::from(ALPHABET.get(place).copied().unwrap_or(b'a'))
    };
    bytes.iter().map(character).collect()
}
