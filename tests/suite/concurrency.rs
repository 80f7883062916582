//! Many requests at once, as Lambda Managed Instances send them: each gets its own answer, and what
//! they share is fetched once.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use testing::api_tokens::{self, forge};
use testing::introspection::Introspector;
use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::local::Local;
use testing::runtime_api::Answer;
use testing::ssm::{FakeSsm, PREFIX};
use testing::tokens::{SigningKey, access_claims, now};
use testing::vendor::Vendor;
use testing::{bearer, rest_event};

const AT_ONCE: usize = 1_000;

/// A request, and what must come of it.
#[derive(Clone)]
struct Case {
    event: Value,
    outcome: &'static str,
    code: &'static str,
    /// Whom the answer is about; nobody where there is none.
    username: String,
}

impl Case {
    fn new(number: usize, method: &str, path: &str, token: &str) -> Self {
        let mut event = rest_event(method, path, &format!("Bearer {token}"));
        event["requestContext"]["requestId"] = id(number).into();
        Self {
            event,
            outcome: "allowed",
            code: "allowed",
            username: format!("user-{number}"),
        }
    }

    fn forbidden(self) -> Self {
        Self {
            outcome: "forbidden",
            code: "route_not_allowed",
            ..self
        }
    }

    fn unauthorized(self, code: &'static str) -> Self {
        Self {
            outcome: "unauthorized",
            code,
            username: String::new(),
            ..self
        }
    }
}

fn id(number: usize) -> String {
    format!("request-{number}")
}

/// A function that takes a thousand events at once.
async fn lambda(ssm: &FakeSsm) -> Arc<Lambda> {
    let mut variables = ssm.variables();
    variables.push(("AWS_LAMBDA_MAX_CONCURRENCY", "1000"));
    // A socket for each event, on both sides, is more than many shells allow at first. The function
    // inherits the limit. Without the program the limit stays, and may do.
    let _ = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string(), "--nofile=8192:"])
        .stderr(Stdio::null())
        .status();
    Arc::new(Lambda::start(&format!("ssm:{PREFIX}"), &variables).await)
}

/// Sends all at once, and returns their answers in the order of the cases.
async fn invoke(lambda: &Arc<Lambda>, cases: &[Case]) -> Vec<Answer> {
    let mut tasks = JoinSet::new();
    for (place, case) in cases.iter().enumerate() {
        let lambda = Arc::clone(lambda);
        let event = case.event.to_string();
        tasks.spawn(async move { (place, lambda.invoke_text(event).await) });
    }
    let mut answers: Vec<_> = tasks.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// That each request got its own answer.
fn assert_answers(cases: &[Case], answers: &[Answer]) {
    for (case, answer) in cases.iter().zip(answers) {
        let event = &case.event;
        match (case.outcome, answer) {
            ("unauthorized", Err(error)) => assert_eq!(error.error_message, "Unauthorized"),
            ("unauthorized", Ok(answer)) => panic!("{event}: {answer}"),
            (_, Err(error)) => panic!("{event}: {error:?}"),
            (outcome, Ok(answer)) => {
                let statement = &answer["policyDocument"]["Statement"][0];
                let is_allowed = statement["Effect"] == "Allow";
                assert_eq!(is_allowed, outcome == "allowed", "{event}: {answer}");
                assert_eq!(statement["Resource"][0], event["methodArn"], "{answer}");
                assert_eq!(answer["context"]["username"], case.username, "{event}");
            }
        }
    }
}

/// That there is one whole audit line of each request, with what came of it.
fn assert_audits(cases: &[Case], lines: &[Value]) {
    let by_id: BTreeMap<&str, &Value> = lines
        .iter()
        .map(|line| (line["request_id"].as_str().unwrap(), line))
        .collect();
    assert_eq!(by_id.len(), lines.len(), "no request has two lines");
    assert_eq!(by_id.len(), cases.len(), "each request has a line");
    for case in cases {
        let line = by_id[case.event["requestContext"]["requestId"].as_str().unwrap()];
        assert_eq!(line["outcome"], case.outcome, "{line}");
        assert_eq!(line["code"], case.code, "{line}");
        assert_eq!(line["username"].as_str().unwrap_or_default(), case.username);
        assert_eq!(line["method"], case.event["httpMethod"], "{line}");
        assert_eq!(line["path"], case.event["path"], "{line}");
    }
}

/// All audit lines, once there are so many. Every line that the function writes is whole JSON.
async fn audits(lambda: &Lambda, count: usize) -> Vec<Value> {
    let mut lines = lambda.audits().await;
    for _ in 0..100 {
        if lines.len() >= count {
            break;
        }
        lines = lambda.audits().await;
    }
    for line in lambda.output().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    lines
}

fn sum(lines: &[Value], name: &str) -> u64 {
    lines.iter().filter_map(|line| line[name].as_u64()).sum()
}

fn loads(ssm: &FakeSsm) -> usize {
    let requests = ssm.requests();
    let pages = requests.iter().filter(|one| one["Path"].is_string());
    pages.count()
}

/// Each kind of token for a key of the issuer, in turns. All of them wait for the JWKS.
fn signed(issuer: &str, key: &SigningKey, other: &SigningKey, forger: &SigningKey) -> Vec<Case> {
    let case = |number: usize| {
        let mut claims = access_claims(issuer);
        claims["username"] = format!("user-{number}").into();
        claims["jti"] = format!("token-{number}").into();
        claims["cognito:groups"] = json!(["readers"]);
        let read = format!("/rest/api/2/issue/A-{number}");
        let case = |method, path: &str, token: &str| Case::new(number, method, path, token);
        match number % 8 {
            0 => case("GET", &read, &key.sign(&claims)),
            1 => {
                claims["cognito:groups"] = json!(["writers"]);
                case("PUT", &read, &key.sign(&claims))
            }
            2 => case("PUT", &read, &key.sign(&claims)).forbidden(),
            3 => case("GET", "/rest/admin/1.0/users", &key.sign(&claims)).forbidden(),
            4 => case("GET", &read, &forger.sign(&claims)).unauthorized("signature_invalid"),
            5 => case("GET", &read, &other.sign(&claims)).unauthorized("key_unknown"),
            6 => {
                claims["exp"] = (now() - 1).into();
                case("GET", &read, &key.sign(&claims)).unauthorized("token_expired")
            }
            _ => {
                claims["client_id"] = "other".into();
                case("GET", &read, &key.sign(&claims)).unauthorized("audience_mismatch")
            }
        }
    };
    (0..AT_ONCE).map(case).collect()
}

#[tokio::test]
async fn a_thousand_wait_for_one_key_set_and_each_gets_its_own_answer() {
    let key = SigningKey::generate("key", "ES256");
    let other = SigningKey::generate("other", "ES256");
    let forger = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    // What the start itself fetches comes to nothing.
    issuer.change(|behaviour| behaviour.status = 503);
    let ssm = FakeSsm::start().await;
    let mut tree = issuer.settings();
    tree["providers"]["idp"]["groups"] = "cognito:groups".into();
    tree["products"] = json!({"jira": {"path": "/", "kind": "jira", "access": [
        {"allow": ["@read"]}, {"allow": ["@write"], "groups": ["writers"]}, {"deny": ["@admin"]},
    ]}});
    ssm.put(&tree);
    let lambda = lambda(&ssm).await;
    let cases = signed(&issuer.url, &key, &other, &forger);
    for case in cases.iter().take(16) {
        let token = case.event["headers"]["Authorization"].as_str().unwrap();
        token["Bearer ".len()..]
            .split('.')
            .for_each(|part| lambda.keep_secret(part));
    }

    while issuer.fetches() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let held = Arc::new(Semaphore::new(0));
    issuer.change(|behaviour| {
        behaviour.status = 200;
        behaviour.held = Some(Arc::clone(&held));
    });
    let answers = tokio::spawn({
        let (lambda, cases) = (Arc::clone(&lambda), cases.clone());
        async move { invoke(&lambda, &cases).await }
    });
    while lambda.most_in_flight() < AT_ONCE {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    held.add_permits(1);
    let answers = answers.await.unwrap();
    assert_answers(&cases, &answers);
    assert_eq!(issuer.fetches(), 1 + 1);
    assert_eq!(loads(&ssm), 1);
    let lines = audits(&lambda, AT_ONCE).await;
    assert_audits(&cases, &lines);
    assert_eq!(sum(&lines, "key_fetches"), 1 + 1);
    assert_eq!(sum(&lines, "settings_loads"), 1);

    // Once more, with what is now known.
    let answers = invoke(&lambda, &cases).await;
    assert_answers(&cases, &answers);
    assert_eq!(issuer.fetches(), 1 + 1);
}

#[tokio::test]
async fn many_are_asked_about_at_once_and_settings_change_between() {
    const OPAQUE: usize = 200;
    let introspector = Introspector::start(Duration::from_millis(700)).await;
    let ssm = FakeSsm::start().await;
    let tree = |product: &str| {
        json!({
            "settings": {"refresh_seconds": 2},
            "providers": {"idp": introspector.provider()},
            "products": {product: {"path": "/", "access": [{"allow": ["@read"]}]}},
            "secrets": {"introspector": "secret-of-the-client"},
        })
    };
    ssm.put(&tree("before"));
    let lambda = lambda(&ssm).await;
    lambda.keep_secret("secret-of-the-client");
    let case = |number: usize| {
        let case = |token: &str| Case::new(number, "GET", "/rest/api/2/myself", token);
        if number.is_multiple_of(10) {
            case(&Introspector::inactive(number)).unauthorized("token_inactive")
        } else {
            case(&Introspector::token(&format!("user-{number}"), 0))
        }
    };
    let cases: Vec<Case> = (0..OPAQUE).map(case).collect();
    let products = |answers: &[Answer], product: &str| {
        let answers = answers.iter().flatten();
        answers.fold(0, |count, answer| {
            assert_eq!(answer["context"]["product"], product);
            count + 1
        })
    };
    let answers = invoke(&lambda, &cases).await;
    assert_answers(&cases, &answers);
    assert_eq!(products(&answers, "before"), 180);
    assert_eq!(lambda.most_in_flight(), OPAQUE);
    assert_eq!(introspector.questions(), OPAQUE);
    let lines = audits(&lambda, OPAQUE).await;
    assert_audits(&cases, &lines);
    assert_eq!(sum(&lines, "provider_checks"), 200);

    ssm.put(&tree("after"));
    ssm.change(|state| state.delay = Duration::from_millis(200));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let loaded = loads(&ssm);
    let answers = invoke(&lambda, &cases).await;
    assert_answers(&cases, &answers);
    assert_eq!(products(&answers, "after"), 180);
    assert_eq!(loads(&ssm), loaded + 1);
}

#[tokio::test]
async fn questions_that_fail_at_once_count_as_one_failure() {
    let nobody = Vendor::nobody().await;
    let settings = json!({
        "providers": {"idp": {
            "kind": "custom", "introspection_endpoint": format!("{nobody}/introspect"),
            "client_id": "client", "client_secret": "introspector", "client_ids": ["client"],
            "username": "username",
        }},
        "secrets": {"introspector": "secret-of-the-client"},
    });
    let local = Arc::new(Local::new(&settings, Deployment::default()));
    let ask = |number: usize| {
        let local = Arc::clone(&local);
        let event = bearer(&Introspector::token("alice", number));
        async move { assert!(local.invoke(&event).await.is_err()) }
    };
    (0..50).map(ask).collect::<JoinSet<_>>().join_all().await;
    assert_eq!(local.metric("provider_checks"), 50);
    ask(50).await;
    assert_eq!(local.metric("provider_checks"), 50, "there is a pause");
    local.clock.advance(1);
    (51..101).map(ask).collect::<JoinSet<_>>().join_all().await;
    assert_eq!(
        local.metric("provider_checks"),
        51,
        "the first is short, and one question ends it or makes it longer"
    );
    local.clock.advance(1);
    ask(101).await;
    assert_eq!(local.metric("provider_checks"), 51);
}

/// However many made-up tokens are dropped on the way, the callers that the provider knows are asked
/// about, and with the first answer everyone is.
#[tokio::test]
async fn dropped_tokens_keep_no_known_caller_out() {
    let introspector = Introspector::start(Duration::ZERO).await;
    let mut provider = introspector.provider();
    provider["recheck_seconds"] = 1.into();
    let settings = json!({
        "providers": {"idp": provider},
        "secrets": {"introspector": "secret-of-the-client"},
    });
    let local = Arc::new(Local::new(&settings, Deployment::default()));
    let ask = |token: String| {
        let local = Arc::clone(&local);
        async move { local.invoke(&bearer(&token)).await.is_ok() }
    };
    let own = |number: usize| Introspector::token(&format!("user-{number}"), 0);
    assert!(ask(own(0)).await);
    local.clock.advance(2);

    // One and the same, again and again.
    for _ in 0..2 {
        let same = (0..8).map(|_| ask(Introspector::dropped(0)));
        same.collect::<JoinSet<_>>().join_all().await;
        local.clock.advance(1);
    }
    assert!(ask(own(1)).await, "a stranger is asked about");

    let distinct = (1..9).map(|number| ask(Introspector::dropped(number)));
    distinct.collect::<JoinSet<_>>().join_all().await;
    assert!(!ask(own(2)).await, "a stranger may be the next of these");
    assert!(ask(own(0)).await, "a known caller is asked about at once");
    assert!(ask(own(2)).await);
}

/// What anyone can send draws on a budget that holds for all events together.
#[tokio::test]
async fn made_up_tokens_at_once_draw_on_one_budget() {
    let introspector = Introspector::start(Duration::from_millis(50)).await;
    let settings = json!({
        "settings": {"api_tokens": {"enabled": true}},
        "providers": {"idp": introspector.provider()},
        "secrets": {"introspector": "secret-of-the-client"},
    });
    let local = Arc::new(Local::new(&settings, Deployment::default()));
    let ask = |token: String| {
        let local = Arc::clone(&local);
        async move { local.invoke(&bearer(&token)).await.is_ok() }
    };
    let many = |token: fn(usize) -> String| (0..1_000).map(token).map(ask).collect::<JoinSet<_>>();
    let answers = many(Introspector::inactive).join_all().await;
    assert!(!answers.contains(&true));
    assert_eq!(introspector.questions(), 100);
    local.clock.advance(1);
    many(|number| Introspector::inactive(1_000 + number))
        .join_all()
        .await;
    assert_eq!(introspector.questions(), 110, "ten more a second");

    // Those of our callers wait for each other, and all are let through.
    local.clock.advance(30);
    let own = |number: usize| Introspector::token(&format!("user-{number}"), 0);
    assert!(!many(own).join_all().await.contains(&false));

    let made_up = |number: usize| forge(&api_tokens::id(number), &api_tokens::secret(number));
    let before = local.metric("record_reads");
    many(made_up).join_all().await;
    assert_eq!(local.metric("record_reads"), before + 20);
}
