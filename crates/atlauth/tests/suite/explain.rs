//! `atlauth explain`, `whoami` and `event`: what they say is what the product does.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use testing::Folder;
use testing::api_tokens::{forge, parts};
use testing::asked::{Asked, SECRET};
use testing::atlauth::Said;
use testing::lambda::Lambda;
use testing::tokens::{SigningKey, access_claims, now};

use crate::atlauth;
use crate::made_tokens::{create_in, of_alice};

const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example00";

fn settings(key: &SigningKey) -> Value {
    json!({
        "settings": {"api_tokens": {"enabled": true}, "usage_keys": {"*": "usage-key-0123456789abcdef"}},
        "providers": {"cognito": {"kind": "cognito", "user_pool_id": "eu-west-1_Example00",
                                  "client_ids": ["client"], "jwks": {"keys": [key.jwk]}}},
        "products": {
            "jira": {"path": "/jira", "access": [
                {"allow": ["@read"], "scopes": ["atlassian/read"]},
                {"allow": ["@write"], "groups": ["jira-developers"]},
                {"deny": ["@admin"]}]},
            "confluence": {"path": "/confluence",
                           "upstream": {"mode": "fixed", "secret": "wiki"}}},
        "secrets": {"wiki": "service-user-pat"},
    })
}

struct Here {
    folder: Folder,
    key: SigningKey,
    settings: String,
}

impl Here {
    fn new() -> Self {
        let folder = Folder::new();
        let key = SigningKey::generate("k", "RS256");
        let settings = folder.settings(&settings(&key));
        Self {
            folder,
            key,
            settings,
        }
    }

    fn token(&self, changes: &Value) -> String {
        let mut claims = access_claims(ISSUER);
        let claims_of = claims.as_object_mut().unwrap();
        claims_of.extend(changes.as_object().unwrap().clone());
        self.key.sign(&claims)
    }

    /// Explains a GET of a path in Jira with this token.
    fn explain(&self, more: &str, token: &str) -> Said {
        let words = format!("explain --path /jira/rest/api/2/myself - {more}");
        let said = atlauth(&words).settings(&self.settings).run(token);
        never_tells(&said, token);
        said
    }
}

/// Neither the token nor its signature is anywhere.
fn never_tells(said: &Said, token: &str) {
    let secret = token.rsplit('.').next().unwrap();
    assert!(!said.all().contains(token) && !said.all().contains(secret));
}

fn states(report: &Value) -> Vec<(&str, &str)> {
    let stages = report["stages"].as_array().unwrap();
    stages
        .iter()
        .map(|step| {
            (
                step["stage"].as_str().unwrap(),
                step["state"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn what_is_allowed() {
    let here = Here::new();
    let token = here.token(&json!({}));
    let said = here.explain("", &token);
    assert_eq!(said.code, 0, "{}", said.all());
    for line in [
        "allowed",
        "ok  signature   RS256, key k",
        "ok  username    alice",
        "ok  access      rule 1 allows it: @read",
        "Token (verified)",
    ] {
        assert!(said.stdout.contains(line), "{line}: {}", said.stdout);
    }
    assert!(said.stdout.contains(", in 60 min") || said.stdout.contains(", in 1 h"));
    said.fits();
    let report = here.explain("--json", &token).json();
    assert!(states(&report).iter().all(|(_, state)| *state == "held"));
    assert_eq!(
        report["caller"]["scopes"],
        json!(["atlassian/read", "openid"])
    );
    assert_eq!(report["access"]["rules"][1]["applies"], false);
    assert_eq!(report["token"]["claims"]["username"], "alice");
}

#[test]
fn what_is_refused() {
    let here = Here::new();
    let (hour_ago, other) = (now() - 3_600, SigningKey::generate("k", "RS256"));
    for (token, code, stage, exit) in [
        (
            here.token(&json!({"exp": hour_ago})),
            "token_expired",
            "lifetime",
            1,
        ),
        (
            here.token(&json!({"client_id": "x"})),
            "audience_mismatch",
            "audience",
            1,
        ),
        (
            here.token(&json!({"iss": "https://x.example"})),
            "issuer_unknown",
            "provider",
            1,
        ),
        (
            here.token(&json!({"scope": "x"})),
            "route_not_allowed",
            "access",
            1,
        ),
        (
            other.sign(&access_claims(ISSUER)),
            "signature_invalid",
            "signature",
            1,
        ),
        ("zzqq.yyqqzz".to_owned(), "token_malformed", "credential", 1),
    ] {
        let said = here.explain("--json", &token);
        let report = said.json();
        assert_eq!((report["code"].as_str(), said.code), (Some(code), exit));
        let states = states(&report);
        let failed = states
            .iter()
            .position(|(_, state)| *state == "failed")
            .unwrap();
        assert_eq!(states[failed].0, stage, "{code}");
        assert!(states[..failed].iter().all(|(_, state)| *state == "held"));
        assert!(
            states[failed + 1..]
                .iter()
                .all(|(_, state)| *state == "not_reached")
        );
        let after_signature = ["lifetime", "audience", "access"].contains(&stage);
        assert_eq!(report["token_verified"], after_signature, "{code}");

        let said = here.explain("", &token);
        assert!(said.stdout.contains(code), "{}", said.stdout);
        assert!(said.stdout.contains("\nnext  "), "{}", said.stdout);
        assert_eq!(
            said.stdout.contains("NOT verified"),
            !after_signature && code != "token_malformed"
        );
        said.fits();
    }
    let said = here.explain("", &here.token(&json!({"exp": hour_ago})));
    assert!(
        said.stdout.contains("no  lifetime    expired "),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("60 min ago"), "{}", said.stdout);
    let said = here.explain("", &here.token(&json!({"scope": "x"})));
    let hint = "rule 1 would allow it for scope atlassian/read";
    assert!(said.stdout.contains(hint), "{}", said.stdout);
}

/// A path in no product, or without a rule: the hint says where products lie, and which prefix would do.
#[test]
fn a_path_that_is_refused_is_told_with_the_prefix() {
    let here = Here::new();
    let token = here.token(&json!({}));
    let explain = |settings: &str, path: &str| {
        let words = format!("explain --path {path} -");
        let said = atlauth(&words).settings(settings).run(&token);
        assert_eq!(said.code, 1, "{}", said.all());
        said.fits();
        said.flat()
    };
    for (path, hints) in [
        (
            "/rest/api/2/myself",
            [
                "product_unknown",
                "The products' paths are: `/confluence`, `/jira`.",
                "With a product's path in front it would belong to one, such as \
                 `/confluence/rest/api/2/myself` to confluence.",
            ],
        ),
        (
            "/prod/jira/rest/api/2/myself",
            [
                "product_unknown",
                "The products' paths are: `/confluence`, `/jira`.",
                "Without `/prod` it would belong to jira: `/jira/rest/api/2/myself`.",
            ],
        ),
        (
            "/jira/jira/rest/api/2/myself",
            [
                "route_not_allowed",
                "Routes in rules are relative to the product's path, `/jira`.",
                "Without `/jira` rule 1 would match, as `/jira/rest/api/2/myself`. Should `path` \
                 of products/jira be `/jira/jira`?",
            ],
        ),
    ] {
        let said = explain(&here.settings, path);
        for hint in hints {
            assert!(said.contains(hint), "{path}: {hint}: {said}");
        }
    }
    // The template serves `/jira`, and the settings say `/`.
    let mut tree = settings(&here.key);
    tree["products"]
        .as_object_mut()
        .unwrap()
        .remove("confluence");
    tree["products"]["jira"]["path"] = "/".into();
    tree.as_object_mut().unwrap().remove("secrets");
    let at_root = here.folder.settings(&tree);
    let said = explain(&at_root, "/jira/rest/api/2/myself");
    for hint in [
        "Routes in rules are relative to the product's path, `/`.",
        "Without `/jira` rule 1 would match, as `/rest/api/2/myself`. Should `path` of products/jira be `/jira`?",
    ] {
        assert!(said.contains(hint), "{hint}: {said}");
    }
    // Where a rule matches, the path is not the reason.
    let other = here.token(&json!({"scope": "x"}));
    let words = "explain --path /rest/api/2/myself -";
    let said = atlauth(words).settings(&at_root).run(&other);
    assert!(!said.flat().contains("are relative to"), "{}", said.stdout);
}

/// What a token says is not for the terminal to act on.
#[test]
fn control_characters_are_not_shown() {
    let here = Here::new();
    let escape = "\u{1b}[2J";
    let claims = json!({"iss": format!("https://x.example/{escape}"), "sub": escape, escape: 1,
                        "name": "x\nok  access\u{202e}"});
    let said = here.explain("", &here.key.sign(&claims));
    assert_eq!(said.code, 1);
    assert!(
        !said.all().contains(['\u{1b}', '\u{202e}']),
        "{}",
        said.stdout
    );
    // Nor does a claim make a line of its own.
    assert!(!said.stdout.contains("\nok  access"), "{}", said.stdout);
}

/// Nor are characters that stand for something here, or that nobody sees.
#[test]
fn private_and_invisible_characters_are_not_shown() {
    let here = Here::new();
    let hostile = "\u{f0001}\u{f0002}\u{10fffd}\u{e000}\u{e0100}\u{200b}\u{2066}\u{feff}";
    let claims = json!({"iss": format!("https://x.example/{hostile}"), "sub": hostile, hostile: 1,
                        "list": [hostile]});
    let token = here.key.sign(&claims);
    let plain = here.explain(
        "--color always",
        &here.key.sign(&json!({"iss": "https://x.example/"})),
    );
    let said = here.explain("--color always", &token);
    let colours = |text: &str| text.matches('\u{1b}').count();
    assert!(colours(&plain.stdout) > 0);
    assert_eq!(
        colours(&said.stdout),
        colours(&plain.stdout),
        "{}",
        said.stdout
    );
    let is_hostile = |one: char| hostile.contains(one);
    assert!(!said.all().contains(is_hostile), "{}", said.stdout);
    // As JSON it is the same, in other letters.
    let said = here.explain("--json", &token);
    assert!(!said.all().contains(is_hostile), "{}", said.stdout);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(report.to_string().contains(hostile), "{report}");
}

/// The modes that refuse nothing do not hide what would be refused.
#[test]
fn modes() {
    let here = Here::new();
    let mut tree = settings(&here.key);
    tree["settings"]["mode"] = "monitor".into();
    let source = here.folder.settings(&tree);
    let token = here.token(&json!({"exp": now() - 60}));
    let said = atlauth("explain -").settings(&source).run(&token);
    assert_eq!(said.code, 1);
    for part in [
        "401 token_expired",
        "mode monitor: every request is allowed all the same",
    ] {
        assert!(said.flat().contains(part), "{}", said.stdout);
    }
    tree["settings"]["mode"] = "off".into();
    let source = here.folder.settings(&tree);
    let said = atlauth("explain --json -").settings(&source).run(&token);
    let report = said.json();
    assert_eq!((report["code"].as_str(), said.code), (Some("mode_off"), 0));
    assert_eq!(report["token_verified"], false);
    assert!(
        states(&report)[1..]
            .iter()
            .all(|(_, state)| *state == "not_reached")
    );
}

#[test]
fn what_could_not_be_decided() {
    let here = Here::new();
    let token = here.token(&json!({}));
    let gone = format!("file:{}", here.folder.path().join("none.json").display());
    let said = atlauth("explain -").settings(&gone).run(&token);
    assert_eq!(said.code, 3);
    assert!(said.stdout.contains("no  settings"), "{}", said.stdout);
    assert!(
        said.flat().contains("the file could not be read"),
        "{}",
        said.stdout
    );
    never_tells(&said, &token);

    let said = atlauth("explain -").run(&token);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("or set AUTHORIZER_SETTINGS"));
    let said = atlauth("explain").settings(&here.settings).run("");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("next: give a file with a token"));
}

#[test]
fn the_answer_is_shown_without_what_atlassian_takes() {
    let here = Here::new();
    let token = here.token(&json!({}));
    let words = "explain --path /confluence/rest/api/content - --policy --json";
    let said = atlauth(words).settings(&here.settings).run(&token);
    assert_eq!(said.code, 0);
    let answer = &said.json()["answer"];
    assert_eq!(
        answer["context"]["authorization"],
        "[hidden, 23 characters]"
    );
    assert_eq!(answer["usageIdentifierKey"], "[hidden, 26 characters]");
    assert_eq!(answer["context"]["username"], "alice");
    assert!(answer["policyDocument"]["Statement"].is_array());
    for secret in ["service-user-pat", "usage-key-0123456789abcdef"] {
        assert!(!said.all().contains(secret));
    }
}

#[tokio::test]
async fn api_tokens_and_basic_credentials() {
    let here = Here::new();
    let mut new = of_alice();
    new.source_cidrs = vec!["10.0.0.0/8".parse().unwrap()];
    let created = create_in(&here.folder, new).await;
    let token = created.token.expose_secret();
    let explain = |words: &str| {
        let said = atlauth(words)
            .settings(&here.settings)
            .env("AUTHORIZER_CACHE_SECONDS", "0")
            .run(token);
        assert!(!said.all().contains(&token[20..72]));
        said
    };
    let path = "--path /confluence/rest/x --json -";
    let report = explain(&format!("explain --source-ip 10.1.2.3 {path}")).json();
    assert_eq!(report["code"], "allowed");
    assert_eq!(
        report["token"],
        json!({"form": "api_token", "id": created.id.as_str()})
    );
    assert!(
        !states(&report)
            .iter()
            .any(|(stage, _)| *stage == "audience")
    );
    let said = explain(&format!("explain --source-ip 192.0.2.1 {path}"));
    assert_eq!(
        (said.json()["code"].as_str(), said.code),
        (Some("source_not_allowed"), 1)
    );

    // Its lifetime is the record's, and not the time until the record is read again.
    let expires = created.expires.as_secs();
    let lifetime = |report: &Value| {
        let stages = report["stages"].as_array().unwrap();
        let stage = stages.iter().find(|stage| stage["stage"] == "lifetime");
        stage.unwrap()["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(report["expires"], expires);
    assert!(report["caller"]["valid_until"].as_u64().unwrap() < expires);
    let date = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(expires));
    let date = date.to_string().replace('T', " ");
    assert!(
        lifetime(&report).starts_with(&format!("until {date}")),
        "{report}"
    );
    let said = explain("whoami --source-ip 10.1.2.3 -");
    assert!(
        said.stdout.contains(&format!("until      {date}")),
        "{}",
        said.stdout
    );
    let said = explain("whoami --source-ip 10.1.2.3 --json -");
    assert_eq!(said.json()["expires"], expires);

    // Whoever does not have the secret learns nothing of the record.
    let (id, secret) = parts(token);
    let other = forge(id, &secret.chars().rev().collect::<String>());
    let said = atlauth("explain --path /jira/x --json -")
        .settings(&here.settings)
        .run(&other);
    let report = said.json();
    assert_eq!(
        (report["code"].as_str(), &report["expires"]),
        (Some("api_token_unknown"), &Value::Null)
    );
    let record = here
        .folder
        .path()
        .join(format!("settings-tokens/{id}.json"));
    let text = std::fs::read_to_string(&record).unwrap();
    let ended = text.replace(&format!("\"expires\":{expires}"), "\"expires\":60");
    assert_ne!(ended, text);
    std::fs::write(&record, ended).unwrap();
    let report = explain(&format!("explain --source-ip 10.1.2.3 {path}")).json();
    assert_eq!(report["code"], "token_expired");
    assert!(
        lifetime(&report).starts_with("expired 1970-01-01 00:01:00Z"),
        "{report}"
    );

    let said = atlauth("explain --basic bob --path /jira/x -")
        .settings(&here.settings)
        .run("pass-word\n");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("basic_denied"), "{}", said.stdout);
    let encoded = "Ym9iOnBhc3Mtd29yZA"; // bob:pass-word
    assert!(!said.all().contains("pass-word") && !said.all().contains(encoded));
}

#[test]
fn whoami() {
    let here = Here::new();
    let token = here.token(&json!({}));
    let said = atlauth("whoami -").settings(&here.settings).run(&token);
    assert_eq!(said.code, 0, "{}", said.all());
    never_tells(&said, &token);
    said.fits();
    assert!(said.stdout.contains("username   alice"), "{}", said.stdout);
    let said = atlauth("whoami --json -")
        .settings(&here.settings)
        .run(&token);
    let reach = |product: &str, path: &str, read: bool, write: bool, admin: bool| json!({"product": product, "path": path, "read": read, "write": write, "admin": admin});
    assert_eq!(
        said.json()["reach"],
        json!([
            reach("confluence", "/confluence/", true, true, true),
            reach("jira", "/jira/", true, false, false)
        ])
    );

    // Of the login's token, without a word on the command line.
    let state = here.folder.path().join("state");
    std::fs::create_dir_all(state.join("atlauth")).unwrap();
    let stored = json!({"token": here.token(&json!({"username": "bob"})), "provider": "cognito"});
    let file = state.join("atlauth/token.json");
    std::fs::write(&file, stored.to_string()).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let said = atlauth("whoami")
        .settings(&here.settings)
        .env("XDG_STATE_HOME", state.to_str().unwrap())
        .run("");
    assert!(said.stdout.contains("username   bob"), "{}", said.all());

    let said = atlauth("whoami -").settings(&here.settings).run("abc");
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    assert!(said.stderr.contains("token_malformed"), "{}", said.stderr);
}

/// The product takes each event that the tool writes, and the tool explains it.
#[tokio::test]
async fn events_of_every_shape() {
    let here = Here::new();
    let token = here.token(&json!({}));
    let lambda = Lambda::start(&here.settings, &[]).await;
    for kind in ["rest-token", "rest-request", "http-1.0", "http-2.0"] {
        let file = here.folder.path().join(format!("{kind}.json"));
        let words =
            "--path /jira/rest/api/2/myself?a=1 --query b=2 --header X-A:b --token-file - --out";
        let said = atlauth(&format!("event {kind} {words}"))
            .arg(&file)
            .run(&token);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (0, ""),
            "{}",
            said.stderr
        );
        never_tells(&said, &token);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let event: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(lambda.allowed(&event).await, "alice", "{kind}");
        let said = atlauth("explain --event")
            .arg(&file)
            .settings(&here.settings)
            .run("");
        assert_eq!(said.code, 0, "{}", said.all());
        never_tells(&said, &token);
    }
    let said =
        atlauth("event rest-request --path /jira/x --query os_username=admin --token-file -")
            .run(&token);
    let event: Value = said.json();
    assert_eq!(lambda.denied(&event).await, "identity_parameter");
    let said = atlauth("event websocket --token-file -").run(&token);
    assert!(
        said.json()["methodArn"]
            .as_str()
            .unwrap()
            .ends_with("/prod/$connect")
    );
    let said = atlauth("event http-2.0 --header")
        .arg("Authorization: x")
        .run("");
    assert_eq!(said.code, 2);
}

/// A provider that is asked, and one that does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_only_the_provider_can_judge() {
    let asked = Asked::start().await;
    let mut tree = asked.settings(&SigningKey::generate("k", "ES256"), "introspection");
    tree["providers"]["idp"]
        .as_object_mut()
        .unwrap()
        .remove("jwks");
    let folder = Folder::new();
    let settings = folder.settings(&tree);
    let explain = || {
        let token = "opaque-token-of-alice";
        let said = atlauth("explain --json --path /x -")
            .settings(&settings)
            .run(token);
        assert!(!said.all().contains(token) && !said.all().contains(SECRET));
        (said.code, said.json())
    };
    asked.change(|answers| {
        answers.introspection = json!({"active": true, "sub": "1", "client_id": "client",
                                       "username": "alice", "scope": "a"});
    });
    let (code, report) = explain();
    assert_eq!(
        (code, &report["caller"]["auth_method"]),
        (0, &json!("introspection"))
    );
    let signature = report["stages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["stage"] == "signature");
    assert_eq!(
        signature.unwrap()["detail"],
        "confirmed by the provider: introspection"
    );
    let told = report["stages"].to_string();
    assert!(told.contains("; the provider is asked again"), "{told}");
    assert_eq!(report["expires"], Value::Null);

    asked.change(|answers| answers.introspection = json!({"active": false}));
    let (code, report) = explain();
    assert_eq!((code, &report["code"]), (1, &json!("token_inactive")));
    asked.change(|answers| answers.status = 503);
    let (code, report) = explain();
    assert_eq!((code, &report["code"]), (3, &json!("provider_unavailable")));
    assert!(!report["log"].as_array().unwrap().is_empty());
}
