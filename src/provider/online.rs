//! How a provider is asked about JWTs.

use std::sync::Arc;

use super::Issuer;
use super::draft::{Asked, Draft};
use super::resolve::Defaults;
use crate::claims::AuthMethod;
use crate::document::{ClientFields, IntrospectionFields, Kind, OnlineFields, Verify};
use crate::http::Endpoint;
use crate::inspect::{Inspect, Userinfo};

/// How a provider can be asked about JWTs: the fields of the settings, with endpoints that the kind
/// knows where the settings name none.
#[derive(Default)]
pub(super) struct Online {
    pub(super) fields: OnlineFields,
    pub(super) introspection: IntrospectionFields,
    pub(super) client: ClientFields,
    /// What tells which client a token was issued to, where userinfo is not enough.
    pub(super) binding: Option<Endpoint>,
}

/// How a provider's tokens are verified.
pub(super) struct Verification {
    /// Without keys where the provider is asked about each token.
    pub(super) issuers: Vec<Issuer>,
    /// How tokens are checked that no key verifies.
    pub(super) opaque: Option<Arc<dyn Inspect>>,
    /// How the provider is asked beside a signature.
    pub(super) online: Option<Arc<dyn Inspect>>,
}

/// The issuers, how opaque tokens are checked, and how the provider is asked beside a signature.
pub(super) fn verification(draft: &mut Draft<'_, '_>, defaults: &Defaults<'_>) -> Verification {
    let mut issuers = defaults.issuers.clone();
    let Online {
        fields,
        introspection,
        client,
        binding,
    } = &defaults.online;
    let by_introspection = |draft: &mut Draft<'_, '_>| {
        let Some(endpoint) = &introspection.introspection_endpoint else {
            draft.wrong("introspection_endpoint", "is missing; `verify` needs it");
            return None;
        };
        let asked = Asked {
            endpoint,
            client,
            fields: introspection,
        };
        let check = draft.introspection(&asked, &defaults.issuers)?;
        Some(Arc::new(check) as Arc<dyn Inspect>)
    };
    let by_userinfo = |draft: &mut Draft<'_, '_>, binding: Option<Endpoint>| {
        if fields.userinfo_endpoint.is_none() {
            let field = if draft.kind == Kind::Cognito {
                "domain"
            } else {
                "userinfo_endpoint"
            };
            draft.wrong(field, "is missing; `verify` needs it");
        }
        let endpoint = fields.userinfo_endpoint.clone()?;
        Some(Arc::new(Userinfo { endpoint, binding }) as Arc<dyn Inspect>)
    };
    let opaque = defaults.opaque.clone();
    let (opaque, online) = match fields.verify.unwrap_or(Verify::Jwt) {
        Verify::Jwt => (opaque, None),
        // Userinfo is asked about a token whose signature and client have been verified.
        Verify::JwtUserinfo => (opaque, by_userinfo(draft, None)),
        Verify::JwtIntrospection => (opaque, by_introspection(draft)),
        verify @ (Verify::Introspection | Verify::Userinfo) => {
            for issuer in &mut issuers {
                issuer.keys = None;
            }
            let check = if verify == Verify::Introspection {
                opaque
                    .filter(|check| check.auth_method() == AuthMethod::Introspection)
                    .or_else(|| by_introspection(draft))
            } else {
                opaque
                    .filter(|check| check.auth_method() == AuthMethod::Userinfo)
                    .or_else(|| by_userinfo(draft, binding.clone()))
            };
            (check, None)
        }
    };
    Verification {
        issuers,
        opaque,
        online,
    }
}
