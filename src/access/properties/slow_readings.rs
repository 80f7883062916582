//! All readings of a path, by the words of the design.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// All readings of a path; `None` is a refusal.
pub(super) fn readings(product: &str, path: &str) -> Option<BTreeSet<String>> {
    let path = match path.strip_prefix(product)? {
        "" => "/",
        below if below.starts_with('/') => below,
        _ => return None,
    };
    if !is_text(path.as_bytes()) {
        return None;
    }
    let mut known = BTreeSet::from([(path.to_owned(), 0)]);
    loop {
        let mut all = known.clone();
        for (path, decodings) in &known {
            all.extend(steps(path, *decodings)?);
        }
        let paths: BTreeSet<String> = all.iter().map(|(path, _)| path.clone()).collect();
        if paths.len() > 32 {
            return None;
        }
        if all == known {
            let is_bare = |path: &String| suffixes(path) <= 8 || path.len() == 1;
            return paths.iter().all(is_bare).then_some(paths);
        }
        known = all;
    }
}

/// How many suffixes may be dropped from a path.
fn suffixes(path: &str) -> usize {
    let lower = path.to_ascii_lowercase();
    let mut rest = lower.as_str();
    let mut count = 0;
    while let Some(shorter) = ["/", ".json", ".xml"]
        .iter()
        .find_map(|suffix| rest.strip_suffix(suffix))
        .filter(|shorter| !shorter.is_empty())
    {
        rest = shorter;
        count += 1;
    }
    count
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(|c: char| c.is_ascii_control()))
}

fn steps(path: &str, decodings: usize) -> Option<Vec<(String, usize)>> {
    let mut steps = Vec::new();
    match decodings {
        0 => {
            let bytes = decoded(path);
            if !is_text(&bytes) {
                return None;
            }
            steps.push((String::from_utf8(bytes).ok()?, 1));
        }
        1 => steps.push((text_of(&decoded(path)), 2)),
        _ => {}
    }
    let mut same = vec![
        path.replace("%2F", "/").replace("%2f", "/"),
        path.replace('\\', "/"),
        without_dots(path)?,
    ];
    let mut full: Vec<&str> = path.split('/').skip(1).collect();
    let last = full.pop().unwrap_or_default();
    full.retain(|segment| !segment.is_empty());
    full.push(last);
    same.push(format!("/{}", full.join("/")));
    let bare = path.split('/').map(|one| one.split(';').next().unwrap());
    same.push(bare.collect::<Vec<_>>().join("/"));
    let lower = path.to_ascii_lowercase();
    if lower.starts_with("/s/") && lower.contains("/_/") {
        same.push(format!("/{}", path.rsplit_once("/_/").unwrap().1));
    }
    steps.extend(same.into_iter().map(|path| (path, decodings)));
    Some(steps)
}

fn decoded(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| digit(at + 1).zip(digit(at + 2)))
            .flatten();
        if let Some((high, low)) = escape {
            out.push(u8::try_from(high * 16 + low).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// The text of bytes, with escapes for what is none.
fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_one = |length: &usize| bytes.get(at..at + length).is_some_and(is_text);
        if let Some(length) = (1..=4).find(is_one) {
            text.push_str(std::str::from_utf8(&bytes[at..at + length]).unwrap());
            at += length;
        } else {
            write!(text, "%{:02X}", bytes[at]).unwrap();
            at += 1;
        }
    }
    text
}

/// RFC 3986, section 5.2.4, as it stands there; above the product is a refusal.
fn without_dots(path: &str) -> Option<String> {
    let mut input = path.to_owned();
    let mut output = String::new();
    while !input.is_empty() {
        if input.starts_with("/./") || input == "/." {
            input = format!("/{}", input.get(3..).unwrap_or_default());
        } else if input.starts_with("/../") || input == "/.." {
            input = format!("/{}", input.get(4..).unwrap_or_default());
            output.truncate(output.rfind('/')?);
        } else {
            let end = input[1..].find('/').map_or(input.len(), |end| end + 1);
            output.push_str(&input[..end]);
            input = input[end..].to_owned();
        }
    }
    Some(output)
}
