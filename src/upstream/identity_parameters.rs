//! Query parameters that Atlassian takes for a user, a password or a part of a signature.

use percent_encoding::percent_decode_str;

/// Names, and beginnings of names that end with `_`.
const RESERVED: [&str; 6] = [
    "oauth_",
    "xoauth_requestor_id",
    "os_username",
    "os_password",
    "os_authtype",
    "os_cookie",
];

/// How often a name is decoded. Nothing on the way to the product decodes it that often.
const MOST_DECODINGS: usize = 4;

/// Whether a query parameter of this name would be taken for a user, a password or a part of a
/// signature. `user_id` counts only beside a signature, where it is another name of
/// `xoauth_requestor_id`.
///
/// The name may be percent-encoded, once or several times, and in any case: a proxy at the origin may
/// decode once more than API Gateway.
pub(super) fn is_identity_parameter_name(name: &str, beside_signature: bool) -> bool {
    let mut name = name.to_owned();
    for _ in 0..MOST_DECODINGS {
        if is_plain_name(&name, beside_signature) {
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

fn is_plain_name(name: &str, beside_signature: bool) -> bool {
    let name = name.replace('+', " ");
    let name = name
        .trim_matches(|character: char| character.is_whitespace() || character.is_control())
        .to_ascii_lowercase();
    RESERVED.iter().any(|reserved| {
        name == *reserved || (reserved.ends_with('_') && name.starts_with(reserved))
    }) || (beside_signature && name == "user_id")
}

#[cfg(test)]
mod tests {
    use super::is_identity_parameter_name;

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
            "os_authType",
            "os_cookie",
            "%2525252541",
        ] {
            assert!(is_identity_parameter_name(name, false), "{name}");
        }
        for name in [
            "",
            "jql",
            "100%",
            "oauth",
            "os_user",
            "xoauth",
            "user_id",
            "my_oauth_token",
        ] {
            assert!(!is_identity_parameter_name(name, false), "{name}");
        }
        assert!(is_identity_parameter_name("user_id", true));
        assert!(is_identity_parameter_name("user%5fid", true));
        assert!(!is_identity_parameter_name("userid", true));
    }
}
