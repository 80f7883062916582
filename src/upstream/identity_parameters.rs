//! Query parameters that Atlassian takes for a user, a password or a part of a signature.

use percent_encoding::percent_decode_str;

/// Names, and beginnings of names that end with `_`.
const RESERVED: [&str; 5] = [
    "oauth_",
    "xoauth_requestor_id",
    "os_username",
    "os_password",
    "os_cookie",
];

/// What a request's parameters arrive with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Company {
    /// No credential of ours.
    Nothing,
    /// A credential of ours in `Authorization`.
    Credential,
    /// A signature of ours over the request, parameters included.
    Signature,
}

/// How often a name is decoded. Nothing on the way to the product decodes it that often.
const MOST_DECODINGS: usize = 4;

/// Whether a product would read a query parameter of this name as a user, a password or part of a
/// signature.
///
/// `user_id` counts only beside a signature, where it is another name of `xoauth_requestor_id`.
/// `os_authType` says which kinds of credentials the product looks for, and is none itself: beside
/// a credential of ours, it finds that one or nobody. Clients send it for honest reasons.
///
/// The name may be percent-encoded, once or several times, and in any case: a proxy at the origin may
/// decode once more than API Gateway.
pub(super) fn is_identity_parameter_name(name: &str, company: Company) -> bool {
    let mut name = name.to_owned();
    for _ in 0..MOST_DECODINGS {
        if is_plain_name(&name, company) {
            return true;
        }
        let decoded = percent_decode_str(&name).decode_utf8_lossy().into_owned();
        if decoded == name {
            return false;
        }
        name = decoded;
    }
    // What still changes is nobody's honest name.
    true
}

fn is_plain_name(name: &str, company: Company) -> bool {
    let name = name.replace('+', " ");
    let name = name
        .trim_matches(|character: char| character.is_whitespace() || character.is_control())
        .to_ascii_lowercase();
    match name.as_str() {
        "os_authtype" => company == Company::Nothing,
        "user_id" => company == Company::Signature,
        name => RESERVED.iter().any(|reserved| {
            name == *reserved || (reserved.ends_with('_') && name.starts_with(reserved))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Company, is_identity_parameter_name};

    const ALL: [Company; 3] = [Company::Nothing, Company::Credential, Company::Signature];

    #[test]
    fn in_many_spellings() {
        for name in [
            "xoauth_requestor_id",
            "XOAuth_Requestor_ID",
            "%78oauth_requestor_id",
            "xoauth%5frequestor%5Fid",
            "xoauth%255frequestor_id",
            "xoauth%25255frequestor_id",
            " xoauth_requestor_id",
            "xoauth_requestor_id+",
            "xoauth_requestor_id%00",
            "oauth_token",
            "oauth_",
            "OAUTH_anything",
            "os_username",
            "os_passWord",
            "os_cookie",
            "%2525252541",
        ] {
            for company in ALL {
                assert!(
                    is_identity_parameter_name(name, company),
                    "{name} {company:?}"
                );
            }
        }
        for name in [
            "",
            "jql",
            "100%",
            "oauth",
            "os_user",
            "os_auth",
            "xoauth",
            "userid",
            "my_oauth_token",
        ] {
            for company in ALL {
                assert!(
                    !is_identity_parameter_name(name, company),
                    "{name} {company:?}"
                );
            }
        }
    }

    #[test]
    fn some_by_what_they_arrive_with() {
        for (names, only) in [
            (["user_id", "user%5fid"], Company::Signature),
            (["os_authType", "OS%5fauthtype+"], Company::Nothing),
        ] {
            for name in names {
                for company in ALL {
                    let counts = is_identity_parameter_name(name, company);
                    assert_eq!(counts, company == only, "{name} {company:?}");
                }
            }
        }
    }
}
