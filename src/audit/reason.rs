//! Why a verified caller may not go on, more closely than by the code.

use crate::access::{Condition, Ruling};
use crate::error::Forbidden;

/// Why a request got a 403.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// A rule denies the route.
    RuleDenies,
    /// A rule would allow it, but for what the caller lacks.
    Needs,
    /// No rule names it.
    NoRule,
    /// It is none of the paths where Basic credentials are passed through.
    BasicPath,
    /// The caller's address is in none of the networks of a rule, or of the API token.
    Network,
    /// The API token is for other products.
    Product,
    /// The API token is for what reads alone.
    ReadOnly,
    /// The path lies in no product.
    NoProduct,
    /// The path can't be read, or not in one way.
    Path,
    /// The rules allow it, and the one policy for all routes can't.
    Policy,
    /// No credential of the user is stored.
    UserCredential,
    /// The user is never impersonated.
    NeverImpersonate,
    /// A form can't be signed.
    Form,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::RuleDenies,
        Self::Needs,
        Self::NoRule,
        Self::BasicPath,
        Self::Network,
        Self::Product,
        Self::ReadOnly,
        Self::NoProduct,
        Self::Path,
        Self::Policy,
        Self::UserCredential,
        Self::NeverImpersonate,
        Self::Form,
    ];

    /// Why, by the code and by what the access rules made of the request. `is_on_basic_paths` tells a
    /// caller whom the rules say nothing to: Basic credentials that are passed through on some paths.
    pub const fn of(forbidden: Forbidden, ruling: Option<Ruling>, is_on_basic_paths: bool) -> Self {
        match forbidden {
            Forbidden::RouteNotAllowed => match ruling {
                Some(Ruling::Denied(..)) => Self::RuleDenies,
                Some(Ruling::Lacking(_, Condition::Network)) => Self::Network,
                Some(Ruling::Lacking(..)) => Self::Needs,
                Some(Ruling::ReadOnly) => Self::ReadOnly,
                Some(Ruling::OtherProduct) => Self::Product,
                Some(Ruling::Unnamed) if is_on_basic_paths => Self::BasicPath,
                Some(Ruling::Unnamed) => Self::NoRule,
                // Then the policy alone lacks it.
                Some(Ruling::Allowed(_)) | None => Self::Policy,
            },
            Forbidden::RouteNotInPolicy => Self::Policy,
            Forbidden::PathNotReadable | Forbidden::PathNotExact => Self::Path,
            Forbidden::ProductUnknown => Self::NoProduct,
            Forbidden::SourceNotAllowed => Self::Network,
            Forbidden::UserCredentialMissing => Self::UserCredential,
            Forbidden::ImpersonationRefused => Self::NeverImpersonate,
            Forbidden::FormNotSignable => Self::Form,
        }
    }

    /// Its name in the audit line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RuleDenies => "rule_denies",
            Self::Needs => "needs",
            Self::NoRule => "no_rule",
            Self::BasicPath => "basic_path",
            Self::Network => "network",
            Self::Product => "product",
            Self::ReadOnly => "read_only",
            Self::NoProduct => "no_product",
            Self::Path => "path",
            Self::Policy => "policy",
            Self::UserCredential => "user_credential",
            Self::NeverImpersonate => "never_impersonate",
            Self::Form => "form",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;
    use crate::access::{Condition, Ruling};
    use crate::error::Forbidden;

    #[test]
    fn each_refusal_has_its_reason() {
        let route = Forbidden::RouteNotAllowed;
        for (forbidden, ruling, on_paths, reason) in [
            (route, Some(Ruling::Denied(1, None)), false, "rule_denies"),
            (
                route,
                Some(Ruling::Denied(1, Some(Condition::Group))),
                false,
                "rule_denies",
            ),
            (
                route,
                Some(Ruling::Lacking(1, Condition::Scope)),
                false,
                "needs",
            ),
            (
                route,
                Some(Ruling::Lacking(1, Condition::Network)),
                false,
                "network",
            ),
            (route, Some(Ruling::Unnamed), false, "no_rule"),
            (route, Some(Ruling::Unnamed), true, "basic_path"),
            (route, Some(Ruling::ReadOnly), false, "read_only"),
            (route, Some(Ruling::OtherProduct), false, "product"),
            (
                Forbidden::RouteNotInPolicy,
                Some(Ruling::Allowed(Some(0))),
                false,
                "policy",
            ),
            (Forbidden::PathNotReadable, None, false, "path"),
            (
                Forbidden::PathNotExact,
                Some(Ruling::Allowed(None)),
                false,
                "path",
            ),
            (Forbidden::ProductUnknown, None, false, "no_product"),
            (Forbidden::SourceNotAllowed, None, false, "network"),
            (
                Forbidden::UserCredentialMissing,
                None,
                false,
                "user_credential",
            ),
            (
                Forbidden::ImpersonationRefused,
                None,
                false,
                "never_impersonate",
            ),
            (Forbidden::FormNotSignable, None, false, "form"),
        ] {
            let found = Reason::of(forbidden, ruling, on_paths);
            assert_eq!(found.as_str(), reason, "{forbidden:?} {ruling:?}");
            assert!(Reason::ALL.contains(&found));
        }
    }
}
