//! The parameters of a deployment, as `sam deploy` reads them from `parameters.yaml`.

use std::collections::BTreeMap;

use atlassian_authorizer::deployment::Deployment;
use serde_norway::{Mapping, Value};

use crate::api::Api;
use crate::authorizer::deployment;
use crate::served::SOMEWHERE;
use crate::template::{Template, TemplateError, key};

/// Parameters, by their names.
pub struct Parameters(BTreeMap<String, String>);

/// What is wrong with one of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParameterProblem {
    /// Its name.
    pub name: String,
    /// What is wrong, and what would be right. Never the value.
    pub message: String,
}

impl Parameters {
    /// Reads a file, and holds it against the template that it is for. What is wrong is left out.
    ///
    /// # Errors
    ///
    /// When it is no mapping of names in YAML.
    pub fn read(
        text: &str,
        template: &Template,
    ) -> Result<(Self, Vec<ParameterProblem>), TemplateError> {
        let read: Mapping = serde_norway::from_str(text).map_err(|error| {
            TemplateError::new(format!(
                "expected a YAML mapping of parameters to texts: {error}"
            ))
        })?;
        let mut parameters = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, value) in &read {
            let name = key(name).unwrap_or_default();
            match checked(template, &name, value) {
                Ok(value) => drop(parameters.insert(name, value)),
                Err(message) => problems.push(ParameterProblem { name, message }),
            }
        }
        Ok((Self(parameters), problems))
    }

    /// Whether a parameter is `true`, by the template where it is not among these.
    pub fn is_on(&self, template: &Template, name: &str) -> bool {
        let given = self.0.get(name).cloned();
        let default = || key(template.declared(name)?.get("Default")?);
        given.or_else(default).as_deref() == Some("true")
    }

    /// What the function's environment says of all products in a stack with these parameters.
    ///
    /// # Errors
    ///
    /// When the template can't be evaluated.
    pub fn deployment(&self, template: &Template) -> Result<Deployment, TemplateError> {
        let products: Vec<_> = template.products().collect();
        let mut apis = Vec::new();
        for (id, base_url) in &products {
            let mut parameters = self.0.clone();
            for (_, other) in &products {
                let url = if other == base_url { SOMEWHERE } else { "" };
                parameters.insert((*other).to_owned(), url.to_owned());
            }
            apis.push((id.as_str(), Api::read(&template.with(parameters))?));
        }
        let apis: Vec<(&str, &Api)> = apis.iter().map(|(id, api)| (*id, api)).collect();
        Ok(deployment(&apis))
    }
}

/// A parameter's value as the template takes it, or what would be right.
fn checked(template: &Template, name: &str, value: &Value) -> Result<String, String> {
    let Some(declared) = template.declared(name) else {
        let mut names = template.parameter_names();
        return Err(match names.find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => format!("is no parameter of the template; expected `{known}`"),
            None => {
                "is no parameter of the template, and `sam deploy` ignores it; expected one that is"
                    .to_owned()
            }
        });
    };
    let value = match value {
        Value::String(_) | Value::Number(_) => key(value).unwrap_or_default(),
        _ => {
            return Err(
                "expected a text in quotes: without them YAML makes something else of it"
                    .to_owned(),
            );
        }
    };
    let list = |name: &str| declared.get(name).and_then(Value::as_sequence);
    if let Some(allowed) = list("AllowedValues") {
        let allowed: Vec<String> = allowed.iter().filter_map(key).collect();
        if !allowed.contains(&value) {
            let quoted: Vec<String> = allowed.iter().map(|one| format!("`{one}`")).collect();
            return Err(format!("expected one of {}", quoted.join(", ")));
        }
    }
    if declared.get("Type").and_then(Value::as_str) == Some("Number") {
        let bound = |name: &str| declared.get(name).and_then(Value::as_u64);
        let least = bound("MinValue").unwrap_or_default();
        let most = bound("MaxValue").unwrap_or(u64::MAX);
        let number = value.parse().ok();
        if !number.is_some_and(|number| (least..=most).contains(&number)) {
            let most = bound("MaxValue").map(|most| format!(" to {most}"));
            let most = most.unwrap_or_else(|| " on".to_owned());
            return Err(format!("expected a number from {least}{most}"));
        }
    }
    Ok(value)
}
