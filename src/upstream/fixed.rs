//! The credential of one service user for everyone.

use serde::Deserialize;

use super::credential::{Scheme, expected, header};
use crate::document::Secrets;
use crate::document::problem::Report;
use crate::secret::Secret;

/// Every caller acts as one service account of the product.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct FixedDocument {
    /// How the credential is sent.
    #[cfg_attr(feature = "schema", schemars(extend("default" = Scheme::default())))]
    scheme: Option<Scheme>,
    /// The name of the secret, below `secrets/products/<id>/`, that holds the service account's
    /// credential. Required. It is a personal access token or, with the scheme `basic`,
    /// `user:password`. For Atlassian Cloud that is `email:token`.
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
