//! What must hold of every answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// How often something was let through: a corpus of refusals alone would show little.
pub(crate) static ALLOWED: AtomicUsize = AtomicUsize::new(0);

/// Whether an answer lets anything through.
pub(crate) fn allows(answer: &Value) -> bool {
    let allows = answer["isAuthorized"] == true || !allowed_resources(answer).is_empty();
    ALLOWED.fetch_add(allows.into(), Ordering::Relaxed);
    allows
}

/// The resources that an answer's policy allows.
pub(crate) fn allowed_resources(answer: &Value) -> Vec<&str> {
    let statements = answer["policyDocument"]["Statement"].as_array();
    let allowing = statements
        .into_iter()
        .flatten()
        .filter(|statement| statement["Effect"] != "Deny");
    let resources = allowing.flat_map(|statement| match &statement["Resource"] {
        Value::Array(resources) => resources.iter().collect(),
        resource => vec![resource],
    });
    resources
        .map(|resource| resource.as_str().unwrap())
        .collect()
}

/// `context` holds texts that a header can carry.
pub(crate) fn check_context(answer: &Value) {
    let Some(context) = answer.get("context") else {
        return;
    };
    for (name, value) in context.as_object().unwrap() {
        let text = value.as_str().unwrap();
        let is_safe = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        assert!(is_safe, "{name} is no header");
    }
}

/// An ARN as the resource of a policy about it alone: without what IAM reads as something else, and
/// cut to 512 bytes.
pub(crate) fn own_resource(arn: &str) -> String {
    let masked = arn.replace(['*', '?', '$'], "?");
    if masked.len() <= 512 {
        return masked;
    }
    let end = (0..=511).rev().find(|end| masked.is_char_boundary(*end));
    format!("{}*", &masked[..end.unwrap()])
}

/// An ARN up to its stage.
pub(crate) fn stage(arn: &str) -> String {
    arn.splitn(3, '/').take(2).collect::<Vec<_>>().join("/") + "/"
}
