//! Users' own credentials: `<prefix>-users/<username>`, one parameter each.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tracing::{error, info};

use super::RequestContext;
use super::credential::{self, Scheme, header};
use crate::document::bounds::USER_RECHECK_SECONDS;
use crate::document::problem::Report;
use crate::error::{Fault, Forbidden, Refusal};
use crate::secret::Secret;
use crate::store::RecordName;
use crate::store::records::RecordCache;
use crate::username::Username;

/// What a map of credentials takes by itself, and what each text in it takes beside its bytes.
const EMPTY_MAP: usize = 512;
const PER_TEXT: usize = 64;

/// Lookups of users seen for the first time that may come to nothing at once, and how long one more
/// takes. These users are verified, so there is no guessing; it keeps to SSM's rate.
const UNKNOWN_AT_ONCE: u32 = 100;
const UNKNOWN_PAUSE: Duration = Duration::from_millis(100);

/// Every caller acts as themselves, by a credential that is stored for each user in the parameter
/// `<prefix>-users/<username>`. A user without one is refused.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct PerUserDocument {
    /// How the credentials are sent.
    #[cfg_attr(feature = "schema", schemars(extend("default" = Scheme::default())))]
    scheme: Option<Scheme>,
    /// How long a user's credential is used, in seconds, before it is read again. A credential that is
    /// changed or deleted takes effect within this time. A user without one is looked up again after 30
    /// seconds.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(min = USER_RECHECK_SECONDS.least, max = USER_RECHECK_SECONDS.most),
            extend("default" = USER_RECHECK_SECONDS.default)
        )
    )]
    recheck_seconds: Option<u64>,
}

/// Credentials by username: those of some 12,000 users.
pub type UserCredentials = RecordCache<String, Stored, MAX_CREDENTIALS>;

/// The most bytes of all credentials that are kept, roughly.
const MAX_CREDENTIALS: usize = 3 * 1024 * 1024;

/// No credentials yet.
pub fn user_credentials() -> UserCredentials {
    RecordCache::new(Stored::weight, UNKNOWN_AT_ONCE, UNKNOWN_PAUSE)
}

/// What is stored of a user.
pub enum Stored {
    /// One credential for all products.
    One(Secret),
    /// Credentials by product.
    ByProduct(BTreeMap<String, Secret>),
}

impl Stored {
    /// Reads a credential, or a JSON object of credentials by product. No token begins with a brace.
    fn parse(text: &str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return Some(Self::One(Secret::new(text)));
        }
        let value = crate::json::parse(text.as_bytes()).ok()?;
        let credentials: BTreeMap<String, String> = serde_json::from_value(value).ok()?;
        let secrets = credentials
            .into_iter()
            .map(|(product, credential)| (product, Secret::new(&credential)));
        Some(Self::ByProduct(secrets.collect()))
    }

    /// Roughly how many bytes it holds on to.
    fn weight(&self) -> usize {
        match self {
            Self::One(secret) => secret.expose_secret().len(),
            Self::ByProduct(secrets) => secrets
                .iter()
                .flat_map(|(product, secret)| [product.len(), secret.expose_secret().len()])
                .map(|length| length.saturating_add(PER_TEXT))
                .fold(EMPTY_MAP, usize::saturating_add),
        }
    }

    fn of(&self, product: &str, by_product_alone: bool) -> Option<&Secret> {
        match self {
            Self::One(secret) => Some(secret).filter(|_| !by_product_alone),
            Self::ByProduct(secrets) => secrets.get(product),
        }
    }
}

/// Each user's own credential, in this scheme.
#[derive(Clone, Debug)]
pub struct PerUser {
    scheme: Scheme,
    recheck: Duration,
    /// Other products take users' credentials too: one product's token is not for another.
    pub(super) by_product_alone: bool,
}

impl PerUserDocument {
    /// Fills in what is left out.
    pub(super) fn resolve(self, report: &mut Report<'_>) -> PerUser {
        let field = "upstream.recheck_seconds";
        let seconds = report.bounded(self.recheck_seconds, &USER_RECHECK_SECONDS, field);
        PerUser {
            scheme: self.scheme.unwrap_or_default(),
            recheck: Duration::from_secs(seconds),
            by_product_alone: false,
        }
    }
}

impl PerUser {
    /// The header's value for a user.
    pub(super) async fn header(
        &self,
        username: &Username,
        cx: RequestContext<'_>,
    ) -> Result<String, Refusal> {
        let name = RecordName::of_user(username.as_str());
        let found = cx
            .users
            .find(
                &username.as_str().to_owned(),
                &name,
                Stored::parse,
                cx.store,
                self.recheck,
                cx.fetch,
            )
            .await
            .map_err(|_| Fault::UserCredentialsUnavailable)?;
        let Some(secret) = found
            .as_ref()
            .and_then(|read| read.record.of(cx.product, self.by_product_alone))
        else {
            info!(
                product = cx.product,
                "no credential of the user for the product; expected one in `{}/{}`",
                cx.store.record_folder(&name),
                name.last_part()
            );
            return Err(Forbidden::UserCredentialMissing.into());
        };
        let header = header(self.scheme, secret.expose_secret()).ok_or_else(|| {
            error!(
                name = name.last_part(),
                product = cx.product,
                expected = credential::expected(self.scheme),
                "a user's credential can't be used"
            );
            Fault::UserCredentialInvalid
        })?;
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::Stored;

    #[test]
    fn stored() {
        let of = |text: &str, product: &str| {
            Stored::parse(text).map(|stored| {
                stored
                    .of(product, false)
                    .map(|secret| secret.expose_secret().to_owned())
            })
        };
        let some = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(of("MDEy", "jira"), some("MDEy"));
        assert_eq!(of(r#"{"jira": "a", "wiki": "b"}"#, "wiki"), some("b"));
        assert_eq!(of(r#"{"jira": "a"}"#, "wiki"), Some(None));
        let one = Stored::parse("MDEy").unwrap();
        assert!(one.of("jira", true).is_none());
        for text in ["{", r#"{"jira": 1}"#, r#"{"jira": "a", "jira": "b"}"#] {
            assert_eq!(of(text, "jira"), None, "{text}");
        }
    }
}
