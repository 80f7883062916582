//! What `atlauth explain` and `whoami` say of a refusal: the cause, what the token has beside what the
//! settings want, what was assumed, and until when a token is good.

use serde_json::{Value, json};

use testing::Folder;
use testing::asked::Asked;
use testing::atlauth::Said;
use testing::tokens::{SigningKey, now};

use crate::atlauth;

const ISSUER: &str = "https://idp.example.com";

/// A provider of any kind, with what each test changes.
fn settings(key: &SigningKey, provider: &Value, more: &Value) -> Value {
    let mut own = json!({"kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
                         "client_ids": ["client"], "username": "preferred_username"});
    let members = own.as_object_mut().unwrap();
    members.extend(provider.as_object().unwrap().clone());
    let mut tree = json!({"providers": {"idp": own}, "products": {"jira": {"path": "/jira"}}});
    let members = tree.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    tree
}

fn token(key: &SigningKey, changes: &Value) -> String {
    let mut claims = json!({"iss": ISSUER, "sub": "1", "client_id": "client", "aud": "https://api.example.com",
                            "scope": "read", "preferred_username": "alice", "iat": now(), "exp": now() + 3_600});
    let members = claims.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    key.sign(&claims)
}

struct Here {
    folder: Folder,
    key: SigningKey,
}

impl Here {
    fn new() -> Self {
        Self {
            folder: Folder::new(),
            key: SigningKey::generate("k", "ES256"),
        }
    }

    /// Runs a command about a token with these claims.
    fn run(&self, words: &str, provider: &Value, more: &Value, claims: &Value) -> Said {
        let source = self.folder.settings(&settings(&self.key, provider, more));
        let token = token(&self.key, claims);
        let said = atlauth(words).settings(&source).run(&token);
        assert!(!said.tells(&token));
        said
    }
}

const EXPLAIN: &str = "explain --path /jira/rest/api/2/myself -";

fn access(rule: &Value) -> Value {
    json!({"products": {"jira": {"path": "/jira", "access": [rule]}}})
}

/// Each refusal shows the claim by name with its value, and below it the field with what it wants.
#[test]
fn what_the_token_has_beside_what_the_settings_want() {
    let here = Here::new();
    let none = json!({});
    for (provider, more, claims, code, expected) in [
        (
            none.clone(),
            none.clone(),
            json!({"iss": "https://other.example.com"}),
            "issuer_unknown",
            json!({"claim": "iss", "token": ["https://other.example.com"], "setting": "issuers",
                   "wanted": ["https://idp.example.com (idp)"]}),
        ),
        (
            none.clone(),
            none.clone(),
            json!({"client_id": null, "azp": "other"}),
            "audience_mismatch",
            json!({"claim": "azp", "token": ["other"], "setting": "client_ids", "wanted": ["client"]}),
        ),
        (
            json!({"audiences": ["https://jira.example.com"]}),
            none.clone(),
            none.clone(),
            "audience_mismatch",
            json!({"claim": "aud", "token": ["https://api.example.com"], "setting": "audiences",
                   "wanted": ["https://jira.example.com"]}),
        ),
        (
            none.clone(),
            none.clone(),
            json!({"token_use": "id"}),
            "token_use_mismatch",
            json!({"claim": "token_use", "token": ["id: an id token"], "setting": "token_use",
                   "wanted": ["access"]}),
        ),
        (
            json!({"username": "upn"}),
            none.clone(),
            none.clone(),
            "username_missing",
            json!({"claim": "upn", "token": [], "setting": "username", "wanted": ["a text or a number"]}),
        ),
        (
            json!({"require": [{"claim": "dept", "equals": "it"}]}),
            none.clone(),
            json!({"dept": "hr"}),
            "requirement_unmet",
            json!({"claim": "dept", "token": ["hr"], "setting": "require[0]", "wanted": ["it"]}),
        ),
        (
            none.clone(),
            access(&json!({"allow": ["@read"], "scopes": ["write", "admin"]})),
            none.clone(),
            "route_not_allowed",
            json!({"claim": "scope", "token": ["read"], "setting": "scopes of rule 1",
                   "wanted": ["write", "admin"]}),
        ),
        (
            json!({"groups": "roles"}),
            access(&json!({"allow": ["@read"], "groups": ["dev"]})),
            json!({"roles": ["ops"]}),
            "route_not_allowed",
            json!({"claim": "roles", "token": ["ops"], "setting": "groups of rule 1", "wanted": ["dev"]}),
        ),
    ] {
        let words = format!("{EXPLAIN} --json");
        let report = here.run(&words, &provider, &more, &claims).json();
        assert_eq!(report["code"], code, "{report}");
        assert_eq!(report["compared"], json!([expected]), "{code}");
        let said = here.run(EXPLAIN, &provider, &more, &claims);
        let has = &expected["token"][0];
        let has = has.as_str().unwrap_or("none");
        let line = |side: &str| {
            let mut lines = said.stdout.lines();
            let found = lines.find(|line| line.starts_with(side) && line.contains("  "));
            found
                .unwrap_or_else(|| panic!("{}", said.stdout))
                .to_owned()
        };
        let (one, other) = (line("token     "), line("settings  "));
        assert!(one.contains(expected["claim"].as_str().unwrap()) && one.contains(has));
        // The values stand below each other.
        let wanted = expected["wanted"][0].as_str().unwrap();
        assert_eq!(one.rfind(has), other.rfind(wanted), "{one}\n{other}");
    }
    let said = here.run("whoami -", &none, &none, &json!({"client_id": "other"}));
    assert!(
        said.stdout.contains("settings  client_ids"),
        "{}",
        said.stdout
    );
    assert_eq!(said.code, 1);
}

/// Basic credentials of a user who is not listed: no rule is the cause.
#[test]
fn a_user_who_is_not_allowed_basic_auth() {
    let here = Here::new();
    let mut more = access(&json!({"allow": ["@read"]}));
    more["settings"] =
        json!({"basic_auth": {"allowed_users": ["svc"], "allowed_paths": ["/jira/status"]}});
    let words = "explain --basic bob --path /jira/rest/api/2/myself -";
    let said = here.run(words, &json!({}), &more, &json!({}));
    assert_eq!(said.code, 1);
    let text = said.flat();
    assert!(
        text.contains("no access the user is not in `basic_auth.allowed_users`"),
        "{text}"
    );
    assert!(!text.contains("no rule names this route"), "{text}");
    let words = format!("{words} --json");
    let report = here.run(&words, &json!({}), &more, &json!({})).json();
    assert_eq!(report["access"]["rules"][0]["applies"], false);
    assert_eq!(report["compared"][0]["setting"], "basic_auth.allowed_users");

    more["settings"] = json!({"basic_auth": {"allowed_users": ["svc"]}});
    let said = here.run(
        "explain --basic bob --path /jira/x -",
        &json!({}),
        &more,
        &json!({}),
    );
    let text = said.flat();
    assert!(
        text.contains("Basic, of bob: the user is not in `basic_auth.allowed_users`"),
        "{text}"
    );

    // A condition on the caller is the cause, and Basic credentials meet none.
    let mut more = access(&json!({"allow": ["@read"], "scopes": ["read"]}));
    more["settings"] = json!({"basic_auth": "pass_through"});
    let said = here.run(
        "explain --basic bob --path /jira/rest/api/2/myself -",
        &json!({}),
        &more,
        &json!({}),
    );
    let text = said.flat();
    assert!(
        text.contains("rule 1 would allow it for scope read (Basic credentials have no scope"),
        "{text}"
    );
}

#[test]
fn a_password_beside_the_user_is_refused_and_not_repeated() {
    let said = atlauth("explain --basic bob:hunter2 --settings file:x.json").run("");
    let all = said.all();
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn why_there_are_no_groups() {
    let here = Here::new();
    let none = json!({});
    for (provider, claims, expected) in [
        (
            none.clone(),
            none.clone(),
            "the provider has no `groups` setting",
        ),
        (
            json!({"groups": "roles"}),
            none.clone(),
            "the token has no claim `roles`",
        ),
        (
            json!({"groups": "roles"}),
            json!({"roles": []}),
            "the claim `roles` of the token is empty",
        ),
    ] {
        let said = here.run(EXPLAIN, &provider, &none, &claims);
        let line = format!("ok  groups      none: {expected}");
        assert!(said.stdout.contains(&line), "{}", said.stdout);
        let said = here.run("whoami -", &provider, &none, &claims);
        assert!(
            said.stdout
                .contains(&format!("groups     none: {expected}")),
            "{}",
            said.stdout
        );
        let report = here
            .run(&format!("{EXPLAIN} --json"), &provider, &none, &claims)
            .json();
        assert_eq!(report["groups_note"], expected);
    }
}

#[test]
fn a_network_that_fails_is_told_with_the_address() {
    let here = Here::new();
    let more = access(&json!({"allow": ["@read"], "networks": ["10.0.0.0/8"]}));
    let said = here.run(EXPLAIN, &json!({}), &more, &json!({}));
    let text = said.flat();
    let expected = "the request comes from 127.0.0.1; --source-ip gives another address";
    assert!(text.contains(expected), "{text}");
    said.fits();
    let words = format!("{EXPLAIN} --source-ip 192.0.2.7");
    let said = here.run(&words, &json!({}), &more, &json!({}));
    assert!(
        said.flat().contains("comes from 192.0.2.7"),
        "{}",
        said.stdout
    );
    let words = format!("{EXPLAIN} --source-ip 10.1.2.3");
    assert_eq!(here.run(&words, &json!({}), &more, &json!({})).code, 0);
}

#[test]
fn what_was_assumed() {
    let here = Here::new();
    let none = json!({});
    let said = here.run(EXPLAIN, &none, &none, &none);
    let line = "assumed: --source-ip 127.0.0.1, --cache-key route, --cache-seconds 0";
    assert!(
        said.stdout.lines().any(|one| one == line),
        "{}",
        said.stdout
    );
    let words = format!("{EXPLAIN} --cache-key token --json");
    let report = here.run(&words, &none, &none, &none).json();
    assert_eq!(
        report["assumed"],
        json!([{"option": "--source-ip", "value": "127.0.0.1"}, {"option": "--cache-seconds", "value": "0"}])
    );
    let words = format!("{EXPLAIN} --cache-key token --cache-seconds 60 --source-ip 10.0.0.1");
    let said = here.run(&words, &none, &none, &none);
    assert!(!said.stdout.contains("assumed"), "{}", said.stdout);
    // An answer that serves for all routes is another one.
    let more = access(&json!({"allow": ["GET /rest/**"]}));
    let report = here
        .run(
            &format!("{EXPLAIN} --cache-key token --cache-seconds 60 --policy --json"),
            &none,
            &more,
            &none,
        )
        .json();
    let resources = report["answer"]["policyDocument"].to_string();
    assert!(resources.contains("/rest/*"), "{resources}");
    let said = here.run("whoami -", &none, &none, &none);
    assert!(said.stdout.contains(line), "{}", said.stdout);
}

/// What could be the username and the groups, for a provider of any kind.
#[test]
fn candidates() {
    let here = Here::new();
    let (provider, none) = (json!({"groups": "roles"}), json!({}));
    let claims = json!({"email": "alice@example.com", "roles": ["dev"], "groups": ["ops"]});
    let said = here.run("whoami -", &provider, &none, &claims);
    for part in [
        "Possible usernames",
        "preferred_username alice alice by the rule",
        "Possible groups",
        "roles dev by the rule",
        "groups ops",
    ] {
        assert!(said.flat().contains(part), "{part}: {}", said.stdout);
    }
    said.fits();
    let report = here
        .run("whoami - --json", &provider, &none, &claims)
        .json();
    assert_eq!(report["candidates"][0]["attribute"], "preferred_username");
    assert_eq!(
        report["group_candidates"][1],
        json!({"claim": "groups", "groups": ["ops"], "in_rule": false})
    );
    let said = here.run("whoami -", &json!({"username": "upn"}), &none, &claims);
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains("Possible usernames"),
        "{}",
        said.stdout
    );
}

/// Of a token that only its provider knows: when it expires, and when the provider is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn expiry_and_next_check() {
    let asked = Asked::start().await;
    let mut tree = asked.settings(&SigningKey::generate("k", "ES256"), "introspection");
    let provider = tree["providers"]["idp"].as_object_mut().unwrap();
    provider.remove("jwks");
    let folder = Folder::new();
    let settings = folder.settings(&tree);
    let ends = now() + 86_400;
    for (exp, expected) in [(Some(ends), "until "), (None, "expiry not known; ")] {
        asked.change(|answers| {
            answers.introspection = json!({"active": true, "sub": "1", "client_id": "client",
                                           "username": "alice", "scope": "a", "groups": ["dev"]});
            if let Some(exp) = exp {
                answers.introspection["exp"] = exp.into();
            }
        });
        let run = |words: &str| {
            atlauth(words)
                .settings(&settings)
                .run("opaque-token-of-alice")
        };
        let report = run("explain --path /x --json -").json();
        assert_eq!(report["expires"], json!(exp));
        let next = report["next_check"].as_u64().unwrap();
        assert!(next < ends);
        assert_eq!(report["claims_from"], "introspection");
        let stages = report["stages"].as_array().unwrap();
        let lifetime = stages
            .iter()
            .find(|one| one["stage"] == "lifetime")
            .unwrap();
        let detail = lifetime["detail"].as_str().unwrap();
        assert!(detail.starts_with(expected), "{detail}");
        assert!(
            detail.contains("; the provider is asked again "),
            "{detail}"
        );
        let said = run("whoami -");
        assert!(
            said.stdout
                .contains("           the provider is asked again "),
            "{}",
            said.stdout
        );
        assert!(
            said.stdout.contains("Possible usernames"),
            "{}",
            said.stdout
        );
    }
    asked.change(|answers| {
        answers.introspection =
            json!({"active": true, "sub": "1", "client_id": "other", "username": "alice"});
    });
    let said = atlauth("explain --path /x --json -")
        .settings(&settings)
        .run("opaque-token-of-alice");
    assert_eq!(said.json()["compared"][0]["token"], json!(["other"]));
}

/// A token where none belongs is never repeated, whatever is wrong with the rest.
#[test]
fn tokens_on_the_command_line_are_not_repeated() {
    let here = Here::new();
    let jwt = token(&here.key, &json!({}));
    let opaque = "8xLOxBtZp8k2Jq0aVbN3mR7t";
    let api = "atl_abcdefghijkmnpqrstuvwxyz23456789abcdefgh";
    for secret in [
        jwt.as_str(),
        opaque,
        api,
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ] {
        for words in [
            vec![secret],
            vec!["explain", secret],
            vec!["explain", "token.txt", secret],
            vec!["whoami", secret],
            vec!["whoami", "--source-ip", secret],
            vec!["explain", "--kind", secret],
            vec!["explain", "--query", secret],
            vec!["explain", "--header", secret],
            vec!["explain", "--cache-key", secret],
            vec!["explain", "--event", secret],
            vec!["event", secret],
            vec!["event", "rest-request", "--token-file", secret],
            vec!["login", secret],
            vec!["token", "revoke", secret],
            vec!["token", "create", "--user", "alice", "--product", secret],
            vec!["token", "create", "--user", "alice", "--cidr", secret],
            vec!["keys", "show", secret],
            vec!["settings", "check", secret],
            vec!["settings", "lint", "--allow", secret],
            vec!["settings", "init", "--kind", secret],
            vec!["completions", secret],
            vec!["--settings", secret, "whoami", "-"],
            vec!["--color", secret, "demo"],
        ] {
            let source = here
                .folder
                .settings(&settings(&here.key, &json!({}), &json!({})));
            let mut command = atlauth("");
            if words[0] != "--settings" {
                command = command.settings(&source);
            }
            let said = command.args(&words).run("");
            assert!(!said.tells(secret), "{words:?}: {}", said.all());
            assert!([1, 2, 3].contains(&said.code), "{words:?}: {}", said.code);
        }
        if secret != opaque {
            let path = format!("/jira/rest/api/2/myself?access_token={secret}");
            let said = atlauth("explain --path").arg(&path).run("");
            assert_eq!(said.code, 2);
            assert!(!said.tells(secret), "{}", said.all());
            assert!(said.stderr.contains("shell's history"), "{}", said.stderr);
        }
    }
}
