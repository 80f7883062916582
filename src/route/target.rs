//! What a text of a rule stands for: a route such as `GET /rest/*`, or a set such as `@read`.

use super::pattern::matches;
use super::sets::with_fewer_suffixes;
use super::{Method, Methods, RouteSet};
use crate::document::ProductKind;

/// The longest text of a route, in bytes.
const MAX_ROUTE: usize = 2_048;

/// What a text of a rule stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// One of the sets.
    Set(RouteSet),
    /// One route.
    Route(Written),
}

/// A route as it is written: methods, and a path in the product.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// The methods.
    pub methods: Methods,
    /// With a slash at its beginning; `*` crosses slashes, `{}` is one segment.
    pub path: String,
    /// All below the path, where a denial means that too.
    below: Option<String>,
}

impl Target {
    /// Reads a text of an allow.
    ///
    /// # Errors
    ///
    /// What would be right.
    pub fn allowed(text: &str, kind: Option<ProductKind>) -> Result<Self, &'static str> {
        Self::read(text, kind, false)
    }

    /// Reads a text of a deny.
    ///
    /// # Errors
    ///
    /// What would be right.
    pub fn denied(text: &str, kind: Option<ProductKind>) -> Result<Self, &'static str> {
        Self::read(text, kind, true)
    }

    fn read(text: &str, kind: Option<ProductKind>, denied: bool) -> Result<Self, &'static str> {
        const RULE: &str = "expected routes such as `GET /rest/*`, `* /rest/api/2/issue/{key}`, `@read`, `@write`, \
             `@admin`, `@git` or `$connect`: a method or `*`, a space, and a path that begins with `/`";
        let set = match text {
            "@read" => RouteSet::Read,
            "@write" => RouteSet::Write,
            "@admin" if kind.is_none() => {
                return Err(
                    "`@admin` needs the product's kind; expected a field `kind` such as `jira`, `confluence` or \
                     `bitbucket`",
                );
            }
            "@admin" => RouteSet::Admin,
            "@git" if kind != Some(ProductKind::Bitbucket) => {
                return Err("`@git` is for products of the kind `bitbucket`");
            }
            "@git" => RouteSet::Git,
            "$connect" => {
                return Ok(Self::Route(Written {
                    methods: Methods::CONNECT,
                    // As an empty path is read.
                    path: "/".to_owned(),
                    below: None,
                }));
            }
            _ => {
                let (methods, path) = text.split_once(' ').ok_or(RULE)?;
                let methods = match methods {
                    // All of an API, a WebSocket's opening included.
                    "*" if path == "/*" && !denied => Methods::KNOWN_AND_CONNECT,
                    "*" if denied => Methods::ANY,
                    "*" => Methods::KNOWN,
                    // Products answer HEAD as they answer GET.
                    "GET" if denied => Methods::GET,
                    name => Methods::only(name).ok_or(RULE)?,
                };
                if !path.starts_with('/') {
                    return Err(RULE);
                }
                return Written::read(methods, path, denied).map(Self::Route);
            }
        };
        Ok(Self::Set(set))
    }

    /// Whether it is one path, and a method that reads.
    pub fn is_one_reading_route(&self) -> bool {
        matches!(self, Self::Route(route) if route.is_exact() && Methods::GET.cover(route.methods))
    }

    /// Patterns that hold all that this denies, and maybe more: methods, and paths with `*` and with
    /// braces.
    pub fn denied_patterns(&self, kind: Option<ProductKind>) -> Vec<(Methods, &str)> {
        match self {
            Self::Set(set) => set.patterns(kind),
            Self::Route(route) => {
                let paths = [Some(route.path.as_str()), route.below.as_deref()];
                let paths = paths.into_iter().flatten();
                paths.map(|path| (route.methods, path)).collect()
            }
        }
    }

    /// Patterns of what this allows, but for what is administration: methods, and paths with `*` and
    /// with braces.
    pub fn allowed_patterns(&self, kind: Option<ProductKind>) -> Vec<(Methods, &str)> {
        match self {
            Self::Set(set) => set.patterns(kind),
            Self::Route(route) => vec![(route.methods, route.path.as_str())],
        }
    }

    /// Patterns, all of which but administration this allows, whatever `*` in them stands for; `None`
    /// where there is no saying it so. Only those of sets have braces.
    pub fn plain_patterns(&self, kind: Option<ProductKind>) -> Option<Vec<(Methods, &str)>> {
        match self {
            Self::Set(set) => set.plain_patterns(kind),
            Self::Route(route) => {
                (!route.path.contains('{')).then(|| vec![(route.methods, route.path.as_str())])
            }
        }
    }

    /// Whether a policy can deny it by one spelling: other characters have more than one that the
    /// policy lets through.
    pub fn is_spelled_once(&self) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@=/*{}".contains(&byte);
        match self {
            Self::Set(_) => true,
            Self::Route(route) => route.path.bytes().all(is_plain),
        }
    }

    /// Patterns of what is no part of it, though its patterns hold it.
    pub(crate) fn left_out(&self, kind: Option<ProductKind>) -> Vec<(Methods, &'static str)> {
        match self {
            Self::Set(set) => set.left_out(kind),
            Self::Route(_) => Vec::new(),
        }
    }

    /// Whether administration is no part of it, though its patterns hold some.
    pub const fn leaves_out_admin(&self) -> bool {
        matches!(self, Self::Set(RouteSet::Read | RouteSet::Write))
    }

    /// Whether an allow of this is about a path: to the letter.
    pub fn is_allowed(&self, kind: Option<ProductKind>, method: Method, path: &str) -> bool {
        match self {
            Self::Set(set) => set.holds::<false>(kind, method, path),
            Self::Route(route) => {
                route.methods.contain(method) && matches::<false>(&route.path, path)
            }
        }
    }

    /// Whether a deny of this is about a path: in any case of ASCII letters, under the suffixes that
    /// Atlassian drops, and with all that lies below.
    pub fn is_denied(&self, kind: Option<ProductKind>, method: Method, path: &str) -> bool {
        match self {
            Self::Set(set) => set.denies(kind, method, path),
            Self::Route(route) => {
                let is_of = |path: &str| {
                    let below = route.below.as_deref();
                    matches::<true>(&route.path, path)
                        || below.is_some_and(|below| matches::<true>(below, path))
                };
                route.methods.contain(method) && with_fewer_suffixes(path).any(is_of)
            }
        }
    }
}

impl Written {
    /// A route of a list of paths, such as those where Basic credentials are passed through.
    pub fn any_method(path: &str) -> Self {
        Self {
            methods: Methods::KNOWN,
            path: path.to_owned(),
            below: None,
        }
    }

    /// Whether the path is one path, without `*` and `{}`.
    pub fn is_exact(&self) -> bool {
        !self.path.contains(['*', '{'])
    }

    fn read(methods: Methods, path: &str, denied: bool) -> Result<Self, &'static str> {
        const PATH: &str = "expected a path as the product reads it, of printable ASCII without `?`, `%`, `;` and `\\`, \
             without empty and dot segments, and with braces around whole segments alone, as in \
             `/issue/{key}`; `*` and `{name}` stand for what would be percent-encoded";
        if path.len() > MAX_ROUTE {
            return Err("expected routes of at most 2,048 bytes");
        }
        let printable = |byte: u8| matches!(byte, b' '..=b'~') && !b"\\?%;".contains(&byte);
        if !path.bytes().all(printable) {
            return Err(PATH);
        }
        let mut segments = Vec::new();
        let mut rest = path.split('/').skip(1).peekable();
        while let Some(segment) = rest.next() {
            let is_last = rest.peek().is_none();
            let name = segment
                .strip_prefix('{')
                .and_then(|segment| segment.strip_suffix('}'));
            let is_name = |name: &str| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
            };
            segments.push(match name {
                Some(name) if is_name(name) => "{}",
                None if !segment.contains(['{', '}'])
                    && !matches!(segment, "." | "..")
                    && (is_last || !segment.is_empty()) =>
                {
                    segment
                }
                _ => return Err(PATH),
            });
        }
        // A slash at the end is nothing to a denial.
        if denied && segments.len() > 1 && segments.last() == Some(&"") {
            segments.pop();
        }
        let path = format!("/{}", segments.join("/"));
        let below =
            (denied && !path.ends_with('*')).then(|| format!("{}/*", path.trim_end_matches('/')));
        Ok(Self {
            methods,
            path,
            below,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::document::ProductKind;
    use crate::route::Method;

    #[test]
    fn texts() {
        let jira = Some(ProductKind::Jira);
        for text in [
            "GET /rest/*",
            "* /",
            "* /rest/api/2/issue/{issue-key}/{field_1}",
            "POST /a(b)/c+d",
            "@admin",
            "$connect",
            "GET /a b/",
        ] {
            assert!(Target::allowed(text, jira).is_ok(), "{text}");
            assert!(Target::denied(text, jira).is_ok(), "{text}");
        }
        for text in [
            "",
            "GET",
            "GET rest",
            "get /rest",
            "TRACE /rest",
            "GET /a//b",
            "GET /a/../b",
            "GET /a/./b",
            "GET /a%20b",
            "GET /a;b",
            "GET /a?b",
            "GET /a\\b",
            "GET /a{b}",
            "GET /{}",
            "GET /{a b}",
            "GET /é",
            "@git",
            "@all",
        ] {
            assert!(Target::allowed(text, jira).is_err(), "{text}");
            assert!(Target::denied(text, jira).is_err(), "{text}");
        }
        assert!(Target::allowed("@admin", None).is_err());
        assert!(Target::allowed("@git", Some(ProductKind::Bitbucket)).is_ok());
        assert!(Target::allowed(&format!("GET /{}", "x".repeat(2_048)), jira).is_err());
    }

    #[test]
    fn a_deny_meets_more_than_an_allow() {
        let get = Method::of("GET");
        let allow = Target::allowed("GET /rest/api/2/user", None).unwrap();
        let deny = Target::denied("GET /rest/api/2/user", None).unwrap();
        assert!(allow.is_allowed(None, get, "/rest/api/2/user"));
        assert!(!allow.is_allowed(None, Method::of("HEAD"), "/rest/api/2/user"));
        assert!(deny.is_denied(None, Method::of("HEAD"), "/rest/api/2/user"));
        assert!(!deny.is_denied(None, Method::of("POST"), "/rest/api/2/user"));
        for path in [
            "/rest/api/2/User",
            "/rest/api/2/user/",
            "/rest/api/2/user.JSON",
            "/rest/api/2/user.xml/",
            "/rest/api/2/user/x",
        ] {
            assert!(!allow.is_allowed(None, get, path), "{path}");
            assert!(deny.is_denied(None, get, path), "{path}");
        }
        assert!(!deny.is_denied(None, get, "/rest/api/2/users"));
        let of_directory = Target::denied("* /x.json/", None).unwrap();
        for path in ["/x.json", "/x.json/", "/x.json.xml", "/x.json/y"] {
            assert!(of_directory.is_denied(None, get, path), "{path}");
        }
        let any = Target::denied("* /x", None).unwrap();
        assert!(any.is_denied(None, Method::of("PROPFIND"), "/x"));
    }
}
