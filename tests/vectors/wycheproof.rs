//! Project Wycheproof's vectors for the signatures that JWS knows (C2SP/wycheproof, Apache-2.0).
//!
//! Each key goes through a JWKS, as a provider's does, and each signature through the key that
//! comes out of it.

use atlassian_authorizer::keys::{self, KeySet};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wycheproof::TestResult;
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use crate::exceptions::{Exceptions, Expected};

const EXCEPTIONS: &str = include_str!("wycheproof.tsv");

/// A signature, and what its vector says of it.
struct Signed<'v> {
    file: &'v str,
    id: usize,
    comment: &'v str,
    message: &'v [u8],
    signature: &'v [u8],
    result: TestResult,
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a signature holds by the keys of a set, of which a JWK is the only member.
fn holds(jwk: &Value, algorithm: &str, signed: &Signed<'_>) -> bool {
    let set = json!({"keys": [jwk]}).to_string();
    let Ok(set) = KeySet::parse(set.as_bytes()) else {
        return false;
    };
    let Some(algorithm) = keys::Algorithm::named(algorithm) else {
        return false;
    };
    set.keys()
        .any(|key| key.verify(algorithm, signed.message, signed.signature))
}

fn check(exceptions: &mut Exceptions, jwk: &Value, algorithm: &str, signed: &Signed<'_>) {
    let expected = match signed.result {
        TestResult::Valid => Expected::Holds,
        TestResult::Invalid => Expected::Fails,
        TestResult::Acceptable => Expected::Any,
    };
    let holds = holds(jwk, algorithm, signed);
    exceptions.check(signed.file, signed.id, signed.comment, expected, holds);
}

/// The vectors of one file: they have the same shape in each module, and no trait in common.
macro_rules! each {
    ($module:ident, $file:literal, |$group:ident, $signed:ident| $check:expr) => {
        let name: $module::TestName = $file.parse().unwrap();
        let set = $module::TestSet::load(name).unwrap();
        for $group in &set.test_groups {
            for test in &$group.tests {
                let $signed = Signed {
                    file: $file,
                    id: test.tc_id,
                    comment: &test.comment,
                    message: &test.msg,
                    signature: &test.sig,
                    result: test.result,
                };
                $check;
            }
        }
    };
}

macro_rules! rsa {
    ($exceptions:ident, $module:ident, $algorithm:literal: $($file:literal),* $(,)?) => {$(
        each!($module, $file, |group, signed| {
            // By its own name for the algorithm, and without one.
            let key = json!({"kty": "RSA", "n": encode(&group.key.n), "e": encode(&group.key.e)});
            let mut named = key.clone();
            named["alg"] = $algorithm.into();
            check(&mut $exceptions, &named, $algorithm, &signed);
            assert_eq!(
                holds(&key, $algorithm, &signed),
                holds(&named, $algorithm, &signed),
                "{} {}", $file, signed.id
            );
        });
    )*};
}

macro_rules! elliptic {
    ($exceptions:ident, $curve:literal, $algorithm:literal, $length:literal: $($file:literal),* $(,)?) => {$(
        each!(ecdsa, $file, |group, signed| {
            let point = &group.key.key;
            assert_eq!(point.len(), 1 + 2 * $length);
            let (x, y) = point[1..].split_at($length);
            let key = json!({"kty": "EC", "crv": $curve, "x": encode(x), "y": encode(y)});
            check(&mut $exceptions, &key, $algorithm, &signed);
        });
    )*};
}

#[test]
fn signatures() {
    let mut exceptions = Exceptions::parse(EXCEPTIONS);
    rsa!(exceptions, rsa_pkcs1_verify, "RS256":
        "rsa_signature_2048_sha256", "rsa_signature_3072_sha256", "rsa_signature_4096_sha256",
        "rsa_signature_8192_sha256");
    rsa!(exceptions, rsa_pkcs1_verify, "RS384":
        "rsa_signature_2048_sha384", "rsa_signature_3072_sha384", "rsa_signature_4096_sha384",
        "rsa_signature_8192_sha384");
    rsa!(exceptions, rsa_pkcs1_verify, "RS512":
        "rsa_signature_2048_sha512", "rsa_signature_3072_sha512", "rsa_signature_4096_sha512",
        "rsa_signature_8192_sha512");
    // Salts as long as the hash (RFC 7518, section 3.5).
    rsa!(exceptions, rsa_pss_verify, "PS256":
        "rsa_pss_2048_sha256_mgf1_32", "rsa_pss_3072_sha256_mgf1_32", "rsa_pss_4096_sha256_mgf1_32");
    rsa!(exceptions, rsa_pss_verify, "PS384":
        "rsa_pss_2048_sha384_mgf1_48", "rsa_pss_4096_sha384_mgf1_48");
    rsa!(exceptions, rsa_pss_verify, "PS512": "rsa_pss_4096_sha512_mgf1_64");
    // Salts of another length, and masks by another hash: none of them is a JWS signature.
    rsa!(exceptions, rsa_pss_verify, "PS256":
        "rsa_pss_2048_sha256_mgf1_0", "rsa_pss_2048_sha256_mgf1sha1_20");
    rsa!(exceptions, rsa_pss_verify, "PS512": "rsa_pss_4096_sha512_mgf1_32");
    elliptic!(exceptions, "P-256", "ES256", 32: "ecdsa_secp256r1_sha256_p1363");
    elliptic!(exceptions, "P-384", "ES384", 48: "ecdsa_secp384r1_sha384_p1363");
    elliptic!(exceptions, "P-521", "ES512", 66: "ecdsa_secp521r1_sha512_p1363");
    // Signatures in DER are none of JWS (RFC 7518, section 3.4).
    elliptic!(exceptions, "P-256", "ES256", 32: "ecdsa_secp256r1_sha256");
    elliptic!(exceptions, "P-384", "ES384", 48: "ecdsa_secp384r1_sha384");
    // A curve that no algorithm here is for.
    elliptic!(exceptions, "secp256k1", "ES256", 32: "ecdsa_secp256k1_sha256_p1363");
    each!(eddsa, "ed25519", |group, signed| {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk)});
        check(&mut exceptions, &key, "EdDSA", &signed);
    });

    let (agree, excepted) = exceptions.counts;
    println!("{agree} vectors agree, {excepted} are excepted");
    assert!(agree > 3_000, "vectors are missing: {agree}");
    let differences = exceptions.differences();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
