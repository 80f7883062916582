//! Routes as rules name them: `GET /rest/*`, `* /rest/api/2/search`, `@read`.

use super::Effect;
use crate::document::ProductKind;

/// The methods that API Gateway has; `ANY` stands for just these.
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
pub(super) const READING: &[&str] = &["GET", "HEAD", "OPTIONS"];
const WRITING: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];

/// Methods and a path in a product.
#[derive(Clone, Debug)]
pub struct Route {
    methods: Methods,
    /// With a slash at its beginning; `*` as in IAM, so it crosses slashes.
    path: String,
    effect: Effect,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Methods {
    /// Each of [`METHODS`], written out, for an Allow: `*` crosses slashes, so `*/jira/*` would
    /// also match `GET/confluence/jira/x`, a path of another product.
    Each,
    /// `*`, for a Deny: one that matches too much is safe, and takes a seventh of the space.
    Any,
    These(Vec<&'static str>),
    /// A WebSocket's `$connect`, which has no path.
    Connect,
}

impl Route {
    /// All methods and paths of a product.
    pub(super) fn everything() -> Self {
        Self::any_method("/*")
    }

    /// All methods of a path.
    pub(super) fn any_method(path: &str) -> Self {
        Self {
            methods: Methods::Each,
            path: path.to_owned(),
            effect: Effect::Allow,
        }
    }

    pub(super) fn is_connect(&self) -> bool {
        self.methods == Methods::Connect
    }

    /// The resources below `arn:…/{stage}/` that the route takes in the product at this path.
    pub fn resources(&self, product: &str) -> Vec<String> {
        let methods: &[&str] = match &self.methods {
            // The whole API, `$connect` included.
            Methods::Each if product.is_empty() && self.path == "/*" => {
                return vec!["*".to_owned()];
            }
            Methods::Connect => return vec!["$connect".to_owned()],
            Methods::Each => &METHODS,
            Methods::Any => &["*"],
            Methods::These(methods) => methods,
        };
        let mut resources = Vec::new();
        for method in methods {
            resources.push(format!("{method}{product}{}", self.path));
            // `/jira` itself belongs to the product whose path it is.
            if self.path == "/*" && !product.is_empty() {
                resources.push(format!("{method}{product}"));
            }
            // Atlassian's REST framework takes `/user/`, `/user.json` and `/user.xml` for `/user`.
            if self.effect == Effect::Deny && !self.path.ends_with('*') {
                resources.push(format!("{method}{product}{}/*", self.path));
                resources.push(format!("{method}{product}{}.*", self.path));
            }
        }
        resources
    }
}

/// The routes that a text of a rule stands for.
///
/// # Errors
///
/// What would be right.
pub fn expand(
    text: &str,
    kind: Option<ProductKind>,
    effect: Effect,
) -> Result<Vec<Route>, &'static str> {
    const RULE: &str = "expected routes such as `GET /rest/*`, `* /rest/api/2/search`, `@read`, `@write`, `@admin` \
         or `$connect`: a method or `*`, a space, and a path that begins with `/`, of printable characters \
         without `?`, for a query is never matched";
    const DENIED: &str = "expected a path of letters, digits, `-._~:@=/` and `*`: other characters can be spelled in \
         several ways, and a rule that denies must meet all of them; use `*` in their place";
    match text {
        "@read" => return Ok(with_effect(read(kind), effect)),
        "@write" => return Ok(with_effect(write(kind), effect)),
        "@admin" if effect == Effect::Allow => {
            return Err(
                "`@admin` can be denied only; expected the routes that administrators need, or `* /*`",
            );
        }
        "@admin" => {
            return admin(kind).ok_or(
                "`@admin` needs the product's kind; expected a field `kind` of `jira`, `confluence` or `bitbucket`",
            );
        }
        "$connect" => {
            return Ok(vec![Route {
                methods: Methods::Connect,
                path: String::new(),
                effect,
            }]);
        }
        _ => {}
    }
    let (method, path) = text.split_once(' ').ok_or(RULE)?;
    let methods = if method == "*" {
        any(effect)
    } else {
        let known = METHODS.into_iter().find(|known| *known == method);
        Methods::These(vec![known.ok_or(RULE)?])
    };
    let printable = |byte: u8| byte.is_ascii_graphic() && !b"\"\\{}?".contains(&byte);
    if !path.starts_with('/') || !path.bytes().all(printable) {
        return Err(RULE);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@=/*".contains(&byte);
    if effect == Effect::Deny && !path.bytes().all(plain) {
        return Err(DENIED);
    }
    Ok(vec![Route {
        methods,
        path: path.to_owned(),
        effect,
    }])
}

fn with_effect(mut routes: Vec<Route>, effect: Effect) -> Vec<Route> {
    for route in &mut routes {
        route.effect = effect;
    }
    routes
}

fn any(effect: Effect) -> Methods {
    match effect {
        Effect::Allow => Methods::Each,
        Effect::Deny => Methods::Any,
    }
}

fn routes(methods: &[&'static str], paths: &[&str]) -> Vec<Route> {
    paths
        .iter()
        .map(|path| Route {
            methods: Methods::These(methods.to_vec()),
            path: (*path).to_owned(),
            effect: Effect::Allow,
        })
        .collect()
}

/// What reads and changes nothing: by method, and the searches that take their query in a body.
///
/// Sources: the REST references of
/// [Jira](https://docs.atlassian.com/software/jira/docs/api/REST/latest/),
/// [Confluence](https://docs.atlassian.com/ConfluenceServer/rest/latest/) and
/// [Bitbucket](https://developer.atlassian.com/server/bitbucket/rest/).
fn read(kind: Option<ProductKind>) -> Vec<Route> {
    let (pages, searches): (&[&str], &[&str]) = match kind {
        None => return routes(READING, &["/*"]),
        Some(ProductKind::Jira | ProductKind::JiraCloud) => (
            &[
                "/secure/attachment/*",
                "/secure/thumbnail/*",
                "/secure/projectavatar*",
                "/secure/useravatar*",
                "/secure/viewavatar*",
                "/status",
            ],
            &["/rest/api/2/search", "/rest/api/latest/search"],
        ),
        Some(ProductKind::Confluence | ProductKind::ConfluenceCloud) => (
            &["/download/*", "/status"],
            &["/rest/api/contentbody/convert/*"],
        ),
        Some(ProductKind::Bitbucket | ProductKind::BitbucketCloud) => (
            &[
                "/projects/*/raw/*",
                "/users/*/raw/*",
                "/plugins/servlet/applinks/whoami",
                "/status",
            ],
            &["/rest/search/latest/search", "/rest/search/1.0/search"],
        ),
    };
    let mut read = routes(READING, &["/rest/*"]);
    read.extend(routes(&["GET"], pages));
    read.extend(routes(&["POST"], searches));
    read
}

/// What changes something.
fn write(kind: Option<ProductKind>) -> Vec<Route> {
    match kind {
        None => routes(WRITING, &["/*"]),
        Some(_) => routes(WRITING, &["/rest/*"]),
    }
}

/// What administrators do, and what mints credentials that would pass the gateway by, as far as
/// Atlassian's own routes are known here; apps bring their own. As an Allow it would not fit into
/// an answer.
fn admin(kind: Option<ProductKind>) -> Option<Vec<Route>> {
    const EVERYWHERE: [&str; 8] = [
        "/rest/applinks/*",
        "/rest/audit*",
        "/rest/auth*",
        "/rest/oauth*",
        "/rest/plugins/*",
        "/rest/usermanagement*",
        "/plugins/servlet/oauth*",
        "/plugins/servlet/upm*",
    ];
    let (own, written): (&[&str], &[&str]) = match kind? {
        ProductKind::Jira | ProductKind::JiraCloud => (
            &[
                "/rest/pat/*",
                "/rest/webhooks/*",
                "/rest/api/*/application-properties*",
                "/rest/api/*/cluster*",
                "/rest/api/*/index*",
                "/rest/api/*/reindex*",
                "/rest/api/*/settings*",
                "/rest/api/*/upgrade*",
                // Actions answer below any path: `/secure/admin/AddUser.jspa` is `/AddUser.jspa`
                // too.
                "/*.jspa*",
            ],
            &[
                "/rest/api/*/group*",
                "/rest/api/*/role*",
                "/rest/api/*/user*",
            ],
        ),
        ProductKind::Confluence | ProductKind::ConfluenceCloud => (
            &[
                "/rest/pat/*",
                "/admin/*",
                "/rest/api/admin/*",
                "/rest/api/backup-restore/*",
                "/rest/api/webhooks*",
            ],
            &["/rest/api/group*", "/rest/api/user*"],
        ),
        ProductKind::Bitbucket | ProductKind::BitbucketCloud => (
            &[
                "/rest/access-tokens/*",
                "/rest/gpg/*",
                "/rest/keys/*",
                "/rest/mirroring/*",
                "/rest/ssh/*",
                "/admin/*",
                "/rest/api/*/admin/*",
            ],
            &[],
        ),
    };
    let mut admin = routes(&["*"], &[&EVERYWHERE, own].concat());
    // Everyone reads users and groups.
    admin.extend(routes(&["POST", "PUT", "DELETE"], written));
    Some(with_effect(admin, Effect::Deny))
}
