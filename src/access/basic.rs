//! Basic credentials. Nothing here checks a password: Atlassian checks it.

use crate::credential::API_TOKEN_PREFIX;
use crate::error::Denial;
use crate::username::lowercase;
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

/// How Basic credentials are passed through to Atlassian. What access rules deny, they deny to these
/// too.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BasicGrant {
    /// To what rules without conditions on a caller allow: whether others hold is not known.
    ByRules,
    /// To some paths, whatever the rules allow.
    OnSomePaths,
}

impl BasicAuth {
    /// What Basic credentials of this user may be passed through to.
    ///
    /// # Errors
    ///
    /// [`Denial::BasicDenied`] when that is nothing.
    pub fn grant(&self, unverified_username: Option<&str>) -> Result<BasicGrant, Denial> {
        // What names nobody, Atlassian may take for an anonymous call, and there is nothing to
        // check.
        let username = unverified_username
            .filter(|username| !username.trim().is_empty() && !username.contains(char::is_control))
            // Our own tokens are not for Atlassian, wherever they stand.
            .filter(|username| !username.starts_with(API_TOKEN_PREFIX))
            .ok_or(Denial::BasicDenied)?;
        match self {
            Self::Deny => Err(Denial::BasicDenied),
            Self::PassThrough => Ok(BasicGrant::ByRules),
            Self::Some { users, paths } => {
                // Atlassian tells no capital letters from small ones in user names.
                let username = lowercase(username);
                let matches = |user: &String| is_match(user.as_bytes(), username.as_bytes());
                if users.iter().any(matches) {
                    Ok(BasicGrant::ByRules)
                } else if paths.is_empty() {
                    Err(Denial::BasicDenied)
                } else {
                    Ok(BasicGrant::OnSomePaths)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BasicAuth;
    use crate::access::BasicGrant;
    use crate::error::Denial;

    #[test]
    fn users_and_paths() {
        assert_eq!(
            BasicAuth::Deny.grant(Some("alice")),
            Err(Denial::BasicDenied)
        );
        assert_eq!(
            BasicAuth::PassThrough.grant(Some("alice")),
            Ok(BasicGrant::ByRules)
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
            (Some("alice"), Ok(BasicGrant::ByRules)),
            (Some("Alice"), Ok(BasicGrant::ByRules)),
            (Some("svc-build"), Ok(BasicGrant::ByRules)),
            (Some("alice2"), Err(Denial::BasicDenied)),
            (Some(""), Err(Denial::BasicDenied)),
            (None, Err(Denial::BasicDenied)),
        ] {
            assert_eq!(some.grant(name), expected, "{name:?}");
        }
        if let BasicAuth::Some { paths, .. } = &mut some {
            paths.push("/jira/status".to_owned());
        }
        assert_eq!(some.grant(Some("bob")), Ok(BasicGrant::OnSomePaths));
        assert_eq!(some.grant(Some("alice")), Ok(BasicGrant::ByRules));
        assert_eq!(some.grant(None), Err(Denial::BasicDenied));
    }
}
