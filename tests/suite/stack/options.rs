//! What parameters turn on and off.

use serde_json::{Value, json};

use testing::stack::{Stacks, only, transformed};

fn with(more: &Value) -> Value {
    let mut parameters = only("Jira");
    for (name, value) in more.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    parameters
}

#[tokio::test]
async fn settings_alarms_logs_and_usage_plan() {
    let topic = "arn:aws:sns:eu-west-1:123456789012:alarms";
    let provider = json!({"kind": "okta", "domain": "example.okta.com", "client_ids": ["0oa1"]});
    let key = "arn:aws:kms:eu-west-1:123456789012:key/1234";
    let stacks = Stacks::create(&[
        ("plain", with(&json!({}))),
        (
            "much",
            with(&json!({
                "Mode": "monitor", "BasicAuth": "pass_through", "ApiTokens": "true",
                "RefreshSeconds": "120", "ProviderId": "okta",
                "ProviderSettings": provider.to_string(), "SettingsKeyArn": key,
                "UsagePlan": "true", "UsageQuotaPerDay": "1000", "UsageRate": "7", "UsageBurst": "9",
                "AccessLogs": "true", "LogRetentionDays": "30", "AlarmTopicArn": topic,
                "RefusalsPerFiveMinutes": "5", "ProvisionedConcurrency": "2",
                "Architecture": "x86_64", "OfferBasic": "true",
            })),
        ),
        ("unwritten", with(&json!({"WriteSettings": "false", "UsagePlan": "true"}))),
    ])
    .await;
    let (plain, much, unwritten) = (stacks.read(0), stacks.read(1), stacks.read(2));

    assert_eq!(
        plain["settings"]["settings"]["value"],
        json!({"mode": "enforce", "basic_auth": "deny", "api_tokens": {"enabled": false},
               "refresh_seconds": 60})
    );
    assert_eq!(plain["plan"], Value::Null);
    assert_eq!(challenge(plain), r#"'Bearer realm="atlassian"'"#);
    assert_eq!(
        challenge(much),
        r#"'Bearer realm="atlassian", Basic realm="atlassian"'"#
    );
    alarms(plain, &json!([]), 300.0);
    logs(plain, 90, false);
    dashboard(plain);
    kept_resources(plain);

    let usage_key = much["plan"]["key"]["value"].as_str().unwrap();
    assert_eq!(
        much["settings"]["settings"]["value"],
        json!({"mode": "monitor", "basic_auth": "pass_through", "api_tokens": {"enabled": true},
               "refresh_seconds": 120, "usage_keys": {"*": usage_key}})
    );
    assert_eq!(much["settings"]["providers/okta"]["value"], provider);
    usage_plan(much, Some(1_000), 7.0, 9);
    alarms(much, &json!([topic]), 5.0);
    logs(much, 30, true);
    assert_eq!(
        much["function"]["statements"][2],
        json!({"Sid": "DecryptSettings", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key,
               "Condition": {"StringEquals": {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}}})
    );

    assert_eq!(unwritten["settings"], json!({}));
    usage_plan(unwritten, None, 50.0, 100);
    alarms(unwritten, &json!([]), 300.0);
}

/// What a 401 offers.
fn challenge(stack: &Value) -> &Value {
    let parameters = &stack["api"]["responses"]["UNAUTHORIZED"]["responseParameters"];
    &parameters["gatewayresponse.header.WWW-Authenticate"]
}

fn alarms(stack: &Value, actions: &Value, refusals: f64) {
    let function = &stack["outputs"]["AuthorizerFunction"];
    let alarms = stack["alarms"].as_object().unwrap();
    assert_eq!(alarms.len(), 8);
    for (name, metric, outcome, threshold) in [
        ("FailedAlarm", "decisions", Some("failed"), 1.0),
        ("RefusalsAlarm", "decisions", Some("unauthorized"), refusals),
        ("KeyFetchAlarm", "key_fetch_failures", None, 1.0),
        ("ProviderCheckAlarm", "provider_check_failures", None, 1.0),
        ("RecordReadAlarm", "record_read_failures", None, 1.0),
        ("SettingsLoadAlarm", "settings_load_failures", None, 1.0),
        ("SettingsAgeAlarm", "settings_age_seconds", None, 3_600.0),
        ("SsmThrottleAlarm", "ssm_throttles", None, 10.0),
    ] {
        let alarm = &alarms[name];
        assert_eq!(alarm["Namespace"], "AtlassianAuthorizer", "{name}");
        assert_eq!(alarm["MetricName"], metric, "{name}");
        let mut dimensions = vec![json!({"Name": "function", "Value": function})];
        dimensions.extend(outcome.map(|outcome| json!({"Name": "outcome", "Value": outcome})));
        assert_eq!(alarm["Dimensions"], json!(dimensions), "{name}");
        // An age is no number of things.
        let statistic = if metric.ends_with("_seconds") {
            "Maximum"
        } else {
            "Sum"
        };
        assert_eq!(alarm["Statistic"], statistic, "{name}");
        assert_eq!(alarm["Threshold"], threshold, "{name}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}");
        assert_eq!(&alarm["AlarmActions"], actions, "{name}");
        assert_eq!(&alarm["OKActions"], actions, "{name}");
    }
}

fn logs(stack: &Value, days: u64, access: bool) {
    let (group, log) = (&stack["outputs"]["AuthorizerLogGroup"], &stack["logs"]);
    assert_eq!(log[group.as_str().unwrap()], days);
    let stage = &stack["api"]["stages"][0];
    assert_eq!(stage["stageName"], "prod");
    if !access {
        assert_eq!(stage["accessLogSettings"], Value::Null);
        return;
    }
    let group = stack["outputs"]["AccessLogGroup"].as_str().unwrap();
    assert_eq!(log[group], days);
    let settings = &stage["accessLogSettings"];
    assert_eq!(
        settings["destinationArn"],
        format!("arn:aws:logs:eu-west-1:123456789012:log-group:{group}")
    );
    let format: Value = serde_json::from_str(settings["format"].as_str().unwrap()).unwrap();
    for (field, variable) in [
        ("request_id", "$context.requestId"),
        ("extended_request_id", "$context.extendedRequestId"),
        ("decision_id", "$context.authorizer.decision_id"),
        ("source_ip", "$context.identity.sourceIp"),
        ("status", "$context.status"),
        ("path", "$context.path"),
        ("integration_latency_ms", "$context.integration.latency"),
        ("authorizer_error", "$context.authorizer.error"),
        ("username", "$context.authorizer.username"),
    ] {
        assert_eq!(format[field], variable);
    }
    let text = format.to_string();
    for secret in ["authorizer.authorization", "querystring", "requestOverride"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

fn dashboard(stack: &Value) {
    let widgets = stack["dashboard"]["widgets"].as_array().unwrap();
    let titles: Vec<&Value> = widgets
        .iter()
        .map(|widget| &widget["properties"]["title"])
        .collect();
    assert_eq!(
        titles,
        [
            "Decisions",
            "Time of a decision, ms",
            "Failures",
            "API",
            "Time of a request, ms"
        ]
    );
    let function = stack["outputs"]["AuthorizerFunction"].as_str().unwrap();
    assert_eq!(
        widgets[0]["properties"]["metrics"][0],
        json!([
            "AtlassianAuthorizer",
            "decisions",
            "function",
            function,
            "outcome",
            "allowed"
        ])
    );
    let failures: Vec<&Value> = widgets[2]["properties"]["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| &metric[1])
        .collect();
    assert_eq!(
        failures,
        [
            "key_fetch_failures",
            "provider_check_failures",
            "record_read_failures",
            "settings_load_failures",
            "ssm_throttles",
            "Throttles"
        ]
    );
    let text = stack["dashboard"].to_string();
    assert!(!text.contains("${"), "{text}");
}

/// Settings and users outlive the stack.
fn kept_resources(stack: &Value) {
    let resources = stack["template"]["Resources"].as_object().unwrap();
    for (name, resource) in resources {
        let policy = match resource["Type"].as_str().unwrap() {
            "AWS::SSM::Parameter" => "RetainExceptOnCreate",
            "AWS::Logs::LogGroup" | "AWS::Cognito::UserPool" | "AWS::Lambda::Version" => "Retain",
            _ => continue,
        };
        assert_eq!(resource["DeletionPolicy"], policy, "{name}");
        // Under another id, a provider that the stack no longer names must not stay trusted.
        let renamed = if name == "ProviderOfOthersSettings" {
            "Delete"
        } else {
            "Retain"
        };
        assert_eq!(resource["UpdateReplacePolicy"], renamed, "{name}");
    }
}

fn usage_plan(stack: &Value, quota: Option<u64>, rate: f64, burst: u64) {
    let (api, plan) = (&stack["api"], &stack["plan"]["plan"]);
    assert_eq!(api["apiKeySource"], "AUTHORIZER");
    for (path, needed) in [("/jira", true), ("/jira/{proxy+}", true)] {
        assert_eq!(api["resources"][path]["ANY"]["apiKeyRequired"], needed);
        assert_eq!(api["resources"][path]["OPTIONS"]["apiKeyRequired"], false);
    }
    assert_eq!(
        plan["apiStages"],
        json!([{"apiId": stack["ids"]["Api"], "stage": "prod"}])
    );
    assert_eq!(plan["throttle"]["rateLimit"], rate);
    assert_eq!(plan["throttle"]["burstLimit"], burst);
    assert_eq!(plan["quota"]["limit"].as_u64(), quota);
    let key = &stack["plan"]["key"];
    assert_eq!(stack["plan"]["keys"][0]["value"], key["value"]);
    assert_eq!(key["enabled"], true);
    assert_eq!(key["value"].as_str().unwrap().len(), 36);
}

/// What moto's functions don't keep, in the transformed template.
#[tokio::test]
async fn the_function_itself() {
    let template = transformed(&only("Jira")).await;
    let parameters = &template["Parameters"];
    assert_eq!(parameters["Architecture"]["Default"], "arm64");
    assert_eq!(
        parameters["Architecture"]["AllowedValues"],
        json!(["arm64", "x86_64"])
    );
    let resources = template["Resources"].as_object().unwrap();
    let function = &resources["Authorizer"]["Properties"];
    assert_eq!(function["Architectures"], json!([{"Ref": "Architecture"}]));
    assert_eq!(
        function["LoggingConfig"]["LogGroup"],
        json!({"Ref": "AuthorizerLogs"})
    );
    assert_eq!(function["LoggingConfig"]["ApplicationLogLevel"], "INFO");
    assert_eq!(
        resources["AuthorizerAliaslive"]["Properties"]["ProvisionedConcurrencyConfig"],
        json!({"Fn::If": [
            "KeptRunning",
            {"ProvisionedConcurrentExecutions": {"Ref": "ProvisionedConcurrency"}},
            {"Ref": "AWS::NoValue"},
        ]})
    );
    // A parameter that changes a variable must change the version that has the variable.
    let version = resources
        .iter()
        .find(|(name, _)| name.starts_with("AuthorizerVersion"))
        .map(|(_, version)| version["Properties"]["Description"].to_string())
        .unwrap();
    for parameter in references(&function["Environment"]) {
        assert!(version.contains(&parameter), "{parameter}");
    }
    let environment = references(&function["Environment"]);
    assert!(
        environment.contains(&"SettingsPrefix".to_owned()),
        "{environment:?}"
    );
    assert!(
        environment.contains(&"JiraCacheSeconds".to_owned())
            && environment.contains(&"JiraCacheKey".to_owned()),
        "{environment:?}"
    );
}

/// Parameters and conditions that a value depends on.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::String(text) => text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("Ref", Value::String(name)) => vec![name.clone()],
                ("Fn::If", Value::Array(items)) => {
                    let mut found = references(value);
                    found.extend(items[0].as_str().map(str::to_owned));
                    found
                }
                _ => references(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
