//! What the codes of audit lines mean, for operators.

use atlassian_authorizer::error::{Denial, Fault, Forbidden, Refusal};

/// The steps on a request's way, in their order. What stands before the one that failed held.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The event is one of API Gateway's.
    Event,
    /// There are settings.
    Settings,
    /// The request has one credential, of a form that is taken, and nothing that contradicts it.
    Credential,
    /// There is a provider for it.
    Provider,
    /// A key of the provider's verifies it, or the provider or the store of API tokens vouches for
    /// it.
    Signature,
    /// Its claims are well-formed, and it is neither too young nor too old.
    Lifetime,
    /// It was issued to, or for, somebody that the settings name, and has what they require.
    Audience,
    /// It stands for an Atlassian user.
    Username,
    /// Neither the token nor its subject, user or client is revoked.
    Revocation,
    /// All groups are known that a rule denies by.
    Groups,
    /// The access rules allow the request.
    Access,
    /// Atlassian can be told who is calling.
    Upstream,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 12] = [
        Self::Event,
        Self::Settings,
        Self::Credential,
        Self::Provider,
        Self::Signature,
        Self::Lifetime,
        Self::Audience,
        Self::Username,
        Self::Revocation,
        Self::Groups,
        Self::Access,
        Self::Upstream,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Settings => "settings",
            Self::Credential => "credential",
            Self::Provider => "provider",
            Self::Signature => "signature",
            Self::Lifetime => "lifetime",
            Self::Audience => "audience",
            Self::Username => "username",
            Self::Revocation => "revocation",
            Self::Groups => "groups",
            Self::Access => "access",
            Self::Upstream => "upstream",
        }
    }
}

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// The earliest stage at which it can come up: what stands before it held.
    pub stage: Stage,
    /// What is so.
    pub what: &'static str,
    /// What to do about it.
    pub next: &'static str,
}

impl Meaning {
    /// The meaning of a refusal.
    pub const fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => of_denial(denial),
            Refusal::Forbidden(forbidden) => of_forbidden(forbidden),
            Refusal::Failed(fault) => of_fault(fault),
        }
    }
}

/// Makes a function of the meanings of an enum. A variant that is left out does not compile.
macro_rules! meanings {
    ($function:ident of $reason:ident, all in $all:ident { $($variant:ident at $stage:ident: $what:literal, $next:literal;)* }) => {
        /// All of them.
        pub const $all: &[$reason] = &[$($reason::$variant),*];

        /// What it means, and what to do about it.
        const fn $function(reason: $reason) -> Meaning {
            match reason {
                $($reason::$variant => Meaning {
                    stage: Stage::$stage,
                    what: $what,
                    next: $next,
                },)*
            }
        }
    };
}

meanings!(of_denial of Denial, all in DENIALS {
    MethodOverride at Credential:
        "The request has a header such as `X-HTTP-Method-Override`, which names another method than the policy was matched with.",
        "Send the request with the method that is meant, without that header.";
    PathOverride at Credential:
        "The request has a header such as `X-Original-URL`, which names another path than the policy was matched with.",
        "Send the request without that header.";
    IdentityHeader at Credential:
        "The request has a header that names a user, `X-Authorizer-Username` or one of `identity_headers`.",
        "Send the request without that header; the gateway sets it itself.";
    IdentityParameter at Credential:
        "The query has a parameter that Atlassian takes for a user, a password or a signature.",
        "Send the request without `os_username`, `os_password`, `oauth_...` and the like.";
    CredentialMissing at Credential:
        "The request has no `Authorization` header, or an empty one.",
        "Send `Authorization: Bearer <token>`; `atlauth login` gets a token.";
    CredentialAmbiguous at Credential:
        "The request has two different `Authorization` headers, and neither may count by a guess.",
        "Send one; look for a proxy or client that adds its own.";
    CredentialUnsupported at Credential:
        "The credential is neither Bearer nor Basic, or has characters that no token has.",
        "Send `Authorization: Bearer <token>`: one space, and the token without quotes or line breaks.";
    BasicDenied at Credential:
        "Basic credentials are denied, or not taken of this user, or name no user.",
        "Use a token, or see `basic_auth` (or, for API tokens, `api_tokens.allow_basic`) in the settings.";
    ApiTokenMalformed at Credential:
        "The API token was cut, mistyped or made up, or its key has ended: its form or checksum is wrong.",
        "Copy it again, all 80 characters; if it is lost, make another with `atlauth token create`.";
    ApiTokenUnkeyed at Credential:
        "The API token was made without the service's key, by `atlauth` before there was one or by somebody else.",
        "Make another with `atlauth token rotate`, or set `api_tokens.accept_unkeyed` until all are rotated.";
    ApiTokensDisabled at Provider:
        "It is an API token, and the settings accept none.",
        "Set `api_tokens.enabled` in the parameter `settings`, or use a token of a provider.";
    ApiTokenUnknown at Signature:
        "There is no API token of this id, or its secret is another.",
        "See `atlauth token list`: it was revoked, or belongs to other settings; make a new one.";
    ApiTokenUserMismatch at Username:
        "The API token came by Basic auth with another user's name.",
        "Send the name of the user for whom the token was made.";
    TokenTooLong at Credential:
        "The token is longer than the 10,240 bytes that API Gateway takes.",
        "Have the provider put less into it: fewer groups or roles, or a narrower scope.";
    TokenMalformed at Credential:
        "It is no well-formed JWT, or an opaque token and no provider takes those.",
        "Copy it again, whole; for opaque tokens a provider needs introspection or userinfo.";
    TokenTypeUnsupported at Credential:
        "It is no access or id token of an application (a refresh, logout, nested, key-bound, or a vendor's personal token), or its header `typ` is not one of `token_types`.",
        "Send the access token; not a refresh token, nor a personal one such as `ghp_...`. Or see `token_types`.";
    CriticalHeaderUnsupported at Credential:
        "The token's header has `crit`, which demands an extension that is not supported.",
        "Have the provider issue tokens without `crit`.";
    AlgorithmNotAllowed at Signature:
        "The token is signed with `none`, HMAC, or an algorithm that the provider's settings or the key do not allow.",
        "Compare `alg` of the token with `algorithms` of the provider; only RSA, ECDSA and EdDSA are taken.";
    IssuerUnknown at Provider:
        "`iss` of the token is no provider's issuer, or it is a vendor's token and no provider is that vendor.",
        "Compare `iss` with the providers' issuers, octet by octet; a slash at the end counts.";
    GraphToken at Provider:
        "It is a token for Microsoft Graph, which nobody but Graph can verify.",
        "Have the client ask for a scope of your own API, such as `api://<id>/<scope>`.";
    KeyIdMissing at Signature:
        "The token names no key (`kid`, `x5t` or `x5t#S256`), and several keys of the provider would do.",
        "Have the provider name its key, or keep one key for each algorithm in its set.";
    KeyUnknown at Signature:
        "The provider's key set has no usable key of the name that the token gives (`kid`, `x5t` or `x5t#S256`), or \
         that key is for another issuer.",
        "Check `jwks_uri` or `jwks`: the token is of another realm or pool, or older than a key rotation. \
         `atlauth settings check --probe` says which keys are skipped.";
    SignatureInvalid at Signature:
        "The signature does not verify: the token was changed, or signed by somebody else.",
        "Get a new token; if that fails too, the provider's keys in the settings are not its own.";
    ClaimsMalformed at Lifetime:
        "`exp` is missing (with `max_token_age_seconds` also `iat`), or a claim has the wrong type: a time, `aud`, the client, `sub` or the groups.",
        "Look at the claims below. Times, `aud` and `sub` are as RFC 7519 has them; groups that are objects need a path such as `roles[*].name` in `groups`.";
    TokenExpired at Lifetime:
        "The token has expired; there is no leeway.",
        "Get a new one: `atlauth login`, or `atlauth token rotate` for an API token.";
    TokenNotYetValid at Lifetime:
        "The token's `nbf` or `iat` lies more than 60 s ahead.",
        "Set the clock right, of the provider or of this machine.";
    TokenTooOld at Lifetime:
        "The token was issued longer ago than `max_token_age_seconds` of its provider.",
        "Get a new one; `atlauth login` does.";
    TokenLifetimeTooLong at Lifetime:
        "From its issue to its expiry, the token lives longer than `max_token_lifetime_seconds` of its provider.",
        "Have the provider issue tokens that expire sooner, or raise `max_token_lifetime_seconds`.";
    TokenInactive at Signature:
        "The provider says that the token is not active, or no provider knows it.",
        "Get a new one: it was revoked, has expired, or is of another server.";
    TokenRevoked at Revocation:
        "The token's id, its subject, its user or its client is in the parameter `revoked`.",
        "Take the entry out of `revoked` if it should be let in again.";
    ScopeInsufficient at Signature:
        "The provider's userinfo demands a scope that the token lacks.",
        "Have the client ask for `openid` (GitLab: `read_user`).";
    SubjectMismatch at Signature:
        "Userinfo speaks of another `sub` than the token, or of none where the token has one.",
        "Check that `userinfo_endpoint` is that of the token's issuer.";
    RequirementUnmet at Audience:
        "A rule of the provider's `require`, or `hd` or `team_id`, does not hold for the token.",
        "Compare the claims below with `require` of the provider.";
    GroupsIncomplete at Groups:
        "The product denies by group, and the token says nothing of groups or leaves some out for their number.",
        "Have the provider put all groups into the token, or deny by something else.";
    AudienceMismatch at Audience:
        "The token was issued to, or for, somebody else than `client_ids` and `audiences` of its provider say.",
        "Compare `aud`, `azp`, `client_id` with the settings; have the client ask for a token for this API.";
    TokenUseMismatch at Audience:
        "It is an id token, and the provider's settings accept access tokens, or the other way round.",
        "Send the other token of the login, or set `token_use` of the provider to `access`, `id` or `both`.";
    UsernameMissing at Username:
        "None of the attributes in `username` has a value in the token.",
        "Have the client ask for the scope that adds it (`profile`, `email`), or name another attribute. If this is a client's own token, say in `machine_when` what marks it, such as [{\"claim\": \"sub\", \"missing\": true}].";
    EmailUnverified at Username:
        "The only username attribute is an email address that the provider does not call verified (Entra ID: by `xms_edov`).",
        "Have the user verify it at the provider, or name another attribute.";
    UsernameRejected at Username:
        "A transform did not apply, the result does not match `allow`, or it can't stand in a header.",
        "Compare the attribute's value below with `transform` and `allow` of the provider's `username`.";
    UsernameUnmapped at Username:
        "The `map` of the provider's `username` has no entry for the attribute's value.",
        "Add an entry for it, if it should be let in.";
    MachineUserUnmapped at Username:
        "The token is a client's own, without a user, and `machine_users` has no entry for the client.",
        "Add the client to `machine_users` with the user that it acts as, or log in as a user.";
});

meanings!(of_fault of Fault, all in FAULTS {
    EventMalformed at Event:
        "It is no event that API Gateway sends to an authorizer.",
        "Compare it with what `atlauth event` writes.";
    SettingsUnavailable at Settings:
        "The settings could not be loaded, or not for longer than `max_settings_age_seconds` allows.",
        "Run `atlauth settings check`, which says what is wrong.";
    KeysUnavailable at Signature:
        "The provider's keys could not be fetched, and none young enough are cached.",
        "See the log below, which names the setting where one is wrong; the function needs a way to `jwks_uri`, and its certificate an authority that is known.";
    ProviderUnavailable at Signature:
        "The provider did not answer the question about the token, or not intelligibly.",
        "See the log below; try the endpoint with curl from where the function runs.";
    ProviderRateLimited at Signature:
        "The provider limits the rate of our questions about this token, or about several, or too many unknown tokens were sent.",
        "Wait; if it goes on, look in the audit log for who sends them.";
    ProviderMisconfigured at Signature:
        "The provider refuses our own credentials, or the question as such.",
        "Check `client_id`, `client_secret` and `client_auth` of the provider, and its endpoints.";
    ApiTokensUnavailable at Signature:
        "The store of API tokens can't be read, holds what is no record, or was asked for too many unknown ids.",
        "See the log below; the function's role needs `ssm:GetParameter` on `<prefix>-tokens/*`.";
    SourceNotInCacheKey at Access:
        "The API token is bound to networks, and API Gateway's cache would not keep to them.",
        "Set `AUTHORIZER_CACHED_BY_SOURCE_IP=true` with an authorizer that has the address as identity source, or turn the cache off.";
    RouteNotInCacheKey at Access:
        "The rules hold for one route at a time, and API Gateway would use the answer for all of them.",
        "Set the cache key to `route`: method and path among the authorizer's identity sources, and `AUTHORIZER_CACHE_KEY=route`; or turn the cache off.";
    UserCredentialInvalid at Upstream:
        "What is stored of the user can't be sent in the product's scheme.",
        "Store a personal access token for the scheme `bearer`, or `user:password` for `basic`; the function's log names the parameter.";
    UserCredentialsUnavailable at Upstream:
        "The store of users' credentials can't be read, or holds one that can't be sent.",
        "See the log below; the function's role needs `ssm:GetParameter` on `<prefix>-users/*`.";
    RequestNotSignable at Upstream:
        "OAuth 1.0a signs the whole request, and this kind of event shows too little of it.",
        "Use a REQUEST authorizer for products with the upstream mode `oauth1`.";
    SigningFailed at Upstream:
        "The signature for Atlassian could not be made.",
        "Check the secret that `upstream.private_key` names; `atlauth keys show` reads it.";
    AnswerTooLarge at Upstream:
        "The answer exceeds API Gateway's limits even without the caller's groups.",
        "Use fewer or wider routes in `access`, or a shorter credential.";
});

meanings!(of_forbidden of Forbidden, all in FORBIDDEN {
    RouteNotAllowed at Access:
        "No access rule allows this route to the caller, or one denies it.",
        "See the rules below: which conditions fail, and which routes match.";
    RouteNotInPolicy at Access:
        "The rules allow the route, and the one policy for all routes can't say so.",
        "The route is not among the most used ones, or its path has unusual characters: use the cache key `route`, or no cache.";
    PathNotReadable at Access:
        "The path holds control characters or bytes that are no UTF-8, leads out of the product, can be read in too many ways, or is longer than 12 KiB.",
        "Send the path as the product's own pages do: no dot segments, and each name percent-encoded once.";
    PathNotExact at Access:
        "The path holds `*`, `?` or `$`, or is very long: a policy about it would reach other paths, which may be denied.",
        "Percent-encode these characters, or turn API Gateway's cache off for the product.";
    ProductUnknown at Access:
        "The path belongs to no product of the settings.",
        "Compare the path with `path` of each product; the stage is no part of it.";
    SourceNotAllowed at Access:
        "The API token is bound to networks, and the caller's address is in none of them.",
        "Call from one of them, or make a token for this network; `--source-ip` tries an address.";
    UserCredentialMissing at Upstream:
        "The product takes users' own credentials, and none is stored for this user.",
        "Store the user's credential in `<prefix>-users/<username>`.";
    ImpersonationRefused at Upstream:
        "The user is in `never_impersonate` of the product.",
        "Use another user: administrators are not impersonated.";
    FormNotSignable at Upstream:
        "A form in the body would be part of the OAuth 1.0a signature, and the authorizer never sees the body.",
        "Send JSON.";
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DENIALS, FAULTS, FORBIDDEN, Stage};

    #[test]
    fn every_code_has_a_meaning_of_its_own() {
        let denials = DENIALS.iter().map(|one| one.code());
        let faults = FAULTS.iter().map(|one| one.code());
        let forbidden = FORBIDDEN.iter().map(|one| one.code());
        let codes: Vec<&str> = denials.chain(faults).chain(forbidden).collect();
        let unique: BTreeSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
    }

    #[test]
    fn stages_are_in_order() {
        assert!(Stage::ALL.is_sorted());
    }
}
