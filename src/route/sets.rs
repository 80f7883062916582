//! The sets of routes that know a product: what reads, what writes, what administrates.
//!
//! Each list is made by hand from what Atlassian's routes do; `tests/routes` holds the routes, with
//! their sources, and the class of each.

mod bitbucket;
mod bitbucket_cloud;
mod confluence;
mod confluence_cloud;
mod index;
mod jira;
mod jira_cloud;

use std::sync::LazyLock;

use super::Method;
use super::methods::Methods;
use crate::document::ProductKind;
use index::{Index, Matches};

/// A set that rules name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RouteSet {
    /// `@read`: what changes nothing, and is no administration.
    Read,
    /// `@write`: what changes something, and is no administration.
    Write,
    /// `@admin`: what administrators do, and what mints credentials.
    Admin,
    /// `@git`: Git over HTTP.
    Git,
}

/// What a route does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// It is administration, or reaches everything by one path.
    Admin,
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// It is a page, or nothing that is known.
    Other,
}

/// Methods, and a pattern of paths.
type Listed = (&'static str, &'static str);

/// What is known of the routes of a product. Methods are separated by spaces, `*` is any, and `GET`
/// stands for HEAD and OPTIONS too. In patterns `*` crosses slashes, `{id}` is one segment, and
/// `{version}` is `latest` or a number.
struct Lists {
    /// Administration, whatever the lists below say.
    admin: &'static [Listed],
    /// What of it is none after all.
    not_admin: &'static [Listed],
    /// What reads.
    read: &'static [Listed],
    /// What writes, where it does not read.
    write: &'static [Listed],
    /// Git over HTTP, all of which reads or writes as the lists above say.
    git: &'static [Listed],
    /// The most used of `read`: what `@read` is where one policy says it for all routes. Here `GET`
    /// is GET alone, for each method of each pattern takes a resource. So does each pattern of
    /// `admin` that meets one of these, some in fact: few should. Whatever else these patterns hold
    /// must be of `read`.
    ///
    /// A slash in `{id}` is denied: `/a/{id}/b` takes a denial of `/a/*/*/b`, whichever pattern
    /// allows that.
    plain_read: &'static [Listed],
    /// The same of `write`, though it may hold some of `read`.
    plain_write: &'static [Listed],
}

/// What is known of a product of no known kind: methods alone.
const UNKNOWN: Lists = Lists {
    admin: &[],
    not_admin: &[],
    read: &[("GET", "/*")],
    write: &[("POST PUT PATCH DELETE", "/*")],
    git: &[],
    plain_read: &[("GET HEAD OPTIONS", "/*")],
    plain_write: &[("POST PUT PATCH DELETE", "/*")],
};

const fn lists(kind: Option<ProductKind>) -> &'static Lists {
    match kind {
        None => &UNKNOWN,
        Some(ProductKind::Jira) => &jira::LISTS,
        Some(ProductKind::JiraCloud) => &jira_cloud::LISTS,
        Some(ProductKind::Confluence) => &confluence::LISTS,
        Some(ProductKind::ConfluenceCloud) => &confluence_cloud::LISTS,
        Some(ProductKind::Bitbucket) => &bitbucket::LISTS,
        Some(ProductKind::BitbucketCloud) => &bitbucket_cloud::LISTS,
    }
}

/// The lists that requests are matched with, by their places in an [`Index`].
const ADMIN: usize = 0;
const NOT_ADMIN: usize = 1;
const READ: usize = 2;
const WRITE: usize = 3;
const GIT: usize = 4;

/// The tree of a kind's lists. Made when it is first asked for: a function knows one or two kinds.
fn index(kind: Option<ProductKind>) -> &'static Index {
    static INDEXES: [LazyLock<Index>; 7] = [
        LazyLock::new(|| UNKNOWN.index()),
        LazyLock::new(|| jira::LISTS.index()),
        LazyLock::new(|| jira_cloud::LISTS.index()),
        LazyLock::new(|| confluence::LISTS.index()),
        LazyLock::new(|| confluence_cloud::LISTS.index()),
        LazyLock::new(|| bitbucket::LISTS.index()),
        LazyLock::new(|| bitbucket_cloud::LISTS.index()),
    ];
    let [
        unknown,
        jira,
        jira_cloud,
        confluence,
        confluence_cloud,
        bitbucket,
        bitbucket_cloud,
    ] = &INDEXES;
    match kind {
        None => unknown,
        Some(ProductKind::Jira) => jira,
        Some(ProductKind::JiraCloud) => jira_cloud,
        Some(ProductKind::Confluence) => confluence,
        Some(ProductKind::ConfluenceCloud) => confluence_cloud,
        Some(ProductKind::Bitbucket) => bitbucket,
        Some(ProductKind::BitbucketCloud) => bitbucket_cloud,
    }
}

/// Builds what requests to products of a kind are matched with, ahead of the first.
pub(crate) fn prepare(kind: Option<ProductKind>) {
    let _ = index(kind);
}

impl Lists {
    fn index(&self) -> Index {
        Index::new([self.admin, self.not_admin, self.read, self.write, self.git])
    }
}

/// The lists of a kind, for tests that read them in their own way: administration, what of it is
/// none, what reads, what writes, Git, and what the plain patterns are.
#[cfg(any(test, feature = "fuzzing"))]
pub const fn raw_lists(kind: Option<ProductKind>) -> [&'static [Listed]; 7] {
    let lists = lists(kind);
    [
        lists.admin,
        lists.not_admin,
        lists.read,
        lists.write,
        lists.git,
        lists.plain_read,
        lists.plain_write,
    ]
}

fn listed(list: &'static [Listed]) -> Vec<(Methods, &'static str)> {
    list.iter()
        .map(|(methods, pattern)| (Methods::listed(methods), *pattern))
        .collect()
}

/// The same of what takes a resource for each method.
fn named(list: &'static [Listed]) -> Vec<(Methods, &'static str)> {
    list.iter()
        .map(|(methods, pattern)| (Methods::named(methods), *pattern))
        .collect()
}

impl Class {
    /// What a route of a product does.
    ///
    /// Administration is recognised in any case, and under the suffixes that Atlassian drops.
    pub fn of(kind: Option<ProductKind>, method: Method, path: &str) -> Self {
        Self::of_index::<false>(index(kind), method, path)
    }

    fn of_index<const FOLD: bool>(index: &Index, method: Method, path: &str) -> Self {
        let found = index.find(path);
        // The path itself has been looked up.
        let mut shorter = with_fewer_suffixes(path).skip(1);
        if is_listed_admin::<true>(&found, method)
            || shorter.any(|path| is_listed_admin::<true>(&index.find(path), method))
        {
            Self::Admin
        } else if found.has::<FOLD>(READ, method) {
            Self::Read
        } else if found.has::<FOLD>(WRITE, method) {
            Self::Write
        } else {
            Self::Other
        }
    }
}

impl RouteSet {
    /// Patterns that hold all of the set, and maybe more.
    pub(super) fn patterns(self, kind: Option<ProductKind>) -> Vec<(Methods, &'static str)> {
        let lists = lists(kind);
        listed(match self {
            Self::Read => lists.read,
            Self::Write => lists.write,
            Self::Admin => lists.admin,
            Self::Git => lists.git,
        })
    }

    /// Patterns of what is no part of the set, though its patterns hold it.
    pub(super) fn left_out(self, kind: Option<ProductKind>) -> Vec<(Methods, &'static str)> {
        let lists = lists(kind);
        match self {
            Self::Read => listed(lists.admin),
            Self::Write => [listed(lists.admin), listed(lists.read)].concat(),
            Self::Admin => listed(lists.not_admin),
            Self::Git => Vec::new(),
        }
    }

    /// Patterns that hold the most used of the set, and nothing else but administration.
    pub(super) fn plain_patterns(
        self,
        kind: Option<ProductKind>,
    ) -> Option<Vec<(Methods, &'static str)>> {
        let lists = lists(kind);
        match self {
            Self::Read => Some(named(lists.plain_read)),
            Self::Write => Some(named(lists.plain_write)),
            Self::Git => Some(listed(lists.git)),
            Self::Admin => None,
        }
    }

    /// Whether a route of a product is in the set. With `FOLD`, in any case of its letters.
    pub(super) fn holds<const FOLD: bool>(
        self,
        kind: Option<ProductKind>,
        method: Method,
        path: &str,
    ) -> bool {
        let index = index(kind);
        let is_admin = |path| is_listed_admin::<FOLD>(&index.find(path), method);
        match self {
            Self::Read => Class::of_index::<FOLD>(index, method, path) == Class::Read,
            Self::Write => Class::of_index::<FOLD>(index, method, path) == Class::Write,
            Self::Admin => with_fewer_suffixes(path).any(is_admin),
            Self::Git => index.find(path).has::<FOLD>(GIT, method),
        }
    }
}

impl RouteSet {
    /// Whether a denial of the set is about a path: in any case of its letters, and under the suffixes
    /// that Atlassian drops.
    pub(super) fn denies(self, kind: Option<ProductKind>, method: Method, path: &str) -> bool {
        let index = index(kind);
        let mut paths: Vec<&str> = with_fewer_suffixes(path).collect();
        let mut is_admin = false;
        // A path is administration where a shorter one is: from the shortest on, each is looked up once.
        while let Some(path) = paths.pop() {
            let found = index.find(path);
            is_admin = is_admin || is_listed_admin::<true>(&found, method);
            let is_of = |list| found.has::<true>(list, method);
            let is_in_set = match self {
                Self::Admin => is_admin,
                Self::Read => !is_admin && is_of(READ),
                Self::Write => !is_admin && is_of(WRITE) && !is_of(READ),
                Self::Git => is_of(GIT),
            };
            if is_in_set {
                return true;
            }
        }
        false
    }
}

fn is_listed_admin<const FOLD: bool>(found: &Matches, method: Method) -> bool {
    found.has::<FOLD>(ADMIN, method) && !found.has::<FOLD>(NOT_ADMIN, method)
}

/// A path, and what is left of it as one after another is dropped of what Atlassian's REST framework
/// drops at its end: a slash, `.json` and `.xml`.
pub(crate) fn with_fewer_suffixes(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.strip_suffix('/')
            .or_else(|| strip_ending(path, ".json"))
            .or_else(|| strip_ending(path, ".xml"))
            .filter(|shorter| !shorter.is_empty())
    })
}

fn strip_ending<'p>(path: &'p str, ending: &str) -> Option<&'p str> {
    let at = path.len().checked_sub(ending.len())?;
    let (head, tail) = path.split_at_checked(at)?;
    tail.eq_ignore_ascii_case(ending).then_some(head)
}
