//! The queries of the function's log.

use std::collections::BTreeSet;

use atlassian_authorizer::audit;
use serde_json::{Value, json};

use testing::stack::{only, transformed};

/// Commands, functions and operators of CloudWatch Logs Insights that the queries use.
const WORDS: [&str; 20] = [
    "filter",
    "fields",
    "stats",
    "sort",
    "limit",
    "by",
    "as",
    "and",
    "or",
    "asc",
    "desc",
    "count",
    "max",
    "avg",
    "pct",
    "in",
    "not",
    "like",
    "latest",
    "ispresent",
];

/// What each log event has.
const OF_EVENTS: [&str; 2] = ["@timestamp", "@message"];

/// The names in a query, beside what it names itself.
fn names(query: &str) -> BTreeSet<String> {
    // What stands between quotes is text.
    let text: String = query
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split('"').step_by(2).chain([" "]))
        .collect();
    let words: Vec<&str> = text
        .split(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '_' | '@' | '.')))
        .filter(|word| !word.is_empty())
        .collect();
    let aliases: Vec<&str> = words
        .windows(2)
        .filter(|pair| pair[0] == "as")
        .map(|pair| pair[1])
        .collect();
    words
        .iter()
        .filter(|word| word.parse::<u64>().is_err())
        .filter(|word| !WORDS.contains(word) && !aliases.contains(word))
        .map(|word| (*word).to_owned())
        .collect()
}

#[test]
fn names_of_a_query() {
    let query = "# a remark\nfilter event = \"decision\" and no_such != \"x y\"\n| stats count(*) as n, pct(duration_ms, 99) as p by code, needs.0\n| sort n desc";
    let expected = ["code", "duration_ms", "event", "needs.0", "no_such"];
    assert_eq!(names(query), expected.map(str::to_owned).into());
}

#[tokio::test]
async fn queries_name_fields_that_a_line_has() {
    let template = transformed(&only("Jira")).await;
    let resources = template["Resources"].as_object().unwrap();
    let fields: BTreeSet<&str> = audit::fields().chain(OF_EVENTS).collect();
    let mut titles = Vec::new();
    for (id, resource) in resources {
        if resource["Type"] != "AWS::Logs::QueryDefinition" {
            continue;
        }
        let properties = &resource["Properties"];
        assert_eq!(
            properties["LogGroupNames"],
            json!([{"Ref": "AuthorizerLogs"}]),
            "{id}"
        );
        let query = properties["QueryString"].as_str().unwrap();
        // Other lines of the log have none of these fields.
        assert!(query.contains(r#"filter event = "decision""#), "{id}");
        for name in names(query) {
            assert!(fields.contains(name.as_str()), "{id}: `{name}` is no field");
        }
        let title = &properties["Name"]["Fn::Sub"];
        titles.push(title.as_str().unwrap().replace("${AWS::StackName}/", ""));
    }
    titles.sort();
    let expected: Vec<Value> = [
        "callers that enforce would break",
        "last use of API tokens",
        "one decision",
        "refusals by reason",
        "slowest decisions",
        "slowest providers",
    ]
    .map(Value::from)
    .into();
    assert_eq!(json!(titles), json!(expected));
}
