//! The template's rules about its parameters, which moto does not look at.

use serde_json::{Value, json};

use testing::stack::{only, transformed};

/// The value of a rule's expression.
fn evaluate(expression: &Value, parameters: &Value) -> Value {
    let Some((function, arguments)) = expression.as_object().and_then(|one| one.iter().next())
    else {
        return expression.clone();
    };
    let values = || -> Vec<Value> {
        let arguments = arguments.as_array().unwrap();
        arguments
            .iter()
            .map(|argument| evaluate(argument, parameters))
            .collect()
    };
    match function.as_str() {
        "Ref" => parameters[arguments.as_str().unwrap()].clone(),
        "Fn::Equals" => (values()[0] == values()[1]).into(),
        "Fn::Not" => (values()[0] == false).into(),
        "Fn::And" => values().iter().all(|value| value == true).into(),
        other => panic!("{other} is no function of rules, or the test does not know it"),
    }
}

/// The rules that parameters break.
fn broken(template: &Value, given: &Value) -> Vec<String> {
    let mut parameters = json!({});
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        parameters[name] = match &given[name] {
            Value::Null => parameter["Default"].clone(),
            value => value.clone(),
        };
    }
    let rules = template["Rules"].as_object().unwrap();
    rules
        .iter()
        .filter(|(_, rule)| match &rule["RuleCondition"] {
            Value::Null => true,
            condition => evaluate(condition, &parameters) == true,
        })
        .filter(|(_, rule)| {
            let assertions = rule["Assertions"].as_array().unwrap();
            assertions
                .iter()
                .any(|assertion| evaluate(&assertion["Assert"], &parameters) == false)
        })
        .map(|(name, _)| name.clone())
        .collect()
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_refused() {
    let template = transformed(&json!({})).await;
    let jira = |more: Value| {
        let mut parameters = only("Jira");
        for (name, value) in more.as_object().unwrap() {
            parameters[name] = value.clone();
        }
        parameters
    };
    for (parameters, expected) in [
        (json!({}), vec!["SomeProduct"]),
        (only("Jira"), vec![]),
        (only("Confluence"), vec![]),
        (only("Bitbucket"), vec![]),
        (jira(json!({"CreateUserPool": "true"})), vec![]),
        (jira(json!({"ProviderSettings": "{}"})), vec![]),
        (
            jira(json!({"CreateUserPool": "true", "ProviderSettings": "{}"})),
            vec!["OneProvider"],
        ),
        (
            jira(json!({"MachineUsername": "svc"})),
            vec!["MachineOfUserPool"],
        ),
        (
            jira(json!({"MachineUsername": "svc", "CreateUserPool": "true"})),
            vec![],
        ),
    ] {
        assert_eq!(broken(&template, &parameters), expected, "{parameters}");
    }
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        assert!(parameter["Description"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn the_console_shows_each_parameter_once() {
    let template = transformed(&json!({})).await;
    let groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        .as_array()
        .unwrap();
    let mut shown: Vec<&str> = groups
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    let mut all: Vec<&str> = template["Parameters"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    shown.sort_unstable();
    all.sort_unstable();
    assert_eq!(shown, all);
}
