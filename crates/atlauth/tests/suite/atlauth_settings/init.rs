//! `init`: settings that work, for every kind.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{Operator, SECRET};

/// Kinds, and what must be said of each.
const KINDS: [(&str, &[&str], bool); 10] = [
    (
        "cognito",
        &["user_pool_id=eu-west-1_AbCdEfGhI", "client_ids=a,b"],
        false,
    ),
    (
        "entra",
        &[
            "tenant_id=8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b",
            "audiences=api://jira",
        ],
        false,
    ),
    (
        "keycloak",
        &[
            "base_url=https://sso.example.com",
            "realm=main",
            "client_ids=a",
        ],
        false,
    ),
    ("okta", &["domain=example.okta.com", "client_ids=a"], false),
    ("google", &["client_ids=a", "hd=example.com"], false),
    (
        "github",
        &[
            "base_url=",
            "client_id=Iv1.0123",
            "username.map=583231=alice,2=bob",
        ],
        true,
    ),
    (
        "gitlab",
        &[
            "base_url=https://gitlab.example.com",
            "client_ids=a",
            "username.map=",
        ],
        false,
    ),
    (
        "slack",
        &[
            "team_id=T0123ABC456",
            "client_ids=a",
            "username.map=U0123ABC456=alice",
        ],
        false,
    ),
    (
        "facebook",
        &["client_id=1234567890", "username.map=10001=alice"],
        true,
    ),
    (
        "custom",
        &[
            "issuer=https://sso.example.com",
            "client_ids=a",
            "username=sub",
            "groups=groups",
        ],
        false,
    ),
];

#[tokio::test]
async fn every_kind_begins_with_settings_that_are_valid() {
    let operator = Operator::new(None);
    let secret = operator.home.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    for (kind, fields, has_secret) in KINDS {
        let path = operator.home.path().join(format!("{kind}.json"));
        let out = path.to_str().unwrap();
        let mut arguments = vec!["init", "--kind", kind, "--out", out, "--product", "jira"];
        arguments.extend(fields.iter().flat_map(|field| ["--set", field]));
        if has_secret {
            arguments.extend(["--secret-file", secret.to_str().unwrap()]);
        }
        let said = operator.says(&arguments).await;
        assert_eq!(said.code, 0, "{kind}: {}", said.stderr);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let settings: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(settings["providers"][kind]["kind"], kind);
        assert_eq!(settings["products"]["jira"]["path"], "/jira");
        let secrets = &settings["secrets"]["providers"][kind];
        assert_eq!(secrets["client-secret"] == SECRET, has_secret);
        let source = format!("file:{out}");
        let said = operator.says(&["check", "--settings", &source]).await;
        assert_eq!(said.code, 0, "{}", said.stdout);
        assert!(said.stdout.starts_with("valid: file:"), "{}", said.stdout);
        let said = operator.says(&["lint", "--settings", &source]).await;
        for found in ["severe", "path_not_served"] {
            assert!(!said.stdout.contains(found), "{kind}: {}", said.stdout);
        }
        let said = operator.says(&arguments).await;
        assert_eq!(said.code, 2, "{kind}: the file is there");
    }
}

/// Where the template serves each product, unless another path is given: an API of one's own may have
/// its product at `/`.
#[tokio::test]
async fn products_are_where_the_template_serves_them() {
    let operator = Operator::new(None);
    for (products, paths) in [
        (vec!["jira"], vec![("jira", "/jira")]),
        (vec!["jira=/"], vec![("jira", "/")]),
        (
            vec!["confluence", "bitbucket=/git"],
            vec![("confluence", "/confluence"), ("bitbucket", "/git")],
        ),
    ] {
        let mut arguments = vec!["init", "--kind", "okta", "--set", "domain=example.okta.com"];
        arguments.extend(["--set", "client_ids=a"]);
        arguments.extend(products.iter().flat_map(|product| ["--product", product]));
        let said = operator.says(&arguments).await;
        assert_eq!(said.code, 0, "{}", said.stderr);
        for (id, path) in paths {
            assert_eq!(said.json()["products"][id]["path"], path, "{products:?}");
        }
    }
}

/// What is no text can be set, too: as JSON where it has members, as it stands where it is a number.
#[tokio::test]
async fn fields_of_every_type_can_be_set() {
    let operator = Operator::new(None);
    let init = [
        "init",
        "--kind",
        "keycloak",
        "--set",
        "base_url=https://sso.example.com",
        "--set",
        "realm=bank",
        "--set",
        "client_ids=jira-cli",
        "--set",
        "max_token_age_seconds=600",
        "--product",
        "jira",
        "--set",
    ];
    let username = r#"username={"attributes": ["preferred_username"], "transform": ["lowercase"]}"#;
    let said = operator.says(&[&init[..], &[username]].concat()).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let provider = &said.json()["providers"]["keycloak"];
    assert_eq!(provider["username"]["transform"][0], "lowercase");
    assert_eq!(provider["max_token_age_seconds"], 600);

    let said = operator.says(&[&init[..], &["require=[{"]].concat()).await;
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("--set require: it is no JSON"),
        "{}",
        said.stderr
    );
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_said() {
    let operator = Operator::new(None);
    let said = operator
        .says(&["init", "--kind", "okta", "--product", "jira"])
        .await;
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("--set domain="), "{}", said.stderr);
    let said = operator
        .says(&[
            "init",
            "--kind",
            "facebook",
            "--set",
            "client_id=1",
            "--set",
            "client_secret=x",
            "--set",
            "username.map=1=alice",
            "--product",
            "jira",
        ])
        .await;
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("--secret-file"), "{}", said.stderr);
    let said = operator
        .says(&[
            "init",
            "--kind",
            "cognito",
            "--set",
            "user_pool_id=x",
            "--set",
            "client_ids=a",
            "--product",
            "jira",
        ])
        .await;
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    assert!(
        said.stderr.contains("user_pool_id: is not a user pool id"),
        "{}",
        said.stderr
    );
}

#[tokio::test]
async fn a_secret_comes_by_standard_input_and_goes_to_a_file_alone() {
    let operator = Operator::new(None);
    let arguments = [
        "init",
        "--kind",
        "facebook",
        "--set",
        "client_id=1",
        "--set",
        "username.map=1=alice",
        "--product",
        "jira=/jira",
        "--product",
        "confluence",
        "--upstream",
        "per_user",
        "--secret-file",
        "-",
    ];
    for (to_file, code) in [(false, 2), (true, 0)] {
        let path = operator.home.path().join("out.json");
        let mut command = operator.command(&arguments);
        if to_file {
            command = command.args(&["--out", path.to_str().unwrap()]);
        }
        let said = command.end(SECRET).await;
        assert_eq!(said.code, code, "{}", said.all());
        assert!(!said.tells(SECRET), "{}", said.all());
        assert_eq!(path.exists(), to_file);
    }
    let text = std::fs::read_to_string(operator.home.path().join("out.json")).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["products"]["confluence"]["path"], "/confluence");
    assert_eq!(settings["products"]["jira"]["upstream"]["mode"], "per_user");
    assert_eq!(
        settings["secrets"]["providers"]["facebook"]["client-secret"],
        SECRET
    );
}
