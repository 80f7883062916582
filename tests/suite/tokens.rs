//! Every algorithm, and every way in which a token can be wrong, against the real binary.

use serde_json::{Value, json};

use crate::support::issuer::Issuer;
use crate::support::lambda::Lambda;
use crate::support::tokens::{SigningKey, access_claims, now};
use crate::support::{Folder, bearer};

const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

#[tokio::test]
async fn every_algorithm() {
    let keys: Vec<SigningKey> = ALGORITHMS
        .iter()
        .map(|name| SigningKey::generate(&format!("key-{name}"), name))
        .collect();
    let issuer = Issuer::start(&keys.iter().collect::<Vec<_>>()).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    for key in &keys {
        let answer = lambda.invoke(&bearer(&key.sign(&access_claims(&issuer.url)))).await;
        assert_eq!(answer.unwrap()["context"]["username"], "alice", "{}", key.kid());
    }
    assert_eq!(issuer.fetches(), 1);
}
