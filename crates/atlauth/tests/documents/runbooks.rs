//! The runbook of each alarm of the stack.

use serde_norway::Value;

use crate::page::Page;

#[test]
fn each_alarm_has_a_runbook() {
    let text = std::fs::read_to_string(testing::root().join("template.yaml")).unwrap();
    let template: Value = serde_norway::from_str(&text).unwrap();
    let alarms: Vec<&str> = template["Resources"]
        .as_mapping()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm")
        .map(|(name, _)| name.as_str().unwrap())
        .collect();
    let runbooks: Vec<String> = Page::read("docs/runbooks.md")
        .headings()
        .into_iter()
        .filter(|heading| heading.level == 2)
        .map(|heading| heading.text)
        .collect();
    assert!(!alarms.is_empty());
    for alarm in &alarms {
        assert!(runbooks.iter().any(|runbook| runbook == alarm), "{alarm}");
    }
    assert_eq!(runbooks.len(), alarms.len(), "{runbooks:?}");
}
