//! The Cognito user pool that the stack makes.

use serde_json::{Value, json};

use testing::stack::{Stacks, only};

fn parameters(more: &Value) -> Value {
    let mut parameters = only("Jira");
    parameters["CreateUserPool"] = "true".into();
    for (name, value) in more.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    parameters
}

#[tokio::test]
async fn a_pool_with_and_without_a_client_for_programs() {
    let stacks = Stacks::create(&[
        ("people", parameters(&json!({"UserPoolMfa": "OFF"}))),
        (
            "machine",
            parameters(&json!({
                "MachineUsername": "svc-build", "UserPoolDomainPrefix": "example-login",
                "CallbackUrls": "http://localhost:8400/callback,https://tool.example.com/back",
            })),
        ),
    ])
    .await;

    let people = stacks.read(0);
    pool(people, "OFF");
    let guid = people["id"].as_str().unwrap().split('/').nth(2).unwrap();
    assert_eq!(people["pool"]["domain"]["Domain"], guid);
    login_client(people, &["http://localhost:8400/callback"]);
    assert_eq!(people["outputs"]["MachineClientId"], Value::Null);
    assert_eq!(
        people["settings"]["providers/cognito"]["value"],
        json!({
            "kind": "cognito", "user_pool_id": people["outputs"]["UserPoolId"],
            "client_ids": [people["outputs"]["LoginClientId"]],
        })
    );

    let machine = stacks.read(1);
    pool(machine, "OPTIONAL");
    assert_eq!(machine["pool"]["domain"]["Domain"], "example-login");
    assert_eq!(
        machine["outputs"]["TokenEndpoint"],
        "https://example-login.auth.eu-west-1.amazoncognito.com/oauth2/token"
    );
    login_client(
        machine,
        &[
            "http://localhost:8400/callback",
            "https://tool.example.com/back",
        ],
    );
    machine_client(machine);
    let ids = &machine["outputs"];
    let client = ids["MachineClientId"].as_str().unwrap();
    assert_eq!(
        machine["settings"]["providers/cognito"]["value"],
        json!({
            "kind": "cognito", "user_pool_id": ids["UserPoolId"],
            "client_ids": [ids["LoginClientId"], client],
            "machine_users": {client: "svc-build"},
        })
    );
}

fn pool(stack: &Value, mfa: &str) {
    let pool = &stack["pool"]["pool"];
    assert_eq!(pool["Id"], stack["outputs"]["UserPoolId"]);
    assert_eq!(pool["DeletionProtection"], "ACTIVE");
    assert_eq!(pool["MfaConfiguration"], mfa);
    assert_eq!(
        pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        true
    );
    assert_eq!(pool["UsernameConfiguration"]["CaseSensitive"], false);
    let password = &pool["Policies"]["PasswordPolicy"];
    assert_eq!(password["MinimumLength"], 14);
    for needed in ["Lowercase", "Uppercase", "Numbers", "Symbols"] {
        assert_eq!(password[format!("Require{needed}")], true, "{needed}");
    }
    let scopes: Vec<&Value> = stack["pool"]["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| &scope["ScopeName"])
        .collect();
    assert_eq!(scopes, ["read", "write"]);
    let definition = &stack["template"]["Resources"]["UserPool"];
    assert_eq!(definition["DeletionPolicy"], "Retain");
    assert_eq!(definition["UpdateReplacePolicy"], "Retain");
}

/// A public client: authorization code alone, whose PKCE Cognito leaves to whoever logs in.
fn login_client(stack: &Value, callbacks: &[&str]) {
    let client = &stack["pool"]["clients"]["LoginClient"];
    assert_eq!(client["ClientId"], stack["outputs"]["LoginClientId"]);
    assert_eq!(client["ClientSecret"], Value::Null);
    assert_eq!(client["AllowedOAuthFlowsUserPoolClient"], true);
    assert_eq!(client["AllowedOAuthFlows"], json!(["code"]));
    assert_eq!(
        client["AllowedOAuthScopes"],
        json!(["openid", "atlassian/read", "atlassian/write"])
    );
    assert_eq!(client["CallbackURLs"], json!(callbacks));
    assert_eq!(
        client["ExplicitAuthFlows"],
        json!(["ALLOW_REFRESH_TOKEN_AUTH"])
    );
    common(client);
}

/// A confidential client, for programs on their own behalf.
fn machine_client(stack: &Value) {
    let client = &stack["pool"]["clients"]["MachineClient"];
    assert_eq!(client["ClientId"], stack["outputs"]["MachineClientId"]);
    assert!(client["ClientSecret"].as_str().unwrap().len() > 20);
    assert_eq!(client["AllowedOAuthFlows"], json!(["client_credentials"]));
    assert_eq!(
        client["AllowedOAuthScopes"],
        json!(["atlassian/read", "atlassian/write"])
    );
    common(client);
    // No output has the secret.
    let secret = client["ClientSecret"].as_str().unwrap();
    assert!(!stack["outputs"].to_string().contains(secret));
}

fn common(client: &Value) {
    assert_eq!(client["PreventUserExistenceErrors"], "ENABLED");
    assert_eq!(client["EnableTokenRevocation"], true);
    assert_eq!(client["AccessTokenValidity"], 1);
    assert_eq!(client["TokenValidityUnits"]["AccessToken"], "hours");
}
