//! From the created stack to an answer: a login at its pool, and the binary with its variables and
//! the settings that it wrote.

use serde_json::{Value, json};

use testing::lambda::Lambda;
use testing::moto::Moto;
use testing::rest_event;
use testing::ssm::sdk_variables;
use testing::stack::{Stacks, all};
use testing::tokens::now;

/// The created function's variables, and those that lead the SDK to moto in place of a role.
async fn start(moto: &Moto, stack: &Value) -> Lambda {
    let created = stack["function"]["Environment"]["Variables"]
        .as_object()
        .unwrap();
    let mut variables: Vec<(&str, &str)> = created
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    variables.extend(sdk_variables(&moto.url));
    let settings = created["AUTHORIZER_SETTINGS"].as_str().unwrap();
    Lambda::start(settings, &variables).await
}

/// Adds to the pool's settings all that differs from a real pool: the emulator's address.
async fn lead_to_keys(moto: &Moto, stack: &Value) {
    let pool = stack["outputs"]["UserPoolId"].as_str().unwrap();
    let mut provider = stack["settings"]["providers/cognito"]["value"].clone();
    provider["jwks_uri"] = format!("{}/{pool}/.well-known/jwks.json", moto.url).into();
    let prefix = stack["outputs"]["SettingsPrefix"].as_str().unwrap();
    let parameter = json!({
        "Name": format!("{prefix}/providers/cognito"), "Value": provider.to_string(),
        "Overwrite": true,
    });
    moto.call("ssm", "AmazonSSM.PutParameter", parameter).await;
}

fn bearer(method: &str, path: &str, token: &str) -> Value {
    rest_event(method, path, &format!("Bearer {token}"))
}

#[tokio::test]
async fn a_login_at_the_stacks_pool_is_let_through() {
    let stacks = Stacks::create(&[(
        "login",
        all(&json!({
            "CreateUserPool": "true", "MachineUsername": "svc-build", "UsagePlan": "true",
            "ConfluenceCacheSeconds": "0",
            "BitbucketAccess": r#"[{"allow": ["@read"], "scopes": ["atlassian/read"]}]"#,
        })),
    )])
    .await;
    let (moto, stack) = (&stacks.moto, stacks.read(0));
    lead_to_keys(moto, stack).await;
    let pool = stack["outputs"]["UserPoolId"].as_str().unwrap();
    let client = stack["outputs"]["LoginClientId"].as_str().unwrap();
    let login = moto.login(pool, client).await;
    let lambda = start(moto, stack).await;

    let event = bearer("GET", "/jira/rest/api/2/myself", &login.access_token);
    let answer = lambda.invoke(&event).await.unwrap();
    assert_eq!(lambda.audit().await["outcome"], "allowed");
    assert_eq!(answer["context"]["username"], login.username);
    assert_eq!(answer["context"]["user_header"], login.username);
    assert_eq!(answer["context"]["product"], "jira");
    // `upstream` is none: the product gets no credential.
    assert_eq!(answer["context"]["authorization"], "none");

    // The default rules: to read, and nothing of the administration.
    for (method, path, outcome) in [
        ("GET", "/confluence/rest/api/user/current", "allowed"),
        ("POST", "/jira/rest/api/2/issue", "forbidden"),
        ("GET", "/jira/rest/plugins/1.0/", "forbidden"),
        ("GET", "/elsewhere", "forbidden"),
    ] {
        let event = bearer(method, path, &login.access_token);
        lambda.invoke(&event).await.unwrap();
        assert_eq!(lambda.audit().await["outcome"], outcome, "{method} {path}");
    }

    // moto gives no tokens to clients of their own: one as Cognito has them.
    let machine = &stack["outputs"]["MachineClientId"];
    let claims = json!({
        "iss": format!("https://cognito-idp.eu-west-1.amazonaws.com/{pool}"), "sub": machine,
        "client_id": machine, "token_use": "access", "scope": "atlassian/read",
        "exp": now() + 600,
    });
    let token = moto.sign(&claims).await;
    let event = bearer("GET", "/bitbucket/rest/api/1.0/projects", &token);
    assert_eq!(lambda.allowed(&event).await, "svc-build");

    let refused = bearer("GET", "/jira/rest/api/2/myself", "nonsense");
    assert_eq!(lambda.denied(&refused).await, "token_malformed");

    // Its requests count for the stack's usage plan.
    assert_eq!(answer["usageIdentifierKey"], stack["plan"]["key"]["value"]);
}
