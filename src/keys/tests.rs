use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use testing::tokens::SigningKey;

use super::{Algorithm, Candidates, CertificateDigests, KeyHint, KeyId, KeySet, KeySetError, weak};

const ISSUER: &str = "https://idp.example.com";

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa(kid: &str, bytes: usize) -> Value {
    json!({"kty": "RSA", "kid": kid, "n": encode(&vec![0xc1; bytes]), "e": "AQAB"})
}

fn elliptic(curve: &str, length: usize) -> Value {
    json!({"kty": "EC", "crv": curve, "x": encode(&vec![1; length]), "y": encode(&vec![2; length])})
}

fn edwards() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&[7; 32])})
}

fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
    key[name] = value.into();
    key
}

fn without(mut key: Value, name: &str) -> Value {
    key.as_object_mut().unwrap().remove(name);
    key
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::from_value(&json!({ "keys": keys })).unwrap()
}

/// Where a key is unusable, alone and beside a good one, with the reason.
#[test]
fn unusable_keys_are_skipped_with_a_reason() {
    let good = elliptic("P-256", 32);
    let even = [vec![0xc1; 255], vec![0xc0]].concat();
    for (unusable, reason) in [
        // RFC 7518, section 3.3: 2048 bits or more.
        (rsa("k", 128), "2048"),
        (rsa("k", 255), "2048"),
        (rsa("k", 1_025), "8192"),
        (with(rsa("k", 256), "use", "enc"), "for encryption"),
        (with(rsa("k", 256), "use", 1), "`use`"),
        (with(rsa("k", 256), "use", "tls"), "`use`"),
        (with(rsa("k", 256), "use", json!(["sig", "enc"])), "`use`"),
        (
            with(rsa("k", 256), "key_ops", json!(["encrypt"])),
            "`key_ops`",
        ),
        (with(rsa("k", 256), "key_ops", json!([])), "`key_ops`"),
        (
            with(rsa("k", 256), "key_ops", json!(["encrypt", "wrapKey"])),
            "`key_ops`",
        ),
        (with(rsa("k", 256), "key_ops", json!({})), "`key_ops`"),
        // RFC 8725, section 3.1: one algorithm for one key.
        (with(rsa("k", 256), "alg", "HS256"), "`alg`"),
        (with(rsa("k", 256), "alg", "none"), "`alg`"),
        (with(rsa("k", 256), "alg", "ES256"), "`alg`"),
        (with(rsa("k", 256), "alg", "RSA-OAEP"), "`alg`"),
        (with(rsa("k", 256), "alg", ""), "`alg`"),
        (with(rsa("k", 256), "alg", 7), "`alg`"),
        (with(elliptic("P-256", 32), "alg", "ES512"), "`alg`"),
        (with(rsa("k", 256), "kid", 7), "`kid`"),
        (with(rsa("k", 256), "issuer", 7), "`issuer`"),
        (with(rsa("k", 256), "d", "AQAB"), "private"),
        (with(rsa("k", 256), "d", ""), "private"),
        (with(rsa("k", 256), "d", 7), "private"),
        (with(edwards(), "d", "AQAB"), "private"),
        (with(rsa("k", 256), "n", "***"), "`n`"),
        (with(rsa("k", 256), "n", Value::Null), "`n`"),
        (without(rsa("k", 256), "n"), "`n`"),
        (without(rsa("k", 256), "e"), "`e`"),
        (with(rsa("k", 256), "e", 65_537), "`e`"),
        (with(rsa("k", 256), "e", ""), "exponent"),
        (with(rsa("k", 256), "e", "AAA"), "exponent"),
        (
            with(rsa("k", 256), "e", encode(&[1, 0, 0, 0, 1])),
            "exponent",
        ),
        (with(rsa("k", 256), "e", "AQ"), "weak"),
        (with(rsa("k", 256), "e", "AAE"), "weak"),
        (with(rsa("k", 256), "e", "BA"), "weak"),
        (with(rsa("k", 256), "n", encode(&even)), "weak"),
        (
            with(rsa("k", 256), "n", encode(&weak::tests::infineon(65_537))),
            "ROCA",
        ),
        (
            json!({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}),
            "symmetric",
        ),
        (elliptic("secp256k1", 32), "curve"),
        (elliptic("P-192", 24), "curve"),
        (without(elliptic("P-256", 32), "crv"), "curve"),
        (elliptic("P-256", 33), "coordinates"),
        (elliptic("P-521", 67), "coordinates"),
        (with(elliptic("P-256", 32), "y", ""), "coordinates"),
        (without(elliptic("P-256", 32), "y"), "coordinates"),
        (with(edwards(), "x", "AQ"), "Ed25519"),
        (with(edwards(), "x", encode(&[7; 33])), "Ed25519"),
        (with(edwards(), "x", encode(&[0; 32])), "weak"),
        (with(edwards(), "crv", "X25519"), "curve"),
        (with(edwards(), "crv", "Ed448"), "curve"),
        (json!({"kid": "k"}), "`kty`"),
        (with(rsa("k", 256), "kty", "rsa"), "`kty`"),
        (json!(null), "object"),
        (json!("key"), "object"),
        (json!([rsa("k", 256)]), "object"),
    ] {
        match KeySet::from_value(&json!({"keys": [unusable]})) {
            Err(KeySetError::NoUsableKey(skipped)) => {
                assert!(
                    skipped.to_string().contains(reason),
                    "{unusable}: {skipped}"
                );
            }
            other => panic!("{unusable}: {other:?}"),
        }
        let beside = set(&[unusable.clone(), good.clone()]);
        assert_eq!(beside.keys.len(), 1);
        assert!(beside.skipped().to_string().contains(reason));
    }
}

/// One key in the ways that servers write it: all are the key that it is.
#[test]
fn keys_as_servers_write_them() {
    let n = [vec![0xfb; 255], vec![0xff]].concat();
    let rsa = json!({"kty": "RSA", "kid": "k", "n": encode(&n), "e": "AQAB"});
    // A coordinate that begins with a zero.
    let x = [vec![0, 0], vec![0xfb; 30]].concat();
    let ec =
        json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": encode(&x), "y": encode(&[2; 32])});
    let ed = with(edwards(), "kid", "k");
    let mut cases: Vec<(&Value, Value)> = vec![
        // Padding, base64, line breaks, zeros in front.
        (&rsa, with(rsa.clone(), "n", URL_SAFE.encode(&n))),
        (&rsa, with(rsa.clone(), "n", STANDARD.encode(&n))),
        (
            &rsa,
            with(rsa.clone(), "n", encode(&[vec![0], n.clone()].concat())),
        ),
        (&rsa, with(rsa.clone(), "n", format!("{}\n", encode(&n)))),
        (&rsa, with(rsa.clone(), "e", "AAEAAQ")),
        (&rsa, with(rsa.clone(), "e", "AAEAAQ==")),
        (&ec, with(ec.clone(), "x", URL_SAFE.encode(&x))),
        (&ec, with(ec.clone(), "x", encode(&x[1..]))),
        (&ec, with(ec.clone(), "x", encode(&x[2..]))),
        (
            &ec,
            with(ec.clone(), "x", encode(&[vec![0], x.clone()].concat())),
        ),
        (&ed, with(ed.clone(), "x", URL_SAFE.encode([7; 32]))),
    ];
    for key in [&rsa, &ec, &ed] {
        // `null` is missing, wherever it stands.
        for name in [
            "d", "use", "alg", "key_ops", "x5c", "x5t", "x5t#S256", "x5u", "issuer", "p", "k",
        ] {
            cases.push((key, with(key.clone(), name, Value::Null)));
        }
        for (name, value) in [
            ("use", json!("sig")),
            ("use", json!("SIG")),
            ("use", json!(["sig"])),
            ("use", json!("")),
            ("key_ops", json!(["verify"])),
            ("key_ops", json!(["sign", "verify"])),
            ("key_ops", json!("verify")),
            ("ext", json!(true)),
            ("x5c", json!([])),
            ("x5c", json!(["***"])),
            ("x5t", json!("***")),
            ("issuer", json!("")),
            ("nbf", json!(1_493_763_266)),
            ("cloud_instance_name", json!("microsoftonline.com")),
        ] {
            cases.push((key, with(key.clone(), name, value)));
        }
        for (name, value) in key.as_object().unwrap() {
            cases.push((key, with(key.clone(), name, json!([value]))));
        }
    }
    cases.push((&rsa, with(rsa.clone(), "alg", "RS256")));
    cases.push((&ed, with(ed.clone(), "alg", "EdDSA")));
    cases.push((&ed, with(ed.clone(), "alg", "Ed25519")));
    for (key, written) in cases {
        let (key, read) = (
            set(std::slice::from_ref(key)),
            set(std::slice::from_ref(&written)),
        );
        assert_eq!(
            key.keys[0].thumbprint(),
            read.keys[0].thumbprint(),
            "{written}"
        );
        assert_eq!(read.keys[0].id(), Some(&KeyId::from("k")), "{written}");
        assert!(read.skipped().is_empty());
    }
    let nameless = set(&[with(rsa, "kid", Value::Null)]);
    assert_eq!(nameless.keys[0].id(), None);
}

/// Each algorithm, with the keys in the forms above where they apply, verifies what was signed.
#[test]
fn signatures_by_each_algorithm() {
    for algorithm in Algorithm::ALL {
        for round in 0..4 {
            let signing = SigningKey::generate("k", algorithm.name());
            let token = signing.sign(&json!({"round": round}));
            let (message, signature) = token.rsplit_once('.').unwrap();
            let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let strip = |name: &str| {
                let octets = URL_SAFE_NO_PAD.decode(signing.jwk[name].as_str()?).ok()?;
                let zeros = octets.iter().take_while(|octet| **octet == 0).count();
                Some((
                    encode(&octets[zeros..]),
                    encode(&[vec![0; 3], octets].concat()),
                ))
            };
            let mut forms = vec![signing.jwk.clone()];
            let numbers: &[&str] = match signing.jwk["kty"].as_str().unwrap() {
                "RSA" => &["n", "e"],
                "EC" => &["x", "y"],
                _ => &[],
            };
            for name in numbers {
                let (short, long) = strip(name).unwrap();
                forms.push(with(signing.jwk.clone(), name, short));
                forms.push(with(signing.jwk.clone(), name, long));
            }
            for form in forms {
                let set = set(&[form]);
                assert!(set.keys[0].verify(algorithm, message.as_bytes(), &signature));
            }
            signature[9] ^= 1;
            let set = set(&[signing.jwk]);
            assert!(!set.keys[0].verify(algorithm, message.as_bytes(), &signature));
        }
    }
}

#[test]
fn malformed_sets() {
    for text in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[],"keys":[]}"#,
        "\u{feff}{}",
    ] {
        assert_eq!(
            KeySet::parse(text.as_bytes()).unwrap_err(),
            KeySetError::Malformed,
            "{text}"
        );
    }
}

#[test]
fn keys_over_the_limit_are_counted() {
    let keys: Vec<Value> = (0..103)
        .map(|number| rsa(&number.to_string(), 256))
        .collect();
    let set = set(&keys);
    assert_eq!(set.keys.len(), 100);
    assert_eq!(set.skipped().over_limit(), 3);
    assert_eq!(set.skipped().to_string(), "3 over the limit of 100 keys");
}

/// What is said of skipped keys shows no key, least of all a private one.
#[test]
fn nothing_of_a_key_is_shown() {
    let error = KeySet::from_value(&json!({"keys": [
        with(rsa("public-name", 256), "d", "cHJpdmF0ZQ"),
        {"kty": "oct", "k": "c2VjcmV0"},
    ]}))
    .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("public-name"), "{shown}");
    for secret in ["cHJpdmF0ZQ", "c2VjcmV0", "wcHBwcHB", "AQAB"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// The `kid`s of the keys that a token would be verified with, or what is said in place of them.
fn find(set: &KeySet, hint: &KeyHint, algorithm: Algorithm, issuer: &str) -> String {
    match set.candidates(hint, algorithm, issuer) {
        Candidates::Fitting(keys) => {
            let names = keys.keys().map(|key| key.id().map_or("-", KeyId::as_str));
            names.collect::<Vec<_>>().join(" ")
        }
        Candidates::Unknown => "unknown".into(),
        Candidates::NotAllowed => "not allowed".into(),
        Candidates::Ambiguous => "ambiguous".into(),
    }
}

fn hint(header: &Value) -> KeyHint {
    KeyHint {
        id: header["kid"].as_str().map(KeyId::from),
        certificate: CertificateDigests::of(header.as_object().unwrap()),
    }
}

#[test]
fn candidates_by_kid_and_algorithm() {
    let ec = with(with(elliptic("P-256", 32), "kid", "ec"), "alg", "ES256");
    let ps = with(rsa("ps", 257), "alg", "PS256");
    let set = set(&[rsa("a", 256), ps, ec]);
    for (kid, algorithm, expected) in [
        (Some("a"), Algorithm::RS512, "a"),
        (Some("ps"), Algorithm::PS256, "ps"),
        (Some("ps"), Algorithm::RS256, "not allowed"),
        (Some("ec"), Algorithm::RS256, "not allowed"),
        (Some("ec"), Algorithm::ES512, "not allowed"),
        (Some("b"), Algorithm::RS256, "unknown"),
        // An empty name is none.
        (Some(""), Algorithm::RS256, "a"),
        (Some(""), Algorithm::PS256, "ambiguous"),
        (Some("A"), Algorithm::RS256, "unknown"),
        (None, Algorithm::ES256, "ec"),
        (None, Algorithm::RS256, "a"),
        (None, Algorithm::PS256, "ambiguous"),
        (None, Algorithm::EdDSA, "not allowed"),
    ] {
        let hint = hint(&json!({ "kid": kid }));
        assert_eq!(find(&set, &hint, algorithm, ISSUER), expected, "{kid:?}");
        assert_eq!(set.has(&hint), expected != "unknown", "{kid:?}");
    }
}

/// RFC 7517, section 4.5: keys of one `kid` may differ, such as by their type.
#[test]
fn all_keys_of_one_kid_are_candidates_up_to_a_bound() {
    let same = |first: u8| {
        with(
            rsa("same", 256),
            "n",
            encode(&[vec![first], vec![0xc1; 255]].concat()),
        )
    };
    let ec = with(elliptic("P-256", 32), "kid", "same");
    let keys = |count: u8| -> Vec<Value> {
        let mut keys = vec![ec.clone(), rsa("other", 257)];
        keys.extend((0..count).map(|number| same(0xc2 + number)));
        keys
    };
    let by_kid = hint(&json!({"kid": "same"}));
    for (count, tried) in [(1, 1), (2, 2), (4, 4), (5, 4), (30, 4)] {
        let set = set(&keys(count));
        let found = find(&set, &by_kid, Algorithm::RS256, ISSUER);
        assert_eq!(found.split(' ').count(), tried, "{found}");
        assert_eq!(find(&set, &by_kid, Algorithm::ES256, ISSUER), "same");
    }
    // WSO2 lists a key once for each algorithm: that is one key, and needs no name.
    let twice = [
        rsa("k_RS256", 256),
        rsa("k_RS512", 256),
        with(rsa("k_PS256", 256), "alg", "PS256"),
    ];
    let set = set(&twice);
    assert_eq!(
        find(&set, &KeyHint::default(), Algorithm::RS256, ISSUER),
        "k_RS256"
    );
}

/// A certificate names a key where `kid` does not: there is none, or none of the set has it.
#[test]
fn candidates_by_certificate() {
    let sha1 = |first: u8| encode(&[first; 20]);
    let sha256 = |first: u8| encode(&[first; 32]);
    let chain = STANDARD.encode("certificate");
    let computed = "c1rVccGJ17qERkv0qfHSKAF1sSg";
    let set = set(&[
        with(with(rsa("a", 256), "x5t", sha1(1)), "x5t#S256", sha256(1)),
        with(rsa("b", 257), "x5t", sha1(2)),
        // IdentityServer 3 and AD FS name keys so alone.
        with(without(rsa("", 258), "kid"), "x5t", sha1(3)),
        with(rsa("d", 259), "x5c", json!([chain])),
    ]);
    for (header, expected) in [
        (json!({"x5t": sha1(1)}), "a"),
        (json!({"x5t#S256": sha256(1)}), "a"),
        (json!({"x5t": sha1(1), "x5t#S256": sha256(1)}), "a"),
        (json!({"x5t": sha1(1), "x5t#S256": sha256(9)}), "unknown"),
        (json!({"x5t": sha1(2), "x5t#S256": sha256(9)}), "b"),
        (json!({"x5t": sha1(3)}), "-"),
        (json!({"x5t": computed}), "d"),
        (json!({"x5t": sha1(9)}), "unknown"),
        // Two keys have no digest to compare it with.
        (json!({"x5t#S256": sha256(9)}), "ambiguous"),
        // `kid` comes first.
        (json!({"kid": "a", "x5t": sha1(2)}), "a"),
        (json!({"kid": null, "x5t": sha1(2)}), "b"),
        (json!({"kid": "gone", "x5t": sha1(2)}), "b"),
        (json!({"kid": "gone", "x5t": sha1(9)}), "unknown"),
        // What names nothing is as if it were not there.
        (json!({"x5t": "***"}), "ambiguous"),
        (json!({"x5t": null}), "ambiguous"),
        (json!({"x5t": 7}), "ambiguous"),
        (json!({"kid": "gone", "x5t": "***"}), "unknown"),
    ] {
        let hint = hint(&header);
        assert_eq!(
            find(&set, &hint, Algorithm::RS256, ISSUER),
            expected,
            "{header}"
        );
        assert_eq!(set.has(&hint), expected != "unknown", "{header}");
    }
    // A certificate tells nothing of keys without one.
    let bare = self::set(&[rsa("a", 256), with(elliptic("P-256", 32), "x5t", sha1(1))]);
    for (header, algorithm, expected) in [
        (json!({"x5t": sha1(9)}), Algorithm::RS256, "a"),
        (json!({"x5t#S256": sha256(9)}), Algorithm::RS256, "a"),
        (json!({"x5t#S256": sha256(9)}), Algorithm::ES256, "-"),
        (json!({"x5t": sha1(9)}), Algorithm::ES256, "not allowed"),
        (
            json!({"kid": "gone", "x5t": sha1(9)}),
            Algorithm::RS256,
            "unknown",
        ),
    ] {
        let hint = hint(&header);
        assert_eq!(find(&bare, &hint, algorithm, ISSUER), expected, "{header}");
        assert_eq!(bare.has(&hint), expected != "unknown", "{header}");
    }
    let by_certificate = hint(&json!({"x5t": sha1(1)}));
    assert_eq!(
        find(&set, &by_certificate, Algorithm::ES256, ISSUER),
        "not allowed"
    );
}

/// [Microsoft](https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer):
/// the issuer of a key must be the token's.
#[test]
fn candidates_by_issuer() {
    const TENANT: &str = "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b";
    let of_tenant = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let of_msa = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let set = set(&[
        with(rsa("any", 256), "issuer", template),
        with(rsa("msa", 257), "issuer", of_msa),
        with(rsa("other", 258), "issuer", "https://other.example.com"),
        with(with(rsa("same", 259), "issuer", of_msa), "alg", "RS256"),
        with(with(rsa("same", 260), "issuer", template), "alg", "PS256"),
    ]);
    for (kid, issuer, expected) in [
        ("any", of_tenant.as_str(), "any"),
        ("any", of_msa, "any"),
        ("any", ISSUER, "unknown"),
        ("msa", &of_tenant, "unknown"),
        ("msa", of_msa, "msa"),
        ("other", &of_tenant, "unknown"),
        ("other", "https://other.example.com", "other"),
        ("same", of_msa, "same"),
        // One for the issuer, but not for the algorithm.
        ("same", &of_tenant, "not allowed"),
        ("gone", &of_tenant, "unknown"),
    ] {
        let hint = hint(&json!({ "kid": kid }));
        assert_eq!(
            find(&set, &hint, Algorithm::RS256, issuer),
            expected,
            "{kid} {issuer}"
        );
    }
    // Without a name, keys of others don't count.
    let nameless = KeyHint::default();
    assert_eq!(
        find(
            &set,
            &nameless,
            Algorithm::RS256,
            "https://other.example.com"
        ),
        "other"
    );
    assert_eq!(find(&set, &nameless, Algorithm::RS256, ISSUER), "unknown");
    assert_eq!(set.count_for(&[Algorithm::RS256], of_msa), 3);
    assert_eq!(set.count_for(&[Algorithm::RS256], ISSUER), 0);
    // Points on no curve are no keys.
    let nowhere = self::set(&[elliptic("P-256", 32)]);
    assert_eq!(nowhere.count_for(&Algorithm::ALL, ISSUER), 0);
    // The same key for another issuer is another key, so what it verified lapses.
    let for_msa = self::set(&[with(rsa("any", 256), "issuer", of_msa)]);
    assert!(!for_msa.contains(set.keys[0].thumbprint()));
}

/// Sets in the shapes that vendors publish, with keys of our own: how many are usable.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn sets_as_vendors_publish_them() {
    let key = || without(rsa("", 256), "kid");
    let other = || without(rsa("", 257), "kid");
    let of = |key: Value, members: Value| {
        let mut key = key;
        let members = members.as_object().unwrap().clone();
        key.as_object_mut().unwrap().extend(members);
        key
    };
    let chain = STANDARD.encode("certificate");
    let x5t = "c1rVccGJ17qERkv0qfHSKAF1sSg";
    for (vendor, keys, usable) in [
        // https://login.microsoftonline.com/common/discovery/v2.0/keys
        (
            "Entra",
            vec![of(
                key(),
                json!({
                    "use": "sig", "kid": x5t, "x5t": x5t, "x5c": [chain], "cloud_instance_name": "microsoftonline.com",
                    "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
                }),
            )],
            1,
        ),
        // https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview
        (
            "Azure AD B2C",
            vec![of(
                key(),
                json!({"kid": "X5eXk4xyoj", "nbf": 1_493_763_266, "use": "sig"}),
            )],
            1,
        ),
        (
            "AD FS",
            vec![of(
                key(),
                json!({
                    "use": "sig", "alg": "RS256", "kid": x5t, "x5t": x5t, "x5c": [chain],
                }),
            )],
            1,
        ),
        // https://www.keycloak.org/docs/latest/server_admin/: RSA-OAEP since 18.
        (
            "Keycloak",
            vec![
                of(
                    key(),
                    json!({"kid": "a", "alg": "RSA-OAEP", "use": "enc", "x5c": [chain], "x5t": x5t}),
                ),
                of(
                    other(),
                    json!({"kid": "b", "alg": "RS256", "use": "sig", "x5c": [chain], "x5t": x5t}),
                ),
                of(edwards(), json!({"kid": "c", "alg": "EdDSA", "use": "sig"})),
            ],
            2,
        ),
        // https://developer.okta.com/docs/reference/api/oidc/
        (
            "Okta",
            vec![of(
                key(),
                json!({"alg": "RS256", "kid": "a", "use": "sig", "status": "ACTIVE"}),
            )],
            1,
        ),
        // Oracle IDCS names each of its keys alike.
        (
            "Oracle",
            vec![
                of(
                    key(),
                    json!({"kid": "SIGNING_KEY", "key_ops": ["verify", "wrap"], "alg": "RS256", "x5t": x5t}),
                ),
                of(
                    other(),
                    json!({"kid": "SIGNING_KEY", "key_ops": ["verify", "wrap"], "alg": "RS256", "x5c": []}),
                ),
            ],
            2,
        ),
        // https://docs.pingidentity.com: all curves beside each other.
        (
            "PingFederate",
            vec![
                of(elliptic("P-256", 32), json!({"kid": "a", "use": "sig"})),
                of(elliptic("P-384", 48), json!({"kid": "b", "use": "sig"})),
                of(elliptic("P-521", 66), json!({"kid": "c", "use": "sig"})),
                of(key(), json!({"kid": "d", "use": "sig", "x5t": null})),
            ],
            4,
        ),
        // wso2-extensions/identity-inbound-auth-oauth 2124.
        (
            "WSO2",
            vec![
                of(
                    key(),
                    json!({"kid": "a_RS256", "alg": "RS256", "use": "sig", "x5t#S256": STANDARD.encode("0".repeat(64))}),
                ),
                of(
                    key(),
                    json!({"kid": "a_RS512", "alg": "RS512", "use": "sig", "x5c": [chain]}),
                ),
            ],
            2,
        ),
        (
            "IdentityServer",
            vec![of(
                key(),
                json!({
                    "use": "sig", "kid": x5t, "x5t": x5t, "x5c": [chain], "alg": "RS256",
                }),
            )],
            1,
        ),
        // A signed number, with a zero in front.
        (
            "Gluu",
            vec![
                of(
                    with(key(), "n", encode(&[vec![0], vec![0xc1; 256]].concat())),
                    json!({"kid": "a_sig_rs256", "use": "sig", "alg": "RS256", "exp": 1_700_000_000_000_u64, "key_ops_type": ["connect"]}),
                ),
                of(
                    other(),
                    json!({"kid": "a_enc_rsa1_5", "use": "enc", "alg": "RSA1_5"}),
                ),
                of(
                    elliptic("P-521", 66),
                    json!({"kid": "a_sig_es512", "use": "sig", "alg": "ES512"}),
                ),
            ],
            2,
        ),
        (
            "Shibboleth",
            vec![
                of(key(), json!({"kid": "defaultRSASign", "use": "sig"})),
                of(
                    elliptic("P-256", 32),
                    json!({"kid": "defaultECSign", "use": "sig"}),
                ),
                of(other(), json!({"kid": "defaultRSAEnc", "use": "enc"})),
            ],
            2,
        ),
        // Of a serializer that writes what it does not have.
        (
            "null everywhere",
            vec![of(
                key(),
                json!({
                    "kid": "a", "use": null, "key_ops": null, "alg": null, "x5u": null, "x5c": null, "x5t": null,
                    "x5t#S256": null, "d": null, "p": null, "q": null, "dp": null, "dq": null, "qi": null, "k": null,
                    "crv": null, "x": null, "y": null, "oth": null,
                }),
            )],
            1,
        ),
    ] {
        let count = keys.len();
        let set = set(&keys);
        assert_eq!(set.keys.len(), usable, "{vendor}: {}", set.skipped());
        assert_eq!(set.skipped().is_empty(), usable == count, "{vendor}");
    }
}
