//! The tables of routes in `tests/routes`, by the code: the class of each row, and what rules with
//! the sets make of it.

#![allow(clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

use serde_json::{Value, json};

use super::tests::product;
use super::{Asked, BasicGrant, Requester};
use crate::document::ProductKind;
use crate::product::Product;
use crate::route::{Class, Method, Readings};

/// What stands for `{param}`, by turns.
const SAMPLES: [&str; 3] = ["A-1", "10000", "é (b)"];

/// The ways to say a version.
const VERSIONS: [&str; 3] = ["latest", "2", "1.0"];

/// Rows in another case than the products': a denial meets them, an allow does not.
const OTHER_CASES: [&str; 4] = ["/USER/", "/Repositories/", "/REST/", "/Access-Tokens/"];

/// One row of a table.
struct Row {
    table: String,
    kind: ProductKind,
    method: String,
    path: String,
    class: Class,
}

fn rows() -> Vec<Row> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/routes");
    let mut rows = Vec::new();
    let mut tables = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let table = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let product = table.split('_').next().unwrap();
        let kind = match (product, table.ends_with("_cloud")) {
            ("jira", false) => ProductKind::Jira,
            ("jira", true) => ProductKind::JiraCloud,
            ("confluence", false) => ProductKind::Confluence,
            ("confluence", true) => ProductKind::ConfluenceCloud,
            ("bitbucket", false) => ProductKind::Bitbucket,
            ("bitbucket", true) => ProductKind::BitbucketCloud,
            _ => panic!("{table} is of no known product"),
        };
        tables += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some("product\tmethod\tpath\tclass\tsource\tdoubt")
        );
        rows.extend(lines.map(|line| row(&table, kind, line)));
    }
    assert_eq!(tables, 10);
    assert!(rows.len() > 4_000);
    rows
}

fn row(table: &str, kind: ProductKind, line: &str) -> Row {
    let fields: Vec<&str> = line.split('\t').collect();
    let [_, method, path, class, ..] = fields[..] else {
        panic!("{table}: {line}");
    };
    let reads = ["GET", "HEAD", "OPTIONS"].contains(&method);
    let class = match class {
        "administration" => Class::Admin,
        "read" => Class::Read,
        // What callers see and change of themselves.
        "self-service" if reads => Class::Read,
        "write" | "self-service" => Class::Write,
        other => panic!("{table}: {other} is no class: {line}"),
    };
    Row {
        table: table.to_owned(),
        kind,
        method: method.to_owned(),
        path: path.to_owned(),
        class,
    }
}

impl Row {
    /// Paths of the row: with values in place of braces, and each version where it has one.
    fn paths(&self) -> Vec<String> {
        let is_version = |segment: &&str| {
            *segment == "latest"
                || segment
                    .split('.')
                    .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        };
        let versioned = self.path.strip_prefix("/rest/").and_then(|path| {
            let mut segments = path.split('/');
            segments.nth(1).filter(is_version)
        });
        let mut paths = Vec::new();
        for (place, sample) in SAMPLES.iter().enumerate() {
            let mut path = String::new();
            let mut rest = self.path.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                path.push_str(before);
                path.push_str(sample);
                rest = after.split_once('}').unwrap().1;
            }
            path.push_str(rest);
            if let Some(version) = versioned {
                let other = format!("/{}/", VERSIONS[place]);
                paths.push(path.replacen(&format!("/{version}/"), &other, 1));
            }
            paths.push(path);
        }
        paths.dedup();
        paths
    }

    fn methods(&self) -> Vec<&str> {
        match self.method.as_str() {
            "GET" => vec!["GET", "HEAD", "OPTIONS"],
            other => vec![other],
        }
    }
}

#[test]
fn each_row_is_of_its_class() {
    let mut wrong = Vec::new();
    for row in rows() {
        for path in row.paths() {
            for method in row.methods() {
                let class = |path: &str| Class::of(Some(row.kind), Method::of(method), path);
                let mut check = |path: &str| {
                    if class(path) != row.class {
                        let found = class(path);
                        wrong.push(format!(
                            "{}: {method} {path}: {found:?}, not {:?}",
                            row.table, row.class
                        ));
                    }
                };
                check(&path);
                if row.class == Class::Admin {
                    check(&path.to_uppercase());
                    check(&path.to_ascii_lowercase());
                    for suffix in ["/", ".json", ".xml", ".XML/"] {
                        check(&format!("{path}{suffix}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Rules, and the classes that they allow.
fn rules() -> Vec<(Value, Vec<Class>)> {
    use Class::{Admin, Read, Write};
    vec![
        (json!([{"allow": ["@read"]}]), vec![Read]),
        (json!([{"allow": ["@write"]}]), vec![Write]),
        (json!([{"allow": ["@admin"]}]), vec![Admin]),
        (
            json!([{"allow": ["* /*"]}, {"deny": ["@admin"]}]),
            vec![Read, Write],
        ),
        (
            json!([{"allow": ["* /*"]}, {"deny": ["@read"]}]),
            vec![Write, Admin],
        ),
        (
            json!([{"allow": ["* /*"]}, {"deny": ["@write"]}]),
            vec![Read, Admin],
        ),
        (
            json!([{"allow": ["* /*"]}, {"only": ["@admin"], "groups": ["g"]}]),
            vec![Read, Write],
        ),
    ]
}

fn is_allowed(product: &Product, method: &str, path: &str) -> bool {
    let readings = Readings::of("/p", path, []).unwrap();
    let asked = Asked {
        method: Method::of(method),
        readings: &readings,
    };
    // Rules without conditions hold for these too, and `only` denies to them.
    let requester = Requester::Basic(BasicGrant::ByRules);
    let ruling = product.access().decide("it", asked, requester, None);
    ruling.is_allowed()
}

#[test]
fn rules_with_the_sets_allow_their_rows() {
    let rows = rows();
    let mut wrong = Vec::new();
    for (access, allowed) in rules() {
        let of = |kind: ProductKind| {
            product(
                "it",
                &json!({"path": "/p", "kind": kind.as_str(), "access": access}),
            )
        };
        let mut last = None;
        for row in &rows {
            let is_other_case = OTHER_CASES.iter().any(|part| row.path.contains(part));
            if is_other_case && allowed == [Class::Admin] {
                continue;
            }
            let product = match last.take() {
                Some((kind, product)) if kind == row.kind => product,
                _ => of(row.kind),
            };
            // One sample: what others are, the classes have shown.
            for path in row.paths().iter().take(2) {
                let path = format!("/p{}", path.replace(' ', "%20"));
                if is_allowed(&product, &row.method, &path) != allowed.contains(&row.class) {
                    wrong.push(format!("{}: {} {path} by {access}", row.table, row.method));
                }
                if allowed == [Class::Read, Class::Write] && row.class == Class::Admin {
                    for spelled in [
                        path.to_ascii_uppercase().replacen("/P", "/p", 1),
                        format!("{path}.json"),
                    ] {
                        if is_allowed(&product, &row.method, &spelled) {
                            wrong.push(format!(
                                "{}: {} {spelled} by {access}",
                                row.table, row.method
                            ));
                        }
                    }
                }
            }
            last = Some((row.kind, product));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// The products of a Data Center are made of the same platform.
#[test]
fn modules_of_the_platform_are_administration_everywhere() {
    for route in [
        "PUT /rest/basicauth/1.0/config",
        "POST /rest/datapipeline/latest/export",
        "PUT /rest/datapipeline/1.0/config/export-path",
        "GET /plugins/servlet/gadgets/proxy",
        "GET /plugins/servlet/gadgets/makeRequest",
        "GET /rest/activity-stream/1.0/url",
        "GET /rest/stp/1.0/check",
        "GET /rest/atlassian-cluster-monitoring/cluster/nodes",
        "GET /rest/zdu/cluster",
        "POST /rest/allowlist/latest/entry",
        "GET /rest/whitelist/latest",
        "GET /rest/secrets/1.0/x",
        "GET /rest/appmanagement/1.0/x",
        "GET /rest/troubleshooting/1.0/check/process",
        "GET /rest/rate-limiting/latest/settings",
        "GET /rest/analytics/1.0/config",
        "GET /plugins/servlet/cluster-monitoring",
        "GET /plugins/servlet/rate-limit",
        "GET /plugins/servlet/whitelist",
        "GET /plugins/servlet/stp/view",
        "GET /plugins/servlet/upm",
        "GET /plugins/servlet/oauth/authorize",
        "GET /plugins/servlet/applinks/proxy",
        "GET /rest/pat",
        "POST /rest/pat/latest/tokens",
        "GET /rest/auth",
        "POST /rest/auth/1/session",
        "GET /rest/authconfig/1.0/idps",
        "GET /rest/plugins",
        "GET /rest/plugins/1.0/",
        "GET /rest/applinks/3.0/applicationlink",
        "POST /rest/oauth2/latest/token",
        "GET /rest/webhooks/1.0/webhook",
        "GET /rest/auditing/1.0/events",
    ] {
        let (method, path) = route.split_once(' ').unwrap();
        for kind in [
            ProductKind::Jira,
            ProductKind::Confluence,
            ProductKind::Bitbucket,
        ] {
            let class = Class::of(Some(kind), Method::of(method), path);
            assert_eq!(class, Class::Admin, "{route} of {kind:?}");
        }
    }
}
