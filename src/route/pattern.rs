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
fn is_version(segment: &[u8]) -> bool {
    segment.eq_ignore_ascii_case(b"latest")
        || segment
            .split(|byte| *byte == b'.')
            .all(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

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
    }
}
