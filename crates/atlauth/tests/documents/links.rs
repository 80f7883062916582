//! Links within the documents, and names of pages in the source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use regex_lite::Regex;

use crate::page::Page;
use crate::sources;

/// `a/../b` as `b`: the path of a link in the repository.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                assert!(normal.pop(), "{} leaves the repository", path.display());
            }
            Component::CurDir => {}
            component => normal.push(component),
        }
    }
    normal
}

fn is_outside(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://") || link.starts_with("mailto:")
}

/// The anchors of all pages.
fn anchors(pages: &[Page]) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let anchors = pages.iter().map(|page| (page.path.clone(), page.anchors()));
    anchors.collect()
}

#[test]
fn links_lead_somewhere() {
    let pages = Page::all();
    let anchors = anchors(&pages);
    let mut wrong = Vec::new();
    for page in &pages {
        for (line, link) in page.links() {
            if is_outside(&link) {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() {
                page.path.clone()
            } else {
                normal(&page.path.parent().unwrap().join(path))
            };
            let has_anchor = || {
                anchors
                    .get(&target)
                    .is_some_and(|anchors| anchors.contains(anchor))
            };
            if !testing::root().join(&target).exists() || !(anchor.is_empty() || has_anchor()) {
                wrong.push(format!("{}: {link}", page.at(line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// From the README every page can be reached.
#[test]
fn each_page_is_linked() {
    let pages = Page::all();
    let mut reached = BTreeSet::from([PathBuf::from("README.md")]);
    let mut ahead: Vec<PathBuf> = reached.iter().cloned().collect();
    while let Some(path) = ahead.pop() {
        let Some(page) = pages.iter().find(|page| page.path == path) else {
            continue;
        };
        for (_, link) in page.links() {
            if is_outside(&link) {
                continue;
            }
            let path = link.split('#').next().unwrap();
            let target = normal(&page.path.parent().unwrap().join(path));
            if reached.insert(target.clone()) {
                ahead.push(target);
            }
        }
    }
    let lost: Vec<_> = pages
        .iter()
        .map(|page| &page.path)
        .filter(|path| !reached.contains(*path))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// Messages, comments and the template name pages that there are.
#[test]
fn pages_that_the_source_names_are_there() {
    let anchors = anchors(&Page::all());
    let named = Regex::new(r"docs/[A-Za-z0-9/_-]+\.md(#[a-z0-9_-]+)?").unwrap();
    let mut wrong = Vec::new();
    for source in sources::all() {
        for found in named.find_iter(&source.text) {
            let (path, anchor) = found
                .as_str()
                .split_once('#')
                .unwrap_or((found.as_str(), ""));
            let is_there = anchors
                .get(Path::new(path))
                .is_some_and(|anchors| anchor.is_empty() || anchors.contains(anchor));
            if !is_there {
                wrong.push(format!("{}: {}", source.path.display(), found.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
