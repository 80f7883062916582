//! The lists of a kind as one tree: a path is matched with all patterns at once.
//!
//! Each request is matched with hundreds of patterns, most of which begin alike. In the tree each
//! beginning is looked at once, and one walk finds what all lists have of a path.

use super::super::methods::{Method, Methods};
use super::super::pattern::{is_version, matches};
use super::Listed;

/// How many lists there are.
pub(super) const LISTS: usize = 5;

/// The methods that each list has for a path.
pub(super) type Found = [Methods; LISTS];

/// What the lists have for a path.
#[derive(Clone, Copy)]
pub(super) struct Matches {
    /// In any case of its letters.
    pub(super) folded: Found,
    /// To the letter.
    pub(super) exact: Found,
}

/// Patterns by what they begin with.
#[derive(Default)]
pub(super) struct Index {
    root: Node,
}

#[derive(Default)]
struct Node {
    /// What literals come next, each with the first of its bytes as a small letter.
    literals: Vec<(u8, &'static str, Node)>,
    /// What comes behind a segment.
    segment: Option<Box<Node>>,
    /// What comes behind a version.
    version: Option<Box<Node>>,
    /// What comes behind a `*`, as it is written, and whose it is.
    stars: Vec<(&'static str, usize, Methods)>,
    /// Whose patterns end here.
    ends: Option<Found>,
}

const NONE: Found = [Methods::NONE; LISTS];

impl Matches {
    const NONE: Self = Self {
        folded: NONE,
        exact: NONE,
    };

    /// Whether a list has a method for the path. With `FOLD`, in any case of its letters.
    pub(super) fn has<const FOLD: bool>(&self, list: usize, method: Method) -> bool {
        let found = if FOLD { &self.folded } else { &self.exact };
        found
            .get(list)
            .is_some_and(|methods| methods.contain(method))
    }

    fn add(&mut self, list: usize, methods: Methods, is_exact: bool) {
        add(&mut self.folded, list, methods);
        if is_exact {
            add(&mut self.exact, list, methods);
        }
    }
}

impl Index {
    /// The tree of these lists, each in its place.
    pub(super) fn new(lists: [&'static [Listed]; LISTS]) -> Self {
        let mut index = Self::default();
        for (place, list) in lists.into_iter().enumerate() {
            for (methods, pattern) in list {
                index.root.add(pattern, place, Methods::listed(methods));
            }
        }
        index
    }

    /// What the lists have for a path.
    pub(super) fn find(&self, path: &str) -> Matches {
        let mut found = Matches::NONE;
        self.root.find(path, true, &mut found);
        found
    }
}

impl Node {
    fn add(&mut self, pattern: &'static str, list: usize, methods: Methods) {
        let next = match pattern.chars().next() {
            None => {
                add(self.ends.get_or_insert(NONE), list, methods);
                return;
            }
            Some('*') => return self.stars.push((pattern, list, methods)),
            Some('{') => {
                let end = pattern
                    .find('}')
                    .map_or(pattern.len(), |end| end.saturating_add(1));
                let (segment, rest) = pattern.split_at(end);
                let next = if segment == "{version}" {
                    &mut self.version
                } else {
                    &mut self.segment
                };
                return next.get_or_insert_default().add(rest, list, methods);
            }
            Some(_) => pattern.find(['*', '{']).unwrap_or(pattern.len()),
        };
        let (literal, rest) = pattern.split_at(next);
        self.literal(literal).add(rest, list, methods);
    }

    /// The node behind a literal. What it shares with another is split off.
    fn literal(&mut self, literal: &'static str) -> &mut Self {
        let shared = |known: &str| {
            let pairs = known.bytes().zip(literal.bytes());
            pairs.take_while(|(known, byte)| known == byte).count()
        };
        let place = self
            .literals
            .iter()
            .position(|(_, known, _)| shared(known) > 0);
        let place = place.unwrap_or_else(|| {
            self.literals
                .push((first(literal), literal, Self::default()));
            self.literals.len().saturating_sub(1)
        });
        let (_, known, node) = &mut self.literals[place];
        let shared = shared(known);
        if shared < known.len() {
            let (head, tail) = known.split_at(shared);
            let behind = std::mem::take(node);
            *known = head;
            node.literals.push((first(tail), tail, behind));
        }
        match literal.split_at(shared) {
            (_, "") => node,
            (_, rest) => node.literal(rest),
        }
    }

    fn find(&self, path: &str, is_exact: bool, found: &mut Matches) {
        for (pattern, list, methods) in &self.stars {
            if *pattern == "*" {
                found.add(*list, *methods, is_exact);
            } else if matches::<true>(pattern, path) {
                let is_exact = is_exact && matches::<false>(pattern, path);
                found.add(*list, *methods, is_exact);
            }
        }
        let Some(next) = path.bytes().next() else {
            for (list, methods) in self.ends.iter().flatten().enumerate() {
                found.add(list, *methods, is_exact);
            }
            return;
        };
        let next = next.to_ascii_lowercase();
        for (_, literal, node) in self.literals.iter().filter(|(first, ..)| *first == next) {
            if let Some((head, rest)) = path.split_at_checked(literal.len())
                && head.eq_ignore_ascii_case(literal)
            {
                node.find(rest, is_exact && head == *literal, found);
            }
        }
        if self.segment.is_none() && self.version.is_none() {
            return;
        }
        let end = path.find('/').unwrap_or(path.len());
        let (segment, rest) = path.split_at(end);
        if segment.is_empty() {
            return;
        }
        if let Some(node) = &self.segment {
            node.find(rest, is_exact, found);
        }
        if let Some(node) = &self.version
            && is_version(segment.as_bytes())
        {
            node.find(rest, is_exact, found);
        }
    }
}

fn add(found: &mut Found, list: usize, methods: Methods) {
    if let Some(found) = found.get_mut(list) {
        *found = found.or(methods);
    }
}

fn first(literal: &str) -> u8 {
    literal
        .bytes()
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{index, raw_lists};
    use super::LISTS;
    use crate::document::ProductKind;
    use crate::route::Method;
    use crate::route::methods::Methods;
    use crate::route::pattern::matches;

    const KINDS: [Option<ProductKind>; 7] = [
        None,
        Some(ProductKind::Jira),
        Some(ProductKind::JiraCloud),
        Some(ProductKind::Confluence),
        Some(ProductKind::ConfluenceCloud),
        Some(ProductKind::Bitbucket),
        Some(ProductKind::BitbucketCloud),
    ];

    /// A path of a pattern, or one that is almost that: what stands for its wildcards, and a change.
    fn path_of(pattern: &str, fillings: &[&str], change: u8, at: usize) -> String {
        let mut path = String::new();
        let mut fillings = fillings.iter().cycle();
        let mut rest = pattern;
        while let Some(next) = rest.find(['*', '{']) {
            path.push_str(&rest[..next]);
            path.push_str(fillings.next().unwrap());
            rest = &rest[next..];
            rest = match rest.find('}').filter(|_| rest.starts_with('{')) {
                Some(end) => rest[end..].strip_prefix('}').unwrap(),
                None => &rest[1..],
            };
        }
        path.push_str(rest);
        let at = at.min(path.len());
        if path.is_char_boundary(at) {
            match change {
                0 => path.insert(at, '/'),
                1 => path.truncate(at),
                2 => path = path.to_ascii_uppercase(),
                3 => path.insert(at, 'x'),
                _ => {}
            }
        }
        path
    }

    proptest! {
        /// The tree finds what each pattern by itself finds.
        #[test]
        fn all_patterns_at_once(
            kind in 0..KINDS.len(),
            (list, pattern) in (0..LISTS, 0_usize..1_000),
            fillings in proptest::collection::vec("2|latest|1\\.0|A-1|a/b||x|/|\\.", 1..4),
            (change, at) in (0_u8..8, 0_usize..60),
        ) {
            let lists_of_kind = raw_lists(KINDS[kind]);
            let some = lists_of_kind[list];
            let fillings: Vec<&str> = fillings.iter().map(String::as_str).collect();
            let path = match some.iter().cycle().nth(pattern) {
                Some((_, pattern)) => path_of(pattern, &fillings, change, at),
                None => "/".to_owned(),
            };
            let found = index(KINDS[kind]).find(&path);
            for (place, list) in lists_of_kind.into_iter().take(LISTS).enumerate() {
                for name in ["GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND", "$connect"] {
                    let method = Method::of(name);
                    let any = |fits: &dyn Fn(&str) -> bool| list.iter().any(|(methods, pattern)| {
                        fits(pattern) && Methods::listed(methods).contain(method)
                    });
                    let folded = any(&|pattern| matches::<true>(pattern, &path));
                    prop_assert_eq!(found.has::<true>(place, method), folded, "{} {}", name, path);
                    let exact = any(&|pattern| matches::<false>(pattern, &path));
                    prop_assert_eq!(found.has::<false>(place, method), exact, "{} {}", name, path);
                }
            }
        }
    }
}
