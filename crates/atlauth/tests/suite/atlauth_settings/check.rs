//! `check`: everything that is wrong, and where.

use serde_json::{Value, json};

use super::{Operator, SECRET};
use testing::asked::Asked;
use testing::issuer::Issuer;
use testing::oidc::{self, Oidc};
use testing::tls::Authority;
use testing::tokens::SigningKey;

fn many_errors() -> Value {
    json!({
        "settings": {"refresh_seconds": 0, "mode": "on"},
        "providers": {
            "idp": {"kind": "custom", "issuer": "https://idp.example.com", "client_secret": SECRET},
            "pool": {"kind": "cognito", "user_pool_id": "x"},
        },
        "products": {
            "jira": {"path": "/jira", "access": [{"allow": ["@read"]}, {"allow": ["read"]}]},
            "wiki": {"path": "wiki"},
        },
        "surprise": {},
    })
}

#[tokio::test]
async fn all_errors_are_shown_with_their_lines() {
    let operator = Operator::new(None);
    let file = operator.file("settings.json", &many_errors());
    let text = std::fs::read_to_string(&file).unwrap();
    let line_of = |word: &str| {
        let line = text.lines().position(|line| line.contains(word)).unwrap();
        line + 1
    };
    let said = operator
        .says(&["check", "--settings", &format!("file:{file}")])
        .await;
    assert_eq!(said.code, 1, "{}", said.stderr);
    for (word, wanted) in [
        ("\"mode\"", "settings: mode: "),
        ("\"idp\"", "providers/idp: username: is missing"),
        ("\"user_pool_id\"", "providers/pool: user_pool_id: "),
        // `"allow": [` is in the line before.
        ("\"read\"", "products/jira: access[1].allow: "),
        ("\"path\": \"wiki\"", "products/wiki: path: "),
        ("\"surprise\"", "surprise: is not a known parameter"),
    ] {
        let line = line_of(word) - usize::from(wanted.ends_with("allow: "));
        let wanted = format!("{file}:{line}: {wanted}");
        let mut lines = said.stdout.lines();
        assert!(
            lines.any(|line| line.starts_with(&wanted)),
            "{wanted}\n{}",
            said.stdout
        );
    }
    assert!(said.stderr.contains("problems"), "{}", said.stderr);
    let said = operator
        .says(&["check", "--json", "--settings", &format!("file:{file}")])
        .await;
    assert_eq!(said.code, 1);
    let value: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(value["valid"], false);
    let problems = value["problems"].as_array().unwrap();
    assert!(
        problems.iter().all(|problem| problem["line"].is_u64()),
        "{problems:?}"
    );
}

#[tokio::test]
async fn what_is_no_json_or_not_there() {
    let operator = Operator::new(None);
    let path = operator.home.path().join("broken.json");
    std::fs::write(&path, "{\n  \"settings\": {,}\n}").unwrap();
    let source = format!("file:{}", path.display());
    let said = operator.says(&["check", "--settings", &source]).await;
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("line 2"), "{}", said.stdout);
    let said = operator
        .says(&["check", "--settings", "file:/nowhere.json"])
        .await;
    assert_eq!(said.code, 3);
    let said = operator.says(&["check"]).await;
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("--settings") && said.stderr.contains("AUTHORIZER_SETTINGS"));
}

#[tokio::test]
async fn the_cache_time_decides_what_may_be() {
    let operator = Operator::new(None);
    let key = SigningKey::generate("key", "ES256");
    let settings = json!({
        "providers": {"idp": {"kind": "custom", "issuer": "https://idp.example.com", "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username", "verify": "jwt+userinfo",
            "userinfo_endpoint": "https://idp.example.com/userinfo", "online_for": ["@write"]}},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read", "@write"]}]}},
    });
    let source = format!("file:{}", operator.file("settings.json", &settings));
    for (cache, code) in [
        (None, 1),
        (Some("60"), 1),
        (Some("jira=0"), 0),
        (Some("x"), 2),
    ] {
        let mut arguments = vec!["check", "--settings", source.as_str()];
        arguments.extend(cache.iter().flat_map(|cache| ["--cache-seconds", *cache]));
        // As the template has it, answers are for one route.
        let said = operator.says(&arguments).await;
        let by_route = if code == 2 { 2 } else { 0 };
        assert_eq!(
            said.code, by_route,
            "{cache:?} {}{}",
            said.stdout, said.stderr
        );
        arguments.extend(["--cache-key", "token"]);
        let said = operator.says(&arguments).await;
        assert_eq!(said.code, code, "{cache:?} {}{}", said.stdout, said.stderr);
    }
}

#[tokio::test]
async fn a_probe_asks_the_endpoints() {
    let operator = Operator::new(None);
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let base = &issuer.url;
    let provider = |fields: Value| {
        let mut provider =
            json!({"kind": "custom", "client_ids": ["client"], "username": "username"});
        provider
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        provider
    };
    let settings = json!({
        "providers": {
            "good": provider(json!({"issuer": base, "jwks_uri": format!("{base}/keys")})),
            "missing": provider(json!({"issuer": "https://b.example.com", "jwks_uri": format!("{base}/nothing")})),
            "gone": provider(json!({"issuer": "https://c.example.com", "jwks_uri": "http://127.0.0.1:9/jwks"})),
        },
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read"]}]}},
        "secrets": {"secret": SECRET},
    });
    let source = format!("file:{}", operator.file("settings.json", &settings));
    let said = operator
        .says(&["check", "--probe", "--settings", &source])
        .await;
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stdout.contains("ok   providers/good: "),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("1 usable key"), "{}", said.stdout);
    assert!(
        said.stdout.contains("bad  providers/missing: "),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("onnection refused"), "{}", said.stdout);
}

/// What is found where a provider is set up almost right, with the field that would be right.
#[tokio::test]
async fn a_probe_names_the_setting_that_would_be_right() {
    let operator = Operator::new(None);
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let (base, keys) = (issuer.url.clone(), issuer.jwks_uri());
    let document = format!("{base}/.well-known/openid-configuration");
    let adfs = "http://adfs.example.com/adfs/services/trust";
    let by_document = json!({"issuer": base, "discovery": document});
    let at_keys = json!({"issuer": base, "jwks_uri": keys});
    let named = |name: &str| json!({"issuer": name, "jwks_uri": keys});
    let set = |keys: Value| json!({ "keys": keys }).to_string().into_bytes();
    let good = set(json!([key.jwk]));
    let mixed = set(json!([
        key.jwk,
        {"kty": "RSA", "kid": "enc-1", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "d": "c2VjcmV0"},
    ]));
    let mut foreign = key.jwk.clone();
    foreign["issuer"] = "https://other.example.com".into();
    let foreign = set(json!([foreign]));
    let private = set(json!([{"kty": "oct", "kid": "hmac", "k": "c2VjcmV0"}]));
    let own = named(&base);
    let with_adfs = json!({"issuer": base, "jwks_uri": keys, "access_token_issuer": adfs});
    for (provider, discovery, body, status, location, good, messages) in [
        (
            &by_document,
            &own,
            &good,
            200,
            None,
            true,
            vec!["1 usable key"],
        ),
        (
            &at_keys,
            &own,
            &mixed,
            200,
            None,
            true,
            vec![
                "1 usable key",
                "\"enc-1\" is for encryption",
                "key 3 is a private key",
            ],
        ),
        (
            &at_keys,
            &own,
            &private,
            200,
            None,
            false,
            vec!["\"hmac\" is symmetric"],
        ),
        (&at_keys, &own, &foreign, 200, None, false, vec!["issuer"]),
        (
            &at_keys,
            &own,
            &good,
            301,
            Some("/new"),
            false,
            vec!["301", "`jwks_uri`", "/new"],
        ),
        (
            &by_document,
            &own,
            &good,
            302,
            Some("/new"),
            false,
            vec!["302", "`discovery`", "/new"],
        ),
        (
            &at_keys,
            &own,
            &good,
            302,
            Some("http://idp.example.com/keys"),
            false,
            vec!["`jwks_uri`"],
        ),
        // AD FS.
        (
            &by_document,
            &with_adfs,
            &good,
            200,
            None,
            false,
            vec![adfs, "`issuer`"],
        ),
        (
            &json!({"issuer": adfs, "discovery": document}),
            &with_adfs,
            &good,
            200,
            None,
            true,
            vec!["1 usable key"],
        ),
        // A trailing slash, a template, Keycloak by another name.
        (
            &by_document,
            &named(&format!("{base}/")),
            &good,
            200,
            None,
            false,
            vec![
                "of the issuer in the settings",
                &format!("{base}/"),
                "`issuer`",
            ],
        ),
        (
            &by_document,
            &named("https://login.microsoftonline.com/{tenantid}/v2.0"),
            &good,
            200,
            None,
            false,
            vec!["{tenantid}", "`discovery`"],
        ),
        (
            &by_document,
            &named("http://keycloak:8080/realms/a"),
            &good,
            200,
            None,
            false,
            vec!["http://keycloak:8080/realms/a", "`jwks_uri`", &keys],
        ),
    ] {
        issuer.change(|behaviour| {
            behaviour.discovery = discovery.clone();
            behaviour.keys.clone_from(body);
            behaviour.status = status;
            behaviour.headers = location
                .map(|to| ("location", to.to_owned()))
                .into_iter()
                .collect();
        });
        let mut provider = provider.clone();
        for (name, value) in [
            ("kind", json!("custom")),
            ("client_ids", json!(["client"])),
            ("username", json!("sub")),
        ] {
            provider[name] = value;
        }
        let settings = json!({
            "providers": {"idp": provider},
            "products": {"jira": {"path": "/", "access": [{"allow": ["@read"]}]}},
        });
        let source = format!("file:{}", operator.file("settings.json", &settings));
        let said = operator
            .says(&["check", "--probe", "--settings", &source])
            .await;
        let mark = if good {
            "ok   providers/idp: "
        } else {
            "bad  providers/idp: "
        };
        assert!(said.stdout.contains(mark), "{}{}", said.stdout, said.stderr);
        for message in messages {
            let text = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(message), "{message}: {}", said.stdout);
        }
        assert!(!said.stdout.contains("c2VjcmV0"), "{}", said.stdout);
    }
}

#[tokio::test]
async fn a_probe_tells_whether_our_credentials_are_accepted() {
    let operator = Operator::new(None);
    let oidc = Oidc::start().await;
    let introspected = |issuer: &str, secret: &str| {
        json!({
            "kind": "custom", "issuer": issuer, "discovery": oidc.url("/.well-known/openid-configuration"),
            "introspection_endpoint": oidc.url("/token/introspection"), "userinfo_endpoint": oidc.url("/me"),
            "client_id": "resource-server", "client_secret": secret, "client_ids": ["app"], "username": "sub",
        })
    };
    let settings = json!({
        "providers": {
            "right": introspected(&oidc.issuer, "right"),
            "wrong": introspected("https://other.example.com", "wrong"),
        },
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read"]}]}},
        "secrets": {"right": oidc::SECRET, "wrong": SECRET},
    });
    let source = format!("file:{}", operator.file("settings.json", &settings));
    let said = operator
        .says(&["check", "--probe", "--json", "--settings", &source])
        .await;
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    assert!(!said.stdout.contains(oidc::SECRET));
    let value: Value = serde_json::from_str(&said.stdout).unwrap();
    let findings = value["probe"].as_array().unwrap();
    let of = |provider: &str, endpoint: &str| {
        let parameter = format!("providers/{provider}");
        let is_it = |one: &&Value| {
            one["parameter"] == parameter.as_str()
                && one["endpoint"].as_str().unwrap().ends_with(endpoint)
        };
        let found = findings.iter().find(is_it).unwrap();
        (
            found["good"] == true,
            found["message"].as_str().unwrap().to_owned(),
        )
    };
    for (provider, endpoint, good, message) in [
        ("right", "/openid-configuration", true, "usable key"),
        ("right", "/introspection", true, "accepts our credentials"),
        ("right", "/me", true, "answers a request without a token"),
        (
            "wrong",
            "/openid-configuration",
            false,
            "of the issuer in the settings",
        ),
        ("wrong", "/introspection", false, "refuses our credentials"),
    ] {
        let found = of(provider, endpoint);
        assert_eq!(found.0, good, "{provider} {endpoint}: {}", found.1);
        assert!(
            found.1.contains(message),
            "{provider} {endpoint}: {}",
            found.1
        );
    }
}

#[tokio::test]
async fn a_probe_says_what_is_wrong_with_a_certificate() {
    let operator = Operator::new(None);
    let key = SigningKey::generate("key", "ES256");
    let authority = Authority::new();
    let asked = Asked::start_tls(&authority, "127.0.0.1").await;
    let keys = json!({"keys": [key.jwk]});
    asked.change(|answers| answers.keys = keys);
    let url = format!("{}/keys", asked.url);
    let provider = |issuer: &str| json!({"kind": "custom", "issuer": issuer, "jwks_uri": url, "client_ids": ["client"], "username": "sub"});
    let mut trusted = provider("https://a.example.com");
    trusted["ca_certificates"] = authority.pem.as_str().into();
    let settings = json!({
        "providers": {"trusted": trusted, "unknown": provider("https://b.example.com")},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read"]}]}},
    });
    let source = format!("file:{}", operator.file("settings.json", &settings));
    let said = operator
        .says(&["check", "--probe", "--settings", &source])
        .await;
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stdout.contains("ok   providers/trusted: "),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout
            .contains("invalid peer certificate: UnknownIssuer"),
        "{}",
        said.stdout
    );
}
