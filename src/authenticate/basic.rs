//! Basic credentials. Nothing here checks a password: what is let through, Atlassian checks.

use crate::access::{Grant, is_match};
use crate::credential::API_TOKEN_PREFIX;
use crate::error::Denial;
use crate::settings::BasicAuth;

/// What Basic credentials of this user may be passed through to.
///
/// # Errors
///
/// [`Denial::BasicDenied`] when that is nothing.
pub(crate) fn grant(
    settings: &BasicAuth,
    unverified_username: Option<&str>,
) -> Result<Grant, Denial> {
    // What names nobody, Atlassian may take for an anonymous call, and there is nothing to check.
    let username = unverified_username
        .filter(|username| !username.trim().is_empty() && !username.contains(char::is_control))
        // Our own tokens are not for Atlassian, wherever they stand.
        .filter(|username| !username.starts_with(API_TOKEN_PREFIX))
        .ok_or(Denial::BasicDenied)?;
    match settings {
        BasicAuth::Deny => Err(Denial::BasicDenied),
        BasicAuth::PassThrough => Ok(Grant::Basic),
        BasicAuth::Some { users, paths } => {
            // Atlassian tells no capital letters from small ones in user names.
            let username = username.to_ascii_lowercase();
            let matches = |user: &String| is_match(user.as_bytes(), username.as_bytes());
            if users.iter().any(matches) {
                Ok(Grant::Basic)
            } else if paths.is_empty() {
                Err(Denial::BasicDenied)
            } else {
                Ok(Grant::BasicOnSomePaths)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grant;
    use crate::access::Grant;
    use crate::error::Denial;
    use crate::settings::BasicAuth;

    #[test]
    fn users_and_paths() {
        assert_eq!(
            grant(&BasicAuth::Deny, Some("alice")),
            Err(Denial::BasicDenied)
        );
        assert_eq!(
            grant(&BasicAuth::PassThrough, Some("alice")),
            Ok(Grant::Basic)
        );
        for nobody in [None, Some(""), Some(" "), Some("\0"), Some("atl_x")] {
            assert_eq!(
                grant(&BasicAuth::PassThrough, nobody),
                Err(Denial::BasicDenied)
            );
        }
        let mut some = BasicAuth::Some {
            users: vec!["alice".to_owned(), "svc-*".to_owned()],
            paths: Vec::new(),
        };
        for (name, expected) in [
            (Some("alice"), Ok(Grant::Basic)),
            (Some("Alice"), Ok(Grant::Basic)),
            (Some("svc-build"), Ok(Grant::Basic)),
            (Some("alice2"), Err(Denial::BasicDenied)),
            (Some(""), Err(Denial::BasicDenied)),
            (None, Err(Denial::BasicDenied)),
        ] {
            assert_eq!(grant(&some, name), expected, "{name:?}");
        }
        if let BasicAuth::Some { paths, .. } = &mut some {
            paths.push("/jira/status".to_owned());
        }
        assert_eq!(grant(&some, Some("bob")), Ok(Grant::BasicOnSomePaths));
        assert_eq!(grant(&some, Some("alice")), Ok(Grant::Basic));
        assert_eq!(grant(&some, None), Err(Denial::BasicDenied));
    }
}
