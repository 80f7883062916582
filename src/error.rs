//! The reasons not to allow a request: [`Denial`] and [`Forbidden`] are the caller's fault,
//! [`Fault`] is ours.
//!
//! All carry a stable `code()` for the audit line. None carries any text of a token, a claim
//! or a secret, so all can be logged as they are.

use thiserror::Error;

/// Why a caller was refused. Every denial becomes a 401.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Denial {
    /// A header that something at the origin reads as the user.
    #[error("a header that names a user was sent")]
    IdentityHeader,
    /// A header that names another method than the request's.
    #[error("a header that names another method was sent")]
    MethodOverride,
    /// A header that names another path than the request's.
    #[error("a header that names another path was sent")]
    PathOverride,
    /// A query parameter that Atlassian would read as a user, a password or a signature.
    #[error("a query parameter that names a user was sent")]
    IdentityParameter,
    /// No `Authorization` header, or an empty one.
    #[error("no credential was sent")]
    CredentialMissing,
    /// Two different `Authorization` headers: which of them counts must not be a guess.
    #[error("two different Authorization headers were sent")]
    CredentialAmbiguous,
    /// A scheme other than Bearer and Basic, or a Bearer credential outside RFC 6750's grammar.
    #[error("the form of the credential is not supported")]
    CredentialUnsupported,
    /// Basic auth, which the settings deny, or not of this user or on this path.
    #[error("basic auth is denied")]
    BasicDenied,
    /// An API token whose form or checksum is wrong.
    #[error("the API token is not well-formed")]
    ApiTokenMalformed,
    /// An API token whose checksum was made without a key, where the settings have one and accept no
    /// others.
    #[error("the API token's checksum was made without the service's key")]
    ApiTokenUnkeyed,
    /// An API token, where the settings accept none.
    #[error("API tokens are not enabled")]
    ApiTokensDisabled,
    /// No API token of this id, or another secret.
    #[error("the API token is unknown")]
    ApiTokenUnknown,
    /// An API token sent by Basic auth with another user's name.
    #[error("the API token belongs to another user")]
    ApiTokenUserMismatch,
    /// Longer than any token that fits into API Gateway's header limit.
    #[error("the token is too long")]
    TokenTooLong,
    /// Not three base64url parts of JSON objects with unique members (RFC 7515, RFC 7519).
    #[error("the token is not a well-formed JWT")]
    TokenMalformed,
    /// A header `typ` that the provider's settings do not accept (RFC 8725, section 3.11), a nested
    /// token, or one that is for its issuer or its client alone, such as a refresh token.
    #[error("the token is of a type that is not accepted")]
    TokenTypeUnsupported,
    /// A `crit` header: none of its extensions is understood here (RFC 7515, section 4.1.11).
    #[error("the token requires an extension that is not supported")]
    CriticalHeaderUnsupported,
    /// `none`, a symmetric algorithm, or one that the provider or the key does not allow.
    #[error("the token's algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// The token names no issuer or none of the configured ones, or is of a vendor that no
    /// provider is of.
    #[error("the token's issuer is not a configured provider")]
    IssuerUnknown,
    /// A Microsoft Graph token: it is for Graph alone, and nobody else can verify it.
    #[error("the token is for Microsoft Graph")]
    GraphToken,
    /// The token names no key and the provider's set has no single candidate.
    #[error("the token names no key")]
    KeyIdMissing,
    /// The provider's JWKS has no such key.
    #[error("the token's key is not in the provider's JWKS")]
    KeyUnknown,
    /// The signature does not verify.
    #[error("the token's signature is invalid")]
    SignatureInvalid,
    /// A registered claim is missing or of the wrong type.
    #[error("a required claim is missing or of the wrong type")]
    ClaimsMalformed,
    /// `exp` has passed.
    #[error("the token has expired")]
    TokenExpired,
    /// `nbf` or `iat` lies in the future by more than the leeway.
    #[error("the token is not valid yet")]
    TokenNotYetValid,
    /// Issued longer ago than the provider's `max_token_age_seconds`.
    #[error("the token was issued too long ago")]
    TokenTooOld,
    /// From its issue to its expiry it lives longer than the provider's `max_token_lifetime_seconds`.
    #[error("the token lives too long")]
    TokenLifetimeTooLong,
    /// The provider says that the token is not active, or knows no such token (RFC 7662,
    /// section 2.2).
    #[error("the token is not active, or the provider does not know it")]
    TokenInactive,
    /// Its id, subject or client is in the parameter `revoked`.
    #[error("the token, its subject or its client is revoked")]
    TokenRevoked,
    /// The token lacks a scope that the provider's userinfo endpoint requires.
    #[error("the token lacks the scope that the provider's userinfo endpoint requires")]
    ScopeInsufficient,
    /// The userinfo response names another subject than the token (OpenID Connect Core 1.0, section
    /// 5.3.2).
    #[error("the userinfo response names another subject than the token")]
    SubjectMismatch,
    /// A rule of the provider's `require` does not hold.
    #[error("a required claim has another value")]
    RequirementUnmet,
    /// The token leaves out groups for their number, and a rule denies by group.
    #[error("the token does not name all groups")]
    GroupsIncomplete,
    /// Issued to a client, or for an audience, that the provider's settings do not list.
    #[error("the token was issued for someone else")]
    AudienceMismatch,
    /// An id token where access tokens are accepted, or the other way round: see the provider's
    /// `token_use`.
    #[error("the token's use (access or id) is not accepted")]
    TokenUseMismatch,
    /// None of the username attributes is in the token.
    #[error("the token has no username attribute")]
    UsernameMissing,
    /// The only username attribute is an email address that the provider marks unverified.
    #[error("the token's email address is not verified")]
    EmailUnverified,
    /// A transform did not apply, or the result fails the allow pattern or is not header-safe.
    #[error("the username attribute has no acceptable value")]
    UsernameRejected,
    /// The username rule has a `map`, and the attribute's value is not in it.
    #[error("the username attribute's value is not mapped to a username")]
    UsernameUnmapped,
    /// A token without a user, of a client that `machine_users` does not map.
    #[error("the token has no user, and its client is not mapped to one")]
    MachineUserUnmapped,
}

impl Denial {
    /// The stable name of this denial, as it stands in the audit line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::IdentityHeader => "identity_header",
            Self::MethodOverride => "method_override",
            Self::PathOverride => "path_override",
            Self::IdentityParameter => "identity_parameter",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialAmbiguous => "credential_ambiguous",
            Self::CredentialUnsupported => "credential_unsupported",
            Self::BasicDenied => "basic_denied",
            Self::ApiTokenMalformed => "api_token_malformed",
            Self::ApiTokenUnkeyed => "api_token_unkeyed",
            Self::ApiTokensDisabled => "api_tokens_disabled",
            Self::ApiTokenUnknown => "api_token_unknown",
            Self::ApiTokenUserMismatch => "api_token_user_mismatch",
            Self::TokenTooLong => "token_too_long",
            Self::TokenMalformed => "token_malformed",
            Self::TokenTypeUnsupported => "token_type_unsupported",
            Self::CriticalHeaderUnsupported => "critical_header_unsupported",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::IssuerUnknown => "issuer_unknown",
            Self::GraphToken => "graph_token",
            Self::KeyIdMissing => "key_id_missing",
            Self::KeyUnknown => "key_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::ClaimsMalformed => "claims_malformed",
            Self::TokenExpired => "token_expired",
            Self::TokenNotYetValid => "token_not_yet_valid",
            Self::TokenTooOld => "token_too_old",
            Self::TokenLifetimeTooLong => "token_lifetime_too_long",
            Self::TokenInactive => "token_inactive",
            Self::TokenRevoked => "token_revoked",
            Self::ScopeInsufficient => "scope_insufficient",
            Self::SubjectMismatch => "subject_mismatch",
            Self::RequirementUnmet => "requirement_unmet",
            Self::GroupsIncomplete => "groups_incomplete",
            Self::AudienceMismatch => "audience_mismatch",
            Self::TokenUseMismatch => "token_use_mismatch",
            Self::UsernameMissing => "username_missing",
            Self::EmailUnverified => "email_unverified",
            Self::UsernameRejected => "username_rejected",
            Self::UsernameUnmapped => "username_unmapped",
            Self::MachineUserUnmapped => "machine_user_unmapped",
        }
    }
}

/// Why we could not decide. Every fault becomes a 500, never an Allow.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// The event is not one that API Gateway sends to an authorizer.
    #[error("the event is not an API Gateway authorizer event")]
    EventMalformed,
    /// No settings have been loaded since the start, or the last good ones are older than their
    /// `max_settings_age_seconds`.
    #[error("the settings could not be loaded")]
    SettingsUnavailable,
    /// The provider's keys could not be fetched, and none young enough are cached.
    #[error("the provider's keys could not be fetched")]
    KeysUnavailable,
    /// The introspection or userinfo request failed, or the response could not be read.
    #[error("the introspection or userinfo request failed")]
    ProviderUnavailable,
    /// The provider limits the rate of our requests.
    #[error("the provider limits the rate of introspection or userinfo requests")]
    ProviderRateLimited,
    /// The provider refuses our own client credentials, or the request itself.
    #[error("the provider refuses our client credentials or our request")]
    ProviderMisconfigured,
    /// The store of API tokens could not be read, or holds what is no API token.
    #[error("the store of API tokens could not be read")]
    ApiTokensUnavailable,
    /// An API token is restricted to source addresses, which API Gateway's cache would not check.
    #[error(
        "an API token is restricted to source addresses, and the cache key does not include them"
    )]
    SourceNotInCacheKey,
    /// The rules need a decision for each route, and API Gateway would use one answer for all.
    #[error("the rules need an answer for each route, and the cache key does not include it")]
    RouteNotInCacheKey,
    /// The store of users' own credentials could not be read.
    #[error("the store of users' credentials could not be read")]
    UserCredentialsUnavailable,
    /// What is stored of the user is no credential of the product's scheme.
    #[error("the user's credential can't be sent")]
    UserCredentialInvalid,
    /// The event shows too little of the request to sign it, as that of a `TOKEN` authorizer does.
    #[error("the event does not show what a signature of the request needs")]
    RequestNotSignable,
    /// The signature for Atlassian could not be made.
    #[error("the signature for Atlassian could not be made")]
    SigningFailed,
    /// The policy or the whole answer exceeds API Gateway's limits.
    #[error("the answer exceeds the limits of API Gateway")]
    AnswerTooLarge,
}

impl Fault {
    /// The stable name of this fault, as it stands in the audit line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EventMalformed => "event_malformed",
            Self::SettingsUnavailable => "settings_unavailable",
            Self::KeysUnavailable => "keys_unavailable",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderRateLimited => "provider_rate_limited",
            Self::ProviderMisconfigured => "provider_misconfigured",
            Self::ApiTokensUnavailable => "api_tokens_unavailable",
            Self::SourceNotInCacheKey => "source_not_in_cache_key",
            Self::RouteNotInCacheKey => "route_not_in_cache_key",
            Self::UserCredentialsUnavailable => "user_credentials_unavailable",
            Self::UserCredentialInvalid => "user_credential_invalid",
            Self::RequestNotSignable => "request_not_signable",
            Self::SigningFailed => "signing_failed",
            Self::AnswerTooLarge => "answer_too_large",
        }
    }
}

/// Why a verified caller may not go on. It becomes a policy without an Allow for the request: 403.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Forbidden {
    /// No rule allows the route, or one denies it.
    #[error("no rule allows the route, or one denies it")]
    RouteNotAllowed,
    /// The rules allow the route, and the policy for all routes can't say so.
    #[error("the policy for all routes can't allow this one")]
    RouteNotInPolicy,
    /// The path can be read in too many ways, out of the product, or as no text.
    #[error("the path can't be read in one way that is safe")]
    PathNotReadable,
    /// The request's ARN holds a wildcard, and what it would reach may be denied.
    #[error("the policy for this path would reach others that may be denied")]
    PathNotExact,
    /// The path belongs to no product.
    #[error("the path belongs to no product")]
    ProductUnknown,
    /// An API token is restricted to other networks.
    #[error("the API token is restricted to other networks")]
    SourceNotAllowed,
    /// The product takes users' own credentials, and none is stored for this one.
    #[error("no credential of the user is stored")]
    UserCredentialMissing,
    /// The user is in `never_impersonate`.
    #[error("the user is never impersonated")]
    ImpersonationRefused,
    /// A form in the body would be part of an OAuth 1.0a signature, and an authorizer is not shown
    /// the body.
    #[error("a form can't be signed")]
    FormNotSignable,
}

impl Forbidden {
    /// The stable name of this reason, as it stands in the audit line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RouteNotAllowed => "route_not_allowed",
            Self::RouteNotInPolicy => "route_not_in_policy",
            Self::PathNotReadable => "path_not_readable",
            Self::PathNotExact => "path_not_exact",
            Self::ProductUnknown => "product_unknown",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::UserCredentialMissing => "user_credential_missing",
            Self::ImpersonationRefused => "impersonation_refused",
            Self::FormNotSignable => "form_not_signable",
        }
    }
}

/// Why a request is not allowed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// The caller's fault: 401.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Verified, and not allowed: 403.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Our fault: 500.
    #[error(transparent)]
    Failed(#[from] Fault),
}

impl Refusal {
    /// The stable name of the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Denied(denial) => denial.code(),
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::Failed(fault) => fault.code(),
        }
    }
}
