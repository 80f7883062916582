//! Paths that hold names: what is sent arrives as it was sent.

use serde_json::json;

use super::Scene;
use crate::gateway::clients::{python, run};
use crate::gateway::reads_and_writes;
use crate::gateway::sent_on::raw;

/// What is allowed, and arrives at the product.
const ALLOWED: [&str; 38] = [
    // Branches, tags and files, as pages of Bitbucket and its clients ask for them.
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/branches?filterText=feature%2Fx&base=refs%2Fheads%2Fmain",
    "GET /bitbucket/rest/api/latest/projects/P/repos/r/branches?start=0&limit=25",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/browse/src%2Fadmin%2Fx.py?at=refs%2Fheads%2Ffeature%2Fx",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/browse/src/admin/x.py?at=feature/x",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/files/settings/permissions?at=feature%2Fx",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/raw/settings%2Fa%20b.txt?at=v1..v2",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/raw/100%25.txt",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/raw/%5Bx%5D%2F%E4%B8%AD.txt",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/raw/a..b/.gitignore",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/tags?filterText=v1..v2",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/tags/v1..v2",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/tags/release%2Fv1..v2",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/commits/feature%2Fx",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/commits?until=feature%2Fx&path=src%2Fadmin",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/compare/changes?from=feature%2Fx&to=v1..v2",
    "GET /bitbucket/rest/branch-utils/1.0/projects/P/repos/r/branches/info/0123abcd",
    "GET /bitbucket/projects/P/repos/r/browse/src%2Fadmin%2Fx.py?at=refs%2Fheads%2Ffeature%2Fx",
    "GET /bitbucket/projects/P/repos/r/browse/src/admin/x.py?at=refs%2Fheads%2Ffeature%2Fx",
    "GET /bitbucket/projects/P/repos/r/browse/settings/permissions",
    "GET /bitbucket/projects/P/repos/r/raw/src%2Fadmin%2Fx.py?at=refs%2Ftags%2Fv1..v2",
    "GET /bitbucket/projects/P/repos/r/raw/src/settings/x.py?at=refs%2Ftags%2Fv1..v2",
    "GET /bitbucket/projects/P/repos/r/raw/docs/a+b%20c.md",
    "GET /bitbucket/projects/P/repos/r/archive?at=refs%2Fheads%2Ffeature%2Fx&format=zip",
    "POST /bitbucket/rest/branch-utils/1.0/projects/P/repos/r/branches",
    "DELETE /bitbucket/rest/branch-utils/1.0/projects/P/repos/r/branches",
    // Users, by names that are addresses.
    "GET /bitbucket/rest/api/1.0/users/alice%40example.com",
    "GET /bitbucket/rest/api/1.0/users/alice@example.com",
    "GET /bitbucket/rest/api/1.0/users/~alice",
    "GET /bitbucket/rest/api/1.0/users/alice%40example.com/repos/r/browse/admin",
    "GET /bitbucket/rest/api/1.0/projects/~alice/repos/r/branches",
    "GET /bitbucket/rest/api/1.0/projects/%7Ealice%40example.com/repos",
    "GET /bitbucket/users/alice%40example.com/avatar.png?s=64",
    "GET /bitbucket/users/alice%40example.com/repos/r/raw/a%2Fb.txt",
    "GET /jira/rest/api/2/user?username=alice%40example.com",
    "GET /jira/rest/api/2/user/search?username=alice%40example.com&startAt=0",
    "GET /confluence/rest/api/user/alice%40example.com",
    "GET /confluence/rest/api/user?username=alice%40example.com",
    "GET /confluence/display/~alice%40example.com/Home+page",
];

/// What is refused, and never arrives.
const REFUSED: [&str; 8] = [
    // Administration, in whatever spelling.
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r/settings%2Fhooks",
    "GET /bitbucket/rest/api/1.0/projects/P/repos/r%2Fsettings/hooks",
    "GET /bitbucket/projects/P/repos/r/%73ettings",
    "GET /bitbucket/projects/P/repos/r/raw/..%2Fsettings",
    "GET /bitbucket/projects/P/repos/r/browse/src%2F..%2F..%2Fsettings",
    "PUT /bitbucket/rest/api/1.0/projects/~alice/repos/r",
    "GET /bitbucket/rest/access-tokens/1.0/users/alice%40example.com",
    "POST /jira/rest/api/2/user?username=alice%40example.com",
];

#[tokio::test]
async fn what_is_sent_arrives() {
    let scene = Scene::set(&reads_and_writes(), &[]).await;
    let token = scene.token();
    let mut wrong = Vec::new();
    let allowed = ALLOWED.iter().map(|target| (*target, true));
    for (asked, is_allowed) in allowed.chain(REFUSED.iter().map(|target| (*target, false))) {
        let before = scene.bitbucket.last();
        // Written by hand, as no library may spell it otherwise.
        let request = format!(
            "{asked} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let answer = raw(&scene.local.url, &request).await;
        let status = answer.split(' ').nth(1).unwrap();
        let arrived = scene
            .bitbucket
            .last()
            .filter(|last| Some(last) != before.as_ref());
        let expected = if is_allowed {
            ("200", Some(asked))
        } else {
            ("403", None)
        };
        if (status, arrived.as_deref()) != expected {
            wrong.push(format!("{asked}: {status}, {arrived:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn by_atlassian_python_api() {
    let scene = Scene::set(
        &json!([{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}]),
        &[],
    )
    .await;
    let mut client = python("bitbucket.py");
    client.arg(format!("{}/bitbucket", scene.local.url));
    let printed = run(client, &scene.token()).await;
    assert_eq!(
        printed,
        "branches feature/x\n\
         created feature/x\n\
         files src/admin/x.py\n\
         content print('x')\n\
         content print('x')\n\
         tags feature/x\n\
         tagged v1..v2\n\
         tag ok\n\
         refused 403\n"
    );
}
