//! What the tests run with, made from the files that pin it.

use serde_json::Value;

fn read(path: &str) -> String {
    std::fs::read_to_string(testing::root().join(path)).unwrap()
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no `{before}`"));
    rest.split(after).next().unwrap().trim()
}

/// A table of programs and their versions.
pub(crate) fn table() -> String {
    let mut rows = vec![
        (
            "Rust",
            format!(
                "{} or later",
                between(&read("Cargo.toml"), "rust-version = \"", "\"")
            ),
            "builds everything",
        ),
        (
            "cargo-deny",
            between(&read("Makefile"), "CARGO_DENY_VERSION := ", "\n").to_owned(),
            "licences and sources of dependencies",
        ),
    ];
    for (file, package, about) in [
        (
            "tools/requirements-run.txt",
            "cargo-lambda",
            "builds and invokes the function",
        ),
        (
            "tools/requirements-build.txt",
            "aws-sam-cli",
            "builds and validates the stack",
        ),
        (
            "tools/requirements-build.txt",
            "cfn-lint",
            "checks the template",
        ),
        (
            "tools/requirements-test.txt",
            "moto",
            "SSM, Cognito and CloudFormation",
        ),
        (
            "tools/requirements-test.txt",
            "oauthlib",
            "verifies OAuth 1.0a signatures as a product would",
        ),
        ("tools/requirements-test.txt", "jira", "a client of Jira"),
        (
            "tools/requirements-test.txt",
            "atlassian-python-api",
            "a client of Jira, Confluence and Bitbucket",
        ),
    ] {
        let pins = format!("\n{}", read(file));
        rows.push((
            package,
            between(&pins, &format!("\n{package}=="), "\n").to_owned(),
            about,
        ));
    }
    for (file, package, about) in [
        (
            "crates/testing/oidc/package.json",
            "oidc-provider",
            "an OpenID Connect provider",
        ),
        (
            "crates/testing/clients/package.json",
            "jira.js",
            "a client of Jira Cloud",
        ),
    ] {
        let manifest: Value = serde_json::from_str(&read(file)).unwrap();
        let version = manifest["dependencies"][package].as_str().unwrap();
        rows.push((package, version.to_owned(), about));
    }
    let rows = rows
        .iter()
        .map(|(name, version, about)| format!("| {name} | {version} | {about} |\n"));
    format!(
        "| program | version | part in the tests |\n| --- | --- | --- |\n{}",
        rows.collect::<String>()
    )
}
