//! Who is calling, after everything has been verified, and who sent what was refused.

mod sender;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::claims::AuthMethod;
use crate::clock::UnixTime;
use crate::document::ProviderId;
use crate::username::Username;
pub use sender::{AuditText, Sender, VerifiedSender};

/// A verified caller.
///
/// Only authentication makes one: from claims that hold, by a signature or by the provider's own
/// answer, or from the record of an API token whose secret was shown.
#[derive(Clone, Debug)]
pub struct Identity {
    subject: Subject,
}

/// What authentication has found out about a caller.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The provider that confirmed the caller.
    pub provider: ProviderId,
    /// How the caller authenticated.
    pub auth_method: AuthMethod,
    /// The provider's own name of the subject (`sub`); the username or the client where it names none.
    pub principal: String,
    /// The Atlassian user.
    pub username: Username,
    /// The client that the token was issued to.
    pub client_id: Option<String>,
    /// OAuth 2.0 scopes.
    pub scopes: Vec<String>,
    /// The caller's groups.
    pub groups: Vec<String>,
    /// Whether the caller may be in groups that are not named here, as the token says nothing of
    /// groups or leaves some out for their number.
    pub groups_incomplete: bool,
    /// The token's id (`jti`).
    pub token_id: Option<String>,
    /// Who has issued the token (`iss`), as the audit line has it: see [`AuditText`].
    pub issuer: Option<AuditText>,
    /// Who acts for the subject, of a token that was exchanged (`act`), as the audit line has it.
    pub act: Option<AuditText>,
    /// When the verification lapses.
    pub valid_until: UnixTime,
    /// What the credential itself may not do, whatever the access rules say.
    pub limits: Limits,
}

impl std::ops::Deref for Identity {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.subject
    }
}

/// Limits of an API token. The default limits nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// Only routes that read.
    pub read_only: bool,
    /// Only these products, if there are any.
    pub products: Vec<String>,
    /// Only from these networks, if there are any.
    pub source_cidrs: Vec<IpNet>,
}

impl Limits {
    /// Whether the credential may be used in a product.
    pub fn allow_product(&self, id: &str) -> bool {
        self.products.is_empty() || self.products.iter().any(|product| product == id)
    }

    /// Whether the credential may be used from an address, as API Gateway tells it.
    pub fn allow_source(&self, address: Option<&str>) -> bool {
        let address = address.and_then(|address| address.parse::<IpAddr>().ok());
        // An IPv4 address may be written as an IPv6 one.
        let address = address.map(|address| address.to_canonical());
        self.source_cidrs.is_empty()
            || address
                .is_some_and(|address| self.source_cidrs.iter().any(|net| net.contains(&address)))
    }
}

impl Identity {
    /// The identity of a subject that has been verified. For the room `authenticate` alone:
    /// the architecture test looks for others.
    pub(crate) fn from_verified(subject: Subject) -> Self {
        Self { subject }
    }

    /// An identity that nobody has verified. Fuzzers alone make one.
    #[cfg(feature = "fuzzing")]
    #[doc(hidden)]
    pub fn made_up(subject: Subject) -> Self {
        Self { subject }
    }

    #[cfg(test)]
    pub(crate) fn for_test(username: &str, groups: Vec<String>, valid_until: UnixTime) -> Self {
        Self::from_verified(Subject {
            provider: ProviderId::new("idp").unwrap(),
            auth_method: AuthMethod::Jwt,
            principal: "1".to_owned(),
            username: Username::new(username.to_owned()).unwrap(),
            client_id: None,
            scopes: Vec::new(),
            groups,
            groups_incomplete: false,
            token_id: None,
            issuer: None,
            act: None,
            valid_until,
            limits: Limits::default(),
        })
    }

    #[cfg(test)]
    pub(crate) fn with_ids(mut self, id: &str, scopes: Vec<String>) -> Self {
        self.subject.principal = id.to_owned();
        self.subject.client_id = Some(id.to_owned());
        self.subject.token_id = Some(id.to_owned());
        self.subject.scopes = scopes;
        self
    }

    /// Roughly how many bytes the identity holds on to.
    pub(crate) fn weight(&self) -> usize {
        let list = |items: &[String]| {
            items
                .iter()
                .map(|item| item.len().saturating_add(size_of::<String>()))
                .fold(0, usize::saturating_add)
        };
        let text = |item: &Option<String>| item.as_ref().map_or(0, String::len);
        [
            size_of::<Self>(),
            self.principal.len(),
            self.username.as_str().len(),
            text(&self.client_id),
            text(&self.token_id),
            AuditText::weight(self.issuer.as_ref()),
            AuditText::weight(self.act.as_ref()),
            list(&self.scopes),
            list(&self.groups),
            list(&self.limits.products),
            self.limits
                .source_cidrs
                .len()
                .saturating_mul(size_of::<IpNet>()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
