//! The language of the documents: short sentences, in the field's words.

use clap::Command;
use regex_lite::Regex;

use crate::page::Page;
use crate::sources;

/// The most words of a sentence.
const MOST: usize = 30;

/// Words that only this project would use.
struct Words {
    /// Letters that all of them have; looked for first, because expressions are slow.
    stem: &'static str,
    pattern: &'static str,
    /// What to write in their place.
    better: &'static str,
}

const WORDS: [Words; 12] = [
    Words {
        stem: "rest",
        pattern: r"\b(rests?|rested|resting) on\b",
        better: "relies on; as a whole, the trust model",
    },
    Words {
        stem: " word",
        pattern: r"('s|\bthe) word (about|on|for|of|that|is|alone|counts|holds)\b|\bprovider's word\b",
        better: "introspection response, userinfo response, answer",
    },
    Words {
        stem: "bound ",
        pattern: r"\bbound (by|to)\b",
        better: "audience restriction; issued to, limited to",
    },
    Words {
        stem: "known beginning",
        pattern: r"\bknown beginnings?\b",
        better: "token prefix",
    },
    Words {
        stem: "key set",
        pattern: r"\bkey sets?\b",
        better: "JWKS",
    },
    Words {
        stem: "machine ",
        pattern: r"\bmachine (users?|tokens?)\b",
        better: "service account",
    },
    Words {
        stem: "authorit",
        pattern: r"\bauthorit(y|ies)\b",
        better: "CA",
    },
    Words {
        stem: "taken",
        pattern: r"\b(is|are|was|were|be|being|been)( (never|not|also|only|still|then))? taken\b",
        better: "accepted",
    },
    Words {
        stem: "held",
        pattern: r"\b(is|are|was|were|be|being|been)( (never|not|also|only|still|then))? held\b",
        better: "valid",
    },
    Words {
        stem: " alone",
        pattern: r"\b(left|leaves?|leaving) alone\b",
        better: "backs off, back-off",
    },
    Words {
        stem: "octet by",
        pattern: r"\boctet by octet\b",
        better: "exact match",
    },
    Words {
        stem: "advice",
        pattern: r"\badvice\b",
        better: "warning",
    },
];

/// What is wrong with a text: sentences that are too long, and words.
fn wrong(text: &str) -> Vec<String> {
    let mut wrong = words(text);
    for sentence in sentences(text) {
        let count = sentence
            .split_whitespace()
            .filter(|word| word.contains(char::is_alphanumeric))
            .count();
        if count > MOST {
            wrong.push(format!("{count} words: {sentence}"));
        }
    }
    wrong
}

fn words(text: &str) -> Vec<String> {
    let folded = text.to_lowercase();
    let found = WORDS.iter().filter_map(|words| {
        if !folded.contains(words.stem) {
            return None;
        }
        let found = Regex::new(words.pattern).unwrap().find(&folded)?;
        Some(format!("`{}`; better: {}", found.as_str(), words.better))
    });
    found.collect()
}

/// A text's sentences: each ends in a full stop, a question or an exclamation mark.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (end, _) in text.match_indices(char::is_whitespace) {
        let before = text[start..end].trim_end_matches(['"', '\'', ')', '*', '_']);
        if before.ends_with(['.', '!', '?']) {
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences
}

#[test]
fn pages_are_in_plain_language() {
    let mut found = Vec::new();
    for page in Page::all() {
        for (line, text) in page.prose() {
            let wrong = wrong(&text).into_iter();
            found.extend(wrong.map(|wrong| format!("{}: {wrong}", page.at(line))));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn help_is_in_plain_language() {
    fn check(command: &Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        let abouts = [command.get_about(), command.get_long_about()];
        let arguments = command.get_arguments();
        let helps = arguments.flat_map(|argument| [argument.get_help(), argument.get_long_help()]);
        for text in abouts.into_iter().chain(helps).flatten() {
            let wrong = wrong(&text.to_string()).into_iter();
            found.extend(wrong.map(|wrong| format!("{path}: {wrong}")));
        }
        for inner in command.get_subcommands() {
            check(inner, &path, found);
        }
    }
    let mut found = Vec::new();
    check(&atlauth::command(), "", &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Comments and messages use the same words.
#[test]
fn the_source_is_in_the_fields_words() {
    let mut found = Vec::new();
    for source in sources::of_the_product() {
        for (index, line) in source.text.lines().enumerate() {
            let is_rust = source
                .path
                .extension()
                .is_some_and(|extension| extension == "rs");
            let line = if is_rust {
                prose_of(line)
            } else {
                line.to_owned()
            };
            let wrong = words(&line).into_iter();
            let at = format!("{}:{}", source.path.display(), index + 1);
            found.extend(wrong.map(|wrong| format!("{at}: {wrong}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What a line of Rust says to people: its comment, and what stands in quotes. Where the quotes don't
/// pair up, a text goes on from the line before or to the next, and all of it may be one.
fn prose_of(line: &str) -> String {
    let (code, comment) = line.split_once("//").unwrap_or((line, ""));
    let parts: Vec<&str> = code.split('"').collect();
    let said = match parts.len() % 2 {
        0 => code.to_owned(),
        _ => parts
            .into_iter()
            .skip(1)
            .step_by(2)
            .collect::<Vec<_>>()
            .join(" "),
    };
    format!("{said} {comment}")
}

#[test]
fn prose_of_rust_is_found() {
    assert_eq!(prose_of("let key = set(1); // Why so").trim(), "Why so");
    assert_eq!(prose_of(r#"say("one", 2, "two");"#).trim(), "one two");
    assert!(prose_of("        and the rest of it").trim().is_empty());
}

#[test]
fn long_sentences_and_other_words_are_found() {
    let long = format!("{}end. Short.", "word ".repeat(MOST));
    assert_eq!(wrong(&long).len(), 1);
    assert!(wrong(&"word ".repeat(MOST)).is_empty());
    assert_eq!(wrong("The provider's word is good.").len(), 1);
    assert!(wrong("A key that ends in a time.").is_empty());
}
