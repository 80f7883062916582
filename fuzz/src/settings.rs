//! Settings documents.

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::Value;

const SECRET: &str = "s3cr3t-of-the-fuzzer-7Qz";

/// The tree as a file has it: an object of documents and of folders of such. `SECRET` in it stands for
/// a secret.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(Value::Object(documents)) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let mut tree = Vec::new();
    for (name, value) in documents {
        match value {
            Value::Object(folder) if ["providers", "products"].contains(&name.as_str()) => {
                tree.extend(
                    folder
                        .into_iter()
                        .map(|(id, one)| (format!("{name}/{id}"), one.to_string())),
                );
            }
            Value::String(text) => tree.push((name, text)),
            other => tree.push((name, other.to_string())),
        }
    }
    let tree: Tree = tree
        .into_iter()
        .chain(
            ["a", "b", "providers/idp/a", "products/jira/a", "settings/a"]
                .map(|name| (format!("secrets/{name}"), SECRET.to_owned())),
        )
        .collect();
    for (seconds, key) in [(0, CacheKey::Route), (300, CacheKey::Token)] {
        let deployment = Deployment {
            cache_seconds: ByProduct::all(seconds),
            cache_keys: ByProduct::all(key),
            cached_by_source_ip: true,
            ..Deployment::default()
        };
        let shown = match Settings::parse(&tree, &deployment) {
            Ok(settings) => format!("{settings:?}"),
            Err(problems) => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                assert!(!lines.is_empty(), "no settings, and no problem");
                lines.join("\n")
            }
        };
        assert!(!shown.contains(SECRET), "a secret is shown");
        // Basic auth's form of it, which is as good.
        assert!(
            !shown.contains("czNjcjN0LW9m"),
            "a secret is shown in base64"
        );
    }
    assert!(!format!("{tree:?}").contains(SECRET));
}
