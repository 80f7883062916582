//! Routes as rules name them: `GET /rest/*`, `* /rest/api/2/issue/?*`, `@read`.

use crate::settings::document::ProductKind;

/// The methods that API Gateway has; `ANY` stands for just these.
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const READING: &[&str] = &["GET", "HEAD", "OPTIONS"];
const WRITING: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];
const POST: &[&str] = &["POST"];
/// Administration has no use for the others, and each costs a resource per route.
const ADMINISTERING: &[&str] = &["GET", "POST", "PUT", "DELETE"];

/// Methods and a path in a product.
#[derive(Clone, Debug)]
pub(super) struct Route {
    methods: Methods,
    /// With a slash at its beginning; `*` and `?` as in IAM, so `*` crosses slashes.
    path: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Methods {
    Any,
    These(Vec<&'static str>),
    /// A WebSocket's `$connect`, which has no path.
    Connect,
}

impl Route {
    /// All methods and paths of a product.
    pub(super) fn everything() -> Self {
        Self {
            methods: Methods::Any,
            path: "/*".to_owned(),
        }
    }

    /// The resources below `arn:…/{stage}/` that an Allow of this route takes.
    ///
    /// The method is always written out: `*` crosses slashes, so `*/jira/*` would also match
    /// `GET/confluence/jira/x`, a path of another product.
    pub(super) fn resources(&self, product: &str, add: &mut impl FnMut(&str)) {
        match &self.methods {
            // The whole API, `$connect` included.
            Methods::Any if product.is_empty() && self.path == "/*" => add("*"),
            Methods::Any => self.paths(product, &METHODS, add),
            Methods::These(methods) => self.paths(product, methods, add),
            Methods::Connect => add("$connect"),
        }
    }

    /// The resources that a Deny of this route takes. One that matches too much is safe here, so
    /// any method is `*`.
    pub(super) fn deny_resources(&self, product: &str, add: &mut impl FnMut(&str)) {
        match &self.methods {
            Methods::Any => self.paths(product, &["*"], add),
            _ => self.resources(product, add),
        }
    }

    fn paths(&self, product: &str, methods: &[&str], add: &mut impl FnMut(&str)) {
        for method in methods {
            add(&format!("{method}{product}{}", self.path));
            // `/jira` itself belongs to the product whose path it is.
            if self.path == "/*" && !product.is_empty() {
                add(&format!("{method}{product}"));
            }
        }
    }
}

/// The routes that a text of a rule stands for.
///
/// # Errors
///
/// What would be right.
pub(super) fn expand(text: &str, kind: Option<ProductKind>) -> Result<Vec<Route>, &'static str> {
    const RULE: &str = "expected routes such as `GET /rest/*`, `* /rest/api/2/search`, `@read`, `@write`, `@admin` \
         or `$connect`: a method or `*`, a space, and a path of printable characters that begins with `/`";
    match text {
        "@read" => return Ok(read(kind)),
        "@write" => return Ok(write(kind)),
        "@admin" => {
            return admin(kind).ok_or(
                "`@admin` needs the product's kind; expected a field `kind` of `jira`, `confluence` or `bitbucket`",
            );
        }
        "$connect" => {
            return Ok(vec![Route {
                methods: Methods::Connect,
                path: String::new(),
            }]);
        }
        _ => {}
    }
    let (method, path) = text.split_once(' ').ok_or(RULE)?;
    let methods = if method == "*" {
        Methods::Any
    } else {
        let known = METHODS.into_iter().find(|known| *known == method);
        Methods::These(vec![known.ok_or(RULE)?])
    };
    let printable = |byte: u8| byte.is_ascii_graphic() && !b"\"\\{}".contains(&byte);
    if !path.starts_with('/') || !path.bytes().all(printable) {
        return Err(RULE);
    }
    Ok(vec![Route {
        methods,
        path: path.to_owned(),
    }])
}

fn routes(methods: &[&'static str], paths: &[&str]) -> Vec<Route> {
    paths
        .iter()
        .map(|path| Route {
            methods: Methods::These(methods.to_vec()),
            path: (*path).to_owned(),
        })
        .collect()
}

/// What reads and changes nothing: by method, and the searches that take their query in a body.
///
/// Sources: the REST references of [Jira](https://docs.atlassian.com/software/jira/docs/api/REST/latest/),
/// [Confluence](https://docs.atlassian.com/ConfluenceServer/rest/latest/) and
/// [Bitbucket](https://developer.atlassian.com/server/bitbucket/rest/).
fn read(kind: Option<ProductKind>) -> Vec<Route> {
    let (paths, posts): (&[&str], &[&str]) = match kind {
        None => (&["/*"], &[]),
        Some(ProductKind::Jira) => (
            &[
                "/rest/*",
                "/secure/attachment/*",
                "/secure/thumbnail/*",
                "/secure/*avatar*",
                "/status",
            ],
            &["/rest/api/2/search", "/rest/api/latest/search"],
        ),
        Some(ProductKind::Confluence) => (
            &["/rest/*", "/download/*", "/status"],
            &["/rest/api/contentbody/convert/*"],
        ),
        Some(ProductKind::Bitbucket) => (
            &[
                "/rest/*",
                "/projects/*/raw/*",
                "/users/*/raw/*",
                "/plugins/servlet/applinks/whoami",
                "/status",
            ],
            &["/rest/search/latest/search", "/rest/search/1.0/search"],
        ),
    };
    let mut read = routes(READING, paths);
    read.extend(routes(POST, posts));
    read
}

/// What changes something.
fn write(kind: Option<ProductKind>) -> Vec<Route> {
    match kind {
        None => routes(WRITING, &["/*"]),
        Some(_) => routes(WRITING, &["/rest/*"]),
    }
}

/// What administrators do, and what mints credentials that would pass the gateway by.
fn admin(kind: Option<ProductKind>) -> Option<Vec<Route>> {
    const EVERYWHERE: [&str; 4] = [
        "/rest/plugins/*",
        "/rest/applinks/*",
        "/rest/audit*",
        "/plugins/servlet/upm*",
    ];
    let own: &[&str] = match kind? {
        ProductKind::Jira => &[
            "/rest/pat/*",
            "/secure/admin/*",
            "/rest/webhooks/*",
            "/rest/api/*/application-properties*",
            "/rest/api/*/cluster*",
            "/rest/api/*/index*",
            "/rest/api/*/reindex*",
            "/rest/api/*/settings*",
        ],
        ProductKind::Confluence => &[
            "/rest/pat/*",
            "/admin/*",
            "/rest/api/admin/*",
            "/rest/api/backup-restore/*",
            "/rest/api/webhooks*",
        ],
        ProductKind::Bitbucket => &[
            "/rest/access-tokens/*",
            "/rest/ssh/*",
            "/admin/*",
            "/rest/api/*/admin/*",
            "/rest/mirroring/*",
        ],
    };
    Some(routes(ADMINISTERING, &[&EVERYWHERE, own].concat()))
}
