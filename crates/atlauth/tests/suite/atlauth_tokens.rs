//! `atlauth token`: what it creates is accepted, what it revokes is not, and nothing else is ever
//! shown.

use atlassian_authorizer::upstream::Signer;
use serde_json::{Value, json};

use testing::Folder;
use testing::api_tokens::{bearer, parts, settings, with};
use testing::atlauth::Said;
use testing::lambda::Lambda;
use testing::moto::Moto;
use testing::ssm::{PREFIX, sdk_variables};
use testing::tokens::{now, p256_pem};

use crate::atlauth;

/// Settings in a folder, and the tool with them.
struct Here {
    folder: Folder,
    settings: String,
}

impl Here {
    fn new() -> Self {
        let folder = Folder::new();
        let settings = folder.settings(&settings(&json!({"recheck_seconds": 1})));
        Self { folder, settings }
    }

    fn run(&self, words: &str) -> Said {
        atlauth(words).settings(&self.settings).run("")
    }

    /// Makes a token, and returns it.
    fn create(&self, words: &str) -> String {
        let said = self.run(&format!("token create {words}"));
        assert_eq!(said.code, 0, "{}", said.stderr);
        let token = said.stdout.trim_end();
        assert_eq!(said.stdout, format!("{token}\n"));
        assert_eq!(token.len(), 80);
        assert!(!said.stderr.contains(parts(token).1));
        token.to_owned()
    }

    fn tokens(&self) -> Vec<Value> {
        let list = self.run("token list --json").json();
        list["tokens"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn made_listed_and_revoked() {
    let here = Here::new();
    let said = here.run("token list");
    assert_eq!((said.code, said.stdout.as_str()), (0, ""));
    let token = here.create(
        "--user alice --name export --expires 30d --read-only --scope a --group b --product jira",
    );
    let (id, secret) = parts(&token);
    let lambda = Lambda::start(&here.settings, &[]).await;
    lambda.keep_secret(secret);
    assert_eq!(lambda.allowed(&bearer(&token)).await, "alice");
    let post = with(&token, "POST", "/jira/rest/api/2/issue");
    lambda.invoke(&post).await.unwrap();
    assert_eq!(lambda.audit().await["code"], "route_not_allowed");

    let said = here.run("token list");
    for part in [
        id,
        "alice",
        "export",
        "in 30 days",
        "read-only, scope a, group b, in jira",
    ] {
        assert!(said.flat().contains(part), "{part}: {}", said.stdout);
    }
    assert!(!said.all().contains(secret));
    let listed = &here.tokens()[0];
    assert_eq!(listed["groups"], json!(["b"]));
    assert!(listed.get("secret_sha256").is_none());

    let said = here.run(&format!("token revoke {id}"));
    assert_eq!((said.code, said.stdout), (0, format!("revoked {id}\n")));
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(lambda.denied(&bearer(&token)).await, "api_token_unknown");
    assert_eq!(here.run(&format!("token revoke {id}")).code, 1);
    assert!(here.tokens().is_empty());
}

#[tokio::test]
async fn rotated_with_and_without_grace() {
    let here = Here::new();
    let old = here.create("--user alice --expires 30d --read-only --scope a");
    let rotate = |token: &str, more: &str| {
        let said = here.run(&format!("token rotate --json {more} {}", parts(token).0));
        assert_eq!(said.code, 0, "{}", said.stderr);
        said.json()["token"].as_str().unwrap().to_owned()
    };
    let next = rotate(&old, "");
    let tokens = here.tokens();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0]["id"], parts(&next).0);
    assert_eq!(
        (&tokens[0]["read_only"], &tokens[0]["scopes"]),
        (&json!(true), &json!(["a"]))
    );
    let lifetime = tokens[0]["expires"].as_u64().unwrap() - tokens[0]["created"].as_u64().unwrap();
    assert_eq!(lifetime, 30 * 86_400);

    let last = rotate(&next, "--grace 1h --expires 2d");
    let tokens = here.tokens();
    let expires = |token: &str| {
        let found = tokens.iter().find(|one| one["id"] == parts(token).0);
        found.unwrap()["expires"].as_u64().unwrap()
    };
    assert!(expires(&next).abs_diff(now() + 3_600) < 60);
    assert!(expires(&last).abs_diff(now() + 2 * 86_400) < 60);
    let lambda = Lambda::start(&here.settings, &[]).await;
    assert_eq!(lambda.allowed(&bearer(&next)).await, "alice");
    assert_eq!(lambda.allowed(&bearer(&last)).await, "alice");
    assert_eq!(lambda.denied(&bearer(&old)).await, "api_token_unknown");
}

#[test]
fn what_the_settings_would_refuse() {
    let here = Here::new();
    for (words, code, expected) in [
        ("--user alice --expires 91d", 1, "at most 90 days"),
        ("--user alice --product wiki", 2, "they have jira"),
        ("--user alice --cidr 10.0.0.0/33", 2, "--cidr"),
        ("--user -", 2, "a username"),
        ("--user alice --expires soon", 2, "a time such as 90d"),
    ] {
        let said = here.run(&format!("token create {words}"));
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (code, ""),
            "{}",
            said.stderr
        );
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
    let token = here.create("--user alice");
    let said = here.run(&format!("token revoke {token}"));
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("shell's history"), "{}", said.stderr);
    assert!(!said.all().contains(parts(&token).1));

    let off = here
        .folder
        .settings(&json!({"settings": {}, "products": {"jira": {"path": "/"}},
        "providers": {"custom": {"kind": "custom", "issuer": "https://sso.example.com",
                                 "client_ids": ["x"], "username": "sub"}}}));
    let said = atlauth("token create --user alice").settings(&off).run("");
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("accept no API tokens"),
        "{}",
        said.stderr
    );
    assert_eq!(atlauth("token list").run("").code, 2);
}

/// The same in Parameter Store, with more records than fit on a page.
#[tokio::test]
async fn in_parameter_store() {
    let moto = Moto::start().await;
    moto.put_settings(&settings(&json!({}))).await;
    let run = |words: &str| {
        let mut command = atlauth(words).settings(&format!("ssm:{PREFIX}"));
        for (name, value) in sdk_variables(&moto.url) {
            command = command.env(name, value);
        }
        let said = command.run("");
        assert_eq!(said.code, 0, "{}", said.stderr);
        said
    };
    let mut token = String::new();
    for _ in 0..11 {
        token = run("token create --user alice")
            .stdout
            .trim_end()
            .to_owned();
    }
    let list = || {
        run("token list --json").json()["tokens"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(list(), 11);
    let id = parts(&token).0;
    let said = run(&format!("token rotate --grace 1h {id}"));
    assert!(said.stderr.contains("is valid until"), "{}", said.stderr);
    assert_eq!(list(), 12);
    run(&format!("token revoke {id}"));
    assert_eq!(list(), 11);
}

#[test]
fn keys_are_made_and_shown() {
    let folder = Folder::new();
    let file = folder.path().join("key.pem");
    for (words, kind, kty) in [
        ("keys oauth1 --bits 2048 --out", "RSA 2048", "RSA"),
        ("keys assertion --out", "P-256", "EC"),
    ] {
        let said = atlauth(words).arg(&file).run("");
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (0, ""),
            "{}",
            said.stderr
        );
        let private = std::fs::read_to_string(&file).unwrap();
        let inner = private.lines().nth(1).unwrap();
        assert!(!said.all().contains(inner));
        let metadata = std::fs::metadata(&file).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600);
        let again = atlauth(words).arg(&file).run("");
        assert_eq!(again.code, 2);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), private);

        let said = atlauth("keys show --json").arg(&file).run("");
        let shown = said.json();
        assert_eq!(shown["kind"], kind);
        let key = &shown["jwks"]["keys"][0];
        assert_eq!(
            (&key["kty"], key["kid"].as_str().unwrap().len()),
            (&json!(kty), 43)
        );
        assert!(
            shown["pem"]
                .as_str()
                .unwrap()
                .starts_with("-----BEGIN PUBLIC KEY-----\n")
        );
        let said = atlauth("keys show -").run(&private);
        assert_eq!(said.code, 0);
        assert!(said.stdout.contains("-----BEGIN PUBLIC KEY-----"));
        assert_eq!(
            said.stdout.contains("Consumer Key          gateway"),
            kty == "RSA"
        );
        assert!(!said.all().contains(inner));
        if kty == "RSA" {
            said.fits();
            Signer::new("gateway", &private, "https://jira.example.com").unwrap();
        }
        std::fs::remove_file(&file).unwrap();
    }
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    let said = atlauth("keys show -").run("s3cr3t");
    assert_eq!(said.code, 1);
    assert!(!said.all().contains("s3cr3t"));
}

/// What a verifier at the origin is given is the key that the settings sign with.
#[test]
fn the_key_set_of_the_settings() {
    let folder = Folder::new();
    let pem = p256_pem();
    let product = |path: &str| {
        json!({"path": path, "upstream": {"mode": "assertion", "private_key": "key",
            "issuer": "https://gateway.example.com", "audience": "bitbucket"}})
    };
    let mut tree = settings(&json!({}));
    tree["secrets"] = json!({"products": {"bitbucket": {"key": pem}, "wiki": {"key": pem}}});
    tree["products"]["bitbucket"] = product("/bitbucket");
    let source = folder.settings(&tree);
    let said = atlauth("keys jwks").settings(&source).run("");
    let shown = atlauth("keys show --json -").run(&pem).json();
    assert_eq!(said.json(), shown["jwks"]);

    tree["products"]["wiki"] = product("/wiki");
    let source = folder.settings(&tree);
    let said = atlauth("keys jwks").settings(&source).run("");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("bitbucket, wiki"), "{}", said.stderr);
    let said = atlauth("keys jwks --product wiki")
        .settings(&source)
        .run("");
    assert_eq!(said.json(), shown["jwks"]);
}
