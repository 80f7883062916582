//! Jira Cloud, with Jira Software and Jira Service Management.
//!
//! Sources: `tests/routes/jira*_cloud.tsv`, the REST API documentation of the three, with the
//! permissions that it names, and the undocumented APIs that Jira's own pages call.
//! `/rest/api/2` and `/rest/api/3` hold the same routes. A route that needs the permission
//! Administer Jira or Administer Projects is administration, unless it only parses JQL or names
//! statuses.

use super::Lists;

pub(super) const LISTS: Lists = Lists {
    admin: &[
        // Whatever reaches everything by one path: GraphQL, the gateway to all of Atlassian's
        // services, remote procedure calls, proxies, and the actions of the old pages.
        ("*", "/gateway/*"),
        ("*", "/graphql*"),
        ("*", "/jsw/graphql*"),
        ("*", "/jsw2/graphql*"),
        ("*", "/rest/gira*"),
        ("*", "/rest/graphql*"),
        ("*", "/rest/gadgets/*makeRequest*"),
        ("*", "/rpc/*"),
        ("*", "/*.jspa"),
        // Pages of administration. Apps have no servlets of their own on Cloud, so all servlets
        // are Atlassian's: the plugin manager, application links, OAuth, tokens for apps' pages.
        ("*", "/admin"),
        ("*", "/admin/*"),
        ("*", "/jira/settings"),
        ("*", "/jira/settings/*"),
        ("*", "/plugins/servlet/*"),
        ("*", "/secure/admin"),
        ("*", "/secure/admin/*"),
        ("*", "/secure/project/*"),
        // Sessions of customers.
        ("*", "/servicedesk/customer/user/*"),
        ("*", "/servicedesk/customer/portal/{portal}/user/*"),
        // Credentials, links to other applications, apps, webhooks, users, mail, backups, imports.
        ("*", "/rest/access-tokens/*"),
        ("*", "/rest/admin/*"),
        ("*", "/rest/applinks/*"),
        ("*", "/rest/atlassian-connect/*"),
        ("*", "/rest/auth*"),
        ("*", "/rest/backup/*"),
        ("*", "/rest/bitbucket/*"),
        ("*", "/rest/forge/*"),
        ("*", "/rest/jira-email-processor-plugin/*"),
        ("*", "/rest/jira-importers-plugin/*"),
        ("*", "/rest/oauth*"),
        ("*", "/rest/obm/*"),
        ("*", "/rest/pat/*"),
        ("*", "/rest/plugins/*"),
        ("*", "/rest/troubleshooting/*"),
        ("*", "/rest/um/*"),
        ("*", "/rest/usermanagement/*"),
        ("*", "/rest/webhooks/*"),
        // Undocumented APIs of Jira's pages, settings of projects and workflows among them.
        ("*", "/rest/internal/*"),
        ("*", "/rest/project-templates/*"),
        ("*", "/rest/projectconfig/*"),
        ("*", "/rest/servicedesk/*"),
        ("*", "/rest/simplified/*"),
        ("*", "/rest/workflowDesigner/*"),
        // Settings of the site, licences, audit.
        ("*", "/rest/api/{version}/announcementBanner"),
        ("*", "/rest/api/{version}/application-properties*"),
        ("*", "/rest/api/{version}/applicationrole*"),
        ("*", "/rest/api/{version}/auditing/*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/configuration"),
        ("*", "/rest/api/{version}/configuration/*"),
        ("*", "/rest/api/{version}/events"),
        ("*", "/rest/api/{version}/instance/*"),
        ("*", "/rest/api/{version}/license/*"),
        ("*", "/rest/api/{version}/settings*"),
        ("*", "/rest/api/{version}/webhook*"),
        // Apps: their panels, their changes of forms.
        ("*", "/rest/api/{version}/forge/*"),
        ("*", "/rest/api/{version}/uiModifications*"),
        // Users and groups, but for pickers and for what users set themselves.
        ("*", "/rest/api/{version}/group"),
        ("*", "/rest/api/{version}/group/*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/user"),
        ("*", "/rest/api/{version}/user/email*"),
        ("*", "/rest/api/{version}/user/groups"),
        (
            "POST PUT PATCH DELETE",
            "/rest/api/{version}/user/nav4-opt-property/*",
        ),
        ("*", "/rest/api/{version}/user/permission/search"),
        (
            "POST PUT PATCH DELETE",
            "/rest/api/{version}/user/properties/*",
        ),
        ("*", "/rest/api/{version}/users*"),
        // Roles, schemes of permissions, of security levels, of notifications.
        ("*", "/rest/api/{version}/issuesecurityschemes*"),
        ("*", "/rest/api/{version}/notificationscheme*"),
        ("*", "/rest/api/{version}/permissionscheme*"),
        ("*", "/rest/api/{version}/role*"),
        // Fields and screens. All users see which fields there are, and the options offered them.
        ("*", "/rest/api/{version}/app/field/context/*"),
        ("*", "/rest/api/{version}/app/field/{field}/context/*"),
        ("*", "/rest/api/{version}/config"),
        ("*", "/rest/api/{version}/config/*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/field*"),
        ("GET", "/rest/api/{version}/field/search/trashed"),
        ("GET", "/rest/api/{version}/field/{field}/association*"),
        ("GET", "/rest/api/{version}/field/{field}/context*"),
        ("GET", "/rest/api/{version}/field/{field}/option"),
        ("GET", "/rest/api/{version}/field/{field}/option/{option}"),
        ("GET", "/rest/api/{version}/field/{field}/screens"),
        ("*", "/rest/api/{version}/fieldconfiguration*"),
        ("*", "/rest/api/{version}/screens*"),
        ("*", "/rest/api/{version}/screenscheme*"),
        // Issue types, link types, priorities, resolutions, statuses, which all users see.
        (
            "POST PUT PATCH DELETE",
            "/rest/api/{version}/issueLinkType*",
        ),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/issuetype*"),
        ("*", "/rest/api/{version}/issuetypescheme*"),
        ("*", "/rest/api/{version}/issuetypescreenscheme*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/priority*"),
        ("*", "/rest/api/{version}/priorityscheme*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/resolution*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/statuses*"),
        ("GET", "/rest/api/{version}/statuses/{status}/*"),
        // Workflows and their schemes, also as previews.
        ("*", "/rest/api/{version}/workflow*"),
        // Projects, with their components, versions, avatars and properties.
        ("POST PUT PATCH DELETE", "/rest/api/{version}/project*"),
        ("GET", "/rest/api/{version}/project/{id}/issuesecurity*"),
        ("GET", "/rest/api/{version}/project/{id}/notification*"),
        ("GET", "/rest/api/{version}/project/{id}/permission*"),
        ("GET", "/rest/api/{version}/project/{id}/role*"),
        ("*", "/rest/api/{version}/project-template*"),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/component*"),
        (
            "POST PUT PATCH DELETE",
            "/rest/api/{version}/universal_avatar/*",
        ),
        ("POST PUT PATCH DELETE", "/rest/api/{version}/version*"),
        // What only administrators do with issues, plans, and dashboards and filters of others, and
        // who sees a filter.
        ("*", "/rest/api/{version}/dashboard/bulk/*"),
        ("*", "/rest/api/{version}/filter/{id}/owner"),
        (
            "POST PUT PATCH DELETE",
            "/rest/api/{version}/filter/{id}/permission*",
        ),
        ("POST PUT", "/rest/api/{version}/issue/archive"),
        ("PUT", "/rest/api/{version}/issue/unarchive"),
        ("GET", "/rest/api/{version}/issue/limit/report"),
        ("*", "/rest/api/{version}/issues/archive/*"),
        ("*", "/rest/api/{version}/plans/*"),
        ("*", "/rest/api/{version}/redact*"),
        ("*", "/rest/jpo/*"),
        // Boards are configured by their administrators; everyone may create one.
        (
            "POST PUT PATCH DELETE",
            "/rest/agile/{version}/board/{board}",
        ),
        (
            "POST PUT PATCH DELETE",
            "/rest/agile/{version}/board/{board}/features",
        ),
        (
            "POST PUT PATCH DELETE",
            "/rest/agile/{version}/board/{board}/properties/*",
        ),
        ("*", "/rest/greenhopper/{version}/configuration*"),
        (
            "POST PUT PATCH DELETE",
            "/rest/greenhopper/{version}/rapidview*",
        ),
        ("GET", "/rest/greenhopper/{version}/rapidviewconfig*"),
        // Workspaces of tools that the site is linked to.
        ("*", "/rest/operations/{version}/linkedWorkspaces*"),
        ("*", "/rest/security/{version}/linkedWorkspaces*"),
        // Customers and their organizations, request types.
        ("*", "/rest/servicedeskapi/customer*"),
        (
            "POST PUT PATCH DELETE",
            "/rest/servicedeskapi/organization*",
        ),
        (
            "GET",
            "/rest/servicedeskapi/organization/{organization}/user",
        ),
        ("*", "/rest/servicedeskapi/servicedesk/{desk}/customer*"),
        (
            "POST PUT PATCH DELETE",
            "/rest/servicedeskapi/servicedesk/{desk}/organization*",
        ),
        (
            "POST PUT PATCH DELETE",
            "/rest/servicedeskapi/servicedesk/{desk}/requesttype*",
        ),
    ],
    not_admin: &[
        // The name of the user, and what happened lately.
        ("GET", "/plugins/servlet/applinks/whoami"),
        ("GET", "/plugins/servlet/streams"),
        // Reads worklogs by their ids.
        ("POST", "/rest/internal/api/{version}/worklog/bulk"),
        // Links from a version to its work, by who may edit issues.
        (
            "POST PUT DELETE",
            "/rest/api/{version}/version/{id}/relatedwork",
        ),
        (
            "DELETE",
            "/rest/api/{version}/version/{id}/relatedwork/{work}",
        ),
        // Checks who may see request types.
        (
            "POST",
            "/rest/servicedeskapi/servicedesk/{desk}/requesttype/permissions/check",
        ),
    ],
    read: &[
        ("GET", "/rest/*"),
        // Searches and bulk reads.
        ("POST", "/rest/api/{version}/search"),
        ("POST", "/rest/api/{version}/search/approximate-count"),
        ("POST", "/rest/api/{version}/search/id"),
        ("POST", "/rest/api/{version}/search/jql"),
        ("POST", "/rest/api/{version}/changelog/bulkfetch"),
        ("POST", "/rest/api/{version}/comment/list"),
        ("POST", "/rest/api/{version}/issue/bulkfetch"),
        ("POST", "/rest/api/{version}/issue/watching"),
        ("POST", "/rest/api/{version}/issue/{issue}/changelog/list"),
        ("POST", "/rest/api/{version}/worklog/list"),
        ("POST", "/rest/internal/api/{version}/worklog/bulk"),
        ("POST", "/rest/issueNav/{version}/issueTable"),
        // Checks, conversions, evaluations, previews.
        ("POST", "/rest/api/{version}/expression/analyse"),
        ("POST", "/rest/api/{version}/expression/eval"),
        ("POST", "/rest/api/{version}/expression/evaluate"),
        ("POST", "/rest/api/{version}/jql/autocompletedata"),
        (
            "POST",
            "/rest/api/{version}/jql/function/computation/search",
        ),
        ("POST", "/rest/api/{version}/jql/match"),
        ("POST", "/rest/api/{version}/jql/parse"),
        ("POST", "/rest/api/{version}/jql/pdcleaner"),
        ("POST", "/rest/api/{version}/jql/sanitize"),
        ("POST", "/rest/api/{version}/permissions/check"),
        ("POST", "/rest/api/{version}/permissions/project"),
        ("POST", "/rest/api/{version}/render"),
        (
            "POST",
            "/rest/servicedeskapi/servicedesk/{desk}/requesttype/permissions/check",
        ),
        // Files, avatars, views of issues as XML, pages of issues and of the customer portal,
        // activity.
        ("GET", "/activity"),
        ("GET", "/browse/*"),
        ("GET", "/plugins/servlet/applinks/whoami"),
        ("GET", "/plugins/servlet/streams"),
        ("GET", "/secure/attachment/*"),
        ("GET", "/secure/attachmentzip/*"),
        ("GET", "/secure/projectavatar"),
        ("GET", "/secure/thumbnail/*"),
        ("GET", "/secure/useravatar"),
        ("GET", "/secure/viewavatar"),
        ("GET", "/servicedesk/customer/portal/*"),
        ("GET", "/servicedesk/customer/portals"),
        ("GET", "/servicedesk/customershim/secure/attachment/*"),
        ("GET", "/servicedesk/customershim/secure/thumbnail/*"),
        ("GET", "/si/*"),
        ("GET", "/sr/*"),
    ],
    write: &[("POST PUT PATCH DELETE", "/rest/*")],
    git: &[],
    // Any path may end in `.jspa`: these few denials serve for all patterns.
    plain_read: &[
        ("GET", "/rest/api/{v}/issue/*"),
        ("GET", "/rest/api/{v}/search/jql"),
        ("GET", "/rest/api/3/project/*"),
        ("GET", "/rest/api/3/myself"),
        ("GET", "/rest/api/3/serverInfo"),
        ("GET", "/rest/api/3/field"),
        ("GET", "/rest/api/3/status"),
        ("GET", "/rest/api/3/issuetype"),
        ("GET", "/rest/api/3/user"),
        ("GET", "/rest/api/3/user/search"),
        ("GET", "/rest/api/3/attachment/*"),
        ("GET", "/rest/agile/1.0/*"),
        ("GET", "/rest/servicedeskapi/request*"),
        ("GET", "/secure/attachment/*"),
        ("POST", "/rest/api/{v}/search/jql"),
    ],
    plain_write: &[
        ("POST", "/rest/api/{v}/issue"),
        ("POST PUT DELETE", "/rest/api/{v}/issue/*"),
        ("POST", "/rest/api/3/issueLink"),
        ("POST", "/rest/agile/1.0/sprint/*"),
        ("POST", "/rest/servicedeskapi/request*"),
    ],
};
