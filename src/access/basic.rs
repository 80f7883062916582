//! Basic credentials. Nothing here checks a password: what is let through, Atlassian checks.

use super::Grant;
use crate::credential::API_TOKEN_PREFIX;
use crate::error::Denial;
use crate::wildcard::is_match;

/// What becomes of Basic credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BasicAuth {
    /// They are refused.
    Deny,
    /// Atlassian checks them.
    PassThrough,
    /// Atlassian checks those of some users, and all on some paths; the rest is refused.
    Some {
        /// User names, in lower case, with `*` for any characters.
        users: Vec<String>,
        /// Paths in the API, with `*` for any characters.
        paths: Vec<String>,
    },
}

impl BasicAuth {
    /// What Basic credentials of this user may be passed through to.
    ///
    /// # Errors
    ///
    /// [`Denial::BasicDenied`] when that is nothing.
    pub fn grant(&self, unverified_username: Option<&str>) -> Result<Grant, Denial> {
        // What names nobody, Atlassian may take for an anonymous call, and there is nothing to
        // check.
        let username = unverified_username
            .filter(|username| !username.trim().is_empty() && !username.contains(char::is_control))
            // Our own tokens are not for Atlassian, wherever they stand.
            .filter(|username| !username.starts_with(API_TOKEN_PREFIX))
            .ok_or(Denial::BasicDenied)?;
        match self {
            Self::Deny => Err(Denial::BasicDenied),
            Self::PassThrough => Ok(Grant::Basic),
            Self::Some { users, paths } => {
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
}

#[cfg(test)]
mod tests {
    use super::BasicAuth;
    use crate::access::Grant;
    use crate::error::Denial;

    #[test]
    fn users_and_paths() {
        assert_eq!(
            BasicAuth::Deny.grant(Some("alice")),
            Err(Denial::BasicDenied)
        );
        assert_eq!(
            BasicAuth::PassThrough.grant(Some("alice")),
            Ok(Grant::Basic)
        );
        for nobody in [None, Some(""), Some(" "), Some("\0"), Some("atl_x")] {
            assert_eq!(
                BasicAuth::PassThrough.grant(nobody),
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
            assert_eq!(some.grant(name), expected, "{name:?}");
        }
        if let BasicAuth::Some { paths, .. } = &mut some {
            paths.push("/jira/status".to_owned());
        }
        assert_eq!(some.grant(Some("bob")), Ok(Grant::BasicOnSomePaths));
        assert_eq!(some.grant(Some("alice")), Ok(Grant::Basic));
        assert_eq!(some.grant(None), Err(Denial::BasicDenied));
    }
}
