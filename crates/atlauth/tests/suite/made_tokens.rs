//! API tokens, made as an operator makes them.

use std::time::Duration;

use atlassian_authorizer::authenticate::ApiTokenRules;
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::credential::Checksums;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::Source;
use atlassian_authorizer::username::Username;
use atlauth::api_tokens::{Created, NewToken, create};
use testing::Folder;
use testing::tokens::now;

/// What the settings say of API tokens.
pub static RULES: ApiTokenRules = ApiTokenRules {
    allow_basic: false,
    max_lifetime: Duration::from_hours(90 * 24),
    recheck: Duration::from_mins(1),
    checksums: Checksums {
        keys: Vec::new(),
        accept_unkeyed: false,
    },
};

/// A token of Alice's for an hour, without scopes, groups and limits.
pub fn of_alice() -> NewToken {
    NewToken {
        username: Username::new("alice".to_owned()).unwrap(),
        name: "nightly export".to_owned(),
        lifetime: Duration::from_hours(1),
        scopes: Vec::new(),
        groups: Some(Vec::new()),
        read_only: false,
        source_cidrs: Vec::new(),
        products: Vec::new(),
    }
}

/// The folder's settings as a store of API tokens.
pub fn store(folder: &Folder) -> Source {
    let name = format!("file:{}", folder.path().join("settings.json").display());
    Source::parse(&name, &HttpClient::new().unwrap()).unwrap()
}

/// Makes a token in the folder's store.
pub async fn create_in(folder: &Folder, new: NewToken) -> Created {
    let now = UnixTime::from_secs(now());
    create(&store(folder), Some(&RULES), new, now)
        .await
        .unwrap()
}
