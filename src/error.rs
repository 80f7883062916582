//! The two ways not to be let through: [`Denial`] is the caller's, [`Fault`] is ours.
//!
//! Both carry a stable `code()` for the audit line. Neither carries any text of a token, a claim
//! or a secret, so both can be logged as they are.

use thiserror::Error;

/// Why a caller was refused. Every denial becomes a 401.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Denial {
    /// No `Authorization` header, or an empty one.
    #[error("no credential was sent")]
    CredentialMissing,
    /// Two different `Authorization` headers: which of them counts must not be a guess.
    #[error("two different Authorization headers were sent")]
    CredentialAmbiguous,
    /// A scheme other than Bearer and Basic, or a Bearer credential outside RFC 6750's grammar.
    #[error("the credential is of no known form")]
    CredentialUnsupported,
    /// Basic auth, which the settings deny.
    #[error("basic auth is denied")]
    BasicDenied,
    /// Longer than any token that fits into API Gateway's header limit.
    #[error("the token is too long")]
    TokenTooLong,
    /// Not three base64url parts of JSON objects with unique members (RFC 7515, RFC 7519).
    #[error("the token is not a well-formed JWT")]
    TokenMalformed,
    /// A `typ` that is neither a plain JWT nor an access token (RFC 8725, section 3.11), or a
    /// nested token.
    #[error("the token is of a type that is not accepted")]
    TokenTypeUnsupported,
    /// A `crit` header: none of its extensions is understood here (RFC 7515, section 4.1.11).
    #[error("the token demands an extension that is not supported")]
    CriticalHeaderUnsupported,
    /// `none`, a symmetric algorithm, or one that the provider or the key does not allow.
    #[error("the token's algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// The token names no issuer, or none of the configured ones.
    #[error("the token's issuer is not a configured provider")]
    IssuerUnknown,
    /// The token names no key and the provider's set has no single candidate.
    #[error("the token names no key")]
    KeyIdMissing,
    /// The provider's key set has no such key.
    #[error("the token's key is not in the provider's key set")]
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
    /// Issued to a client, or for an audience, that the provider's settings do not list.
    #[error("the token was issued for someone else")]
    AudienceMismatch,
    /// A Cognito token of a `token_use` that the provider's settings do not accept.
    #[error("the token is of a use that is not accepted")]
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
    /// A token without a user, of a client that `machine_users` does not map.
    #[error("the token has no user, and its client is not mapped to one")]
    MachineUserUnmapped,
}

impl Denial {
    /// The stable name of this denial, as in the README's table.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CredentialMissing => "credential_missing",
            Self::CredentialAmbiguous => "credential_ambiguous",
            Self::CredentialUnsupported => "credential_unsupported",
            Self::BasicDenied => "basic_denied",
            Self::TokenTooLong => "token_too_long",
            Self::TokenMalformed => "token_malformed",
            Self::TokenTypeUnsupported => "token_type_unsupported",
            Self::CriticalHeaderUnsupported => "critical_header_unsupported",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::IssuerUnknown => "issuer_unknown",
            Self::KeyIdMissing => "key_id_missing",
            Self::KeyUnknown => "key_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::ClaimsMalformed => "claims_malformed",
            Self::TokenExpired => "token_expired",
            Self::TokenNotYetValid => "token_not_yet_valid",
            Self::TokenTooOld => "token_too_old",
            Self::AudienceMismatch => "audience_mismatch",
            Self::TokenUseMismatch => "token_use_mismatch",
            Self::UsernameMissing => "username_missing",
            Self::EmailUnverified => "email_unverified",
            Self::UsernameRejected => "username_rejected",
            Self::MachineUserUnmapped => "machine_user_unmapped",
        }
    }
}

/// Why we could not decide. Every fault becomes a 500, never an Allow.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The event is not one that API Gateway sends to an authorizer.
    #[error("the event is not an API Gateway authorizer event")]
    EventMalformed,
    /// No settings have been loaded since the start.
    #[error("the settings could not be loaded")]
    SettingsUnavailable,
    /// The provider's keys could not be fetched, and none young enough are cached.
    #[error("the provider's keys could not be fetched")]
    KeysUnavailable,
    /// The policy or the whole answer exceeds API Gateway's limits.
    #[error("the answer exceeds the limits of API Gateway")]
    AnswerTooLarge,
}

impl Fault {
    /// The stable name of this fault, as in the README's table.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EventMalformed => "event_malformed",
            Self::SettingsUnavailable => "settings_unavailable",
            Self::KeysUnavailable => "keys_unavailable",
            Self::AnswerTooLarge => "answer_too_large",
        }
    }
}

/// Either way of not being let through.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// The caller's fault: 401.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Our fault: 500.
    #[error(transparent)]
    Failed(#[from] Fault),
}
