//! The rooms of a crate, which are its top-level modules, and which of them imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::paths::{self, Content, Mention};

/// Texts of a crate's files by their paths below `src`.
pub(crate) type Files = BTreeMap<String, String>;

/// A place where one room names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            from,
            to,
        } = self;
        write!(f, "{file}:{line}: {from} -> {to}")
    }
}

/// A crate as its source shows it.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    /// Its top-level modules; `lib` and `main` stand for the root files.
    pub(crate) rooms: BTreeSet<String>,
    /// What its rooms name of each other.
    pub(crate) imports: Vec<Import>,
    /// Places that could not be read, and why.
    pub(crate) unreadable: Vec<String>,
}

impl Crate {
    /// Reads the sources of a crate whose library has this name in `use`.
    pub(crate) fn read(name: &str, files: &Files) -> Self {
        let mut krate = Self::default();
        let mut contents = BTreeMap::new();
        for (file, source) in files.iter().filter(|(file, _)| is_of_crate(file)) {
            match paths::content(module_of(file), source) {
                Ok(content) => {
                    let places = content
                        .unfollowed
                        .iter()
                        .map(|(line, what)| format!("{file}:{line}: {what} is not followed"));
                    krate.unreadable.extend(places);
                    contents.insert(file.as_str(), content);
                }
                Err(error) => {
                    let line = error.span().start().line;
                    krate.unreadable.push(format!("{file}:{line}: {error}"));
                }
            }
        }
        let for_tests: Vec<_> = contents
            .values()
            .flat_map(|c| c.for_tests.clone())
            .collect();
        contents.retain(|file, _| {
            let module = module_of(file);
            !for_tests.iter().any(|test| module.starts_with(test))
        });
        let has_library = files.contains_key("lib.rs");
        // A `main.rs` beside a `lib.rs` is a crate of its own.
        let is_apart = |file: &str| has_library && file == "main.rs";
        krate.rooms = rooms(&contents, is_apart);
        let root = Root {
            name,
            rooms: &krate.rooms,
            room: if has_library { "lib" } else { "main" },
            names: names(contents.get(if has_library { "lib.rs" } else { "main.rs" })),
        };
        for (file, content) in &contents {
            let is_apart = is_apart(file);
            for mention in &content.mentions {
                let outer = mention.module.first().filter(|_| !is_apart);
                let from = outer.map_or(file.trim_end_matches(".rs"), String::as_str);
                if let Some(to) = root.room_of(mention, is_apart)
                    && to != from
                {
                    let import = Import {
                        file: (*file).to_owned(),
                        line: mention.line,
                        from: from.to_owned(),
                        to,
                    };
                    // A line that names many items of a room imports it once.
                    if krate.imports.last() != Some(&import) {
                        krate.imports.push(import);
                    }
                }
            }
        }
        krate
    }

    /// Which rooms each room imports.
    pub(crate) fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut arrows: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for import in &self.imports {
            arrows
                .entry(import.from.as_str())
                .or_default()
                .insert(import.to.as_str());
        }
        arrows
    }

    /// The first place where a room names another.
    pub(crate) fn place(&self, from: &str, to: &str) -> Option<&Import> {
        self.imports
            .iter()
            .find(|import| import.from == from && import.to == to)
    }
}

/// Programs below `src/bin` are crates of their own.
fn is_of_crate(file: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|extension| extension == "rs")
        && !file.starts_with("bin/")
}

/// `keys/cache.rs` holds the module `keys::cache`, and a root file the root.
fn module_of(file: &str) -> Vec<String> {
    let mut module: Vec<_> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    let is_root = ["lib.rs", "main.rs"].contains(&file);
    if is_root || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

fn rooms(contents: &BTreeMap<&str, Content>, is_apart: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (file, content) in contents {
        let own = module_of(file).first().cloned();
        rooms.insert(own.unwrap_or_else(|| file.trim_end_matches(".rs").to_owned()));
        if !is_apart(file) {
            let inline = content.inline.iter();
            rooms.extend(inline.filter_map(|module| module.first().cloned()));
        }
    }
    rooms
}

/// What the `use` declarations of the root bring into it, by name.
fn names(root: Option<&Content>) -> BTreeMap<String, Mention> {
    let mentions = root.map_or(&[][..], |content| &content.mentions);
    let of_root = mentions.iter().filter(|mention| mention.module.is_empty());
    of_root
        .filter_map(|mention| Some((mention.name.clone()?, mention.clone())))
        .collect()
}

/// The root module, from which all absolute paths start.
struct Root<'s> {
    /// The crate's own name, by which its `main.rs` and `extern crate self` know it.
    name: &'s str,
    rooms: &'s BTreeSet<String>,
    /// The room that the root's own items belong to.
    room: &'s str,
    names: BTreeMap<String, Mention>,
}

impl Root<'_> {
    /// The room that a path leads to; `None` for other crates and for what is near.
    fn room_of(&self, mention: &Mention, is_apart: bool) -> Option<String> {
        let mut path = self.absolute(mention, is_apart)?;
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        // Re-exports of the root may name each other.
        for _ in 0..=self.names.len() {
            let Some((first, rest)) = path.split_first() else {
                break;
            };
            if self.rooms.contains(first) {
                return Some(first.clone());
            }
            let Some(mut target) = self.names.get(first).and_then(|m| self.absolute(m, false))
            else {
                break;
            };
            target.extend_from_slice(rest);
            path = target;
        }
        // An item of the root itself, the root under another name, or all of it.
        Some(self.room.to_owned())
    }

    /// The path from the root.
    fn absolute(&self, mention: &Mention, is_apart: bool) -> Option<Vec<String>> {
        let (first, mut rest) = mention.segments.split_first()?;
        if first == self.name {
            return Some(rest.to_vec());
        }
        if mention.is_global || is_apart {
            return None;
        }
        let mut base = mention.module.clone();
        match first.as_str() {
            "crate" => base.clear(),
            "super" => drop(base.pop()),
            "self" => {}
            // In the root, a room can be named as it is.
            first if base.is_empty() && self.rooms.contains(first) => base.push(first.to_owned()),
            _ => return None,
        }
        while let Some((first, after)) = rest.split_first()
            && first == "super"
        {
            base.pop();
            rest = after;
        }
        base.extend_from_slice(rest);
        Some(base)
    }
}
