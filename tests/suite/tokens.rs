//! Every algorithm, and every way in which a token can be wrong, against the real binary.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::tokens::{SigningKey, access_claims, now};
use testing::{Folder, bearer, rest_event};

const ALGORITHMS: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];

#[tokio::test]
async fn every_algorithm() {
    let keys: Vec<SigningKey> = ALGORITHMS
        .iter()
        .map(|name| SigningKey::generate(&format!("key-{name}"), name))
        .collect();
    let issuer = Issuer::start(&keys.iter().collect::<Vec<_>>()).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    for key in &keys {
        let token = key.sign(&access_claims(&issuer.url));
        assert_eq!(
            lambda.allowed(&bearer(&token)).await,
            "alice",
            "{}",
            key.kid()
        );
        // The same signature under the same key, for other claims.
        let (_, signature) = token.rsplit_once('.').unwrap();
        let mut claims = access_claims(&issuer.url);
        claims["username"] = "admin".into();
        let other = key.sign(&claims);
        let (input, _) = other.rsplit_once('.').unwrap();
        let code = lambda
            .denied(&bearer(&format!("{input}.{signature}")))
            .await;
        assert_eq!(code, "signature_invalid", "{}", key.kid());
    }
    assert_eq!(issuer.fetches(), 1);
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[tokio::test]
async fn structure_and_signature() {
    let rsa = SigningKey::generate("rsa", "RS256");
    let ps = SigningKey::generate("ps", "PS256");
    let ec = SigningKey::generate("ec", "ES256");
    let attacker = SigningKey::generate("rsa", "RS256");
    let issuer = Issuer::start(&[&rsa, &ps, &ec]).await;
    let attackers_server = Issuer::start(&[&attacker]).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;

    let claims = access_claims(&issuer.url);
    let text = claims.to_string();
    let good = rsa.sign(&claims);
    let parts: Vec<&str> = good.split('.').collect();
    let header = |members: Value| {
        let mut header = json!({"alg": "RS256", "kid": "rsa"});
        header
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        rsa.sign_parts(&header.to_string(), &text)
    };
    let duplicate = text.replacen('{', r#"{"username":"admin","#, 1);
    let hmac = {
        let input = [r#"{"alg":"HS256","kid":"rsa"}"#, text.as_str()]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".");
        // The oldest trick: the public key as the secret of a symmetric algorithm.
        let secret = URL_SAFE_NO_PAD
            .decode(rsa.jwk["n"].as_str().unwrap())
            .unwrap();
        let key = EncodingKey::from_secret(&secret);
        let signature = crypto::sign(input.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{input}.{signature}")
    };
    let unsigned = [r#"{"alg":"none"}"#, text.as_str()]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");

    for (what, token, code) in [
        ("opaque", "0123456789abcdef".to_owned(), "token_malformed"),
        ("two parts", format!("{}.{}", parts[0], parts[1]), "token_malformed"),
        ("five parts", format!("{good}.AAAA.AAAA"), "token_malformed"),
        ("only dots", "..".into(), "token_malformed"),
        ("padding", format!("{}=.{}.{}", parts[0], parts[1], parts[2]), "token_malformed"),
        ("other alphabet", format!("{}.+/{}.{}", parts[0], parts[1], parts[2]), "token_malformed"),
        ("header is no object", rsa.sign_parts("[]", &text), "token_malformed"),
        ("header is no JSON", rsa.sign_parts("{", &text), "token_malformed"),
        ("claims are no object", rsa.sign_parts(r#"{"alg":"RS256"}"#, "7"), "token_malformed"),
        ("duplicate in header", rsa.sign_parts(r#"{"alg":"RS256","alg":"none"}"#, &text), "token_malformed"),
        ("duplicate in claims", rsa.sign_parts(r#"{"alg":"RS256","kid":"rsa"}"#, &duplicate), "token_malformed"),
        ("deep claims", rsa.sign_parts(r#"{"alg":"RS256"}"#, &format!(r#"{{"a":{}{}}}"#, "[".repeat(300), "]".repeat(300))), "token_malformed"),
        ("kid is a number", header(json!({"kid": 7})), "token_malformed"),
        ("too long", "a".repeat(10_241), "token_too_long"),
        ("no signature", format!("{}.{}.", parts[0], parts[1]), "signature_invalid"),
        ("signature cut", good[..good.len() - 4].to_owned(), "signature_invalid"),
        ("signature of another key", attacker.sign(&claims), "signature_invalid"),
        ("unsigned", format!("{unsigned}."), "algorithm_not_allowed"),
        ("unsigned with a signature", format!("{unsigned}.{}", parts[2]), "algorithm_not_allowed"),
        ("None", header(json!({"alg": "nOnE"})), "algorithm_not_allowed"),
        ("no alg", rsa.sign_parts("{}", &text), "algorithm_not_allowed"),
        ("alg is a list", header(json!({"alg": ["RS256"]})), "algorithm_not_allowed"),
        ("public key as HMAC secret", hmac, "algorithm_not_allowed"),
        ("key of another type", header(json!({"kid": "ec"})), "algorithm_not_allowed"),
        ("algorithm that the key forbids", header(json!({"kid": "ps"})), "algorithm_not_allowed"),
        ("ES512", header(json!({"alg": "ES512"})), "algorithm_not_allowed"),
        ("crit", header(json!({"crit": ["exp"]})), "critical_header_unsupported"),
        ("empty crit", header(json!({"crit": []})), "critical_header_unsupported"),
        ("nested", header(json!({"cty": "JWT"})), "token_type_unsupported"),
        ("logout token", header(json!({"typ": "logout+jwt"})), "token_type_unsupported"),
        ("typ is a number", header(json!({"typ": 1})), "token_type_unsupported"),
        ("unknown kid", header(json!({"kid": "other"})), "key_unknown"),
        ("kid in another case", header(json!({"kid": "RSA"})), "key_unknown"),
        (
            "embedded key",
            attacker.sign_parts(&json!({"alg": "RS256", "kid": "rsa", "jwk": attacker.jwk}).to_string(), &text),
            "signature_invalid",
        ),
        (
            "key by URL",
            attacker.sign_parts(
                &json!({"alg": "RS256", "kid": "rsa", "jku": attackers_server.jwks_uri(), "x5u": attackers_server.url}).to_string(),
                &text,
            ),
            "signature_invalid",
        ),
    ] {
        assert_eq!(lambda.denied(&bearer(&token)).await, code, "{what}");
    }
    assert_eq!(attackers_server.fetches(), 0);

    for (what, token) in [
        ("plain", good.clone()),
        ("access token type", header(json!({"typ": "at+jwt"}))),
        ("media type", header(json!({"typ": "application/AT+JWT"}))),
        (
            "ignored members",
            header(json!({"jku": attackers_server.url, "x5t": "x"})),
        ),
        (
            "no kid, one candidate",
            ec.sign_parts(r#"{"alg":"ES256"}"#, &text),
        ),
    ] {
        assert_eq!(lambda.allowed(&bearer(&token)).await, "alice", "{what}");
    }
}

#[tokio::test]
async fn a_token_without_kid_needs_a_single_candidate() {
    let (one, two) = (
        SigningKey::generate("1", "RS256"),
        SigningKey::generate("2", "RS256"),
    );
    let issuer = Issuer::start(&[&one, &two]).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    let token = one.sign_parts(
        r#"{"alg":"RS256"}"#,
        &access_claims(&issuer.url).to_string(),
    );
    assert_eq!(lambda.denied(&bearer(&token)).await, "key_id_missing");
    issuer.publish(&[&one]);
}

#[tokio::test]
async fn claims() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let mut settings = issuer.settings();
    settings["providers"]["idp"]["max_token_age_seconds"] = 7_200.into();
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;

    let claims = || access_claims(&issuer.url);
    let url = issuer.url.clone();
    for (what, claims, code) in [
        ("no iss", without(claims(), "iss"), "issuer_unknown"),
        (
            "iss is a list",
            with(claims(), "iss", json!([url])),
            "issuer_unknown",
        ),
        (
            "iss with a slash",
            with(claims(), "iss", json!(format!("{url}/"))),
            "issuer_unknown",
        ),
        (
            "iss in capitals",
            with(claims(), "iss", json!(url.to_uppercase())),
            "issuer_unknown",
        ),
        (
            "other iss",
            with(claims(), "iss", json!("https://evil.example")),
            "issuer_unknown",
        ),
        ("no exp", without(claims(), "exp"), "claims_malformed"),
        (
            "exp is null",
            with(claims(), "exp", json!(null)),
            "claims_malformed",
        ),
        (
            "exp is a string",
            with(claims(), "exp", json!("9999999999")),
            "claims_malformed",
        ),
        (
            "exp is negative",
            with(claims(), "exp", json!(-1)),
            "claims_malformed",
        ),
        (
            "expired",
            with(claims(), "exp", json!(now() - 1)),
            "token_expired",
        ),
        (
            "expired long ago",
            with(claims(), "exp", json!(0)),
            "token_expired",
        ),
        (
            "nbf is a string",
            with(claims(), "nbf", json!("0")),
            "claims_malformed",
        ),
        (
            "nbf in the future",
            with(claims(), "nbf", json!(now() + 120)),
            "token_not_yet_valid",
        ),
        (
            "iat in the future",
            with(claims(), "iat", json!(now() + 120)),
            "token_not_yet_valid",
        ),
        ("no iat", without(claims(), "iat"), "claims_malformed"),
        (
            "too old",
            with(claims(), "iat", json!(now() - 7_201)),
            "token_too_old",
        ),
        (
            "sub is a number",
            with(claims(), "sub", json!(1)),
            "claims_malformed",
        ),
        (
            "other client",
            with(claims(), "client_id", json!("other")),
            "audience_mismatch",
        ),
        (
            "no client",
            without(claims(), "client_id"),
            "audience_mismatch",
        ),
        (
            "client is a list",
            with(claims(), "client_id", json!(["client"])),
            "claims_malformed",
        ),
        (
            "clients disagree",
            with(claims(), "azp", json!("other")),
            "audience_mismatch",
        ),
        (
            "aud is an object",
            with(claims(), "aud", json!({})),
            "claims_malformed",
        ),
        (
            "aud of numbers",
            with(claims(), "aud", json!([1])),
            "claims_malformed",
        ),
        (
            "one of many audiences",
            with(
                without(claims(), "client_id"),
                "aud",
                json!(["client", "other"]),
            ),
            "audience_mismatch",
        ),
        (
            "no username",
            without(claims(), "username"),
            "username_missing",
        ),
        (
            "header injection",
            with(claims(), "username", json!("alice\r\nX-User: admin")),
            "username_rejected",
        ),
        (
            "sub is a list",
            with(claims(), "sub", json!(["1", "2"])),
            "claims_malformed",
        ),
        (
            "outside ASCII",
            with(claims(), "username", json!("al\u{456}ce")),
            "username_rejected",
        ),
        (
            "client credentials",
            with(claims(), "sub", json!("client")),
            "machine_user_unmapped",
        ),
    ] {
        assert_eq!(
            lambda.denied(&bearer(&key.sign(&claims))).await,
            code,
            "{what}"
        );
    }
    for (what, claims) in [
        ("plain", claims()),
        (
            "fractions",
            with(claims(), "exp", json!(now() as f64 + 100.5)),
        ),
        (
            "nbf within the leeway",
            with(claims(), "nbf", json!(now() + 30)),
        ),
        (
            "client by azp",
            with(without(claims(), "client_id"), "azp", json!("client")),
        ),
        (
            "client by cid",
            with(without(claims(), "client_id"), "cid", json!("client")),
        ),
        (
            "client by appid",
            with(without(claims(), "client_id"), "appid", json!("client")),
        ),
        (
            "id token",
            with(without(claims(), "client_id"), "aud", json!("client")),
        ),
        (
            "id token, list",
            with(without(claims(), "client_id"), "aud", json!(["client"])),
        ),
    ] {
        assert_eq!(
            lambda.allowed(&bearer(&key.sign(&claims))).await,
            "alice",
            "{what}"
        );
    }
}

#[tokio::test]
async fn other_credentials() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    for (authorization, code) in [
        ("", "credential_missing"),
        ("Basic YWxpY2U6c2VjcmV0LXBhc3N3b3Jk", "basic_denied"),
        ("basic YWxpY2U6c2VjcmV0LXBhc3N3b3Jk", "basic_denied"),
        ("Digest username=alice", "credential_unsupported"),
        ("Bearer", "credential_unsupported"),
        ("Bearer one,Bearer two", "credential_unsupported"),
        ("Bearer \u{e9}\u{4e2d}", "credential_unsupported"),
        ("Bearer a\r\nb", "credential_unsupported"),
    ] {
        let event = rest_event("GET", "/rest/api/2/myself", authorization);
        assert_eq!(lambda.denied(&event).await, code, "{authorization}");
    }
    let mut event = bearer("one");
    event["multiValueHeaders"] = json!({"authorization": ["Bearer two"]});
    assert_eq!(lambda.denied(&event).await, "credential_ambiguous");
    assert_eq!(issuer.fetches(), 1, "ahead of the first event, and no more");
}
