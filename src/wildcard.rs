//! Matching with IAM's wildcards: routes, user names and the resources of policies.

/// IAM's wildcards: `*` for any characters, `/` included, and `?` for one.
pub fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    matches(pattern, text, |_| true)
}

/// Whether a pattern matches whatever another one does. Where there is doubt it does not.
pub fn covers(pattern: &[u8], other: &[u8]) -> bool {
    matches(pattern, other, |byte| byte != b'*')
}

fn matches(pattern: &[u8], text: &[u8], is_one: impl Fn(u8) -> bool) -> bool {
    // Position after the last `*`, and how much of the text that `*` has taken.
    let mut star = None;
    let (mut at, mut read) = (0_usize, 0_usize);
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                at = at.saturating_add(1);
                star = Some((at, read));
            }
            Some(wanted) if wanted == byte || (*wanted == b'?' && is_one(*byte)) => {
                at = at.saturating_add(1);
                read = read.saturating_add(1);
            }
            _ => {
                let Some((after, taken)) = star else {
                    return false;
                };
                at = after;
                read = taken.saturating_add(1);
                star = Some((after, read));
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{covers, is_match};

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "a/b", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("a*b*c", "axbxbxc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "abbc", false),
            ("*/x/*", "GET/jira/x/y", true),
            ("abc", "ABC", false),
            ("a**", "a", true),
            ("?", "", false),
        ] {
            assert_eq!(
                is_match(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    /// The definition, without thought for speed.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                slow(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, text)| slow(pattern, text))
            }
            (Some((wanted, rest)), Some((byte, text))) => {
                (wanted == byte || *wanted == b'?') && slow(rest, text)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn what_covers(one in "[ab?*/]{0,6}", other in "[ab?*/]{0,6}", text in "[ab/]{0,8}") {
            if covers(one.as_bytes(), other.as_bytes()) && is_match(other.as_bytes(), text.as_bytes()) {
                prop_assert!(is_match(one.as_bytes(), text.as_bytes()));
            }
        }

        #[test]
        fn as_defined(pattern in "[ab?*/]{0,8}", text in "[ab/]{0,10}") {
            prop_assert_eq!(
                is_match(pattern.as_bytes(), text.as_bytes()),
                slow(pattern.as_bytes(), text.as_bytes())
            );
        }
    }
}
