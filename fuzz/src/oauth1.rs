//! The base string of an OAuth 1.0a signature, against RFC 5849, section 3.4.1, without thought for
//! speed. The input has a line for the method, one for the path, and one for each parameter.

use std::sync::LazyLock;

use atlassian_authorizer::upstream::Signer;

const BASE: &str = "https://jira.example.com/jira";

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let key = include_str!("../../tests/keys/development.pem");
    Signer::new("gateway", key, BASE).unwrap()
});

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let (Some(method), Some(path)) = (lines.next(), lines.next()) else {
        return;
    };
    let query: Vec<(&str, &str)> = lines
        .map(|line| line.split_once('=').unwrap_or((line, "")))
        .collect();
    let base = SIGNER.base_string_of(method, path, &query);
    assert!(base.is_ascii());
    let parts: Vec<&str> = base.split('&').collect();
    let [signed_method, url, parameters] = parts.as_slice() else {
        panic!("expected three parts: {base}");
    };
    assert_eq!(*signed_method, encode(method));
    let url = decode(url);
    assert!(url.starts_with(BASE.as_bytes()), "another base URL");
    assert!(
        url.is_ascii() && !url.contains(&b'?') && !url.contains(&b'#'),
        "a path that is none"
    );
    assert!(url.iter().all(u8::is_ascii_graphic));

    let mut expected: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    expected.sort();
    let expected: Vec<String> = expected
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(*parameters, encode(&expected.join("&")));
}

fn encode(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

fn decode(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}
