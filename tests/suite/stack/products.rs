//! The products' routes, who guards them, and what reaches the product.

use serde_json::{Value, json};

use testing::stack::{PRODUCTS, Stacks, all, base_url, only, transformed};

use super::routes::{check_guarded, check_preflight, names, sorted};

/// What answers are found by.
const BY_TOKEN: &str = "method.request.header.Authorization, context.identity.sourceIp";
const BY_ROUTE: &str = "method.request.header.Authorization, context.identity.sourceIp, context.httpMethod, context.path";

/// The stack has just these products.
fn check(stack: &Value, products: &[(&str, &str)]) {
    let resources = &stack["api"]["resources"];
    let paths: Vec<String> = products
        .iter()
        .flat_map(|(_, id)| [format!("/{id}"), format!("/{id}/{{proxy+}}")])
        .collect();
    assert_eq!(
        sorted(names(resources)),
        sorted(paths.iter().map(String::as_str))
    );
    let authorizers: Vec<String> = products
        .iter()
        .map(|(name, _)| format!("{name}Tokens"))
        .collect();
    assert_eq!(
        sorted(names(&stack["api"]["authorizers"])),
        sorted(authorizers.iter().map(String::as_str))
    );
    let settings: Vec<String> = products
        .iter()
        .map(|(_, id)| format!("products/{id}"))
        .chain(["settings".to_owned()])
        .collect();
    assert_eq!(
        sorted(names(&stack["settings"])),
        sorted(settings.iter().map(String::as_str))
    );
    for (name, id) in PRODUCTS {
        let url = stack["outputs"][format!("{name}Url")].as_str();
        assert_eq!(url.is_some(), products.contains(&(name, id)), "{name}");
    }
    for (name, id) in products {
        check_authorizer(stack, name);
        for (path, origin) in [
            (format!("/{id}"), format!("{}/", base_url(id))),
            (
                format!("/{id}/{{proxy+}}"),
                format!("{}/{{proxy}}", base_url(id)),
            ),
        ] {
            let methods = &resources[&path];
            assert_eq!(sorted(names(methods)), ["ANY", "OPTIONS"], "{path}");
            check_guarded(&methods["ANY"], name, &origin);
            check_preflight(&methods["OPTIONS"]);
        }
        assert_eq!(
            stack["settings"][format!("products/{id}")],
            json!({"type": "String", "value": {
                "path": format!("/{id}"), "kind": id, "upstream": {"mode": "none"},
                "access": [{"allow": ["@read"]}, {"deny": ["@admin"]}],
            }})
        );
    }
}

fn check_authorizer(stack: &Value, name: &str) {
    let authorizer = &stack["api"]["authorizers"][format!("{name}Tokens")];
    assert_eq!(authorizer["type"], "REQUEST");
    assert_eq!(authorizer["authorizerResultTtlInSeconds"], 0);
    assert_eq!(authorizer["identitySource"], BY_ROUTE);
    // It calls the alias, which API Gateway may call for this API's authorizers and nothing else.
    let alias = stack["function"]["alias"]["AliasArn"].as_str().unwrap();
    assert!(alias.ends_with(":live"));
    assert_eq!(
        authorizer["authorizerUri"],
        format!(
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{alias}/invocations"
        )
    );
    let invokers = stack["function"]["invokers"].as_array().unwrap();
    assert_eq!(invokers.len(), 1);
    assert_eq!(invokers[0]["FunctionName"], alias);
    assert_eq!(
        invokers[0]["Principal"],
        json!({"Service": "apigateway.amazonaws.com"})
    );
    let api = stack["ids"]["Api"].as_str().unwrap();
    let source = format!("arn:aws:execute-api:eu-west-1:123456789012:{api}/authorizers/*");
    assert_eq!(
        invokers[0]["Condition"],
        json!({"ArnLike": {"AWS:SourceArn": source}})
    );
}

#[tokio::test]
async fn each_product_alone_and_all_of_them() {
    let mut asked: Vec<(&str, Value)> = PRODUCTS
        .iter()
        .map(|(name, id)| (*id, only(name)))
        .collect();
    asked.push(("all", all(&json!({}))));
    let stacks = Stacks::create(&asked).await;
    for number in 0..3 {
        check(stacks.read(number), &PRODUCTS[number..=number]);
    }
    check(stacks.read(3), &PRODUCTS);
    assert_eq!(
        variables(stacks.read(3))["AUTHORIZER_CACHE_SECONDS"],
        "jira=0,confluence=0,bitbucket=0"
    );
    assert_eq!(
        variables(stacks.read(3))["AUTHORIZER_CACHE_KEY"],
        "jira=route,confluence=route,bitbucket=route"
    );
    // All three are named, whether there or not.
    assert_eq!(variables(stacks.read(0)), &{
        let mut expected = variables(stacks.read(3)).clone();
        expected["AUTHORIZER_SETTINGS"] = "ssm:/jira".into();
        expected
    });
    refusals(stacks.read(3));
    permissions(stacks.read(3));
}

fn variables(stack: &Value) -> &Value {
    &stack["function"]["Environment"]["Variables"]
}

fn refusals(stack: &Value) {
    let api = &stack["api"];
    let extended = "$context.extendedRequestId";
    let failed = json!({"message": "Internal server error", "extended_request_id": extended});
    for (kind, status, expected) in [
        (
            "UNAUTHORIZED",
            401,
            json!({"message": "Unauthorized", "extended_request_id": extended}),
        ),
        (
            "ACCESS_DENIED",
            403,
            json!({"message": "Forbidden", "extended_request_id": extended,
                   "decision_id": "$context.authorizer.decision_id"}),
        ),
        (
            "MISSING_AUTHENTICATION_TOKEN",
            404,
            json!({"message": "Not found"}),
        ),
        ("AUTHORIZER_FAILURE", 500, failed.clone()),
        ("AUTHORIZER_CONFIGURATION_ERROR", 500, failed),
    ] {
        let response = &api["responses"][kind];
        assert_eq!(response["statusCode"], status, "{kind}");
        let body = response["responseTemplates"]["application/json"]
            .as_str()
            .unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, expected, "{kind}");
    }
    assert_eq!(
        api["responses"]["UNAUTHORIZED"]["responseParameters"],
        json!({"gatewayresponse.header.WWW-Authenticate": "'Bearer realm=\"atlassian\"'"})
    );
    assert_eq!(api["binaryMediaTypes"], json!(["*~1*"]));
    assert_eq!(api["apiKeySource"], "HEADER");
}

/// What the function may do is what it needs.
fn permissions(stack: &Value) {
    let below = "arn:aws:ssm:eu-west-1:123456789012:parameter";
    let prefix = variables(stack)["AUTHORIZER_SETTINGS"]
        .as_str()
        .and_then(|settings| settings.strip_prefix("ssm:"))
        .unwrap();
    assert_eq!(stack["outputs"]["SettingsPrefix"], prefix);
    assert_eq!(
        stack["function"]["statements"],
        json!([
            {"Sid": "ReadSettings", "Effect": "Allow", "Action": "ssm:GetParametersByPath",
             "Resource": format!("{below}{prefix}")},
            {"Sid": "ReadOneTokenOrUser", "Effect": "Allow", "Action": "ssm:GetParameter",
             "Resource": [format!("{below}{prefix}-tokens/*"), format!("{below}{prefix}-users/*")]},
        ])
    );
    // moto attaches no managed policies: this one is for the function's log.
    let role = &stack["template"]["Resources"]["AuthorizerRole"]["Properties"];
    let managed = role["ManagedPolicyArns"].to_string();
    assert_eq!(managed.matches(":policy/").count(), 1, "{managed}");
    assert!(managed.contains(":policy/service-role/AWSLambdaBasicExecutionRole"));
    assert_eq!(variables(stack)["AUTHORIZER_CACHED_BY_SOURCE_IP"], "true");
}

/// Function and API agree about what an answer serves for.
#[tokio::test]
async fn answers_are_found_by_what_parameters_say() {
    let stacks = Stacks::create(&[(
        "keys",
        all(&json!({"JiraCacheKey": "token", "BitbucketCacheKey": "token", "BitbucketCacheSeconds": "0"})),
    )])
    .await;
    let stack = stacks.read(0);
    for (name, sources) in [
        ("Jira", BY_TOKEN),
        ("Confluence", BY_ROUTE),
        ("Bitbucket", BY_TOKEN),
    ] {
        let authorizer = &stack["api"]["authorizers"][format!("{name}Tokens")];
        assert_eq!(authorizer["identitySource"], sources, "{name}");
    }
    assert_eq!(
        variables(stack)["AUTHORIZER_CACHE_KEY"],
        "jira=token,confluence=route,bitbucket=token"
    );
}

/// Lambda takes 256 characters.
#[tokio::test]
async fn the_longest_description_of_a_version_fits() {
    let template = transformed(&only("Jira")).await;
    let resources = template["Resources"].as_object().unwrap();
    let (_, version) = resources
        .iter()
        .find(|(name, _)| name.starts_with("AuthorizerVersion"))
        .unwrap();
    let text = &version["Properties"]["Description"]["Fn::Sub"][0];
    let mut longest = text.as_str().unwrap().to_owned();
    let mut fill = |name: &str, length| {
        longest = longest.replace(&format!("${{{name}}}"), &"x".repeat(length));
    };
    fill("Architecture", "x86_64".len());
    fill("SettingsPrefix", 128);
    for (name, _) in PRODUCTS {
        fill(name, "3600".len());
        fill(&format!("{name}OAuth1"), "false".len());
        fill(&format!("{name}CacheKey"), "route".len());
    }
    assert!(longest.len() <= 256 && !longest.contains('$'), "{longest}");
}

#[tokio::test]
async fn signatures_turn_the_cache_off() {
    let upstream = json!({"mode": "oauth1", "consumer_key": "gw", "private_key": "jira-oauth1",
                          "base_url": "https://jira.example.com"});
    let stacks = Stacks::create(&[(
        "signed",
        all(&json!({
            "JiraOAuth1": "true", "JiraUpstream": upstream.to_string(), "JiraCacheSeconds": "120",
            "ConfluenceCacheSeconds": "60",
            "JiraAccess": r#"[{"allow": ["@write"], "groups": ["jira-users"]}]"#,
        })),
    )])
    .await;
    let stack = stacks.read(0);
    let expected = [("Jira", 0), ("Confluence", 60), ("Bitbucket", 0)];
    for (name, seconds) in expected {
        let authorizer = &stack["api"]["authorizers"][format!("{name}Tokens")];
        assert_eq!(authorizer["authorizerResultTtlInSeconds"], seconds);
    }
    assert_eq!(
        variables(stack)["AUTHORIZER_CACHE_SECONDS"],
        "jira=0,confluence=60,bitbucket=0"
    );
    for (path, mapped) in [
        ("/jira", true),
        ("/jira/{proxy+}", true),
        ("/confluence/{proxy+}", false),
    ] {
        let method = &stack["api"]["resources"][path]["ANY"];
        let parameters = &method["methodIntegration"]["requestParameters"];
        let value = &parameters["integration.request.querystring.xoauth_requestor_id"];
        let added = &parameters["integration.request.querystring.os_username"];
        if mapped {
            // Nothing else is added to the query, which is signed.
            assert_eq!(value, "context.authorizer.xoauth_requestor_id", "{path}");
            let parameters = names(parameters);
            let query = parameters
                .iter()
                .filter(|name| name.contains("querystring"));
            assert_eq!(query.count(), 1, "{parameters:?}");
        } else {
            assert_eq!(
                (value, added),
                (&json!("'none'"), &json!("'none'")),
                "{path}"
            );
        }
    }
    let settings = &stack["settings"]["products/jira"]["value"];
    assert_eq!(settings["upstream"], upstream);
    assert_eq!(settings["access"][0]["groups"], json!(["jira-users"]));
}

#[tokio::test]
async fn a_product_in_a_private_network() {
    let mut parameters = json!({"VpcLinkId": "abc123"});
    parameters["JiraBaseUrl"] = "https://jira.internal:8443/jira".into();
    let stacks = Stacks::create(&[("private", parameters.clone())]).await;
    let resources = &stacks.read(0)["api"]["resources"];
    for (path, uri) in [
        ("/jira", "https://jira.internal:8443/jira/"),
        ("/jira/{proxy+}", "https://jira.internal:8443/jira/{proxy}"),
    ] {
        let integration = &resources[path]["ANY"]["methodIntegration"];
        assert_eq!(integration["connectionType"], "VPC_LINK");
        assert_eq!(integration["uri"], uri);
        let parameters = &integration["requestParameters"];
        assert_eq!(
            parameters["integration.request.header.Origin"],
            "'https://jira.internal:8443'"
        );
        assert_eq!(
            parameters["integration.request.header.X-Forwarded-Host"],
            "'jira.internal:8443'"
        );
        assert_eq!(
            parameters["integration.request.header.Referer"],
            "'https://jira.internal:8443/jira/'"
        );
    }
    // moto keeps no connection's id.
    let template = transformed(&parameters).await;
    let paths = &template["Resources"]["Api"]["Properties"]["Body"]["paths"];
    for item in paths.as_object().unwrap().values() {
        let methods = item["Fn::If"][1].as_object().unwrap();
        for (_, method) in methods.iter().filter(|(name, _)| *name != "options") {
            assert_eq!(
                method["x-amazon-apigateway-integration"]["connectionId"],
                json!({"Fn::If": ["Private", {"Ref": "VpcLinkId"}, {"Ref": "AWS::NoValue"}]})
            );
        }
    }
}
