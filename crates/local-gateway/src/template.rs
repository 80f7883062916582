//! A `CloudFormation` template, as far as a gateway needs it: its parameters, conditions and
//! intrinsic functions, evaluated for one choice of parameters.
//!
//! Source: [intrinsic functions](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use serde_norway::Value;
use thiserror::Error;

use crate::account;

/// How deep functions and conditions may stand in each other; a condition that names itself has no
/// end.
const MAX_DEPTH: u32 = 64;

/// What the pseudo parameters are on this machine.
const PSEUDO: [(&str, &str); 6] = [
    ("AWS::Region", account::REGION),
    ("AWS::AccountId", account::ACCOUNT),
    ("AWS::Partition", "aws"),
    ("AWS::URLSuffix", "amazonaws.com"),
    ("AWS::StackName", "local"),
    ("AWS::StackId", "local"),
];

/// What is wrong with a template.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A template's text, parsed.
pub struct Template(Value);

impl Template {
    /// Parses YAML or JSON.
    ///
    /// # Errors
    ///
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        serde_norway::from_str(text)
            .map(Self)
            .map_err(|error| TemplateError::new(format!("it is no YAML: {error}")))
    }

    /// The name of a product's parameter, whatever letters in it are capitals: `JiraBaseUrl` for
    /// `jira` and `BaseUrl`.
    pub(crate) fn parameter(&self, product: &str, what: &str) -> Option<&str> {
        self.parameters_of(product, what)
            .find(|name| name.len() == product.len().saturating_add(what.len()))
    }

    /// The names of a product's parameters that begin with a word: `JiraPublicStatus` for `jira` and
    /// `Public`.
    pub(crate) fn parameters_of(&self, product: &str, word: &str) -> impl Iterator<Item = &str> {
        self.parameter_names().filter(move |name| {
            let (head, rest) = name.split_at_checked(product.len()).unwrap_or_default();
            head.eq_ignore_ascii_case(product) && rest.starts_with(word)
        })
    }

    /// What it declares of a parameter.
    pub(crate) fn declared(&self, name: &str) -> Option<&Value> {
        self.0.get("Parameters")?.get(name)
    }

    /// The names of all its parameters.
    pub(crate) fn parameter_names(&self) -> impl Iterator<Item = &str> {
        let parameters = self.0.get("Parameters").and_then(Value::as_mapping);
        let names = parameters.into_iter().flat_map(serde_norway::Mapping::keys);
        names.filter_map(Value::as_str)
    }

    /// The ids of its products, and the parameter that says where each is.
    pub(crate) fn products(&self) -> impl Iterator<Item = (String, &str)> {
        self.parameter_names().filter_map(|name| {
            let product = name.strip_suffix("BaseUrl")?;
            Some((product.to_ascii_lowercase(), name))
        })
    }

    /// The template with these parameters, and the defaults of all others.
    pub(crate) fn with(&self, parameters: BTreeMap<String, String>) -> Stack<'_> {
        Stack {
            template: &self.0,
            parameters,
        }
    }
}

/// A template with its parameters.
pub(crate) struct Stack<'t> {
    template: &'t Value,
    parameters: BTreeMap<String, String>,
}

impl Stack<'_> {
    /// The properties of the one resource of a type.
    pub(crate) fn properties(&self, kind: &str) -> Result<Json, TemplateError> {
        let resources = self.template.get("Resources").and_then(Value::as_mapping);
        let mut found = resources
            .into_iter()
            .flat_map(serde_norway::Mapping::values)
            .filter(|resource| resource.get("Type").and_then(Value::as_str) == Some(kind));
        let (Some(resource), None) = (found.next(), found.next()) else {
            return Err(TemplateError::new(format!(
                "it has not exactly one resource of the type {kind}"
            )));
        };
        let properties = resource.get("Properties").unwrap_or(&Value::Null);
        Ok(self.evaluate(properties, 0)?.unwrap_or_default())
    }

    /// A value with its functions evaluated; `None` is `AWS::NoValue`, which takes away what it
    /// stands for.
    fn evaluate(&self, value: &Value, depth: u32) -> Result<Option<Json>, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(TemplateError::new("its functions have no end"));
        }
        let depth = depth.saturating_add(1);
        Ok(Some(match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => serde_json::to_value(number).unwrap_or_default(),
            Value::String(text) => Json::String(text.clone()),
            Value::Sequence(items) => Json::Array(self.all(items, depth)?),
            Value::Tagged(tagged) => {
                let tag = tagged.tag.to_string();
                return self.call(tag.trim_start_matches('!'), &tagged.value, depth);
            }
            Value::Mapping(members) => {
                if let Some((name, argument)) = long_form(members) {
                    return self.call(name, argument, depth);
                }
                let mut object = Map::new();
                for (name, value) in members {
                    if let (Some(name), Some(value)) = (key(name), self.evaluate(value, depth)?) {
                        object.insert(name, value);
                    }
                }
                Json::Object(object)
            }
        }))
    }

    fn all(&self, items: &[Value], depth: u32) -> Result<Vec<Json>, TemplateError> {
        items
            .iter()
            .filter_map(|item| self.evaluate(item, depth).transpose())
            .collect()
    }

    /// One intrinsic function.
    fn call(
        &self,
        name: &str,
        argument: &Value,
        depth: u32,
    ) -> Result<Option<Json>, TemplateError> {
        let wrong = || TemplateError::new(format!("its function {name} has other arguments"));
        let parts = argument.as_sequence().map_or(&[][..], Vec::as_slice);
        let text = |value: &Value| {
            let value = self.evaluate(value, depth)?;
            value.as_ref().and_then(scalar).ok_or_else(wrong)
        };
        let list = |value: &Value| match self.evaluate(value, depth)? {
            Some(Json::Array(items)) => Ok(items),
            _ => Err(wrong()),
        };
        let truths = || {
            let values = self.all(parts, depth)?;
            let truths: Option<Vec<bool>> = values.iter().map(Json::as_bool).collect();
            truths.ok_or_else(wrong)
        };
        Ok(Some(match (name, parts) {
            ("Ref", _) => return Ok(self.reference(argument.as_str().ok_or_else(wrong)?)),
            ("GetAtt", []) => Json::from(argument.as_str().ok_or_else(wrong)?),
            ("GetAtt", [resource, attribute]) => {
                Json::from(format!("{}.{}", text(resource)?, text(attribute)?))
            }
            ("Sub", []) => {
                let text = argument.as_str().ok_or_else(wrong)?;
                Json::from(self.substitute(text, &Map::new())?)
            }
            ("Sub", [template, names]) => {
                let Some(Json::Object(names)) = self.evaluate(names, depth)? else {
                    return Err(wrong());
                };
                let template = template.as_str().ok_or_else(wrong)?;
                Json::from(self.substitute(template, &names)?)
            }
            ("Join", [separator, items]) => {
                let texts: Option<Vec<String>> = list(items)?.iter().map(scalar).collect();
                Json::from(texts.ok_or_else(wrong)?.join(&text(separator)?))
            }
            ("Split", [separator, whole]) => {
                let (separator, whole) = (text(separator)?, text(whole)?);
                whole.split(separator.as_str()).map(Json::from).collect()
            }
            ("Select", [index, items]) => {
                let index: usize = text(index)?.parse().map_err(|_| wrong())?;
                list(items)?.into_iter().nth(index).ok_or_else(wrong)?
            }
            ("If", [condition, yes, no]) => {
                let name = condition.as_str().ok_or_else(wrong)?;
                let branch = if self.condition(name, depth)? {
                    yes
                } else {
                    no
                };
                return self.evaluate(branch, depth);
            }
            ("Condition", []) => {
                Json::Bool(self.condition(argument.as_str().ok_or_else(wrong)?, depth)?)
            }
            ("Equals", [one, other]) => Json::Bool(text(one)? == text(other)?),
            ("Not", [_]) => Json::Bool(truths()? == [false]),
            ("And", [_, ..]) => Json::Bool(truths()?.into_iter().all(|truth| truth)),
            ("Or", [_, ..]) => Json::Bool(truths()?.into_iter().any(|truth| truth)),
            ("GetAtt" | "Sub" | "Join" | "Split" | "Select" | "If", _) => {
                return Err(wrong());
            }
            _ => {
                return Err(TemplateError::new(format!(
                    "its function {name} is not known here"
                )));
            }
        }))
    }

    fn condition(&self, name: &str, depth: u32) -> Result<bool, TemplateError> {
        let condition = self
            .template
            .get("Conditions")
            .and_then(|all| all.get(name));
        let condition =
            condition.ok_or_else(|| TemplateError::new(format!("it has no condition {name}")))?;
        match self.evaluate(condition, depth)? {
            Some(Json::Bool(truth)) => Ok(truth),
            _ => Err(TemplateError::new(format!(
                "its condition {name} is neither true nor false"
            ))),
        }
    }

    /// What a name stands for. Resources are not made here: their names stand for them.
    fn reference(&self, name: &str) -> Option<Json> {
        if name == "AWS::NoValue" {
            return None;
        }
        let pseudo = PSEUDO.iter().find(|(pseudo, _)| *pseudo == name);
        if let Some((_, value)) = pseudo {
            return Some(Json::from(*value));
        }
        let declared = self
            .template
            .get("Parameters")
            .and_then(|all| all.get(name));
        let given = self.parameters.get(name).cloned();
        let value = given.or_else(|| key(declared?.get("Default")?));
        let Some(value) = value else {
            return Some(Json::from(name));
        };
        let kind = declared.and_then(|declared| declared.get("Type")?.as_str());
        let number = value.parse::<u64>().ok().filter(|_| kind == Some("Number"));
        Some(number.map_or_else(|| Json::from(value), Json::from))
    }

    /// `${Name}` in a text; `${!Name}` is the text `${Name}`.
    fn substitute(&self, text: &str, names: &Map<String, Json>) -> Result<String, TemplateError> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::new("a text of its function Sub has no end"))?;
            done.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                done.push_str("${");
                done.push_str(literal);
                done.push('}');
            } else {
                let value = names.get(name).cloned().or_else(|| self.reference(name));
                let value = value.as_ref().and_then(scalar);
                done.push_str(&value.ok_or_else(|| {
                    TemplateError::new(format!("in its function Sub, {name} is no text"))
                })?);
            }
            rest = after;
        }
        done.push_str(rest);
        Ok(done)
    }
}

/// `{"Fn::Sub": …}`, and the two functions that have no prefix.
fn long_form(members: &serde_norway::Mapping) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    let name = name.as_str()?;
    match name {
        "Ref" | "Condition" => Some((name, argument)),
        _ => Some((name.strip_prefix("Fn::")?, argument)),
    }
}

/// A scalar of YAML as the text that it was.
pub(crate) fn key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = r#"
Parameters:
  BaseUrl: { Type: String, Default: "" }
  Seconds: { Type: Number, Default: 60 }
  Mfa: { Type: String, Default: "OFF" }
Conditions:
  Present: !Not [!Equals [!Ref BaseUrl, ""]]
  Short: !Equals [!Ref Seconds, 60]
  Both: !And [!Condition Present, { Condition: Short }]
  Either: { "Fn::Or": [!Condition Present, !Condition Short] }
  Circle: !Not [!Condition Circle]
Resources:
  Thing:
    Type: Test
    Properties:
      Host: !Select [2, !Split ["/", !Sub "${BaseUrl}///"]]
      Arn: !Sub
        - arn:${AWS::Partition}:${Other.Alias}:${Name}:${!Kept}
        - Name: !Join ["-", [a, !Ref Seconds, !Ref Mfa]]
      Seconds: !If [Short, !Ref Seconds, 0]
      Gone: !If [Present, there, !Ref AWS::NoValue]
      Both: !If [Both, yes it is, no]
      Either: !If [Either, yes it is, no]
      List: [1, !Ref AWS::NoValue, !GetAtt Other.Arn]
  Broken:
    Type: Broken
    Properties: { Value: !If [Circle, 1, 2] }
  Unknown:
    Type: Unknown
    Properties: { Value: !ImportValue x }
"#;

    fn with(base_url: &str) -> Json {
        let parameters = [("BaseUrl".to_owned(), base_url.to_owned())];
        let template = Template::parse(TEXT).unwrap();
        template.with(parameters.into()).properties("Test").unwrap()
    }

    #[test]
    fn functions() {
        assert_eq!(
            with("https://jira.example.com/jira"),
            json!({
                "Host": "jira.example.com", "Arn": "arn:aws:Other.Alias:a-60-OFF:${Kept}",
                "Seconds": 60, "Gone": "there", "Both": "yes it is", "Either": "yes it is",
                "List": [1, "Other.Arn"],
            })
        );
        assert_eq!(
            with(""),
            json!({
                "Host": "", "Arn": "arn:aws:Other.Alias:a-60-OFF:${Kept}",
                "Seconds": 60, "Both": "no", "Either": "yes it is", "List": [1, "Other.Arn"],
            })
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let template = Template::parse(TEXT).unwrap();
        let stack = template.with(BTreeMap::new());
        for (kind, expected) in [
            ("Broken", "its functions have no end"),
            ("Unknown", "its function ImportValue is not known here"),
            (
                "Missing",
                "it has not exactly one resource of the type Missing",
            ),
        ] {
            assert_eq!(stack.properties(kind).unwrap_err().to_string(), expected);
        }
        assert!(Template::parse("a: [").is_err());
    }

    #[test]
    fn parameters_of_a_product() {
        let text = "Parameters: { JiraBaseUrl: {}, JiraOAuth1: {} }";
        let template = Template::parse(text).unwrap();
        assert_eq!(template.parameter("jira", "BaseUrl"), Some("JiraBaseUrl"));
        assert_eq!(template.parameter("jira", "Seconds"), None);
        assert_eq!(template.parameter("wiki", "BaseUrl"), None);
        let products: Vec<_> = template.products().collect();
        assert_eq!(products, [("jira".to_owned(), "JiraBaseUrl")]);
    }
}
