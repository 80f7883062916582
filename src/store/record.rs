//! What is stored beside the settings' tree, one record each.

use std::fmt::Write;

use crate::credential::TokenId;

/// The name of a record: a folder beside the settings, and a name in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordName {
    folder: &'static str,
    last_part: String,
    /// What a file's name ends with.
    extension: &'static str,
}

impl RecordName {
    /// The folder of the records of API tokens.
    pub const API_TOKENS: &str = "tokens";

    /// The record of an API token. Its id is made of letters and digits alone.
    pub fn of_api_token(id: &TokenId) -> Self {
        Self {
            folder: Self::API_TOKENS,
            last_part: id.as_str().to_owned(),
            extension: ".json",
        }
    }

    /// The credential of the user of this name.
    ///
    /// SSM takes letters, digits, `.`, `-` and `_` in a name; the rest is written as `_` and two
    /// hexadecimal digits, so that no two users have the same.
    pub fn of_user(username: &str) -> Self {
        let mut last_part = String::new();
        for (index, byte) in username.bytes().enumerate() {
            // A dot in front would hide a file, or lead out of the folder.
            let plain = byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'.' && index > 0);
            if plain {
                last_part.push(char::from(byte));
            } else {
                let _ = write!(last_part, "_{byte:02X}");
            }
        }
        Self {
            folder: "users",
            last_part,
            extension: "",
        }
    }

    /// What the folder's name ends with: `tokens` or `users`.
    pub fn folder(&self) -> &'static str {
        self.folder
    }

    /// The last part of the parameter's name.
    pub fn last_part(&self) -> &str {
        &self.last_part
    }

    /// The file's name in its folder.
    pub(super) fn file_name(&self) -> String {
        [self.last_part.as_str(), self.extension].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::RecordName;

    #[test]
    fn names_of_users() {
        for (username, name) in [
            ("alice", "alice"),
            ("a.b-c", "a.b-c"),
            (".hidden", "_2Ehidden"),
            ("..", "_2E."),
            ("a_b", "a_5Fb"),
            ("a/../b", "a_2F.._2Fb"),
            ("alice@example.com", "alice_40example.com"),
        ] {
            assert_eq!(RecordName::of_user(username).last_part(), name);
        }
    }
}
