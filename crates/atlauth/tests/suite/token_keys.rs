//! The key of API tokens: what nobody but the operator can make is all that is looked for.

use std::os::unix::fs::PermissionsExt;

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::Folder;
use testing::api_tokens::{bearer, forge, id, parts, secret, settings};
use testing::atlauth::Said;
use testing::lambda::Lambda;
use testing::local::Local;
use testing::moto::Moto;
use testing::ssm::{FakeSsm, PREFIX, sdk_variables};

use crate::atlauth;

const KEY: &str = "secrets/settings/api-token-key";

/// A file with settings that an operator laid out by hand.
fn laid_out(accept_unkeyed: bool) -> String {
    format!(
        "{{\n  \"settings\": {{\"api_tokens\": {{\"enabled\": true, \"recheck_seconds\": 1, \
         \"accept_unkeyed\": {accept_unkeyed}}},\n               \"refresh_seconds\": 1}},\n  \
         \"products\": {{\"jira\": {{\"path\": \"/jira\"}}}}\n}}\n"
    )
}

struct Here {
    folder: Folder,
    settings: String,
}

impl Here {
    fn new(accept_unkeyed: bool) -> Self {
        let folder = Folder::new();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, laid_out(accept_unkeyed)).unwrap();
        let settings = format!("file:{}", path.display());
        Self { folder, settings }
    }

    fn run(&self, words: &str) -> Said {
        let said = atlauth(words).settings(&self.settings).run("");
        for key in self.keys() {
            assert!(!said.all().contains(&key), "{words}");
        }
        said
    }

    fn done(&self, words: &str) -> String {
        let said = self.run(words);
        assert_eq!(said.code, 0, "{words}: {}", said.stderr);
        said.stdout.trim_end().to_owned()
    }

    fn create(&self) -> String {
        self.done("token create --user alice")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("settings.json")).unwrap()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("settings.json"), text).unwrap();
    }

    /// The last key and the one before it.
    fn keys(&self) -> Vec<String> {
        let tree: Value = serde_json::from_str(&self.text()).unwrap();
        let names = ["api-token-key", "api-token-key-previous"];
        let keys = names.map(|name| {
            tree["secrets"]["settings"][name]
                .as_str()
                .map(str::to_owned)
        });
        keys.into_iter().flatten().collect()
    }

    /// What new settings make of tokens, in order.
    async fn codes(&self, tokens: &[&str]) -> Vec<String> {
        let tree: Value = serde_json::from_str(&self.text()).unwrap();
        let local = Local::new(&tree, Deployment::default());
        let records = self.folder.path().join("settings-tokens");
        let there = local.folder.path().join("settings-tokens");
        std::fs::create_dir_all(&there).unwrap();
        for record in std::fs::read_dir(records).unwrap() {
            let record = record.unwrap();
            std::fs::copy(record.path(), there.join(record.file_name())).unwrap();
        }
        let mut codes = Vec::new();
        for token in tokens {
            codes.push(local.code(&bearer(token)).await);
        }
        codes
    }
}

#[tokio::test]
async fn from_the_first_key_to_the_end_of_the_last_but_one() {
    let here = Here::new(true);
    let before = here.text();
    let said = here.run("token key rotate");
    assert_eq!((said.code, here.text()), (1, before.clone()));
    let said = here.run("token key retire");
    assert_eq!((said.code, here.text()), (1, before.clone()));
    let unkeyed = here.create();
    let said = here.run("token create --user bob");
    assert!(said.stderr.contains("Without a key"), "{}", said.stderr);

    let said = here.run("token key create");
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, ""),
        "{}",
        said.stderr
    );
    let first = here.keys();
    // What is random of it, and when it was made.
    assert_eq!((first.len(), first[0].len()), (1, 52 + 1 + 10));
    // All else stays as somebody wrote it.
    let member = format!(
        "\"secrets\": {{\"settings\":{{\"api-token-key\":\"{}\"}}}}, ",
        first[0]
    );
    assert_eq!(here.text().replacen(&member, "", 1), before);
    let path = here.folder.path().join("settings.json");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let said = here.run("token key create");
    assert_eq!((said.code, here.keys()), (1, first.clone()));
    assert!(said.stderr.contains("rotate"), "{}", said.stderr);

    let keyed = here.create();
    let made_up = forge(&id(1), &secret(1));
    let codes = here.codes(&[&unkeyed, &keyed, &made_up]).await;
    assert_eq!(codes, ["allowed", "allowed", "api_token_unknown"]);

    let said = here.run("token key rotate");
    assert_eq!(said.code, 0, "{}", said.stderr);
    let second = here.keys();
    assert_eq!((second.len(), &second[1]), (2, &first[0]));
    assert_ne!(second[0], first[0]);
    let rotated = here.create();
    let all = [&*unkeyed, &keyed, &rotated, &made_up];
    assert_eq!(
        here.codes(&all).await,
        ["allowed", "allowed", "allowed", "api_token_unknown"]
    );
    // The key before the last would be lost, and the tokens that were made with it.
    let said = here.run("token key rotate");
    assert_eq!((said.code, here.keys()), (1, second.clone()));
    assert!(said.stderr.contains("retire"), "{}", said.stderr);

    let said = here.run("token key retire");
    assert_eq!((said.code, here.keys()), (1, second.clone()));
    here.done("token key retire --force");
    assert_eq!(here.keys(), second[..1]);
    assert_eq!(
        here.codes(&all).await,
        [
            "allowed",
            "api_token_malformed",
            "allowed",
            "api_token_unknown"
        ]
    );

    // Another token in the place of one, by its id.
    let again = here.done(&format!("token rotate {}", parts(&keyed).0));
    here.done("token key rotate --forget");
    assert_eq!(here.keys().len(), 1);
    let last = here.create();
    assert_eq!(
        here.codes(&[&again, &rotated, &last]).await,
        ["api_token_malformed", "api_token_malformed", "allowed"]
    );
}

async fn next_second() {
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
}

/// A key ends once no token is left that may have been made with it.
#[tokio::test]
async fn no_key_is_retired_that_is_used() {
    let here = Here::new(true);
    let unkeyed = here.create();
    next_second().await;
    here.done("token key create");
    let keyed = here.create();
    here.done("token create --user bob --expires 1s");
    next_second().await;
    let said = here.run("token key rotate");
    assert!(said.stderr.contains("until then, create no token"));
    next_second().await;
    let last = here.create();
    let keys = here.keys();
    // Those without a key, with the last one, and those that have expired lose nothing.
    let said = here.run("token key retire");
    assert_eq!((said.code, here.keys()), (1, keys.clone()));
    assert!(
        said.stderr
            .contains("1 token may have been made with the previous key")
            && said
                .stderr
                .contains("replace it with `atlauth token rotate`")
            && said.stderr.contains("--force"),
        "{}",
        said.stderr
    );
    let listed = here.done("token list");
    assert!(listed.contains("created"), "{listed}");

    let again = here.done(&format!("token rotate {}", parts(&keyed).0));
    let said = here.run("token key retire");
    assert_eq!((said.code, here.keys()), (0, vec![keys[0].clone()]));
    assert!(
        said.stderr.contains("`refresh_seconds`") && !said.stderr.contains("create no token"),
        "{}",
        said.stderr
    );
    assert_eq!(
        here.codes(&[&unkeyed, &again, &last]).await,
        ["allowed", "allowed", "allowed"]
    );

    // Of keys that somebody wrote by hand nothing is known: each token counts.
    let text = here.text().replace(&keys[0], &"k".repeat(40));
    here.write(&text);
    here.done("token key rotate");
    let text = here.text().replace(&here.keys()[0], &"l".repeat(40));
    here.write(&text);
    let said = here.run("token key retire");
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(
        said.stderr.contains("3 tokens may have been made"),
        "{}",
        said.stderr
    );
    for token in [&unkeyed, &again, &last] {
        here.done(&format!("token revoke {}", parts(token).0));
    }
    here.done("token key retire");
}

/// A key before the last without a last one is an error, and there is a way out in both directions.
#[tokio::test]
async fn a_previous_key_that_stands_alone() {
    let here = Here::new(false);
    let before = here.text();
    here.done("token key create");
    let token = here.create();
    let key = here.keys();
    let alone = here
        .text()
        .replace("api-token-key", "api-token-key-previous");
    here.write(&alone);
    let said = here.run("settings check");
    let expected =
        "secrets/settings/api-token-key-previous: needs `api-token-key`, which is missing";
    assert!(said.flat().contains(expected), "{}", said.all());
    assert_eq!((said.code, here.run("settings lint").code), (1, 1));
    let said = here.run("token key rotate");
    assert_eq!((said.code, here.text()), (1, alone.clone()));
    assert!(said.stderr.contains("token key create"), "{}", said.stderr);

    here.done("token key create");
    let keys = here.keys();
    assert_eq!((keys.len(), &keys[1]), (2, &key[0]));
    let last = here.create();
    assert_eq!(here.codes(&[&token, &last]).await, ["allowed", "allowed"]);

    // Without both, all is as before there was one.
    here.write(&alone);
    let said = here.run("token key retire");
    assert_eq!((said.code, here.text()), (1, alone));
    here.done("token key retire --force");
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(&here.text()), parsed(&before));
    here.done("settings check");
    here.create();
}

/// Tokens that are there already are not refused by a command that says nothing of them.
#[tokio::test]
async fn a_first_key_beside_tokens_that_are_there() {
    let here = Here::new(false);
    let unkeyed = here.create();
    assert_eq!(here.codes(&[&unkeyed]).await, ["allowed"]);
    let said = here.run("token key create");
    assert_eq!((said.code, here.keys().len()), (1, 0));
    assert!(
        said.stderr.contains("1 token was made without a key")
            && said.stderr.contains("accept_unkeyed"),
        "{}",
        said.stderr
    );
    next_second().await;
    here.done("token key create --force");
    let keyed = here.create();
    let made_up = forge(&id(1), &secret(1));
    assert_eq!(
        here.codes(&[&unkeyed, &keyed, &made_up]).await,
        ["api_token_unkeyed", "allowed", "api_token_unkeyed"]
    );
    // No time of grace makes it good again.
    let said = here.run(&format!("token rotate --grace 1h {}", parts(&unkeyed).0));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stderr
            .contains("is refused already: it was made before the key")
            && !said.stderr.contains("is valid until"),
        "{}",
        said.stderr
    );
    next_second().await;
    let keyed = here.create();
    let said = here.run(&format!("token rotate --grace 1h {}", parts(&keyed).0));
    assert!(said.stderr.contains("is valid until"), "{}", said.stderr);
}

/// What is made up never reaches the store; what the operator made does, whatever is made up.
#[tokio::test]
async fn guessed_tokens_are_not_looked_for() {
    let ssm = FakeSsm::start().await;
    let key = "a-key-of-the-operators-own-0123456789";
    let mut tree = settings(&json!({}));
    tree["secrets"] = json!({"settings": {"api-token-key": key}});
    ssm.put(&tree);
    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &ssm.variables()).await;
    lambda.keep_secret(key);
    for number in 0..40 {
        let guessed = forge(&id(number), &secret(number));
        assert_eq!(lambda.denied(&bearer(&guessed)).await, "api_token_unkeyed");
        let mistyped = format!("{}aaaaaaaa", &guessed[..72]);
        assert_eq!(
            lambda.denied(&bearer(&mistyped)).await,
            "api_token_malformed"
        );
    }
    let calls = ssm.requests();
    assert_eq!(
        calls.iter().filter(|call| call["Name"].is_string()).count(),
        0
    );

    // While unkeyed tokens are accepted, made-up ones use up only their own look-ups.
    let folder = Folder::new();
    tree["settings"]["api_tokens"]["accept_unkeyed"] = true.into();
    let source = folder.settings(&tree);
    let token = atlauth("token create --user alice")
        .settings(&source)
        .run("");
    let local = Local::new(&tree, Deployment::default());
    std::fs::rename(
        folder.path().join("settings-tokens"),
        local.folder.path().join("settings-tokens"),
    )
    .unwrap();
    for number in 0..20 {
        let guessed = bearer(&forge(&id(number), &secret(number)));
        assert_eq!(local.code(&guessed).await, "api_token_unknown");
    }
    let guessed = bearer(&forge(&id(20), &secret(20)));
    assert_eq!(local.code(&guessed).await, "api_tokens_unavailable");
    assert_eq!(
        local.code(&bearer(token.stdout.trim_end())).await,
        "allowed"
    );
}

#[tokio::test]
async fn in_parameter_store() {
    let moto = Moto::start().await;
    moto.put_settings(&settings(&json!({"recheck_seconds": 1})))
        .await;
    let run = |words: &str| {
        let mut command = atlauth(words).settings(&format!("ssm:{PREFIX}"));
        for (name, value) in sdk_variables(&moto.url) {
            command = command.env(name, value);
        }
        command.run("")
    };
    let value = async |name: &str| {
        let body = json!({"Name": format!("{PREFIX}/{name}"), "WithDecryption": true});
        let answer = moto.call("ssm", "AmazonSSM.GetParameter", body).await;
        let parameter = answer["Parameter"].clone();
        assert_eq!(parameter["Type"], "SecureString", "{name}");
        parameter["Value"].as_str().unwrap().to_owned()
    };
    let said = run("token key create");
    assert_eq!(said.code, 0, "{}", said.stderr);
    let first = value(KEY).await;
    assert!(!said.all().contains(&first));
    assert_eq!(run("token key create").code, 1);
    assert_eq!(value(KEY).await, first);
    let token = run("token create --user alice")
        .stdout
        .trim_end()
        .to_owned();
    assert_eq!(run("token key rotate").code, 0);
    assert_eq!(value(&format!("{KEY}-previous")).await, first);
    assert_ne!(value(KEY).await, first);

    let lambda = Lambda::start(&format!("ssm:{PREFIX}"), &sdk_variables(&moto.url)).await;
    lambda.keep_secret(&first);
    assert_eq!(lambda.allowed(&bearer(&token)).await, "alice");
    let made_up = bearer(&forge(&id(1), &secret(1)));
    assert_eq!(lambda.denied(&made_up).await, "api_token_unkeyed");

    // No key is written into settings that are just being pushed.
    let name = format!("{PREFIX}/push-in-progress");
    let body = json!({"Name": name, "Value": "a-push", "Type": "String"});
    moto.call("ssm", "AmazonSSM.PutParameter", body).await;
    let last = value(KEY).await;
    assert_eq!(run("token key rotate --forget").code, 1);
    assert_eq!(value(KEY).await, last);
    let nothing = run("token key create --settings ssm:/no/such/path");
    assert_eq!(nothing.code, 3, "{}", nothing.stderr);

    // Nor is one put beside another that stands with others.
    let moto = Moto::start().await;
    let mut tree = settings(&json!({}));
    tree["secrets"] = json!({"settings": {"api-token-key": last}})
        .to_string()
        .into();
    moto.put_settings(&tree).await;
    let mut command = atlauth("token key rotate").settings(&format!("ssm:{PREFIX}"));
    for (name, value) in sdk_variables(&moto.url) {
        command = command.env(name, value);
    }
    let said = command.run("");
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(
        said.stderr.contains("holds several documents"),
        "{}",
        said.stderr
    );
    assert!(!said.all().contains(&last));
}
