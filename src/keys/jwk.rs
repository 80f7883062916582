//! Reading one JSON Web Key (RFC 7517, section 4).
//!
//! Issuers write what they mean in many ways: see `encoding`. What can't be used here has a reason,
//! which begins with a verb, for the key's name stands before it.

use serde_json::{Map, Value};

use super::encoding::{base64, coordinate, member, number, text};
use super::hint::Certificate;
use super::issuer::KeyIssuer;
use super::verifier::{Material, Verifier};
use super::{Algorithm, Key, KeyId, thumbprint, weak};

/// Reads a key.
///
/// # Errors
///
/// Why it can't be used.
pub(super) fn read(jwk: &Map<String, Value>) -> Result<Key, &'static str> {
    // A private key in a published set is known to everyone who read it.
    if member(jwk, "d").is_some() {
        return Err("is a private key, which everyone who can read the JWKS has");
    }
    check_usage(jwk)?;
    let (by_type, material) = material(jwk)?;
    let algorithms = match member(jwk, "alg") {
        None => by_type.to_vec(),
        Some(name) => {
            let named = name.as_str().and_then(Algorithm::named);
            let named = named.filter(|algorithm| by_type.contains(algorithm));
            vec![named.ok_or("has an `alg` that is not for signatures, or not for its type")?]
        }
    };
    let id = match member(jwk, "kid") {
        None => None,
        Some(id) => Some(KeyId::from(
            id.as_str().ok_or("has a `kid` that is not a string")?,
        )),
    };
    let issuer = match member(jwk, "issuer") {
        None => None,
        Some(name) => KeyIssuer::of(
            name.as_str()
                .ok_or("has an `issuer` that is not a string")?,
        ),
    };
    let issuer_name = issuer.as_ref().map_or("", KeyIssuer::as_str);
    let mut parts = material.parts();
    parts.push(issuer_name.as_bytes());
    Ok(Key {
        thumbprint: thumbprint(&parts),
        id,
        certificate: Certificate::of(jwk),
        issuer,
        verifier: Verifier::new(material, &algorithms),
    })
}

fn check_usage(jwk: &Map<String, Value>) -> Result<(), &'static str> {
    if let Some(usage) = member(jwk, "use") {
        match usage.as_str() {
            Some("") => {}
            Some(usage) if usage.eq_ignore_ascii_case("sig") => {}
            Some("enc") => return Err("is for encryption"),
            _ => return Err("has a `use` other than `sig`"),
        }
    }
    match member(jwk, "key_ops") {
        None => Ok(()),
        Some(Value::String(operation)) if operation == "verify" => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|one| one == "verify") => Ok(()),
        Some(_) => Err("has `key_ops` without `verify`"),
    }
}

/// The algorithms that a key's type admits, and what it is made of.
fn material(jwk: &Map<String, Value>) -> Result<(&'static [Algorithm], Material), &'static str> {
    match text(jwk, "kty") {
        Some("RSA") => Ok((&Algorithm::RSA, rsa(jwk)?)),
        Some("EC") => {
            let (algorithms, length): (&[Algorithm], _) = match text(jwk, "crv") {
                Some("P-256") => (&[Algorithm::ES256], 32),
                Some("P-384") => (&[Algorithm::ES384], 48),
                Some("P-521") => (&[Algorithm::ES512], 66),
                _ => return Err("has a curve other than P-256, P-384 and P-521"),
            };
            let coordinate = |name| {
                let written = text(jwk, name).filter(|text| !text.is_empty());
                let octets = written.and_then(|text| coordinate(text, length));
                octets.ok_or("has coordinates that are not on its curve")
            };
            let (x, y) = (coordinate("x")?, coordinate("y")?);
            Ok((algorithms, Material::Ec { x, y }))
        }
        Some("OKP") if text(jwk, "crv") == Some("Ed25519") => {
            let x = text(jwk, "x").and_then(base64).filter(|x| x.len() == 32);
            let x = x.ok_or("has an `x` that is not valid for Ed25519")?;
            if weak::has_small_order(&x) {
                return Err("is weak: a point of small order");
            }
            Ok((&[Algorithm::EdDSA], Material::Ed { x }))
        }
        Some("OKP") => Err("has a curve other than Ed25519"),
        Some("oct") => Err("is symmetric"),
        Some(_) => Err("has a `kty` other than RSA, EC and OKP"),
        None => Err("has no `kty`"),
    }
}

fn rsa(jwk: &Map<String, Value>) -> Result<Material, &'static str> {
    // The crypto library takes no leading zeros; some issuers send one.
    let number = |name| text(jwk, name).and_then(number);
    let n = number("n").ok_or("has an `n` that is not base64url")?;
    let e = number("e").ok_or("has an `e` that is not base64url")?;
    if !is_rsa_size(&n) {
        return Err("is RSA of less than 2048 or more than 8192 bits");
    }
    if e.is_empty() || e.len() > 4 {
        return Err("has an exponent of none or more than four octets");
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    if e == [1] || !is_odd(&e) {
        return Err("is weak: its exponent is even or 1");
    }
    if !is_odd(&n) {
        return Err("is weak: its modulus is even");
    }
    if weak::is_roca(&n) {
        return Err("is weak: its modulus has the fingerprint of ROCA (CVE-2017-15361)");
    }
    Ok(Material::Rsa { n, e })
}

/// Between 2,048 and 8,192 bits, the range that the crypto library verifies with.
fn is_rsa_size(n: &[u8]) -> bool {
    n.first().is_some_and(|first| {
        let bits = n
            .len()
            .saturating_mul(8)
            .saturating_sub(first.leading_zeros() as usize);
        (2_048..=8_192).contains(&bits)
    })
}
