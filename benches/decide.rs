//! From event bytes to answer bytes, inside the process: a new token, a known token, a refused one.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use atlassian_authorizer::Authorizer;
use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::clock::SystemClock;
use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::store::Source;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use testing::tokens::{SigningKey, access_claims};

const ISSUER: &str = "https://idp.example.com";

fn event(token: &str) -> String {
    json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/rest/api/2/issue/A-1",
        "path": "/rest/api/2/issue/A-1", "httpMethod": "GET",
        "headers": {"Accept": "*/*", "Authorization": format!("Bearer {token}"), "User-Agent": "python-requests/2.34.2"},
        "multiValueHeaders": {"Accept": ["*/*"], "Authorization": [format!("Bearer {token}")], "User-Agent": ["python-requests/2.34.2"]},
        "requestContext": {"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "identity": {"sourceIp": "203.0.113.7"}},
    })
    .to_string()
}

fn decide(criterion: &mut Criterion) {
    let key = SigningKey::generate("key", "RS256");
    let path = std::env::temp_dir().join(format!("decide-{}.json", std::process::id()));
    let settings = json!({
        "settings": {"refresh_seconds": 3_600},
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {"path": "/", "access": [{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}]}},
    });
    std::fs::write(&path, settings.to_string()).unwrap();
    let http = HttpClient::new().unwrap();
    let authorizer = Authorizer::new(
        Source::parse(&format!("file:{}", path.display()), &http).unwrap(),
        http,
        Arc::new(SystemClock),
        AuditLog::new(Box::new(std::io::sink())),
        // As the template has it: each answer is about one request.
        Deployment {
            cache_seconds: ByProduct::all(0),
            ..Deployment::default()
        },
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = |event: &str| runtime.block_on(authorizer.authorize(black_box(event), "id"));

    let mut group = criterion.benchmark_group("decide");
    group.measurement_time(Duration::from_secs(3));

    let mut claims = access_claims(ISSUER);
    let mut number = 0_u64;
    group.bench_function("new_token", |bencher| {
        let mut fresh = || {
            number += 1;
            claims["jti"] = number.into();
            event(&key.sign(&claims))
        };
        bencher.iter_batched(
            &mut fresh,
            |event| answer(&event).unwrap(),
            BatchSize::SmallInput,
        );
    });

    let known = event(&key.sign(&access_claims(ISSUER)));
    group.bench_function("known_token", |bencher| {
        bencher.iter(|| answer(&known).unwrap());
    });

    let mut expired: Value = access_claims(ISSUER);
    expired["exp"] = 1.into();
    let refused = event(&key.sign(&expired));
    group.bench_function("refused_token", |bencher| {
        bencher.iter(|| answer(&refused).unwrap_err());
    });

    group.finish();
    let _ = std::fs::remove_file(path);
}

criterion_group!(benches, decide);
criterion_main!(benches);
