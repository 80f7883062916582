//! The files that people read beside the documents: source, template, tools.

use std::path::{Path, PathBuf};

/// A file's path in the repository, and its text.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// All of them.
pub(crate) fn all() -> Vec<Source> {
    let folders = ["src", "tests", "crates", "benches", "tools", "fuzz"];
    read(
        &folders,
        &["Makefile", "Cargo.toml", "settings.schema.json"],
    )
}

/// What operators and callers see: the function, the tool, the stack.
pub(crate) fn of_the_product() -> Vec<Source> {
    let folders = [
        "src",
        "crates/atlauth/src",
        "crates/local-gateway/src",
        "tools",
    ];
    read(&folders, &["Makefile", "settings.schema.json"])
}

fn read(folders: &[&str], files: &[&str]) -> Vec<Source> {
    let mut paths: Vec<PathBuf> = ["template.yaml", "samconfig.toml"]
        .map(PathBuf::from)
        .into();
    paths.extend(files.iter().map(PathBuf::from));
    for folder in folders {
        collect(Path::new(folder), &mut paths);
    }
    paths.sort();
    let sources = paths.into_iter().map(|path| {
        let text = std::fs::read_to_string(testing::root().join(&path)).unwrap();
        Source { path, text }
    });
    sources.collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(testing::root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let path = folder.join(&name);
        if entry.file_type().unwrap().is_dir() {
            if name != "node_modules" && name != "corpus" && name != "target" {
                collect(&path, paths);
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "py")
        {
            paths.push(path);
        }
    }
}
