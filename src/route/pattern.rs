//! Patterns of paths: `*` for any characters, slashes included, `{name}` for one segment, and in
//! the sets `{version}` for a version of a REST API.

/// Whether a path is one of a pattern's. With `FOLD`, capital letters of ASCII are as small ones.
///
/// What stands in braces is never empty and holds no slash.
pub(super) fn matches<const FOLD: bool>(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    // Position after the last `*`, and how much of the path that `*` has taken.
    let mut star = None;
    let (mut at, mut read) = (0_usize, 0_usize);
    loop {
        let step = match (pattern.get(at), path.get(read)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                at = at.saturating_add(1);
                if at == pattern.len() {
                    return true;
                }
                star = Some((at, read));
                continue;
            }
            (Some(b'{'), Some(_)) => braces(tail(pattern, at), tail(path, read)),
            (Some(wanted), Some(byte)) if is_same::<FOLD>(*wanted, *byte) => Some((1, 1)),
            _ => None,
        };
        if let Some((pattern_step, path_step)) = step {
            at = at.saturating_add(pattern_step);
            read = read.saturating_add(path_step);
            continue;
        }
        // Of what follows a `*`, each part in braces ends where its segment does: the later it
        // begins, the later it ends, so no other `*` than the last needs to take more.
        let Some((after, taken)) = star else {
            return false;
        };
        if taken >= path.len() {
            return false;
        }
        let taken = taken.saturating_add(1);
        star = Some((after, taken));
        (at, read) = (after, taken);
    }
}

/// Stands in a pattern for what [`super::sets::without_suffixes`] drops, and maybe more.
pub(super) const SUFFIXES: char = '\u{1}';

/// Whether some path is one of both patterns, in any case of its letters. `?` is any one byte.
pub(super) fn meet(one: &str, other: &str) -> bool {
    // Most differ in what stands before any wildcard.
    let is_literal = |byte: &u8| !matches!(byte, b'*' | b'{' | b'?' | 1);
    let literals = one.bytes().take_while(is_literal);
    let others = other.bytes().take_while(is_literal);
    if !literals
        .zip(others)
        .all(|(one, other)| one.eq_ignore_ascii_case(&other))
    {
        return false;
    }
    let (one, other) = (pieces(one), pieces(other));
    // What both begin with is the same, as has been seen.
    let is_byte =
        |(one, other): &(&Piece, &Piece)| matches!((one, other), (Piece::Byte(_), Piece::Byte(_)));
    let same = one.iter().zip(&other).take_while(is_byte).count();
    let one = one.get(same..).unwrap_or_default();
    let other = other.get(same..).unwrap_or_default();
    // For each place in `other`, whether what follows it meets what follows the place in `one` that
    // has been come to, from the right: patterns have too many ways to meet to try each.
    let mut row = vec![false; other.len().saturating_add(1)];
    for at in (0..=one.len()).rev() {
        let below = row.clone();
        for place in (0..=other.len()).rev() {
            let cell = |row: &[bool], place: usize| row.get(place).copied().unwrap_or_default();
            let next = place.saturating_add(1);
            let (down, right, both) = (cell(&below, place), cell(&row, next), cell(&below, next));
            let (mine, theirs) = (one.get(at), other.get(place));
            let goes_on = match (mine, theirs) {
                (None, None) => true,
                (Some(mine), None) => mine.may_be_empty() && down,
                (None, Some(theirs)) => theirs.may_be_empty() && right,
                (Some(mine), Some(theirs)) => {
                    let skips = (mine.may_be_empty() && down) || (theirs.may_be_empty() && right);
                    let shares = mine.shares_with(*theirs)
                        && match (mine.may_be_empty(), theirs.may_be_empty()) {
                            (false, false) => both,
                            (true, false) => right,
                            (false, true) => down,
                            // What both would take, either may leave to what follows.
                            (true, true) => false,
                        };
                    skips || shares
                }
            };
            if let Some(cell) = row.get_mut(place) {
                *cell = goes_on;
            }
        }
    }
    row.first().copied().unwrap_or_default()
}

/// What one step of a pattern takes.
#[derive(Clone, Copy)]
enum Piece {
    /// This byte, as a small letter.
    Byte(u8),
    /// Any one byte.
    One,
    /// Any one byte of a segment.
    OfSegment,
    /// Any bytes of a segment.
    Segment,
    /// Any bytes that suffixes have.
    Suffixes,
    /// Any bytes.
    Anything,
}

impl Piece {
    const fn may_be_empty(self) -> bool {
        matches!(self, Self::Segment | Self::Suffixes | Self::Anything)
    }

    /// Whether there is a byte that both take.
    const fn shares_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Byte(one), Self::Byte(other)) => one == other,
            (Self::Byte(byte), Self::OfSegment | Self::Segment)
            | (Self::OfSegment | Self::Segment, Self::Byte(byte)) => byte != b'/',
            // Bytes of `/`, `.json` and `.xml`.
            (Self::Byte(byte), Self::Suffixes) | (Self::Suffixes, Self::Byte(byte)) => {
                matches!(
                    byte,
                    b'/' | b'.' | b'j' | b's' | b'o' | b'n' | b'x' | b'm' | b'l'
                )
            }
            _ => true,
        }
    }
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut inside = false;
    for byte in pattern.bytes() {
        match byte {
            b'{' => {
                inside = true;
                pieces.extend([Piece::OfSegment, Piece::Segment]);
            }
            b'}' => inside = false,
            b'*' => pieces.push(Piece::Anything),
            b'?' => pieces.push(Piece::One),
            1 => pieces.push(Piece::Suffixes),
            byte if !inside => pieces.push(Piece::Byte(byte.to_ascii_lowercase())),
            _ => {}
        }
    }
    pieces
}

/// A pattern with `*` for each part in braces, of paths that begin with `head`, which may have parts
/// in braces too: what stands there in place of braces is written out, but for versions, so that one
/// pattern serves for all. And how much of it is as the head has it, letter by letter.
pub(super) fn plain_after(pattern: &str, head: &str) -> (String, usize) {
    let mut plain = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut known = Some(head);
    let mut fixed = 0;
    while let Some(next) = rest.chars().next() {
        let (taken, after) = if let ('{', Some((_, after))) = (next, rest.split_once('}')) {
            // All of the segment must be known, or be one segment there too.
            let end = known.and_then(|head| head.find('/'));
            let segment = known
                .zip(end)
                .and_then(|(head, end)| head.split_at_checked(end));
            known = segment.map(|(_, behind)| behind);
            let is_version = rest.starts_with("{version}");
            let literal = segment.map(|(segment, _)| segment);
            let literal = literal.filter(|segment| !is_version && !segment.starts_with('{'));
            (literal.unwrap_or("*"), after)
        } else {
            let (text, after) = rest.split_at(next.len_utf8());
            known = known.and_then(|head| {
                let same = next != '*' && head.starts_with(text);
                same.then(|| head.get(text.len()..)).flatten()
            });
            (text, after)
        };
        plain.push_str(taken);
        if known.is_some() {
            fixed = plain.len();
        }
        rest = after;
    }
    (plain, fixed)
}

const fn is_same<const FOLD: bool>(wanted: u8, byte: u8) -> bool {
    if FOLD {
        wanted.eq_ignore_ascii_case(&byte)
    } else {
        wanted == byte
    }
}

fn tail(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// How much of the pattern and of the path a part in braces takes.
fn braces(pattern: &[u8], path: &[u8]) -> Option<(usize, usize)> {
    let end = pattern.iter().position(|byte| *byte == b'}')?;
    let length = path.iter().position(|byte| *byte == b'/');
    let length = length.unwrap_or(path.len());
    let segment = path.get(..length)?;
    let is_version = pattern.starts_with(b"{version}");
    (length > 0 && (!is_version || self::is_version(segment)))
        .then_some((end.saturating_add(1), length))
}

/// `latest`, in any case, or numbers with dots between them.
pub(super) fn is_version(segment: &[u8]) -> bool {
    segment.eq_ignore_ascii_case(b"latest")
        || segment
            .split(|byte| *byte == b'.')
            .all(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{matches, meet, plain_after};

    #[test]
    fn stars_braces_and_versions() {
        for (pattern, path, expected) in [
            ("/*", "/", true),
            ("/rest/*", "/rest/a/b", true),
            ("/rest/*", "/rest", false),
            ("/a/{id}", "/a/b", true),
            ("/a/{id}", "/a/", false),
            ("/a/{id}", "/a/b/c", false),
            ("/a/{id}/c", "/a/b/c", true),
            ("/a/{id}/{id}", "/a/b/c", true),
            ("/*/{id}/c", "/x/y/b/c", true),
            ("/*/{id}/c", "/b/c", false),
            ("/*/x/{id}", "/a/x/b/x/c", true),
            ("/*.jspa", "/secure/a.jspa", true),
            ("/*.jspa", "/secure/a.jspa/b", false),
            ("/rest/api/{version}/user", "/rest/api/2/user", true),
            ("/rest/api/{version}/user", "/rest/api/latest/user", true),
            ("/rest/api/{version}/user", "/rest/api/1.0/user", true),
            ("/rest/api/{version}/user", "/rest/api/x/user", false),
            ("/rest/api/{version}/user", "/rest/api/1./user", false),
        ] {
            assert_eq!(
                matches::<false>(pattern, path),
                expected,
                "{pattern} {path}"
            );
        }
        assert!(matches::<true>(
            "/rest/api/{version}/serverInfo",
            "/REST/api/Latest/serverinfo"
        ));
        assert!(!matches::<false>("/rest", "/Rest"));
    }

    #[test]
    fn patterns_that_meet() {
        for (one, other, expected) in [
            ("/rest/*", "/rest/api/*", true),
            ("/rest/API/*", "/rest/api/x", true),
            ("/rest/api/{version}/user", "/rest/api/2/issue/*", false),
            (
                "/rest/api/{version}/issue/{id}/x",
                "/rest/api/2/issue/*",
                true,
            ),
            ("/a/{id}", "/a/b/c", false),
            ("/a/{id}", "/a/", false),
            ("/a/{id}/*", "/a/{id}", false),
            ("/*.jspa", "/secure/*", true),
            ("/*.jspa", "/secure/x.jsp", false),
            ("/a*", "/*b", true),
            ("/a?c/*", "/ABC/d", true),
            ("/a?c", "/a{id}", true),
            ("/a?c", "/a/{id}", true),
            ("/a?c", "/ac", false),
            ("/a/{id}/b", "/a/{id}\u{1}", false),
            ("/a*", "/a/{id}\u{1}", true),
            ("/a/b.XML/", "/a/{id}\u{1}", true),
            ("", "", true),
            ("*", "", true),
            ("a", "", false),
            ("GET/rest/*", "GET/rest/api/*", true),
            ("GET/rest/*", "POST/rest/*", false),
            ("*/rest/auth*", "GET/*", true),
            ("GET/*/x", "GET/y*", true),
            ("GET/*/x", "GET/*y", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(meet(one, other), expected, "{one} {other}");
            assert_eq!(meet(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn patterns_behind_a_head() {
        for (pattern, head, expected, fixed) in [
            ("/rest/api/{version}/user", "/rest/", "/rest/api/*/user", 6),
            (
                "/rest/api/{version}/user",
                "/rest/api/2/",
                "/rest/api/*/user",
                12,
            ),
            (
                "/rest/api/{version}/user",
                "/rest/api/2",
                "/rest/api/*/user",
                10,
            ),
            (
                "/rest/api/{version}/user",
                "/rest/api/2/user/",
                "/rest/api/*/user",
                16,
            ),
            ("/a/{x}/b/{y}/c", "/a/{id}/b/", "/a/*/b/*/c", 7),
            ("/a/{x}/b/c", "/a/{id}/b/c/", "/a/*/b/c", 8),
            ("/*.jspa", "/rest/", "/*.jspa", 1),
            ("/a/{x}/{y}", "/a/b/", "/a/b/*", 5),
        ] {
            let (plain, found) = plain_after(pattern, head);
            assert_eq!(
                (plain.as_str(), found),
                (expected, fixed),
                "{pattern} {head}"
            );
        }
    }

    /// The definition, without thought for speed.
    fn slow(pattern: &str, path: &str) -> bool {
        if let Some(rest) = pattern.strip_prefix('*') {
            return (0..=path.len()).any(|taken| slow(rest, &path[taken..]));
        }
        if let Some((_, rest)) = pattern
            .strip_prefix('{')
            .and_then(|open| open.split_once('}'))
        {
            let end = path.find('/').unwrap_or(path.len());
            return end > 0 && slow(rest, &path[end..]);
        }
        match (pattern.chars().next(), path.chars().next()) {
            (None, None) => true,
            (Some(wanted), Some(found)) => wanted == found && slow(&pattern[1..], &path[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn as_defined(pattern in "(/(a|b|\\*|\\{x\\}|a\\*|\\*b)){0,5}\\*?", path in "[ab/]{0,12}") {
            prop_assert_eq!(matches::<false>(&pattern, &path), slow(&pattern, &path));
        }

        /// A path of both is found.
        #[test]
        fn a_path_of_both_shows_that_they_meet(
            one in "(/(a|b|\\*|\\{x\\}|a\\*)){1,4}",
            other in "(/(a|b|\\*|\\{x\\}|\\*b)){1,4}",
            path in "(/(a|b|ab)){1,5}",
        ) {
            if matches::<false>(&one, &path) && matches::<false>(&other, &path) {
                prop_assert!(meet(&one, &other));
            }
        }
    }
}
