//! Secrets by name: which document can name which, and what of them is used.

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::FOLDERS;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use testing::asked::{Asked, SECRET};
use testing::local::Local;
use testing::moto::Moto;
use testing::ssm::{PREFIX, sdk_variables};
use testing::tokens::{DEVELOPMENT_KEY, SigningKey, access_claims, p256_pem};
use testing::{bearer, lambda::Lambda, rest_event};

const ISSUER: &str = "https://idp.example.com";
const PAT: &str = "MDEyMzQ1Njc4OTAxOrD0x7u";

/// What is wrong with documents that are complete but for these.
fn problems(documents: &[(&str, Value)]) -> Vec<String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let pool =
        json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["c"]});
    let tree: Tree = [("providers/pool", pool)]
        .iter()
        .chain(documents)
        .map(|(name, value)| ((*name).to_owned(), text(value)))
        .collect();
    let deployment = Deployment {
        cache_seconds: ByProduct::all(0),
        ..Deployment::default()
    };
    let problems = Settings::parse(&tree, &deployment).err();
    let told: Vec<String> = problems
        .iter()
        .flat_map(|problems| problems.iter().map(ToString::to_string))
        .collect();
    assert!(!format!("{told:?}").contains("s3cr3t"), "{told:?}");
    told
}

fn github(secret: &str) -> Value {
    json!({"kind": "github", "client_id": "a", "client_secret": secret,
           "username": {"attributes": ["id"], "map": {"1": "alice"}}})
}

fn introspected(fields: &Value) -> Value {
    let mut provider = json!({"kind": "custom", "issuer": ISSUER, "client_ids": ["a"], "username": "sub",
        "introspection_endpoint": "https://idp.example.com/introspect", "client_id": "a"});
    let all = provider.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    provider
}

fn fixed(path: &str, secret: &str) -> Value {
    json!({"path": path, "upstream": {"mode": "fixed", "secret": secret}})
}

/// A row for each kind of document and each place of the secret that it names.
#[test]
fn a_document_names_its_own_secrets() {
    let none = "names no secret that is there for it";
    for (documents, expected) in [
        (
            vec![
                ("providers/one", github("app")),
                ("secrets/providers/one/app", json!("s3cr3t")),
            ],
            vec![],
        ),
        (
            vec![
                ("products/jira", fixed("/jira", "pat")),
                ("secrets/products/jira/pat", json!("s3cr3t")),
            ],
            vec![],
        ),
        // Before there were folders.
        (
            vec![
                ("providers/one", github("app")),
                ("secrets/app", json!("s3cr3t")),
            ],
            vec![],
        ),
        // Another provider's, a product's of the same id, the service's, and by its whole name.
        (
            vec![
                ("providers/one", github("app")),
                ("secrets/providers/other/app", json!("s3cr3t")),
                ("secrets/products/one/app", json!("s3cr3t")),
                ("secrets/settings/app", json!("s3cr3t")),
            ],
            vec![format!("providers/one: client_secret: {none}")],
        ),
        (
            vec![
                ("products/jira", fixed("/jira", "providers/one/app")),
                ("secrets/providers/one/app", json!("s3cr3t")),
            ],
            vec![format!("products/jira: upstream.secret: {none}")],
        ),
        (
            vec![
                ("products/jira", fixed("/jira", "products/jira/pat")),
                ("secrets/products/jira/pat", json!("s3cr3t")),
            ],
            vec![format!("products/jira: upstream.secret: {none}")],
        ),
        // One name in several folders: to each its own.
        (
            vec![
                ("providers/one", github("app")),
                ("providers/two", github("app")),
                ("secrets/providers/one/app", json!("s3cr3t")),
                ("secrets/providers/two/app", json!("s3cr3t")),
            ],
            vec![],
        ),
        // Its own counts, so that the other is not named twice.
        (
            vec![
                ("providers/one", github("app")),
                ("providers/two", github("app")),
                ("secrets/providers/one/app", json!("s3cr3t")),
                ("secrets/app", json!("s3cr3t")),
            ],
            vec![],
        ),
        // One secret, two documents.
        (
            vec![
                ("providers/one", github("app")),
                ("providers/two", github("app")),
                ("secrets/app", json!("s3cr3t")),
            ],
            vec![
                "providers/two: client_secret: names secrets/app, as providers/one does; expected a secret of \
                 its own, `secrets/providers/two/<name>`"
                    .to_owned(),
            ],
        ),
        (
            vec![
                ("providers/one", github("app")),
                ("products/jira", fixed("/jira", "app")),
                ("products/wiki", fixed("/wiki", "app")),
                ("secrets/app", json!("s3cr3t")),
            ],
            vec![
                "products/wiki: upstream.secret: names secrets/app, as products/jira does".to_owned(),
                "providers/one: client_secret: names secrets/app, as products/jira does".to_owned(),
            ],
        ),
        // One secret, two purposes.
        (
            vec![
                (
                    "providers/one",
                    introspected(&json!({"client_secret": "app", "private_key": "app"})),
                ),
                ("secrets/providers/one/app", json!(p256_pem())),
            ],
            vec![
                "providers/one: client_secret: names a private key, which is sent to nobody".to_owned(),
                "providers/one: private_key: names secrets/providers/one/app, as `client_secret` does"
                    .to_owned(),
            ],
        ),
        // Two of them, each for its purpose.
        (
            vec![
                (
                    "providers/one",
                    introspected(&json!({"client_secret": "app", "private_key": "key"})),
                ),
                ("secrets/providers/one/app", json!("s3cr3t")),
                ("secrets/providers/one/key", json!(p256_pem())),
            ],
            vec![],
        ),
        // A field that nothing is made of.
        (
            vec![
                (
                    "providers/one",
                    json!({"kind": "custom", "issuer": ISSUER, "client_ids": ["a"], "username": "sub",
                           "client_id": "a", "client_secret": "app"}),
                ),
                ("providers/two", github("app")),
                ("secrets/app", json!("s3cr3t")),
            ],
            vec!["providers/two: client_secret: names secrets/app, as providers/one does".to_owned()],
        ),
    ] {
        let found = problems(&documents);
        let is_expected = |(found, expected): (&String, &String)| found.starts_with(expected);
        assert!(
            found.len() == expected.len() && found.iter().zip(&expected).all(is_expected),
            "{documents:#?}\n{found:#?}"
        );
    }
}

/// A row for each form of a key and each field that is sent.
#[test]
fn a_private_key_is_sent_to_nobody() {
    let pem = p256_pem();
    let one_line = pem.replace('\n', " ");
    let body: String = pem.lines().filter(|line| !line.contains("-----")).collect();
    let pair = format!("svc:{pem}");
    let jwk = json!({"kty": "EC", "crv": "P-256", "d": "s3cr3t"}).to_string();
    for key in [
        pem.as_str(),
        DEVELOPMENT_KEY,
        &one_line,
        &body,
        &pair,
        &jwk,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cr3t\n-----END ENCRYPTED PRIVATE KEY-----",
    ] {
        for (name, document, field) in [
            ("providers/one", github("key"), "client_secret"),
            (
                "providers/one",
                introspected(&json!({"client_secret": "key"})),
                "client_secret",
            ),
            (
                "providers/one",
                introspected(&json!({"client_secret": "key", "client_auth": "client_secret_post"})),
                "client_secret",
            ),
            (
                "providers/one",
                json!({"kind": "facebook", "client_id": "1", "client_secret": "key",
                       "username": {"map": {"1": "alice"}}}),
                "client_secret",
            ),
            ("products/jira", fixed("/jira", "key"), "upstream.secret"),
            (
                "products/jira",
                json!({"path": "/jira", "upstream": {"mode": "fixed", "secret": "key", "scheme": "basic"}}),
                "upstream.secret",
            ),
        ] {
            for secret in [format!("secrets/{name}/key"), "secrets/key".to_owned()] {
                let found = problems(&[(name, document.clone()), (&secret, key.into())]);
                let expected =
                    format!("{name}: {field}: names a private key, which is sent to nobody");
                assert_eq!(found.len(), 1, "{document}: {found:?}");
                assert!(found[0].starts_with(&expected), "{document}: {found:?}");
            }
        }
    }
    // The other way round.
    let assertion = json!({"path": "/jira", "upstream": {"mode": "assertion", "private_key": "key",
        "issuer": "https://gateway.example.com", "audience": "jira"}});
    let oauth1 = json!({"path": "/jira", "upstream": {"mode": "oauth1", "private_key": "key",
        "consumer_key": "gateway", "base_url": "https://jira.example.com/jira"}});
    for (name, document, field) in [
        (
            "providers/one",
            introspected(&json!({"private_key": "key"})),
            "private_key",
        ),
        (
            "providers/one",
            introspected(
                &json!({"private_key": "key", "client_auth": "client_secret_basic",
                                 "client_secret": "other"}),
            ),
            "private_key",
        ),
        ("products/jira", assertion, "upstream.private_key"),
        ("products/jira", oauth1, "upstream.private_key"),
    ] {
        let secret = format!("secrets/{name}/key");
        let other = format!("secrets/{name}/other");
        let found = problems(&[
            (name, document.clone()),
            (&secret, "s3cr3t-token".into()),
            (&other, "s3cr3t-of-the-client".into()),
        ]);
        assert!(
            found
                .iter()
                .any(|told| told.starts_with(&format!("{name}: {field}: names no private key"))),
            "{document}: {found:?}"
        );
    }
}

#[test]
fn names_of_secrets() {
    let unknown = "is not a known parameter";
    for (name, text, expected) in [
        ("secrets/a", "s3cr3t", None),
        ("secrets/settings/a", "s3cr3t", None),
        ("secrets/providers/nobody/a", "s3cr3t", None),
        ("secrets/a b", "s3cr3t", Some(unknown)),
        ("secrets/providers", "s3cr3t", Some(unknown)),
        ("secrets/settings", "s3cr3t", Some(unknown)),
        ("secrets/providers/pool", "s3cr3t", Some(unknown)),
        ("secrets/providers/pool/a/b", "s3cr3t", Some(unknown)),
        ("secrets/providers//a", "s3cr3t", Some(unknown)),
        ("secrets/providers/p q/a", "s3cr3t", Some(unknown)),
        ("secrets/settings/a/b", "s3cr3t", Some(unknown)),
        ("secrets/users/alice/a", "s3cr3t", Some(unknown)),
        ("secrets/", "s3cr3t", Some(unknown)),
        ("secrets/a", "", Some("is empty")),
        ("secrets/a", "\n", Some("is empty")),
        ("secrets/products/jira/a", "\r\n", Some("is empty")),
        (
            "secrets/settings/api-token-key",
            "s3cr3t-of-31-characters-0123456\n",
            Some("is too short; expected 32 characters or more"),
        ),
        (
            "secrets/settings/api-token-key-previous",
            "s3cr3t",
            Some("is too short"),
        ),
        (
            "secrets/settings/api-token-key",
            "s3cr3t-of-32-characters-01234567",
            None,
        ),
        (
            "secrets/settings/api-token-key-previous",
            "s3cr3t-of-32-characters-01234567",
            Some("needs `api-token-key`, which is missing"),
        ),
        (
            "secrets/settings/api-token-key",
            &p256_pem(),
            Some("holds a private key"),
        ),
        (
            "secrets/settings/api-token-key-previous",
            &p256_pem().replace('\n', " "),
            Some("holds a private key"),
        ),
        (
            "secrets/settings/api-token-key",
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
            Some("holds a private key, a public one"),
        ),
        (
            "secrets/settings/api-token-key",
            r#"{"kty": "oct", "k": "s3cr3t-of-32-characters-01234567"}"#,
            Some("holds a private key"),
        ),
    ] {
        let found = problems(&[(name, text.into())]);
        match expected {
            None => assert_eq!(found, [""; 0], "{name}"),
            Some(expected) => {
                let expected = format!("{name}: {expected}");
                assert!(
                    found.len() == 1 && found[0].starts_with(&expected),
                    "{found:?}"
                );
            }
        }
    }
    assert!(FOLDERS.contains(&"secrets"));
}

fn event(key: &SigningKey) -> Value {
    let authorization = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    rest_event("GET", "/jira/rest/api/2/myself", &authorization)
}

fn tree(key: &SigningKey, upstream: &Value, secret: &str) -> Value {
    json!({
        "settings": {"refresh_seconds": 1},
        "providers": {"idp": {"kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
                              "client_ids": ["client"], "username": "username"}},
        "products": {"jira": {"path": "/jira", "access": [{"allow": ["@read"]}], "upstream": upstream}},
        "secrets": {"products": {"jira": {"pat": secret}}},
    })
}

/// Of each kind of credential, one line break at the end is the file's that it came from.
#[tokio::test]
async fn one_line_break_is_dropped() {
    let key = SigningKey::generate("key", "ES256");
    for (end, is_right) in [
        ("", true),
        ("\n", true),
        ("\r\n", true),
        ("\n\n", false),
        ("\r\n\r\n", false),
        (" \n", false),
        ("\r", false),
    ] {
        let pat = format!("{PAT}{end}");
        let own = |text: &str| {
            let local = Local::new(
                &tree(&key, &json!({"mode": "per_user"}), "unused"),
                Deployment::default(),
            );
            let users = local.folder.path().join("settings-users");
            std::fs::create_dir_all(&users).unwrap();
            std::fs::write(users.join("alice"), text).unwrap();
            local
        };
        let fixed = json!({"mode": "fixed", "secret": "pat"});
        for place in ["the settings", "a user's own", "a user's for a product"] {
            let (local, failure) = match place {
                "the settings" => (
                    Local::new(&tree(&key, &fixed, &pat), Deployment::default()),
                    "settings_unavailable",
                ),
                "a user's own" => (own(&pat), "user_credential_invalid"),
                _ => (
                    own(&json!({"jira": pat}).to_string()),
                    "user_credential_invalid",
                ),
            };
            let answer = local.invoke(&event(&key)).await;
            let code = local.audit()["code"].as_str().unwrap().to_owned();
            if is_right {
                let sent = &answer.unwrap()["context"]["authorization"];
                assert_eq!(sent, &format!("Bearer {PAT}"), "{place}: {end:?}");
            } else {
                assert_eq!(code, failure, "{place}: {end:?}");
            }
        }
    }
}

/// What a provider is sent of our client's secret.
#[tokio::test]
async fn one_line_break_of_a_client_secret_is_dropped() {
    let key = SigningKey::generate("key", "ES256");
    for method in ["client_secret_basic", "client_secret_post"] {
        for end in ["", "\n", "\r\n"] {
            let asked = Asked::start().await;
            let mut tree = asked.settings(&key, "introspection");
            tree["providers"]["idp"]["client_auth"] = method.into();
            let secret = format!("{SECRET}{end}");
            tree["secrets"] = json!({"providers": {"idp": {"introspection": secret}}});
            let local = Local::new(&tree, Deployment::default());
            local.code(&bearer("an-opaque-token")).await;
            let [question] = asked.questions().try_into().ok().unwrap();
            if method == "client_secret_basic" {
                let pair = STANDARD.encode(format!("authorizer:{SECRET}"));
                assert_eq!(question.authorization, format!("Basic {pair}"), "{end:?}");
            } else {
                let sent = format!("client_secret={SECRET}");
                let mut fields = question.body.split('&');
                assert!(
                    fields.any(|field| field == sent),
                    "{end:?}: {}",
                    question.body
                );
            }
        }
    }
}

/// In Parameter Store each has a parameter of its own, two levels further down, or stands in one with
/// others.
#[tokio::test]
async fn in_parameter_store() {
    let key = SigningKey::generate("key", "ES256");
    let fixed = json!({"mode": "fixed", "secret": "pat"});
    let apart = tree(&key, &fixed, &format!("{PAT}\n"));
    let mut together = apart.clone();
    together["secrets"] = apart["secrets"].to_string().into();
    for tree in [apart, together] {
        let moto = Moto::start().await;
        moto.put_settings(&tree).await;
        let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &sdk_variables(&moto.url)).await;
        lambda.keep_secret(PAT);
        let answer = lambda.invoke(&event(&key)).await.unwrap();
        assert_eq!(answer["context"]["authorization"], format!("Bearer {PAT}"));
    }
}
