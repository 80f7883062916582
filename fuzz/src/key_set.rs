//! A provider's JWKS.

use atlassian_authorizer::authenticate::verify_jws;
use atlassian_authorizer::keys::{Algorithm, KeySet};

use crate::scene::{TOKEN, jwk};

pub(crate) fn run(data: &[u8]) {
    // `KEY` stands for the key that signed the token.
    let text = String::from_utf8_lossy(data).replace("KEY", &jwk().to_string());
    let Ok(set) = KeySet::parse(text.as_bytes()) else {
        return;
    };
    let count = set.keys().count();
    assert!((1..=100).contains(&count));
    for key in set.keys() {
        assert!(
            Algorithm::ALL
                .iter()
                .any(|algorithm| key.allows(*algorithm))
        );
        for algorithm in Algorithm::ALL {
            for length in [0, 64, 96, 132, 256] {
                assert!(
                    !key.verify(algorithm, b"message", &vec![0; length]),
                    "zeros verify"
                );
            }
        }
        let _ = format!("{key:?}");
    }
    if verify_jws(&TOKEN, &set).is_ok() {
        let x = jwk()["x"].as_str().unwrap().to_owned();
        let value: serde_json::Value =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        // The same key in another spelling is that key too.
        let keys = value["keys"].as_array().unwrap();
        let is_it = |key: &serde_json::Value| {
            key["x"]
                .as_str()
                .is_some_and(|one| one.trim_end_matches('=') == x)
        };
        assert!(keys.iter().any(is_it), "verified by no key of the set");
    }
}
