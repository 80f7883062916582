//! Which crate of the workspace may depend on which, and in which tables of its manifest.

/// Folder, name, crates that it may depend on, and crates that its tests may use besides.
const CRATES: [(&str, &str, &[&str], &[&str]); 5] = [
    (".", "atlassian-authorizer", &[], &["testing"]),
    (
        "crates/local-gateway",
        "local-gateway",
        &["atlassian-authorizer"],
        &["testing"],
    ),
    (
        "crates/atlauth",
        "atlauth",
        &["atlassian-authorizer", "local-gateway"],
        &["testing"],
    ),
    ("crates/testing", "testing", &["atlassian-authorizer"], &[]),
    ("fuzz", "fuzz", &["atlassian-authorizer"], &[]),
];

/// What manifests say against it. A crate without a manifest is not there yet.
pub(crate) fn wrong(manifest: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (folder, name, may, tests_may) in CRATES {
        let text = manifest(folder).unwrap_or_default();
        let mut table = "";
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                table = line.trim_matches(['[', ']']);
            }
            let Some((is_dev, dependency)) = dependency(table, line) else {
                continue;
            };
            let is_ours = CRATES.iter().any(|(_, other, ..)| *other == dependency);
            let is_allowed = may.contains(&dependency) || is_dev && tests_may.contains(&dependency);
            if is_ours && !is_allowed && dependency != name {
                let kind = if is_dev {
                    "its tests depend"
                } else {
                    "it depends"
                };
                wrong.push(format!(
                    "{folder}/Cargo.toml: {name}: {kind} on {dependency}"
                ));
            }
        }
    }
    wrong
}

/// The crate that a line of a manifest takes, and whether for tests alone.
fn dependency<'t>(table: &'t str, line: &'t str) -> Option<(bool, &'t str)> {
    let is_dev = table.contains("dev-dependencies");
    let named = table.rsplit_once("dependencies.").map(|(_, name)| name);
    let name = match named {
        Some(name) if line.starts_with('[') => name,
        None if table.ends_with("dependencies") && !table.starts_with("workspace") => {
            line.split(['=', '.']).next()?
        }
        _ => return None,
    };
    Some((is_dev, name.trim().trim_matches('"')))
}

#[test]
fn a_dependency_that_climbs_is_found() {
    let with = |text: &'static str| wrong(move |folder| (folder == ".").then(|| text.to_owned()));
    assert_eq!(
        with("[dependencies]\natlauth = { path = \"crates/atlauth\" }").len(),
        1
    );
    assert_eq!(with("[dependencies]\ntesting.workspace = true").len(), 1);
    assert_eq!(
        with("[target.'cfg(unix)'.dependencies.local-gateway]\npath = \"x\"").len(),
        1
    );
    assert_eq!(
        with("[dev-dependencies]\nlocal-gateway = { path = \"x\" }").len(),
        1
    );
    assert!(with("[dev-dependencies]\ntesting = { path = \"crates/testing\" }").is_empty());
    assert!(
        with("[workspace.dependencies]\ntesting = { path = \"x\" }\n[features]\ntesting = []")
            .is_empty()
    );
}
