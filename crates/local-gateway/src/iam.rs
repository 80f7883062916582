//! IAM policies as API Gateway evaluates what an authorizer answers. Written anew, so that it can
//! find what the authorizer's own understanding of them (`src/access/policy.rs`) gets wrong.
//!
//! Sources: [evaluation](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html),
//! [wildcards](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).

use serde::Deserialize;

/// What an authorizer's policy is about.
const ACTION: &str = "execute-api:Invoke";

/// A policy document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PolicyDocument {
    /// Not evaluated: no element here means something else in the older version.
    #[serde(default, rename = "Version")]
    _version: Option<String>,
    #[serde(deserialize_with = "one_or_many")]
    statement: Vec<Statement>,
}

/// Fields that are not known, such as `Condition` and `NotResource`, would change what a statement
/// means: a document with them is refused.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(default, rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    #[serde(deserialize_with = "one_or_many")]
    action: Vec<String>,
    #[serde(deserialize_with = "one_or_many")]
    resource: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
enum Effect {
    Allow,
    Deny,
}

impl PolicyDocument {
    /// Whether a method's ARN may be invoked: something allows it, and nothing denies it.
    pub(crate) fn allows(&self, arn: &str) -> bool {
        let effects: Vec<Effect> = self
            .statement
            .iter()
            .filter(|statement| statement.is_about(arn))
            .map(|statement| statement.effect)
            .collect();
        effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny)
    }
}

impl Statement {
    fn is_about(&self, arn: &str) -> bool {
        let action = ACTION.to_ascii_lowercase();
        // The names of actions know no capital letters; resources do.
        let mut actions = self.action.iter().map(|text| text.to_ascii_lowercase());
        actions.any(|pattern| matches(&pattern, &action))
            && self.resource.iter().any(|pattern| matches(pattern, arn))
    }
}

/// `*` stands for any characters and `?` for one.
///
/// The parts between the stars are looked for from the left, each behind the one before: the
/// leftmost place leaves the most for the rest, so no other needs to be tried.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let parts: Vec<Vec<char>> = pattern
        .split('*')
        .map(|part| part.chars().collect())
        .collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        // Without a star there is one part, and it is the whole.
        return parts.first().is_some_and(|only| is_like(only, &text));
    };
    let Some((head, rest)) = text.split_at_checked(first.len()) else {
        return false;
    };
    let Some(middle_length) = rest.len().checked_sub(last.len()) else {
        return false;
    };
    let (mut rest, tail) = rest.split_at(middle_length);
    for part in middle.iter().filter(|part| !part.is_empty()) {
        let place = rest
            .windows(part.len())
            .position(|window| is_like(part, window));
        let Some(place) = place else {
            return false;
        };
        rest = rest
            .get(place.saturating_add(part.len())..)
            .unwrap_or_default();
    }
    is_like(first, head) && is_like(last, tail)
}

fn is_like(part: &[char], text: &[char]) -> bool {
    part.len() == text.len()
        && part
            .iter()
            .zip(text)
            .all(|(wanted, found)| *wanted == '?' || wanted == found)
}

fn one_or_many<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }

    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    })
}

#[cfg(test)]
mod tests {
    use atlassian_authorizer::access::{BasicGrant, Policy, Requester};
    use atlassian_authorizer::deployment::Deployment;
    use atlassian_authorizer::document::Tree;
    use atlassian_authorizer::settings::Settings;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

    fn document(value: &Value) -> Result<PolicyDocument, serde_json::Error> {
        serde_json::from_value(value.clone())
    }

    #[test]
    fn a_deny_wins_and_wildcards_cross_slashes() {
        let policy = document(&json!({"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": format!("{STAGE}/GET/rest/*")},
            {"Action": ["execute-api:*"], "Effect": "Deny", "Resource": [format!("{STAGE}/*/admin/?")]},
        ]}))
        .unwrap();
        for (route, expected) in [
            ("GET/rest/a", true),
            ("GET/rest/a/b", true),
            ("GET/rest/", true),
            ("GET/rest", false),
            ("get/rest/a", false),
            ("POST/rest/a", false),
            ("GET/rest/admin/1", false),
            ("GET/rest/admin/12", true),
        ] {
            assert_eq!(
                policy.allows(&format!("{STAGE}/{route}")),
                expected,
                "{route}"
            );
        }
    }

    #[test]
    fn what_would_mean_something_else_is_not_taken() {
        let statement = |name: &str| {
            let mut statement = json!({"Action": "*", "Effect": "Allow", "Resource": "*"});
            statement[name] = json!({});
            document(&json!({"Statement": statement}))
        };
        assert!(statement("Condition").is_err());
        assert!(statement("NotResource").is_err());
        assert!(
            document(&json!({"Statement": {"Action": "*", "Effect": "allow", "Resource": "*"}}))
                .is_err()
        );
        assert!(document(&json!({"Statement": []})).is_ok_and(|policy| !policy.allows(STAGE)));
    }

    /// Rules of many forms, whose policies both sides then evaluate.
    fn rules() -> impl Strategy<Value = Value> {
        let method = prop::sample::select(vec!["GET", "POST", "*"]);
        let path = "(/(a|b|rest|\\*|a\\*)){1,3}";
        let route = (method, path).prop_map(|(method, path)| format!("{method} {path}"));
        let named = prop::sample::select(vec!["@read", "@write", "@admin"]);
        let route = prop_oneof![route, named.prop_map(str::to_owned)];
        let rule = (any::<bool>(), prop::collection::vec(route, 1..3))
            .prop_map(|(allow, routes)| json!({(if allow { "allow" } else { "deny" }): routes}));
        prop::collection::vec(rule, 1..4).prop_map(Value::from)
    }

    proptest! {
        /// The authorizer says to itself what API Gateway will make of its policy.
        #[test]
        fn both_understand_a_policy_alike(
            rules in rules(),
            routes in prop::collection::vec(
                "(GET|POST|PUT|DELETE)(/(a|b|ab|rest|api|2|issue|search|admin|\\.|\\.\\.|%2e%2e|a;x|%41|)){0,5}",
                1..20,
            ),
        ) {
            let tree: Tree = [
                ("providers/p".to_owned(), json!({"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["c"]}).to_string()),
                ("products/jira".to_owned(), json!({"path": "/jira", "access": rules}).to_string()),
            ].into_iter().collect();
            // Some rules are refused at load, which is not what this is about. Were it too many,
            // the test would fail.
            let Ok(settings) = Settings::parse(&tree, &Deployment::default()) else {
                return Err(TestCaseError::reject("no such rules"));
            };
            let access = settings.products[0].access();
            let grants = [BasicGrant::ByRules, BasicGrant::OnSomePaths]
                .map(|grant| access.grant("jira", Requester::Basic(grant), None));
            let compiled = grants.iter().filter_map(|grant| access.compile(grant, STAGE).ok());
            for policy in compiled.chain([Policy::everything(STAGE), Policy::nothing(STAGE)]) {
                let theirs = document(&serde_json::to_value(policy.document()).unwrap()).unwrap();
                for route in &routes {
                    let (method, path) = route.split_once('/').unwrap_or((route, ""));
                    let arn = format!("{STAGE}/{method}/jira/{path}");
                    prop_assert_eq!(policy.allows(&arn), theirs.allows(&arn), "{}", arn);
                }
            }
        }

        #[test]
        fn wildcards_as_defined(pattern in "[ab?*/]{0,8}", text in "[ab/]{0,10}") {
            fn defined(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern, text) {
                    ([], []) => true,
                    ([b'*', rest @ ..], _) => {
                        defined(rest, text) || text.split_first().is_some_and(|(_, text)| defined(pattern, text))
                    }
                    ([wanted, rest @ ..], [found, text @ ..]) => {
                        (*wanted == b'?' || wanted == found) && defined(rest, text)
                    }
                    _ => false,
                }
            }
            prop_assert_eq!(matches(&pattern, &text), defined(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
