//! Bitbucket Data Center, with its bundled apps.
//!
//! Sources: Atlassian's REST reference of Bitbucket Data Center, the pages and servlets that the
//! product links to, Git's smart HTTP protocol and the API of Git LFS.
//!
//! A branch, a tag or a file can have any name with slashes, so what administers a repository is
//! matched from its beginning, one segment after the other. `{owners}` is `projects`, or `users` in
//! the other address of a personal repository.

use super::{Listed, Lists};

pub(super) const LISTS: Lists = Lists {
    admin: ADMIN,
    not_admin: &[
        // The name of the caller.
        ("GET", "/plugins/servlet/applinks/whoami"),
        // Whom a new pull request needs.
        (
            "GET",
            "/rest/default-reviewers/{version}/{owners}/{owner}/repos/{repo}/reviewers",
        ),
        // Where to clone from, and the caller's own choice of it.
        ("GET", "/rest/mirroring/{version}/mirrorServers"),
        ("GET", "/rest/mirroring/{version}/repos/{repo}/mirrors"),
        (
            "*",
            "/rest/mirroring/{version}/account/settings/preferred-mirror",
        ),
    ],
    read: &[
        ("GET", "/rest/*"),
        // What asks by POST.
        ("POST", "/rest/api/{version}/markup/preview"),
        ("POST", "/rest/build-status/{version}/commits/stats"),
        ("POST", "/rest/search/{version}/search"),
        // Files, archives, attachments and avatars.
        ("GET", "/projects/{project}/repos/{repo}/raw/*"),
        ("GET", "/projects/{project}/repos/{repo}/browse"),
        ("GET", "/projects/{project}/repos/{repo}/browse/*"),
        ("GET", "/projects/{project}/repos/{repo}/archive"),
        ("GET", "/projects/{project}/repos/{repo}/attachments/*"),
        ("GET", "/projects/{project}/avatar.png"),
        ("GET", "/users/{user}/repos/{repo}/raw/*"),
        ("GET", "/users/{user}/repos/{repo}/browse"),
        ("GET", "/users/{user}/repos/{repo}/browse/*"),
        ("GET", "/users/{user}/repos/{repo}/archive"),
        ("GET", "/users/{user}/repos/{repo}/attachments/*"),
        ("GET", "/users/{user}/avatar.png"),
        ("GET", "/plugins/servlet/applinks/whoami"),
        ("GET", "/status"),
        // Clone and fetch.
        ("GET", "/scm/*/info/refs"),
        ("POST", "/scm/*/git-upload-pack"),
        ("GET", "/scm/*/info/lfs/objects/*"),
        ("GET", "/scm/*/info/lfs/locks"),
    ],
    write: &[
        ("POST PUT PATCH DELETE", "/rest/*"),
        ("POST", "/projects/{project}/repos/{repo}/attachments"),
        ("POST", "/users/{user}/repos/{repo}/attachments"),
        // Push. A batch of LFS precedes downloads too, but can't be distinguished from that of
        // uploads.
        ("POST", "/scm/*/git-receive-pack"),
        ("POST PUT", "/scm/*/info/lfs/objects/*"),
        ("POST", "/scm/*/info/lfs/locks"),
        ("POST", "/scm/*/info/lfs/locks/*"),
    ],
    git: &[
        ("GET", "/scm/*/info/refs"),
        ("POST", "/scm/*/git-upload-pack"),
        ("POST", "/scm/*/git-receive-pack"),
        ("GET POST PUT", "/scm/*/info/lfs/objects/*"),
        ("GET POST", "/scm/*/info/lfs/locks"),
        ("POST", "/scm/*/info/lfs/locks/*"),
        // Where a batch of LFS sends the client.
        ("GET POST PUT", "/rest/git-lfs/storage/*"),
    ],
    // A file or a folder that is named as a repository's settings, permissions or hooks are is refused
    // below `/rest/api`. Below `/projects` it is not.
    plain_read: &[
        ("GET", "/rest/api/1.0/projects"),
        ("GET", "/rest/api/latest/projects"),
        ("GET", "/rest/api/1.0/projects/*"),
        ("GET", "/rest/api/latest/projects/*"),
        ("GET", "/rest/api/1.0/repos"),
        ("POST", "/rest/search/latest/search"),
        ("GET", "/rest/api/1.0/dashboard/pull-requests"),
        ("GET", "/rest/api/1.0/application-properties"),
        ("GET", "/rest/build-status/*"),
        ("GET", "/projects/{p}/repos/{r}/raw/*"),
        ("GET", "/scm/*/info/refs"),
        ("GET", "/scm/*/info/lfs/objects/*"),
        ("POST", "/scm/*/git-upload-pack"),
    ],
    plain_write: &[
        (
            "POST PUT",
            "/rest/api/{v}/projects/{p}/repos/{r}/pull-requests*",
        ),
        ("POST", "/rest/build-status/*"),
        ("POST", "/scm/*/git-receive-pack"),
        ("PUT", "/scm/*/info/lfs/objects/*"),
    ],
};

const ADMIN: &[Listed] = &[
    // Modules of the platform that all three products are made of.
    ("*", "/rest/basicauth*"),
    ("*", "/rest/datapipeline*"),
    ("*", "/rest/activity-stream/{version}/url*"),
    ("*", "/rest/stp*"),
    ("*", "/rest/atlassian-cluster-monitoring*"),
    ("*", "/rest/zdu*"),
    ("*", "/rest/allowlist*"),
    ("*", "/rest/whitelist*"),
    ("*", "/rest/secrets*"),
    ("*", "/rest/appmanagement*"),
    ("*", "/rest/troubleshooting*"),
    ("*", "/rest/authconfig*"),
    ("*", "/rest/rate-limit*"),
    ("*", "/rest/pat"),
    ("*", "/rest/auth"),
    ("*", "/rest/plugins"),
    ("*", "/rest/webhooks*"),
    ("*", "/rest/analytics*"),
    ("*", "/rest/usermanagement*"),
    // The instance.
    ("*", "/rest/api/{version}/admin*"),
    ("*", "/rest/api/{version}/hook-scripts*"),
    ("*", "/rest/api/{version}/logs*"),
    ("*", "/rest/api/{version}/migration*"),
    ("*", "/rest/api/{version}/secret-scanning*"),
    ("*", "/rest/api/{version}/signing*"),
    ("*", "/rest/api/{version}/system-signing*"),
    // A password. The rest of a user's own profile is no administration.
    ("*", "/rest/api/{version}/users/credentials"),
    // Projects. A user's `settings` are the user's own, what is below them would be a project's.
    ("POST PUT PATCH DELETE", "/rest/api/{version}/projects"),
    (
        "POST PUT PATCH DELETE",
        "/rest/api/{version}/projects/{project}",
    ),
    (
        "POST PUT PATCH DELETE",
        "/rest/api/{version}/projects/{project}/avatar.png",
    ),
    ("*", "/rest/api/{version}/projects/{project}/settings*"),
    ("*", "/rest/api/{version}/users/{user}/settings/{name}*"),
    ("*", "/rest/api/{version}/{owners}/{owner}/hook-scripts*"),
    ("*", "/rest/api/{version}/{owners}/{owner}/permissions*"),
    ("*", "/rest/api/{version}/{owners}/{owner}/secret-scanning*"),
    ("*", "/rest/api/{version}/{owners}/{owner}/webhooks*"),
    // Repositories. A POST to one forks it, which users do.
    (
        "POST PUT PATCH DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos",
    ),
    (
        "PUT PATCH DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}",
    ),
    (
        "POST PUT PATCH DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/branches/default",
    ),
    (
        "POST PUT PATCH DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/default-branch",
    ),
    (
        "POST PUT PATCH DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/labels*",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/hook-scripts*",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/permissions*",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/recreate",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/ref-change-activities*",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/secret-scanning*",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/settings*",
    ),
    (
        "*",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/webhooks*",
    ),
    // Builds report their state; only administrators take it back.
    (
        "DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/commits/{commit}/builds",
    ),
    (
        "DELETE",
        "/rest/api/{version}/{owners}/{owner}/repos/{repo}/commits/{commit}/deployments",
    ),
    // What has modules of its own: the branching model, merge checks, reviewers, tasks, forks, LFS.
    (
        "*",
        "/rest/branch-utils/{version}/{owners}/{owner}/branchmodel/configuration",
    ),
    (
        "*",
        "/rest/branch-utils/{version}/{owners}/{owner}/repos/{repo}/branchmodel/configuration",
    ),
    (
        "*",
        "/rest/branch-utils/{version}/{owners}/{owner}/repos/{repo}/automerge/enabled",
    ),
    ("*", "/rest/insights/{version}/{owners}/{owner}/settings/*"),
    (
        "*",
        "/rest/insights/{version}/{owners}/{owner}/repos/{repo}/settings/*",
    ),
    ("*", "/rest/branch-permissions/*"),
    ("*", "/rest/default-reviewers/*"),
    ("*", "/rest/default-tasks/*"),
    ("*", "/rest/required-builds/*"),
    (
        "POST PUT PATCH DELETE",
        "/rest/sync/{version}/{owners}/{owner}/repos/{repo}",
    ),
    ("*", "/rest/git-lfs/admin"),
    ("*", "/rest/git-lfs/admin/*"),
    // Keys, tokens, sessions.
    ("*", "/rest/access-tokens/*"),
    ("*", "/rest/admin"),
    ("*", "/rest/admin/*"),
    ("*", "/rest/auth/*"),
    ("*", "/rest/gpg/*"),
    ("*", "/rest/keys/*"),
    ("*", "/rest/oauth*"),
    ("*", "/rest/pat/*"),
    ("*", "/rest/ssh/*"),
    ("*", "/rest/trusted-apps/*"),
    ("*", "/rest/tsv/*"),
    ("*", "/rest/websudo/*"),
    ("*", "/j_atl_security_check*"),
    ("*", "/account"),
    ("*", "/account/*"),
    ("*", "/login"),
    ("*", "/passwordreset*"),
    ("*", "/signup*"),
    // Atlassian's administrative modules.
    ("*", "/rest/applinks*"),
    ("*", "/rest/audit*"),
    ("*", "/rest/crowd/*"),
    ("*", "/rest/csp/*"),
    ("*", "/rest/custom-apps/*"),
    ("*", "/rest/diagnostics/*"),
    ("*", "/rest/embedded-crowd/*"),
    ("*", "/rest/healthchecks/*"),
    ("*", "/rest/indexing/*"),
    ("*", "/rest/jira-dev/{version}/devinfo-backfill*"),
    ("*", "/rest/license/*"),
    ("*", "/rest/mirroring/*"),
    ("*", "/rest/plugins/*"),
    ("*", "/rest/policies/*"),
    ("*", "/rest/scriptrunner*"),
    ("*", "/rest/supportHealthCheck/*"),
    ("*", "/rest/upm*"),
    // Pages that administer, and `/mvc`, under which all pages and the backup client's routes are.
    ("*", "/admin"),
    ("*", "/admin/*"),
    ("*", "/secure/admin/*"),
    ("*", "/setup*"),
    ("*", "/maintenance*"),
    ("*", "/mvc*"),
    ("POST", "/projects"),
    ("POST", "/projects/{project}/repos"),
    ("*", "/projects/{project}/permissions*"),
    ("*", "/projects/{project}/settings*"),
    ("*", "/projects/{project}/repos/{repo}/permissions*"),
    ("*", "/projects/{project}/repos/{repo}/settings*"),
    ("*", "/users/{user}/repos/{repo}/permissions*"),
    ("*", "/users/{user}/repos/{repo}/settings*"),
    // Servlets: plugins, application links and their proxy, OAuth, keys, tokens, consoles.
    ("*", "/plugins/servlet*"),
    // What reaches everything by one path.
    ("*", "/graphql*"),
    ("*", "/gateway/api/graphql*"),
    ("*", "/rest/graphql*"),
    ("*", "/rest/gadgets/*makeRequest*"),
    ("*", "/rpc/*"),
];
