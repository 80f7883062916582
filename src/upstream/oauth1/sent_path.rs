//! The spelling in which the product sees a request's path.
//!
//! A signature covers the path as it arrives ([RFC 5849](https://www.rfc-editor.org/rfc/rfc5849),
//! section 3.4.1.2), and the RFC leaves open how a character is spelled. So what is signed must be
//! spelled as what is sent on. [`as_sent`] is the only place that says how that is:
//!
//! | in the caller's path | on the way to the product |
//! | --- | --- |
//! | one `/` at the end | is lost: API Gateway's `{proxy}` comes without it |
//! | `%` and what follows | stays as it is, be it right or not, in capitals or not |
//! | unreserved characters, `/ : @ ! $ & ' ( ) * + , ; =` | stay as they are |
//! | `[ ] ^` and the pipe | stay as they are |
//! | blank, controls, `" # < > ?`, backtick, `{ }`, beyond ASCII | percent-encoded, as UTF-8 and in capitals |
//! | `\` | is never sent on |
//!
//! [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986) has no place for the last three rows in a path. How
//! URL libraries send them is what browsers and the WHATWG's
//! [path percent-encode set](https://url.spec.whatwg.org/#path-percent-encode-set) made usual; the `^`
//! has joined that set, and the libraries have not followed. What API Gateway does with them is not
//! documented. Callers who encode them are on the safe side: Data Center's OAuth library reads the path with
//! `java.net.URI`, which takes none of them raw, so that no signature would be right.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What is percent-encoded on the way.
const ENCODED_ON_THE_WAY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    // A URL library would make a slash of it, and so another path.
    .add(b'\\')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// What the product sees of a path below its own that a caller sent as `path`.
pub(super) fn as_sent(path: &str) -> Cow<'_, str> {
    let sent = path.strip_suffix('/').unwrap_or(path);
    let sent = if sent.is_empty() { "/" } else { sent };
    utf8_percent_encode(sent, ENCODED_ON_THE_WAY).into()
}

#[cfg(test)]
mod tests {
    use super::as_sent;

    #[test]
    fn one_slash_at_the_end_is_lost() {
        for (path, sent) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a//", "/a/"),
            ("/a%2F", "/a%2F"),
        ] {
            assert_eq!(as_sent(path), sent, "{path}");
        }
    }

    #[test]
    fn what_is_encoded_stays() {
        for path in ["/a%2Fb%2fc", "/a%252Fb", "/100%", "/%zz", "/%C3%A9%5B"] {
            assert_eq!(as_sent(path), path);
        }
    }

    #[test]
    fn raw_characters() {
        let plain = "/-._~:@!$&'()*+,;=[]^|09azAZ";
        assert_eq!(as_sent(plain), plain);
        assert_eq!(
            as_sent("/ \"#<>?\\`{}\u{1}\u{7f}é🦀"),
            "/%20%22%23%3C%3E%3F%5C%60%7B%7D%01%7F%C3%A9%F0%9F%A6%80"
        );
    }
}
