//! All paths that something on the way may take a request's path for.
//!
//! API Gateway, proxies and the product need not read a path alike: AWS does not say what is decoded
//! where. So a path is read in every way that is known, and a rule must hold for each. Percent-encoding
//! and dot segments are those of [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986), path parameters
//! those of servlets, and `/s/…/_/` is how Atlassian's products serve resources under changing names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::sets::with_fewer_suffixes;

/// The longest path that is read, in bytes: more than a URL of API Gateway's can hold.
const MAX_PATH: usize = 12 * 1024;

/// The most readings of a path.
const MAX_READINGS: usize = 32;

/// How often a path may be decoded on its way.
const MOST_DECODINGS: u8 = 2;

/// The most suffixes that a product may drop from a path: `/`, `.json`, `.xml`.
const MOST_SUFFIXES: usize = 8;

/// The most places at which a path is compared with the ARN's, behind a stage or a base path.
const MOST_PREFIXES: usize = 8;

/// The paths in a product that a request's path may mean, each with a leading slash.
#[derive(Clone, Debug)]
pub struct Readings<'p>(Vec<Cow<'p, str>>);

/// Why nothing is decided about a path.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Unreadable {
    /// Dot segments lead out of the product.
    #[error("dot segments lead out of the product")]
    LeavesProduct,
    /// It holds control characters, or bytes that are no UTF-8.
    #[error("it holds control characters or invalid UTF-8")]
    NoText,
    /// There are too many ways to read it.
    #[error("it can be read in more than 32 ways")]
    Ambiguous,
    /// It is longer than API Gateway takes.
    #[error("it is longer than 12 KiB")]
    TooLong,
    /// The event names another path than the ARN.
    #[error("the event's paths differ")]
    Contradictory,
}

impl<'p> Readings<'p> {
    /// Reads the path of an ARN, which begins with the product's, and the event's other paths, which
    /// may have a stage or a base path before the same.
    ///
    /// # Errors
    ///
    /// Why nothing can be decided about the path.
    pub fn of(
        product: &str,
        arn_path: &'p str,
        others: impl IntoIterator<Item = &'p str>,
    ) -> Result<Self, Unreadable> {
        if arn_path.len() > MAX_PATH {
            return Err(Unreadable::TooLong);
        }
        let mut readings = Self(Vec::with_capacity(1));
        readings.add(below(product, arn_path).ok_or(Unreadable::Contradictory)?)?;
        for other in others {
            if other.len() > MAX_PATH {
                return Err(Unreadable::TooLong);
            }
            if other != arn_path {
                readings.add_other(product, arn_path, other)?;
            }
        }
        Ok(readings)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Adds a path in the product with all its readings.
    fn add(&mut self, path: &'p str) -> Result<(), Unreadable> {
        if is_plain(path) {
            return self.push(Cow::Borrowed(path));
        }
        for reading in closure(path)?.into_keys() {
            self.push(Cow::Owned(reading))?;
        }
        Ok(())
    }

    fn push(&mut self, reading: Cow<'p, str>) -> Result<(), Unreadable> {
        // The first has lost none.
        let mut shorter = with_fewer_suffixes(&reading).skip(1);
        let has_too_many = shorter.nth(MOST_SUFFIXES).is_some();
        drop(shorter);
        if has_too_many {
            return Err(Unreadable::Ambiguous);
        }
        if !self.0.contains(&reading) {
            if self.0.len() == MAX_READINGS {
                return Err(Unreadable::Ambiguous);
            }
            self.0.push(reading);
        }
        Ok(())
    }

    /// Adds another path of the event, less what stands before the product's.
    fn add_other(
        &mut self,
        product: &str,
        arn_path: &str,
        other: &'p str,
    ) -> Result<(), Unreadable> {
        let starts = other.match_indices('/').take(MOST_PREFIXES);
        for (start, _) in starts {
            let path = other.get(start..).unwrap_or_default();
            if path == arn_path {
                return Ok(());
            }
            let Some(path) = below(product, path) else {
                continue;
            };
            let mut one = Self(Vec::new());
            one.add(path)?;
            if self.shares_with(&one) {
                for reading in one.0 {
                    self.push(reading)?;
                }
                return Ok(());
            }
        }
        Err(Unreadable::Contradictory)
    }

    /// Whether the two can be readings of one path: API Gateway drops slashes at the end.
    fn shares_with(&self, other: &Self) -> bool {
        let bare = |reading: &str| reading.trim_end_matches('/').to_owned();
        other
            .iter()
            .any(|one| self.iter().any(|known| bare(known) == bare(one)))
    }
}

/// A path in the product; `None` where it lies in another.
fn below<'p>(product: &str, path: &'p str) -> Option<&'p str> {
    match path.strip_prefix(product)? {
        "" => Some("/"),
        rest if rest.starts_with('/') => Some(rest),
        _ => None,
    }
}

/// Whether a path has one reading, as almost all have.
fn is_plain(path: &str) -> bool {
    let mut previous = 0;
    let mut is_plain = !is_resource(path);
    for byte in path.bytes() {
        is_plain &= !matches!(
            (previous, byte),
            (_, b'%' | b'\\' | b';') | (b'/', b'/' | b'.')
        ) && !byte.is_ascii_control();
        previous = byte;
    }
    is_plain
}

/// All readings of a path, with how often each has been decoded at the least.
fn closure(path: &str) -> Result<BTreeMap<String, u8>, Unreadable> {
    if path.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Unreadable::NoText);
    }
    let mut readings = BTreeMap::new();
    let mut open = vec![(path.to_owned(), 0)];
    while let Some((reading, decoded)) = open.pop() {
        if readings
            .get(&reading)
            .is_some_and(|known| *known <= decoded)
        {
            continue;
        }
        if decoded < MOST_DECODINGS && reading.contains('%') {
            let next = if decoded == 0 {
                decode(&reading)?
            } else {
                decode_again(&reading)
            };
            open.push((next, decoded.saturating_add(1)));
        }
        open.push((slashes(&reading, &["%2F", "%2f"]), decoded));
        open.push((slashes(&reading, &["\\"]), decoded));
        open.push((without_empty_segments(&reading), decoded));
        open.push((without_dots(&reading)?, decoded));
        open.push((without_parameters(&reading), decoded));
        open.extend(resource(&reading).map(|resource| (resource, decoded)));
        readings.insert(reading, decoded);
        if readings.len() > MAX_READINGS {
            return Err(Unreadable::Ambiguous);
        }
    }
    Ok(readings)
}

/// Decodes what was sent. What is no text then is nobody's honest path.
fn decode(path: &str) -> Result<String, Unreadable> {
    let decoded = percent_decode_str(path).decode_utf8();
    let decoded = decoded.map_err(|_| Unreadable::NoText)?;
    if decoded.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Unreadable::NoText);
    }
    Ok(decoded.into_owned())
}

/// Decodes what was decoded before. A name may hold what looks like an escape and never was one, so
/// escapes of what is no text stay.
fn decode_again(path: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    let mut decoded = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii_control() {
                // A string takes any text.
                let _ = write!(decoded, "%{:02X}", u32::from(character));
            } else {
                decoded.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(decoded, "%{byte:02X}");
        }
    }
    decoded
}

fn slashes(path: &str, spellings: &[&str]) -> String {
    spellings
        .iter()
        .fold(path.to_owned(), |path, one| path.replace(one, "/"))
}

fn without_empty_segments(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !kept.ends_with('/') {
            kept.push(character);
        }
    }
    kept
}

/// RFC 3986, section 5.2.4; but what leads above the product is an error.
fn without_dots(path: &str) -> Result<String, Unreadable> {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop().ok_or(Unreadable::LeavesProduct)?;
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    Ok(format!("/{}", kept.join("/")))
}

fn without_parameters(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or_default())
        .collect();
    segments.join("/")
}

fn is_resource(path: &str) -> bool {
    path.get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case("/s/"))
}

/// What a resource's changing name stands before.
fn resource(path: &str) -> Option<String> {
    let end = path.rfind("/_/").filter(|_| is_resource(path))?;
    // With the slash that the path begins with.
    path.get(end.saturating_add(2)..).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Readings, Unreadable, closure, is_plain};

    fn read(path: &str) -> Result<Vec<String>, Unreadable> {
        let readings = Readings::of("/jira", path, [])?;
        let mut readings: Vec<String> = readings.iter().map(str::to_owned).collect();
        readings.sort();
        Ok(readings)
    }

    #[test]
    fn readings() {
        for (path, expected) in [
            ("/jira", &["/"][..]),
            ("/jira/", &["/"]),
            ("/jira/rest/a", &["/rest/a"]),
            ("/jira/a%20b", &["/a b", "/a%20b"]),
            ("/jira/100%25.txt", &["/100%.txt", "/100%25.txt"]),
            ("/jira/a%2525b", &["/a%2525b", "/a%25b", "/a%b"]),
            ("/jira/a%2Fb", &["/a%2Fb", "/a/b"]),
            ("/jira/a\\b", &["/a/b", "/a\\b"]),
            ("/jira/v1..v2", &["/v1..v2"]),
            ("/jira/.git", &["/.git"]),
            ("/jira/a/../b", &["/a/../b", "/b"]),
            ("/jira/a/.", &["/a/", "/a/."]),
            ("/jira//a", &["//a", "/a"]),
            ("/jira/a;x=1/b;y", &["/a/b", "/a;x=1/b;y"]),
            ("/jira/s/x/_/rest/a", &["/rest/a", "/s/x/_/rest/a"]),
            ("/jira/s/x/rest/a", &["/s/x/rest/a"]),
            ("/jira/a%2500", &["/a%00", "/a%2500"]),
            ("/jira/a%25ff", &["/a%25ff", "/a%FF", "/a%ff"]),
            ("/jira/a%zz", &["/a%zz"]),
        ] {
            assert_eq!(read(path).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_read() {
        for (path, expected) in [
            ("/jira/..", Unreadable::LeavesProduct),
            ("/jira/../jira/rest", Unreadable::LeavesProduct),
            ("/jira/a/%2e%2e/..%2fb", Unreadable::LeavesProduct),
            ("/jira/..;/confluence", Unreadable::LeavesProduct),
            ("/jira/%252e%252e/confluence", Unreadable::LeavesProduct),
            ("/jira/..\\confluence", Unreadable::LeavesProduct),
            ("/jira/a%00", Unreadable::NoText),
            ("/jira/a%0d%0ab", Unreadable::NoText),
            ("/jira/a\u{7f}", Unreadable::NoText),
            ("/jira/%c0%af", Unreadable::NoText),
            ("/jira/%2525/a;b//..%2f./%5c;/x;%2f", Unreadable::Ambiguous),
            ("/jiras", Unreadable::Contradictory),
        ] {
            assert_eq!(read(path).unwrap_err(), expected, "{path}");
        }
    }

    #[test]
    fn other_paths_of_the_event() {
        let with = |other: &str| {
            let readings = Readings::of("/jira", "/jira/a%20b", [other])?;
            let mut readings: Vec<String> = readings.iter().map(str::to_owned).collect();
            readings.sort();
            Ok(readings)
        };
        for (other, expected) in [
            ("/jira/a%20b", Ok(&["/a b", "/a%20b"][..])),
            ("/prod/jira/a%20b", Ok(&["/a b", "/a%20b"])),
            ("/base/path/jira/a%20b", Ok(&["/a b", "/a%20b"])),
            ("/jira/a b/", Ok(&["/a b", "/a b/", "/a%20b"])),
            ("/jira/a%2520b", Ok(&["/a b", "/a%20b", "/a%2520b"])),
            ("/jira/other", Err(Unreadable::Contradictory)),
            ("/confluence/a%20b", Err(Unreadable::Contradictory)),
            ("", Err(Unreadable::Contradictory)),
        ] {
            let expected = expected.map(|all| all.iter().map(|&one| one.to_owned()).collect());
            assert_eq!(with(other), expected, "{other}");
        }
    }

    proptest! {
        /// The short cut leaves nothing out.
        #[test]
        fn plain_paths_have_one_reading(path in "(/(s|_|[a.%;25eE\\\\]{0,3})){1,4}") {
            if is_plain(&path) {
                prop_assert_eq!(closure(&path).unwrap().into_keys().collect::<Vec<_>>(), [path]);
            }
        }

        /// Nothing that is done to a reading makes another.
        #[test]
        fn readings_of_readings_are_among_them(path in "(/(s|_|[a.%;25eEfF\\\\]{0,4})){1,4}") {
            if let Ok(all) = closure(&path) {
                for (reading, decoded) in &all {
                    if *decoded == 0 {
                        for next in closure(reading).unwrap().into_keys() {
                            prop_assert!(all.contains_key(&next), "{} {}", reading, next);
                        }
                    }
                }
            }
        }
    }
}
