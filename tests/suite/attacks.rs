//! The known attacks on verifiers of JWTs. `docs/security-model.md` has the same table.

mod claims;
mod header;
mod signature;

use std::collections::BTreeMap;

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::error::Refusal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use testing::issuer::Issuer;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};
use testing::{bearer, root};

const ISSUER: &str = "https://idp.example.com";
/// An issuer that is configured too.
const OTHER: &str = "https://other.example.com";
/// One whose tokens are for an audience.
const API: &str = "https://api.example.com";
/// A pool of which only access tokens are accepted.
const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI";

/// A row of the table: what is sent, in all its ways, and the code of each.
struct Attack {
    name: &'static str,
    code: &'static str,
    events: Vec<Value>,
}

fn attack(name: &'static str, code: &'static str, tokens: Vec<String>) -> Attack {
    let events = tokens.into_iter().map(|token| bearer(&token)).collect();
    Attack { name, code, events }
}

/// The keys and the servers that the rows are made with.
struct Scene {
    rsa: SigningKey,
    ps: SigningKey,
    ec: SigningKey,
    ed: SigningKey,
    /// A key of another configured issuer, by the same id as one of this issuer's.
    other: SigningKey,
    /// A key of nobody's, by the same id.
    attacker: SigningKey,
    /// Where the attacker publishes that key.
    attackers_server: Issuer,
}

impl Scene {
    async fn new() -> Self {
        let attacker = SigningKey::generate("rsa", "RS256");
        Self {
            rsa: SigningKey::generate("rsa", "RS256"),
            ps: SigningKey::generate("ps", "PS256"),
            ec: SigningKey::generate("ec", "ES256"),
            ed: SigningKey::generate("ed", "EdDSA"),
            other: SigningKey::generate("rsa", "RS256"),
            attackers_server: Issuer::start(&[&attacker]).await,
            attacker,
        }
    }

    fn settings(&self) -> Value {
        let short = json!({"kty": "RSA", "kid": "short", "e": "AQAB",
                           "n": URL_SAFE_NO_PAD.encode([0xc1; 128])});
        let encryption = json!({"kty": "RSA", "kid": "encryption", "use": "enc", "e": "AQAB",
                                "n": self.attacker.jwk["n"]});
        let one = json!({"kty": "RSA", "kid": "one", "e": "AQ", "n": self.attacker.jwk["n"],
                         "alg": "RS384"});
        let keys = json!({"keys": [self.rsa.jwk, self.ps.jwk, self.ec.jwk, self.ed.jwk,
                                   short, encryption, one]});
        json!({"providers": {
            "idp": {"kind": "custom", "issuer": ISSUER, "jwks": keys,
                    "client_ids": ["client"], "username": "username"},
            "other": {"kind": "custom", "issuer": OTHER, "jwks": {"keys": [self.other.jwk]},
                      "client_ids": ["client"], "username": "username"},
            "api": {"kind": "custom", "issuer": API, "jwks": keys,
                    "audiences": ["https://atlassian.example.com"],
                    "username": {"attributes": ["email"]}},
            "pool": {"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "jwks": keys,
                     "client_ids": ["client"], "token_use": "access"},
        }})
    }

    /// A good token whose header has these members too.
    fn header(&self, members: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": "rsa"});
        self.rsa.sign_parts(
            &with(header, members).to_string(),
            &access_claims(ISSUER).to_string(),
        )
    }

    /// A good token with these claims too.
    fn claims(&self, members: &Value) -> String {
        self.rsa.sign(&with(access_claims(ISSUER), members))
    }

    /// A good token without this claim.
    fn without(&self, name: &str) -> String {
        let mut claims = access_claims(ISSUER);
        claims.as_object_mut().unwrap().remove(name);
        self.rsa.sign(&claims)
    }

    /// A token for an audience, with these claims too.
    fn for_audience(&self, members: &Value) -> String {
        let claims = json!({"aud": "https://atlassian.example.com", "email": "alice"});
        self.rsa
            .sign(&with(with(access_claims(API), &claims), members))
    }

    /// The attacker's token, with a header of these members.
    fn forged(&self, members: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": "rsa"});
        let claims = with(access_claims(ISSUER), &json!({"username": "admin"}));
        self.attacker
            .sign_parts(&with(header, members).to_string(), &claims.to_string())
    }
}

fn with(mut value: Value, members: &Value) -> Value {
    let members: Map<String, Value> = members.as_object().unwrap().clone();
    value.as_object_mut().unwrap().extend(members);
    value
}

/// A token of any three parts.
fn token(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, signature: &[u8]) -> String {
    [header.as_ref(), claims.as_ref(), signature]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".")
}

fn all(scene: &Scene) -> Vec<Attack> {
    [
        signature::attacks(scene),
        header::attacks(scene),
        claims::attacks(scene),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn each_is_refused_with_its_code() {
    let scene = Scene::new().await;
    let local = Local::new(&scene.settings(), Deployment::default());
    for good in [
        scene.claims(&json!({})),
        scene.ec.sign(&access_claims(ISSUER)),
        scene.ps.sign(&access_claims(ISSUER)),
        scene.ed.sign(&access_claims(ISSUER)),
        scene.other.sign(&access_claims(OTHER)),
        scene.for_audience(&json!({})),
        scene.rsa.sign(&access_claims(POOL)),
    ] {
        assert_eq!(local.code(&bearer(&good)).await, "allowed");
    }
    let mut wrong = Vec::new();
    for attack in all(&scene) {
        assert!(!attack.events.is_empty(), "{}", attack.name);
        for (place, event) in attack.events.iter().enumerate() {
            let refusal = local.invoke(event).await.err();
            let found = refusal.map(Refusal::code);
            if !matches!(refusal, Some(Refusal::Denied(_))) || found != Some(attack.code) {
                wrong.push(format!(
                    "{} {place}: {found:?}, expected {}",
                    attack.name, attack.code
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let fetches = scene.attackers_server.fetches() + scene.attackers_server.discoveries();
    assert_eq!(fetches, 0, "a token chose where keys come from");
}

#[tokio::test]
async fn the_page_has_the_same_table() {
    let page = std::fs::read_to_string(root().join("docs/security-model.md")).unwrap();
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("| attack |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let on_page: BTreeMap<String, String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[4].trim_matches('`').to_owned())
        })
        .collect();
    let scene = Scene::new().await;
    let tried: BTreeMap<String, String> = all(&scene)
        .iter()
        .map(|attack| (attack.name.to_owned(), attack.code.to_owned()))
        .collect();
    assert_eq!(on_page, tried);
}

/// The page names tests as `module::name`, of the suite or of the library.
#[test]
fn the_page_names_tests_that_there_are() {
    let page = std::fs::read_to_string(root().join("docs/security-model.md")).unwrap();
    let names: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("::"))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let (module, name) = name.rsplit_once("::").unwrap();
        let module = module.replace("::", "/");
        let files =
            ["tests/suite", "src"].map(|folder| root().join(format!("{folder}/{module}.rs")));
        let is_there = files.into_iter().any(|file| {
            std::fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {name}(")))
        });
        assert!(is_there, "{module}: {name}");
    }
}
