//! A page of Markdown, and what it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The pages at the root of the repository.
const AT_ROOT: [&str; 4] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
];

/// What stands for a code span in prose: one word.
const CODE: &str = "code";

/// A page.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) path: PathBuf,
    /// Its Markdown.
    pub(crate) text: String,
}

/// A code block between fences.
pub(crate) struct Fence {
    /// What stands behind the opening fence.
    pub(crate) info: String,
    /// Its content.
    pub(crate) text: String,
    /// The line that it begins in.
    pub(crate) line: usize,
}

impl Page {
    /// A page by its path in the repository.
    pub(crate) fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let text = std::fs::read_to_string(testing::root().join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// All pages of the repository: those at its root, and those below `docs`.
    pub(crate) fn all() -> Vec<Self> {
        let mut paths: Vec<_> = AT_ROOT.iter().map(PathBuf::from).collect();
        collect(Path::new("docs"), &mut paths);
        paths.sort();
        paths.iter().map(Self::read).collect()
    }

    /// Where something stands, for messages.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, usize)> {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let line = |start: usize| self.text[..start].matches('\n').count() + 1;
        Parser::new_ext(&self.text, options)
            .into_offset_iter()
            .map(move |(event, range)| (event, line(range.start)))
    }

    /// Code blocks between fences.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        let mut fences: Vec<Fence> = Vec::new();
        let mut is_inside = false;
        for (event, line) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    is_inside = true;
                    fences.push(Fence {
                        info: info.to_string(),
                        text: String::new(),
                        line,
                    });
                }
                Event::End(TagEnd::CodeBlock) => is_inside = false,
                Event::Text(text) if is_inside => {
                    fences.last_mut().unwrap().text.push_str(&text);
                }
                _ => {}
            }
        }
        fences
    }

    /// Code spans, with their lines.
    pub(crate) fn code_spans(&self) -> Vec<(usize, String)> {
        let spans = self.events().filter_map(|(event, line)| match event {
            Event::Code(text) => Some((line, text.to_string())),
            _ => None,
        });
        spans.collect()
    }

    /// Where links and pictures lead, with their lines.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let links = self.events().filter_map(|(event, line)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some((line, dest_url.to_string()))
            }
            _ => None,
        });
        links.collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let mut seen = BTreeMap::<String, usize>::new();
        let mut anchors = BTreeSet::new();
        for heading in self.headings() {
            let slug = slug(&heading.text);
            let times = seen.entry(slug.clone()).or_default();
            anchors.insert(match *times {
                0 => slug,
                times => format!("{slug}-{times}"),
            });
            *times += 1;
        }
        anchors
    }

    /// Its headings.
    pub(crate) fn headings(&self) -> Vec<Heading> {
        let mut headings: Vec<Heading> = Vec::new();
        let mut is_inside = false;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    is_inside = true;
                    headings.push(Heading {
                        level: level as usize,
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::Heading(_)) => is_inside = false,
                Event::Text(text) | Event::Code(text) if is_inside => {
                    headings.last_mut().unwrap().text.push_str(&text);
                }
                _ => {}
            }
        }
        headings
    }

    /// Paragraphs, list items and cells of tables, with their lines. A code span is one word.
    pub(crate) fn prose(&self) -> Vec<(usize, String)> {
        let mut prose: Vec<(usize, String)> = Vec::new();
        let (mut is_prose, mut depth) = (false, 0_usize);
        for (event, line) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(_) | Tag::Heading { .. }) => depth += 1,
                Event::End(TagEnd::CodeBlock | TagEnd::Heading(_)) => depth -= 1,
                Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell) => {
                    is_prose = true;
                    prose.push((line, String::new()));
                }
                Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => {
                    is_prose = false;
                }
                Event::Text(text) if depth == 0 && is_prose => {
                    prose.last_mut().unwrap().1.push_str(&text);
                }
                Event::Code(_) if depth == 0 && is_prose => {
                    prose.last_mut().unwrap().1.push_str(CODE);
                }
                Event::SoftBreak | Event::HardBreak if is_prose => {
                    prose.last_mut().unwrap().1.push(' ');
                }
                _ => {}
            }
        }
        prose
    }
}

/// A heading.
pub(crate) struct Heading {
    /// 1 for a title.
    pub(crate) level: usize,
    pub(crate) text: String,
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(testing::root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

/// What GitHub makes of a heading: small letters, without punctuation, and `-` for each blank.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect::<String>().to_lowercase()
}

#[test]
fn anchors_are_those_of_github() {
    for (heading, anchor) in [
        ("What an answer serves for", "what-an-answer-serves-for"),
        ("`token_expired`", "token_expired"),
        ("Jira & Confluence: 2.0", "jira--confluence-20"),
    ] {
        let page = Page {
            path: PathBuf::new(),
            text: format!("# {heading}\n\n## {heading}\n"),
        };
        let expected = [anchor.to_owned(), format!("{anchor}-1")];
        assert_eq!(page.anchors(), BTreeSet::from(expected));
    }
}
