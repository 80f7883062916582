//! Where a claim is: its name, or a path into nested claims.

/// The name of a claim, or a path of names into nested claims.
///
/// A claim whose name is the whole text wins over a path: `https://example.com/user` is one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttributePath(String);

impl From<&str> for AttributePath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

impl AttributePath {
    /// The path as it stands in the settings.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the name of an email address.
    pub fn is_email(&self) -> bool {
        self.0.rsplit('.').next() == Some("email")
    }

    /// Where an email address's mark stands: beside it.
    #[must_use]
    pub fn verified_mark(&self) -> Self {
        Self(format!("{}_verified", self.0))
    }
}
