//! How many records are kept: of 10,000 API tokens each is read once.

use atlassian_authorizer::authenticate::api_token::hash;
use atlassian_authorizer::deployment::Deployment;
use serde_json::json;

use testing::api_tokens::{forge, settings, with};
use testing::local::Local;
use testing::tokens::now;

const TOKENS: usize = 10_000;
/// Were one of them read again, it would be the one that has not been used for longest.
const OLDEST: usize = 500;

/// The id of a token, in the alphabet of ids.
fn id(number: usize) -> String {
    let digits = number.to_string().replace('0', "a").replace('1', "b");
    format!("{digits:z>16}")
}

#[tokio::test]
async fn of_ten_thousand_api_tokens_none_is_read_twice() {
    let rules = json!({"recheck_seconds": 3_600});
    let local = Local::new(&settings(&rules), Deployment::default());
    let secret = "s".repeat(52);
    let folder = local.folder.path().join("settings-tokens");
    std::fs::create_dir_all(&folder).unwrap();
    let hash = hash(&secret);
    for number in 0..TOKENS {
        let record = json!({
            "secret_sha256": hash, "username": format!("user-{number}"),
            "name": "a nightly export", "created": now(), "expires": now() + 86_400,
            "scopes": ["atlassian/read"], "groups": ["confluence-editors"],
        });
        std::fs::write(
            folder.join(format!("{}.json", id(number))),
            record.to_string(),
        )
        .unwrap();
    }
    let check = async |number: usize| {
        let token = forge(&id(number), &secret);
        let event = with(&token, "GET", "/jira/rest/api/2/myself").to_string();
        let answer = local.authorizer.authorize(&event, "id").await.unwrap();
        let username = format!("\"username\":\"user-{number}\"");
        assert!(answer.get().contains(&username), "{number}: {answer}");
    };
    for number in 0..TOKENS {
        check(number).await;
    }
    std::fs::remove_dir_all(&folder).unwrap();
    for number in 0..OLDEST {
        check(number).await;
    }
    assert_eq!(local.metric("record_reads"), 10_000);
}
