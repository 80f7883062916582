//! What all commands have in common: help, exit codes, errors of AWS and of files, and terminals that are
//! narrow or dumb.

use clap::Command;
use serde_json::json;

use testing::Folder;
use testing::atlauth::Said;
use testing::ssm::{FakeSsm, PREFIX, sdk_variables};
use testing::tokens::{SigningKey, access_claims};

use crate::atlauth;

const ISSUER: &str = "https://idp.example.com";

fn settings(folder: &Folder, key: &SigningKey) -> String {
    folder.settings(&json!({
        "providers": {"idp": {"kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username", "groups": "groups"}},
        "products": {"jira": {"path": "/jira", "access": [
            {"allow": ["@read"], "scopes": ["atlassian/read"]},
            {"allow": ["POST /rest/api/2/issue", "PUT /rest/api/2/issue/{id}"], "groups": ["jira-developers"]}]}},
    }))
}

/// Each command of the tool, with its path.
fn all(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    for inner in command
        .get_subcommands()
        .filter(|one| one.get_name() != "help")
    {
        let path = format!("{path} {}", inner.get_name());
        found.push((path.trim().to_owned(), inner.clone()));
        all(inner, &path, found);
    }
}

#[test]
fn every_command_has_an_example() {
    let mut commands = vec![(String::new(), atlauth::command())];
    all(&atlauth::command(), "", &mut commands);
    for (path, command) in commands {
        let after = command.get_after_help().map(ToString::to_string);
        assert!(after.unwrap_or_default().contains("Examples:\n"), "{path}");
    }
}

#[test]
fn global_options_have_a_heading_of_their_own() {
    let help = |words: &str| {
        let said = atlauth(words).run("");
        assert_eq!(said.code, 0, "{}", said.all());
        said.stdout
    };
    for words in [
        "explain --help",
        "settings check --help",
        "--help",
        "token key rotate --help",
    ] {
        let text = help(words);
        let (_, global) = text.split_once("\nGlobal options:\n").unwrap();
        assert!(
            global.contains("--settings <SOURCE>") && global.contains("--color <COLOR>"),
            "{text}"
        );
    }
    for command in [
        "demo",
        "event",
        "completions",
        "keys show",
        "keys oauth1",
        "settings init",
    ] {
        let text = help(&format!("{command} --help"));
        assert!(!text.contains("--settings <SOURCE>"), "{text}");
        assert!(text.contains("--color <COLOR>"), "{text}");
    }
    // Scripts that give it all the same go on.
    let said = atlauth("completions bash --settings file:none.json").run("");
    assert_eq!(said.code, 0, "{}", said.stderr);
    let said = atlauth("--settings file:none.json completions bash").run("");
    assert_eq!(said.code, 0, "{}", said.stderr);
}

#[tokio::test]
async fn errors_of_aws_are_in_words() {
    let ssm = FakeSsm::start().await;
    let source = format!("ssm:{PREFIX}");
    let run = async |words: &str| {
        let command = atlauth(words).settings(&source);
        let said = command.envs(sdk_variables(&ssm.url)).end("").await;
        for debug in ["unhandled", "Exception", "SdkError", "{", "os error"] {
            assert!(!said.stderr.contains(debug), "{words}: {}", said.stderr);
        }
        said
    };
    let who = "arn:aws:sts::123456789012:assumed-role/reader/alice";
    let what = "arn:aws:ssm:eu-west-1:123456789012:parameter/authorizer";
    let message = format!(
        "User: {who} is not authorized to perform: ssm:GetParametersByPath on resource: {what} because no \
         identity-based policy allows the ssm:GetParametersByPath action"
    );
    let denied = json!({"__type": "AccessDeniedException", "message": message});
    let throttled = json!({"__type": "ThrottlingException", "message": "Rate exceeded"});
    let expired = json!({"__type": "ExpiredTokenException", "message": "expired"});
    let unknown = json!({"__type": "UnrecognizedClientException", "message": "invalid"});
    for (failure, expected) in [
        (
            denied,
            format!("access denied: {who} lacks the permission ssm:GetParametersByPath on {what}"),
        ),
        (
            throttled,
            "SSM throttles: there were too many calls".to_owned(),
        ),
        (expired, "the AWS credentials have expired".to_owned()),
        (unknown, "AWS does not accept these credentials".to_owned()),
    ] {
        for words in ["settings check", "token list", "token key rotate"] {
            let failures = vec![(400, failure.clone()); 30];
            ssm.change(|state| state.failures = failures.into());
            let said = run(words).await;
            assert_eq!(said.code, 3, "{words}: {}", said.stderr);
            assert!(said.stderr.contains(&expected), "{words}: {}", said.stderr);
        }
    }
}

#[test]
fn no_region_and_no_credentials() {
    let home = Folder::new();
    let check = |variables: &[(&str, &str)]| {
        let mut command = atlauth("settings check --settings ssm:/authorizer")
            .env("HOME", home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        for (name, value) in variables {
            command = command.env(name, value);
        }
        let said = command.run("");
        assert_eq!(said.code, 3, "{}", said.stderr);
        said.stderr
    };
    let text = check(&[]);
    assert!(text.contains("no AWS region is set"), "{text}");
    assert!(text.contains("AWS_REGION"), "{text}");
    let text = check(&[
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ]);
    assert!(text.contains("there are no AWS credentials"), "{text}");
    assert!(text.contains("aws sso login"), "{text}");
}

#[test]
fn files_that_are_not_there() {
    let folder = Folder::new();
    let key = SigningKey::generate("k", "ES256");
    let source = settings(&folder, &key);
    let gone = folder.path().join("gone.json").display().to_string();
    for (words, code) in [
        (format!("settings check --settings file:{gone}"), 3),
        (format!("whoami --settings {source} {gone}"), 3),
        (format!("explain --settings {source} --event {gone}"), 3),
        (format!("keys show {gone}"), 3),
        (
            format!("settings check --settings {source} --parameters {gone}"),
            3,
        ),
    ] {
        let said = atlauth(&words).run("");
        assert_eq!(said.code, code, "{words}: {}", said.stderr);
        assert!(
            said.stderr.contains("there is no such file"),
            "{words}: {}",
            said.stderr
        );
        assert!(
            !said.stderr.contains("os error"),
            "{words}: {}",
            said.stderr
        );
        assert!(
            !said.stderr.contains("entity not found"),
            "{words}: {}",
            said.stderr
        );
    }
}

#[test]
fn an_unknown_rule_of_lint_is_an_error() {
    let folder = Folder::new();
    let key = SigningKey::generate("k", "ES256");
    let source = settings(&folder, &key);
    let said = atlauth("settings lint --allow no_audiense")
        .settings(&source)
        .run("");
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("no rule is named `no_audiense`"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("no_audience, path_not_served"),
        "{}",
        said.stderr
    );
    let said = atlauth("settings lint --allow no_audience")
        .settings(&source)
        .run("");
    assert_eq!(said.code, 0, "{}", said.stderr);
}

fn explained(columns: &str, term: &str, words: &str) -> Said {
    let folder = Folder::new();
    let key = SigningKey::generate("k", "ES256");
    let source = settings(&folder, &key);
    let mut claims = access_claims(ISSUER);
    claims["groups"] = json!(["jira-\u{7}-readers"]);
    let mut command = atlauth(words).settings(&source).env("TERM", term);
    if !columns.is_empty() {
        command = command.env("COLUMNS", columns);
    }
    command.run(&key.sign(&claims))
}

#[test]
fn no_word_is_broken_on_a_narrow_terminal() {
    let wide = explained(
        "",
        "xterm",
        "explain --path /jira/rest/api/2/issue --method POST -",
    );
    for columns in ["60", "40", "20"] {
        let said = explained(
            columns,
            "xterm",
            "explain --path /jira/rest/api/2/issue --method POST -",
        );
        // Each word of the wide table stands in the narrow one, too.
        let (_, table) = wide.stdout.split_once("Access rules of jira\n").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        for word in table.split_whitespace() {
            assert!(
                said.stdout.split_whitespace().any(|one| one == word),
                "{word}: {}",
                said.stdout
            );
        }
        let (_, narrow) = said.stdout.split_once("Access rules of jira\n").unwrap();
        let (narrow, _) = narrow.split_once("\nToken").unwrap();
        if columns == "60" {
            assert!(
                narrow.lines().all(|line| line.chars().count() <= 60),
                "{narrow}"
            );
        }
    }
}

#[test]
fn a_dumb_terminal_gets_ascii_alone() {
    let said = explained("", "dumb", "whoami -");
    assert!(said.stdout.is_ascii(), "{}", said.stdout);
    assert!(said.stdout.contains("jira-?-readers"), "{}", said.stdout);
    let said = explained("", "xterm", "whoami -");
    assert!(
        said.stdout.contains("jira-\u{fffd}-readers"),
        "{}",
        said.stdout
    );
}

/// Scripts go by the codes: each command has the same for the same reason.
#[test]
fn exit_codes() {
    let folder = Folder::new();
    let key = SigningKey::generate("k", "ES256");
    let source = settings(&folder, &key);
    for (words, code) in [
        ("--help", 0),
        ("settings check", 0),
        ("demo --no-such-option", 2),
        ("no-such-command", 2),
        ("token revoke x", 2),
        ("login nobody", 2),
        ("settings lint --allow x", 2),
        ("token revoke abcdefghijkmnpqr", 1),
        ("keys jwks", 1),
        ("settings check --settings file:/no/such.json", 3),
        ("keys show /no/such.pem", 3),
    ] {
        let said = atlauth(words).settings(&source).run("");
        assert_eq!(said.code, code, "{words}: {}", said.all());
    }
    for command in [
        "settings check",
        "token list",
        "whoami -",
        "explain -",
        "keys jwks",
    ] {
        let said = atlauth(command).run("x");
        assert_eq!(said.code, 2, "{command}: {}", said.all());
        assert!(
            said.stderr.contains("no settings are named"),
            "{}",
            said.stderr
        );
    }
}
