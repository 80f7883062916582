//! Attacks on the signature: none, another algorithm's, a made-up one, and other spellings of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::json;

use super::{Attack, ISSUER, Scene, attack, token};
use testing::tokens::{access_claims, pem};

/// The order of P-256's base point (SEC 2, section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub(super) fn attacks(scene: &Scene) -> Vec<Attack> {
    let claims = access_claims(ISSUER).to_string();
    let good = scene.claims(&json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let unsigned = |name: &str| {
        let header = json!({"alg": name, "kid": "rsa"}).to_string();
        let without = token(&header, &claims, b"");
        [without.clone(), format!("{without}{signature}")]
    };
    let of = |key: &str, algorithm: &str, signature: &[u8]| {
        token(
            json!({"alg": algorithm, "kid": key}).to_string(),
            &claims,
            signature,
        )
    };
    let zero = [0; 32];
    let one = {
        let mut one = [0; 32];
        one[31] = 1;
        one
    };
    let ec = |r: [u8; 32], s: [u8; 32]| of("ec", "ES256", &[r, s].concat());
    let other = scene.claims(&json!({"username": "admin"}));
    let other_input = other.rsplit_once('.').unwrap().0;
    // r and s as 1, in DER.
    let der = [0x30, 6, 2, 1, 1, 2, 1, 1];

    vec![
        attack(
            "alg none",
            "algorithm_not_allowed",
            [
                "none",
                "None",
                "NONE",
                "nOnE",
                "none ",
                "n\u{6f}ne\u{0}",
                "",
            ]
            .into_iter()
            .flat_map(unsigned)
            .collect(),
        ),
        attack(
            "signature stripped",
            "signature_invalid",
            vec![format!("{input}.")],
        ),
        attack(
            "signature left out",
            "token_malformed",
            vec![input.to_owned(), format!("{}.", parts[0]), "..".to_owned()],
        ),
        attack(
            "public key as HMAC secret",
            "algorithm_not_allowed",
            confused(scene, &claims),
        ),
        attack(
            "key of another type",
            "algorithm_not_allowed",
            vec![
                scene.header(&json!({"kid": "ec"})),
                scene.header(&json!({"kid": "ed"})),
                scene.header(&json!({"alg": "ES256"})),
                scene.header(&json!({"alg": "EdDSA"})),
            ],
        ),
        attack(
            "algorithm that the key is not for",
            "algorithm_not_allowed",
            vec![
                scene.header(&json!({"kid": "ps"})),
                scene.header(&json!({"alg": "PS256"})),
                scene.header(&json!({"alg": "RS512"})),
                scene.header(&json!({"kid": "ec", "alg": "ES384"})),
            ],
        ),
        attack(
            "signature of zeros",
            "signature_invalid",
            vec![
                ec(zero, zero),
                of("rsa", "RS256", &[0; 256]),
                of("ps", "PS256", &[0; 256]),
                of("ed", "EdDSA", &[0; 64]),
            ],
        ),
        attack(
            "r and s out of range",
            "signature_invalid",
            vec![
                ec(zero, one),
                ec(one, zero),
                ec(ORDER, one),
                ec(one, ORDER),
                ec(ORDER, ORDER),
                ec([0xff; 32], [0xff; 32]),
            ],
        ),
        attack(
            "ECDSA signature in DER",
            "signature_invalid",
            vec![of("ec", "ES256", &der)],
        ),
        attack(
            "signature of another length",
            "signature_invalid",
            vec![
                of("ec", "ES256", &[1; 63]),
                of("ec", "ES256", &[1; 65]),
                of("ec", "ES256", &[1; 96]),
                of("ed", "EdDSA", &[1; 65]),
                of("rsa", "RS256", &[1; 255]),
                of("rsa", "RS256", &[1; 512]),
            ],
        ),
        attack(
            "signature of another token",
            "signature_invalid",
            vec![
                format!("{other_input}.{signature}"),
                scene.forged(&json!({})),
            ],
        ),
        attack(
            "signature in another spelling",
            "signature_invalid",
            vec![
                trailing_bits(&good),
                format!("{good}=="),
                format!("{input}.{}+/", &signature[..signature.len() - 2]),
            ],
        ),
        attack(
            "parts in another spelling",
            "token_malformed",
            vec![
                format!("{}=.{}.{signature}", parts[0], parts[1]),
                format!("{}.{}==.{signature}", parts[0], parts[1]),
                format!("{}.{}+/.{signature}", parts[0], parts[1]),
                format!("{}.e31.{signature}", parts[0]),
                format!(".{good}"),
                format!("{good}."),
            ],
        ),
        attack(
            "whitespace in the token",
            "credential_unsupported",
            vec![
                format!("{input} .{signature}"),
                format!("{input}\n.{signature}"),
                format!("{input}\t.{signature}"),
            ],
        ),
        attack(
            "two tokens with a comma",
            "token_malformed",
            vec![format!("{good},{good}")],
        ),
    ]
}

/// The last character of a signature of 256 bytes has four bits that stand for nothing.
fn trailing_bits(good: &str) -> String {
    let (rest, last) = good.split_at(good.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    format!("{rest}{}", &alphabet[place + 1..place + 2])
}

/// Tokens signed by HMAC with all that is public of a key.
fn confused(scene: &Scene, claims: &str) -> Vec<String> {
    let modulus = URL_SAFE_NO_PAD
        .decode(scene.rsa.jwk["n"].as_str().unwrap())
        .unwrap();
    // PKCS #1, as a public key in PEM holds it: the exponent is 65,537.
    let mut der = vec![0x30, 0x82, 1, 0x0a, 2, 0x82, 1, 1, 0];
    der.extend(&modulus);
    der.extend([2, 3, 1, 0, 1]);
    let secrets = [
        modulus,
        pem("RSA PUBLIC KEY", &der).into_bytes(),
        pem("RSA PUBLIC KEY", &der).trim_end().into(),
        der,
        scene.rsa.jwk.to_string().into_bytes(),
        Vec::new(),
    ];
    let algorithms = [
        ("HS256", Algorithm::HS256),
        ("HS384", Algorithm::HS384),
        ("HS512", Algorithm::HS512),
    ];
    let mut tokens = Vec::new();
    for secret in &secrets {
        for (name, algorithm) in algorithms {
            let header = json!({"alg": name, "kid": "rsa"}).to_string();
            let unsigned = token(&header, claims, b"");
            let input = unsigned.trim_end_matches('.');
            let key = EncodingKey::from_secret(secret);
            let signature = crypto::sign(input.as_bytes(), &key, algorithm).unwrap();
            tokens.push(format!("{input}.{signature}"));
        }
    }
    tokens
}
