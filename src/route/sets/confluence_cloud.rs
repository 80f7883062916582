//! Confluence Cloud, below `/wiki`.
//!
//! Sources: both versions of the REST API of Confluence Cloud and its clients. `/wiki/rest/api` has
//! no version; `/wiki/rest/api/latest` is the same.

use super::{Listed, Lists};

pub(super) const LISTS: Lists = Lists {
    admin: ADMIN,
    not_admin: &[],
    read: READ,
    write: WRITE,
    git: &[],
    plain_read: PLAIN_READ,
    plain_write: PLAIN_WRITE,
};

const ADMIN: &[Listed] = &[
    // Actions read, write and administrate alike, below any path.
    ("*", "/wiki/*.action"),
    ("*", "/wiki/admin"),
    ("*", "/wiki/admin/*"),
    ("*", "/wiki/setup"),
    ("*", "/wiki/setup/*"),
    // One path reaches everything: remote procedures, GraphQL, proxies.
    ("*", "/wiki/rpc"),
    ("*", "/wiki/rpc/*"),
    ("*", "/wiki/graphql*"),
    ("*", "/wiki/cgraphql*"),
    ("*", "/wiki/rest/graphql*"),
    ("*", "/graphql*"),
    ("*", "/cgraphql*"),
    ("*", "/wiki/plugins/servlet/gadgets/makeRequest*"),
    ("*", "/wiki/rest/gadgets/*makeRequest*"),
    // Jira, the gateway and the site's administration have the same host.
    ("*", "/gateway/*"),
    ("*", "/rest/*"),
    ("*", "/admin"),
    ("*", "/admin/*"),
    // Sessions and tokens.
    ("*", "/wiki/rest/auth/*"),
    ("*", "/wiki/rest/oauth*"),
    ("*", "/wiki/rest/pat/*"),
    ("*", "/wiki/rest/token-auth/*"),
    ("*", "/wiki/plugins/servlet/oauth*"),
    // Apps, links to other applications, webhooks, scripts.
    ("*", "/wiki/rest/plugins"),
    ("*", "/wiki/rest/plugins/*"),
    ("*", "/wiki/plugins/servlet/upm*"),
    ("*", "/wiki/rest/atlassian-connect/*"),
    ("*", "/wiki/rest/applinks*"),
    ("*", "/wiki/plugins/servlet/applinks*"),
    ("*", "/wiki/rest/webhooks/*"),
    ("*", "/wiki/rest/scriptrunner*"),
    // The system: licences, index, caches, migration.
    ("*", "/wiki/rest/license/*"),
    ("*", "/wiki/rest/cacheManagement/*"),
    ("*", "/wiki/rest/prototype/{version}/index*"),
    ("*", "/wiki/rest/troubleshooting/*"),
    ("*", "/wiki/rest/migration*"),
    // Spaces from blueprints, templates for all, sidebars of spaces.
    (
        "POST PUT PATCH DELETE",
        "/wiki/rest/create-dialog/{version}/space-blueprint*",
    ),
    (
        "POST PUT PATCH DELETE",
        "/wiki/rest/create-dialog/{version}/promotion*",
    ),
    ("POST PUT PATCH DELETE", "/wiki/rest/ia/*"),
    // Version 2: keys, roles, policies, invitations, and whatever changes a space.
    ("*", "/wiki/api/v2/admin-key*"),
    ("*", "/wiki/api/v2/app/*"),
    ("*", "/wiki/api/v2/data-policies*"),
    ("*", "/wiki/api/v2/space-permissions*"),
    ("*", "/wiki/api/v2/space-role*"),
    ("*", "/wiki/api/v2/user/access/*"),
    ("POST PUT PATCH DELETE", "/wiki/api/v2/spaces*"),
    ("GET", "/wiki/api/v2/spaces/{id}/permissions*"),
    ("GET", "/wiki/api/v2/spaces/{id}/role-assignments*"),
    // Redaction removes content for good.
    ("POST", "/wiki/api/v2/blogposts/{id}/redact"),
    ("POST", "/wiki/api/v2/pages/{id}/redact"),
    // Version 1: users, groups, the site.
    ("*", "/wiki/rest/api/admin"),
    ("*", "/wiki/rest/api/admin/*"),
    ("*", "/wiki/rest/api/audit*"),
    ("*", "/wiki/rest/api/settings*"),
    ("*", "/wiki/rest/api/user/email*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/template*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/group*"),
    ("GET", "/wiki/rest/api/group/member*"),
    ("GET", "/wiki/rest/api/group/*/member*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/user"),
    // Whatever changes a space is its administrators', properties and labels included.
    ("POST PUT PATCH DELETE", "/wiki/rest/api/space*"),
    ("GET", "/wiki/rest/api/space/{key}/permission"),
    ("GET", "/wiki/rest/api/space/{key}/permission/*"),
    ("GET", "/wiki/rest/api/space/{key}/state/settings"),
    // Who may see and change a page.
    (
        "POST PUT PATCH DELETE",
        "/wiki/rest/api/content/{id}/restriction",
    ),
    (
        "PUT PATCH DELETE",
        "/wiki/rest/api/content/{id}/restriction/*",
    ),
    // The same as latest.
    ("*", "/wiki/rest/api/latest/admin"),
    ("*", "/wiki/rest/api/latest/admin/*"),
    ("*", "/wiki/rest/api/latest/audit*"),
    ("*", "/wiki/rest/api/latest/settings*"),
    ("*", "/wiki/rest/api/latest/user/email*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/latest/template*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/latest/group*"),
    ("GET", "/wiki/rest/api/latest/group/member*"),
    ("GET", "/wiki/rest/api/latest/group/*/member*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/latest/user"),
    ("POST PUT PATCH DELETE", "/wiki/rest/api/latest/space*"),
    ("GET", "/wiki/rest/api/latest/space/{key}/permission"),
    ("GET", "/wiki/rest/api/latest/space/{key}/permission/*"),
    ("GET", "/wiki/rest/api/latest/space/{key}/state/settings"),
    (
        "POST PUT PATCH DELETE",
        "/wiki/rest/api/latest/content/{id}/restriction",
    ),
    (
        "PUT PATCH DELETE",
        "/wiki/rest/api/latest/content/{id}/restriction/*",
    ),
    // The experimental API mixes restrictions, templates, groups and content.
    ("POST PUT PATCH DELETE", "/wiki/rest/experimental/*"),
    ("GET", "/wiki/rest/experimental/*/member*"),
    ("GET", "/wiki/rest/experimental/space/*/permission*"),
];

const READ: &[Listed] = &[
    ("GET", "/wiki/api/v2/*"),
    ("POST", "/wiki/api/v2/content/convert-ids-to-types"),
    ("POST", "/wiki/api/v2/users-bulk"),
    ("GET", "/wiki/rest/*"),
    ("POST", "/wiki/rest/api/content/{id}/permission/check"),
    ("POST", "/wiki/rest/api/contentbody/convert/*"),
    (
        "POST",
        "/wiki/rest/api/latest/content/{id}/permission/check",
    ),
    ("POST", "/wiki/rest/api/latest/contentbody/convert/*"),
    ("POST", "/wiki/rest/webResources/{version}/resources"),
    ("GET", "/wiki/download/*"),
];

// A version that is unknown here, such as `/wiki/api/v3`, is in no set.
const WRITE: &[Listed] = &[
    ("POST PUT PATCH DELETE", "/wiki/api/v2/*"),
    ("POST PUT PATCH DELETE", "/wiki/rest/*"),
];

// Any path may end in `.action`: these few denials serve for all patterns.
const PLAIN_READ: &[Listed] = &[
    ("GET", "/wiki/api/v2/pages*"),
    ("GET", "/wiki/api/v2/blogposts*"),
    ("GET", "/wiki/api/v2/spaces*"),
    ("GET", "/wiki/api/v2/attachments*"),
    ("GET", "/wiki/api/v2/footer-comments*"),
    ("GET", "/wiki/api/v2/inline-comments*"),
    ("GET", "/wiki/api/v2/tasks*"),
    ("GET", "/wiki/rest/api/content*"),
    ("GET", "/wiki/rest/api/search*"),
    ("GET", "/wiki/rest/api/space*"),
    ("GET", "/wiki/rest/api/user*"),
    ("GET", "/wiki/download/*"),
    ("POST", "/wiki/rest/api/contentbody/convert/*"),
];

const PLAIN_WRITE: &[Listed] = &[
    ("POST PUT DELETE", "/wiki/api/v2/pages*"),
    ("POST", "/wiki/api/v2/blogposts"),
    ("POST PUT DELETE", "/wiki/api/v2/footer-comments*"),
    ("POST", "/wiki/rest/api/content"),
    ("POST PUT DELETE", "/wiki/rest/api/content/*"),
];
