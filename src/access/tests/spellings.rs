//! How a path may be spelled, for allows and for denies.

use serde_json::json;

use super::{caller, is_allowed, jira, product, ruling};
use crate::access::Ruling;

#[test]
fn a_name_in_braces_is_one_segment() {
    let jira = jira(&json!([{"allow": ["* /rest/api/{version}/issue/{key}"]}]));
    let anyone = caller("", &[]);
    for route in [
        "GET /jira/rest/api/2/issue/A-1",
        "PUT /jira/rest/api/any/issue/A%20B",
        "GET /jira/rest/api/2/issue/a;x",
    ] {
        assert!(is_allowed(&jira, &anyone, route), "{route}");
    }
    for route in [
        "GET /jira/rest/api/2/issue/A-1/comment",
        "GET /jira/rest/api/2/issue/A-1%2Fcomment",
        "GET /jira/rest/api/2/issue/A-1%252Fcomment",
        "GET /jira/rest/api/2/issue/A-1/",
        "GET /jira/rest/api/2/issue/",
        "GET /jira/rest/api/2/issue/;x",
        "GET /jira/rest/api/2/Issue/A-1",
        "PROPFIND /jira/rest/api/2/issue/A-1",
    ] {
        assert!(!is_allowed(&jira, &anyone, route), "{route}");
    }
}

#[test]
fn honest_names_are_allowed() {
    let bitbucket = product(
        "bitbucket",
        &json!({"path": "/b", "access": [{"allow": ["@read"]}, {"deny": ["@admin"]}]}),
    );
    let anyone = caller("", &[]);
    for path in [
        "/b/rest/api/1.0/users/alice%40example.com",
        "/b/rest/api/1.0/users/~alice",
        "/b/rest/api/1.0/projects/%7Ealice/repos/b/browse",
        "/b/rest/api/1.0/projects/A/repos/b/browse/a%3Ab%3Dc%5B1%5D",
        "/b/rest/api/1.0/projects/A/repos/b/branches/info/feature%2Fx",
        "/b/rest/api/1.0/projects/A/repos/b/browse/src/admin/x.py",
        "/b/rest/api/1.0/projects/A/repos/b/browse/src/permissions/settings",
        "/b/projects/A/repos/b/raw/100%25.txt",
        "/b/projects/A/repos/b/raw/r%25E9sum%25E9.pdf",
        "/b/projects/A/repos/b/raw/r%C3%A9sum%C3%A9.pdf",
        "/b/projects/A/repos/b/raw/v1..v2.diff",
        "/b/projects/A/repos/b/raw/.gitignore",
        "/b/projects/A/repos/b/raw/src/../README.md",
    ] {
        let route = format!("GET {path}");
        assert_eq!(
            ruling(&bitbucket, &anyone, &route),
            Some(Ruling::Allowed(Some(0))),
            "{route}"
        );
    }
    let jira = jira(&json!([{"allow": ["@read"]}, {"deny": ["@admin"]}]));
    let property = "GET /jira/rest/api/2/issue/A-1/properties/settings";
    assert!(is_allowed(&jira, &anyone, property));
}

#[test]
fn a_denied_path_has_no_other_spelling() {
    let jira = jira(&json!([{"allow": ["* /*"]}, {"deny": ["@admin"]}]));
    let anyone = caller("", &[]);
    for route in [
        "GET /jira/rest/plugins/1.0/",
        "GET /jira/s/x/_/rest/plugins/1.0/",
        "GET /jira/S/1/2/_/rest/plugins/1.0/",
        "GET /jira/s/_/rest/plugins/1.0/",
        "GET /jira/s/x/%5F/rest/plugins/1.0/",
        "GET /jira/REST/Plugins/1.0/",
        "GET /jira/rest/plugins;x/1.0/",
        "GET /jira/rest;x=1/plugins/1.0/",
        "GET /jira/rest//plugins/1.0/",
        "GET /jira/rest/./plugins/1.0/",
        "GET /jira/rest/plug%69ns/1.0/",
        "GET /jira/rest/plug%2569ns/1.0/",
        "GET /jira/rest%2Fplugins/1.0/",
        "GET /jira/rest%252Fplugins/1.0/",
        "GET /jira/rest\\plugins/1.0/",
        "GET /jira/rest/api/2/..;/..;/plugins/1.0/",
        "GET /jira/rest/api/2/application%2dproperties",
        "POST /jira/rest/pat/latest/tokens",
        "POST /jira/secure/admin/AddUser.jspa",
        "POST /jira/secure/%61dmin/AddUser.jspa",
        "POST /jira/rest/AddUser.jspa",
        "DELETE /jira/rest/api/2/user.json",
        "POST /jira/rest/auth/1/session",
    ] {
        let ruling = ruling(&jira, &anyone, route);
        assert_eq!(ruling, Some(Ruling::Denied(1, None)), "{route}");
    }
    for route in [
        "GET /jira/rest/api/2/issue/A-1",
        "POST /jira/rest/api/2/search",
        "GET /jira/rest/api/2/issue/A%20B/%C3%A9",
    ] {
        assert!(is_allowed(&jira, &anyone, route), "{route}");
    }
}

#[test]
fn an_exact_deny_meets_what_atlassian_takes_for_it() {
    let anyone = caller("", &[]);
    for denied in ["user", "user/"] {
        let deny = format!("POST /rest/api/2/{denied}");
        let jira = jira(&json!([{"allow": ["* /*"]}, {"deny": [deny]}]));
        for spelling in [
            "user",
            "user/",
            "user/.",
            "user.json",
            "user.xml",
            "user.json.xml/",
            "%75ser",
            "USER",
            "user;x=1",
            "./user",
            "user/x",
        ] {
            let route = format!("POST /jira/rest/api/2/{spelling}");
            assert!(!is_allowed(&jira, &anyone, &route), "{route}");
        }
        for route in [
            "GET /jira/rest/api/2/user",
            "POST /jira/rest/api/2/userpicker",
        ] {
            assert!(is_allowed(&jira, &anyone, route), "{route}");
        }
    }
}
