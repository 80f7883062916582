//! Bitbucket Cloud: its REST API, which is below `/2.0`.
//!
//! Sources: Atlassian's REST reference of Bitbucket Cloud, and its documentation of the API 1.0.
//!
//! A branch, a tag or a file can have any name with slashes, so what administers a repository is
//! matched from its beginning, one segment after the other. Git is served by another host.

use super::{Listed, Lists};

pub(super) const LISTS: Lists = Lists {
    admin: ADMIN,
    not_admin: &[
        // The keys that Bitbucket publishes for those who trust its pipelines.
        (
            "GET",
            "/2.0/workspaces/{workspace}/pipelines-config/identity/oidc/*",
        ),
    ],
    read: &[
        ("GET", "/2.0/*"),
        // Long lists of commits are asked for by POST.
        ("POST", "/2.0/repositories/{workspace}/{repo}/commits"),
        ("POST", "/2.0/repositories/{workspace}/{repo}/commits/*"),
    ],
    write: &[("POST PUT PATCH DELETE", "/2.0/*")],
    git: &[],
    // A file or a folder that is named as a repository's hooks or keys are is refused.
    plain_read: &[
        ("GET", "/2.0/repositories"),
        ("GET", "/2.0/repositories/*"),
        ("GET", "/2.0/pullrequests/*"),
        ("GET", "/2.0/user"),
        ("GET", "/2.0/user/*"),
        ("GET", "/2.0/workspaces"),
        ("GET", "/2.0/workspaces/{w}/projects"),
    ],
    plain_write: &[
        (
            "POST PUT",
            "/2.0/repositories/{workspace}/{repo}/pullrequests*",
        ),
        ("POST", "/2.0/repositories/{workspace}/{repo}/refs/*"),
        ("POST", "/2.0/repositories/{workspace}/{repo}/commit/*"),
        ("POST", "/2.0/repositories/{workspace}/{repo}/issues"),
        ("POST", "/2.0/repositories/{workspace}/{repo}/pipelines"),
    ],
};

const ADMIN: &[Listed] = &[
    // Repositories.
    (
        "POST PUT PATCH DELETE",
        "/2.0/repositories/{workspace}/{repo}",
    ),
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/branch-restrictions*",
    ),
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/branching-model/settings*",
    ),
    (
        "POST PUT PATCH DELETE",
        "/2.0/repositories/{workspace}/{repo}/default-reviewers*",
    ),
    ("*", "/2.0/repositories/{workspace}/{repo}/deploy-keys*"),
    ("*", "/2.0/repositories/{workspace}/{repo}/hooks*"),
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/override-settings*",
    ),
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/permissions-config*",
    ),
    // All issues at once.
    ("*", "/2.0/repositories/{workspace}/{repo}/issues/export*"),
    ("*", "/2.0/repositories/{workspace}/{repo}/issues/import*"),
    // Pipelines: variables, keys, schedules, runners, caches. To run one is no administration.
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/deployments_config*",
    ),
    (
        "POST PUT PATCH DELETE",
        "/2.0/repositories/{workspace}/{repo}/environments*",
    ),
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/pipelines-config*",
    ),
    (
        "*",
        "/2.0/repositories/{workspace}/{repo}/pipelines_config*",
    ),
    // Workspaces and their projects: all that changes them, and what shows their administration.
    ("POST PUT PATCH DELETE", "/2.0/workspaces"),
    ("POST PUT PATCH DELETE", "/2.0/workspaces/*"),
    ("*", "/2.0/workspaces/{workspace}/hooks*"),
    ("*", "/2.0/workspaces/{workspace}/permissions*"),
    ("*", "/2.0/workspaces/{workspace}/pipelines-config*"),
    ("*", "/2.0/workspaces/{workspace}/pipelines_config*"),
    (
        "*",
        "/2.0/workspaces/{workspace}/projects/{project}/branching-model/settings*",
    ),
    (
        "*",
        "/2.0/workspaces/{workspace}/projects/{project}/deploy-keys*",
    ),
    (
        "*",
        "/2.0/workspaces/{workspace}/projects/{project}/permissions-config*",
    ),
    // Teams, the workspaces of former days.
    ("POST PUT PATCH DELETE", "/2.0/teams*"),
    ("*", "/2.0/teams/{team}/hooks*"),
    ("*", "/2.0/teams/{team}/permissions*"),
    ("*", "/2.0/teams/{team}/pipelines*"),
    // Users: keys, webhooks, variables of pipelines.
    ("*", "/2.0/users/{user}/gpg-keys*"),
    ("*", "/2.0/users/{user}/hooks*"),
    ("*", "/2.0/users/{user}/pipelines*"),
    ("*", "/2.0/users/{user}/ssh-keys*"),
    // The installation of an app.
    ("*", "/2.0/addon*"),
    // The API 1.0: groups, privileges, invitations, consumers.
    ("*", "/1.0*"),
    // OAuth, accounts, and the API by other addresses.
    ("*", "/site/oauth2/*"),
    ("*", "/account*"),
    ("*", "/!api*"),
    ("*", "/api/*"),
    ("*", "/internal/*"),
    // What reaches everything by one path.
    ("*", "/graphql*"),
    ("*", "/gateway/api/graphql*"),
];
