//! Tokens and passwords where they must not be: on the command line, which the shell's history and all
//! users of the machine can read. What may be one is never repeated.

use std::ffi::OsString;
use std::path::Path;

use atlassian_authorizer::credential::{API_TOKEN_PREFIX, Vendor};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::failure::Failure;

/// What stands for a text that is not repeated.
const HIDDEN: &str = "[not shown]";

/// The shortest text that is a token by its prefix: names may begin so too.
const LEAST: usize = 20;

/// Refuses a command line with a token in any of its arguments.
pub(crate) fn refuse_tokens(arguments: &[OsString]) -> Result<(), Failure> {
    let mut texts = arguments.iter().skip(1).map(|one| one.to_string_lossy());
    match texts.position(|text| has_token(&text)) {
        None => Ok(()),
        Some(place) => Err(Failure::usage(format!(
            "argument {} is a token or has one in it, and a token does not belong on a command line",
            place.saturating_add(1)
        ))
        .hint(
            "delete it from the shell's history, and revoke it if others use this machine; give a file with a \
             token, or give - and send the token to standard input (to revoke an API token, give the 16 \
             characters after `atl_`)",
        )),
    }
}

/// A message without arguments that may be secrets, for errors that repeat what was given.
pub(crate) fn without_secrets(message: &str, arguments: &[OsString]) -> String {
    let mut hidden: Vec<String> = Vec::new();
    for argument in arguments.iter().skip(1) {
        let argument = argument.to_string_lossy();
        let value = argument.split_once('=').map(|(_, value)| value);
        let parts = [Some(argument.as_ref()), value];
        let secret = parts
            .into_iter()
            .flatten()
            .filter(|text| may_be_secret(text));
        hidden.extend(secret.map(str::to_owned));
    }
    // The longest first: one may have another in it.
    hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let message = message.to_owned();
    hidden.iter().fold(message, |message, text| {
        message.replace(text.as_str(), HIDDEN)
    })
}

/// A text that was given, for a message; not repeated where it may be a secret.
pub(crate) fn given(text: &str) -> String {
    // Long names of small letters are names.
    let is_random = text
        .bytes()
        .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if has_token(text) || (is_random && may_be_secret(text)) {
        HIDDEN.to_owned()
    } else {
        format!("`{text}`")
    }
}

/// The name of a file that is not there, where it surely is a file's name: one with a folder that exists,
/// or with a short extension. A token or a password in its place is not repeated.
pub(crate) fn file_name(file: &Path) -> Option<String> {
    let text = file.to_string_lossy();
    if has_token(&text) {
        return None;
    }
    let in_folder = text.contains('/') && file.parent().is_some_and(Path::is_dir);
    let extension = file.extension().map(|one| one.to_string_lossy());
    let has_extension = extension.is_some_and(|one| {
        (1..=5).contains(&one.len()) && one.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    (in_folder || has_extension).then(|| file.display().to_string())
}

/// Whether a text has a token of a known form in it, percent-encoded or not.
pub(crate) fn has_token(text: &str) -> bool {
    let is_of_token = |one: char| one.is_ascii_alphanumeric() || "_-.~+".contains(one);
    let has_one = |text: &str| text.split(|one| !is_of_token(one)).any(is_token);
    let mut decoded = form_urlencoded::parse(text.as_bytes());
    has_one(text) || decoded.any(|(name, value)| has_one(&name) || has_one(&value))
}

/// Whether a word is a token by its form: one of ours, a JWT or a JWE, or one with a vendor's prefix.
fn is_token(word: &str) -> bool {
    let dots = word.bytes().filter(|byte| *byte == b'.').count();
    if (dots == 2 || dots == 4) && word.len() >= LEAST && begins_as_json(word) {
        return true;
    }
    let is_random = |word: &str| word.len() >= LEAST && !word.contains('.');
    // Google's prefix has a dot, and `EAA` could begin a name.
    (word.starts_with(API_TOKEN_PREFIX) && is_random(word))
        || Vendor::is_personal_or_machine(word) && word.len() >= LEAST
        || matches!(Vendor::of(word), Some(Vendor::Facebook)) && word.len() >= 40
        || Vendor::of(word).is_some_and(|vendor| vendor != Vendor::Facebook) && word.len() >= LEAST
}

/// Whether what stands before the first dot is a JSON object in base64url, as a JOSE header is. Names of
/// hosts may begin with the same letters.
fn begins_as_json(word: &str) -> bool {
    let header = word.split('.').next().unwrap_or_default();
    let decoded = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&decoded).is_ok()
}

/// Whether a text may be a secret: it is a token, or has a long run of what tokens are made of.
fn may_be_secret(text: &str) -> bool {
    if has_token(text) {
        return true;
    }
    let is_of_run = |one: char| one.is_ascii_alphanumeric() || "_-+~".contains(one);
    let mut runs = text.split(|one| !is_of_run(one));
    let is_option = text.starts_with("--");
    !is_option && runs.any(|run| run.len() >= LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> Vec<OsString> {
        std::iter::once("atlauth")
            .chain(words.iter().copied())
            .map(OsString::from)
            .collect()
    }

    #[test]
    fn tokens_are_found_wherever_they_stand() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for text in [
            jwt.to_owned(),
            format!("/jira/x?access_token={jwt}"),
            format!("--user={jwt}"),
            format!("X-Token:{jwt}"),
            format!("Bearer {jwt}"),
            format!("/jira/x?token=Bearer%20{}", jwt.replace('.', "%2E")),
            "atl_abcdefghijkmnpqrstuvwxyz0123456789".to_owned(),
            "ghp_abcdefghijklmnopqrstuvwxyz".to_owned(),
            "ya29.a0AfH6SMBabcdefghij".to_owned(),
        ] {
            assert!(has_token(&text), "{text}");
            let failure = refuse_tokens(&arguments(&["explain", &text])).unwrap_err();
            assert!(failure.message().starts_with("argument 2 "));
            assert!(!failure.message().contains(&text));
            assert_eq!(failure.code(), 2);
        }
        for text in [
            "/jira/rest/api/2/myself",
            "token.txt",
            "file:/tmp/settings.json",
            "eyes.of.a.cat",
            "https://ews.example-corp.com",
            "https://eyes.login.contoso-corp.example.com",
            "abcdefghijkmnpqr",
            "atl_x",
            "ssm:/atlassian-authorizer/prod",
        ] {
            assert!(!has_token(text), "{text}");
        }
    }

    #[test]
    fn errors_do_not_repeat_what_may_be_secret() {
        let opaque = "0a1b2c3d4e5f6a7b8c9d0e1f";
        let given = arguments(&["event", opaque, "--kind=0123456789abcdef0123456789"]);
        let message = format!("invalid value '{opaque}', and '0123456789abcdef0123456789'");
        assert_eq!(
            without_secrets(&message, &given),
            "invalid value '[not shown]', and '[not shown]'"
        );
        let typo = arguments(&["explian", "--colour-of-the-terminal"]);
        let message = "unrecognized subcommand 'explian', unexpected '--colour-of-the-terminal'";
        assert_eq!(without_secrets(message, &typo), message);
    }

    #[test]
    fn names_of_files() {
        for (name, shown) in [
            ("token.txt", true),
            ("/tmp/token", true),
            ("hunter2", false),
            ("opaque-token-of-alice", false),
            ("/no/such/folder/token", false),
            ("ya29.a0AfH6SMBabcdefghij", false),
        ] {
            assert_eq!(file_name(Path::new(name)).is_some(), shown, "{name}");
        }
    }
}
