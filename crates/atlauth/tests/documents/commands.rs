//! Commands of `atlauth`: their help, and the command lines that pages show.

use clap::Command;
use clap::error::ErrorKind;

use crate::page::Page;

/// The command line, with the names of nested commands in full.
fn command() -> Command {
    let mut command = atlauth::command();
    command.build();
    command
}

/// What `--help` prints of a command.
pub(crate) fn help<'a>(path: impl Iterator<Item = &'a str>) -> String {
    let mut command = command();
    for name in path {
        let inner = command.find_subcommand(name);
        command = inner
            .unwrap_or_else(|| panic!("no command is named `{name}`"))
            .clone();
    }
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.trim().lines().map(str::trim_end).collect();
    format!("```text\n{}\n```", lines.join("\n"))
}

/// The paths of all commands that do something, and of the program itself as an empty one.
pub(crate) fn all() -> impl Iterator<Item = String> {
    fn add(command: &Command, path: &str, all: &mut Vec<String>) {
        let mut inner = command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help")
            .peekable();
        if inner.peek().is_none() || path.is_empty() {
            all.push(path.to_owned());
        }
        for inner in inner {
            let path = [path, inner.get_name()].join(" ");
            add(inner, path.trim(), all);
        }
    }
    let mut all = Vec::new();
    add(&command(), "", &mut all);
    all.into_iter()
}

/// The command lines of a block of shell commands, or of output that shows commands by `$ `.
fn lines(text: &str, prompt: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| {
        let line = line.trim_start().strip_prefix(prompt)?;
        line.starts_with("atlauth ").then(|| line.to_owned())
    });
    lines.collect()
}

/// What the shell hands to the program: up to a pipe, a redirection or the next command.
fn arguments(line: &str) -> Vec<String> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("not a command line: {line}"));
    let is_end = |word: &String| {
        ["|", "&", "&&", "||", ";", "<", ">", ">>", "2>"].contains(&word.as_str())
            || word.starts_with("2>")
            || word.starts_with('>')
    };
    words.into_iter().take_while(|word| !is_end(word)).collect()
}

fn parses(words: &[String]) -> Result<(), String> {
    match atlauth::command().try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(()),
            _ => Err(error.to_string()),
        },
    }
}

/// Whether a mention of a command, which may end early, names commands and options that there are.
fn is_named(words: &[String]) -> Result<(), String> {
    let mut command = command();
    for word in &words[1..] {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap();
            let is_known = command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(name));
            if !is_known && name != "help" {
                return Err(format!("no option `{word}`"));
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner.clone();
        } else if command.has_subcommands() {
            return Err(format!("no command `{word}`"));
        }
    }
    Ok(())
}

#[test]
fn commands_shown_parse() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in Page::all() {
        for fence in page.fences() {
            let shown = match fence.info.as_str() {
                "sh" | "bash" => lines(&fence.text, ""),
                "text" => lines(&fence.text, "$ "),
                _ => continue,
            };
            for line in shown {
                count += 1;
                if let Err(error) = parses(&arguments(&line)) {
                    wrong.push(format!("{}: {line}\n{error}", page.at(fence.line)));
                }
            }
        }
        let spans = page.code_spans().into_iter();
        for (line, span) in spans.filter(|(_, span)| span.starts_with("atlauth ")) {
            count += 1;
            let words = arguments(&span);
            if let Err(error) = parses(&words).or_else(|_| is_named(&words)) {
                wrong.push(format!("{}: {span}: {error}", page.at(line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count} commands");
}

#[test]
fn wrong_commands_are_found() {
    let words = |line: &str| arguments(line);
    assert!(
        parses(&words(
            "atlauth settings check --settings file:a.json | cat"
        ))
        .is_ok()
    );
    assert!(parses(&words("atlauth settings check --colour red")).is_err());
    assert!(is_named(&words("atlauth token key")).is_ok());
    assert!(is_named(&words("atlauth token lock")).is_err());
    assert!(is_named(&words("atlauth settings lint --strictly")).is_err());
}
