//! The stack's parameters, made from the template.

use serde_norway::Value;

/// A table for each group of parameters, as the console shows them.
pub(crate) fn tables() -> String {
    let text = std::fs::read_to_string(testing::root().join("template.yaml")).unwrap();
    let template: Value = serde_norway::from_str(&text).unwrap();
    let parameters = template["Parameters"].as_mapping().unwrap();
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let mut text = String::new();
    let mut count = 0;
    for group in groups.as_sequence().unwrap() {
        let label = group["Label"]["default"].as_str().unwrap();
        text += &format!(
            "## {label}\n\n| parameter | default | values | |\n| --- | --- | --- | --- |\n"
        );
        for name in group["Parameters"].as_sequence().unwrap() {
            let parameter = &parameters[name];
            let name = name.as_str().unwrap();
            let about = parameter["Description"].as_str().unwrap();
            let default = match scalar(&parameter["Default"]) {
                empty if empty.is_empty() => "empty".to_owned(),
                default => format!("`{default}`"),
            };
            let values = values(parameter);
            let about = about.trim().replace('\n', " ");
            text += &format!("| `{name}` | {default} | {values} | {about} |\n");
            count += 1;
        }
        text += "\n";
    }
    assert_eq!(count, parameters.len(), "each parameter is in one group");
    text
}

/// What values a parameter may have, as far as the template says it.
fn values(parameter: &Value) -> String {
    if let Some(allowed) = parameter["AllowedValues"].as_sequence() {
        let allowed: Vec<_> = allowed
            .iter()
            .map(|one| format!("`{}`", scalar(one)))
            .collect();
        return allowed.join(", ");
    }
    if let Some(about) = parameter["ConstraintDescription"].as_str() {
        return about.trim().replace('\n', " ");
    }
    match (
        scalar(&parameter["MinValue"]),
        scalar(&parameter["MaxValue"]),
    ) {
        (min, max) if min.is_empty() && max.is_empty() => match parameter["Type"].as_str() {
            Some("Number") => "a number".to_owned(),
            _ => String::new(),
        },
        (min, max) if max.is_empty() => format!("from {min}"),
        (min, max) => format!("{min} to {max}"),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        _ => String::new(),
    }
}
