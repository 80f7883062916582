//! The credential of one service user for everyone.

use serde::Deserialize;

use super::credential::{Scheme, expected, header};
use crate::document::Secrets;
use crate::document::problem::Report;
use crate::secret::Secret;

/// Everyone is one service user.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct FixedDocument {
    /// How the credential is sent; `bearer` by default.
    scheme: Option<Scheme>,
    /// The name of the secret, of this product's, that holds a personal access token, or
    /// `user:password` with the scheme `basic`.
    secret: Option<String>,
}

impl FixedDocument {
    /// The value of `Authorization`.
    pub(super) fn resolve(self, secrets: &Secrets, report: &mut Report<'_>) -> Option<Secret> {
        let scheme = self.scheme.unwrap_or_default();
        let secret = report.secret(secrets, self.secret.as_ref(), "upstream.secret")?;
        let header = header(scheme, secret.expose_secret());
        if header.is_none() {
            report.wrong("upstream.secret", expected(scheme));
        }
        header.map(|header| Secret::new(&header))
    }
}
