//! What the codes of audit lines mean, for operators. `docs/troubleshooting.md` is generated from it.

use atlassian_authorizer::error::{Denial, Fault, Forbidden, Refusal};

/// The stages of a decision, in their order. If one fails, all stages before it passed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The event is an authorizer event of API Gateway.
    Event,
    /// Settings are loaded.
    Settings,
    /// The request has one credential of a supported form, and no header or parameter that conflicts with it.
    Credential,
    /// A provider of the settings is responsible for it.
    Provider,
    /// A key of the provider verifies it, or an introspection response, a userinfo response or the store of
    /// API tokens confirms it.
    Signature,
    /// Its claims are well-formed, and its times are valid.
    Lifetime,
    /// It was issued to a client or for an audience of the settings, and meets their requirements.
    Audience,
    /// It maps to an Atlassian username.
    Username,
    /// Neither the token nor its subject, user or client is in `revoked`.
    Revocation,
    /// The groups are complete, if a rule denies by group.
    Groups,
    /// The access rules allow the request.
    Access,
    /// The credential for Atlassian is ready.
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

    /// The stable name.
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
    /// The earliest stage that can give this code. All stages before it passed.
    pub stage: Stage,
    /// What the code says about the request.
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

/// Defines a function from the variants of an enum to their meanings. A missing variant does not compile.
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
        "The request has a header such as `X-HTTP-Method-Override`, in any case and with `_` for `-`. It \
         names another method than the one that the access rules were checked with.",
        "Send the request with the intended method, without that header.";
    PathOverride at Credential:
        "The request has a header that names another path than the one that the access rules were checked \
         with. These are `X-Original-URL`, `X-Rewrite-URL`, `X-Forwarded-Path` and `X-Forwarded-Prefix`.",
        "Send the request without that header.";
    IdentityHeader at Credential:
        "The request has a header that names a user: `X-Authorizer-Username` or one of `identity_headers`, \
         in any case.",
        "Send the request without that header. The gateway sets it itself.";
    IdentityParameter at Credential:
        "The query has a parameter that Atlassian reads as a user, a password or part of a signature: \
         `os_username`, `os_password`, `os_cookie`, `oauth_...` or `xoauth_requestor_id`, in any spelling. \
         The upstream mode `none` also refuses `os_authType`, and `oauth1` also refuses `user_id`.",
        "Send the request without that parameter.";
    CredentialMissing at Credential:
        "The request has no `Authorization` header, or an empty one.",
        "Send `Authorization: Bearer <token>`. `atlauth login` gets a token.";
    CredentialAmbiguous at Credential:
        "The request has two different `Authorization` headers, and the authorizer does not guess which one \
         is meant.",
        "Send one header. Look for a proxy or client that adds its own.";
    CredentialUnsupported at Credential:
        "The credential is neither Bearer nor Basic, or it is malformed.",
        "Send `Authorization: Bearer <token>`: one space, and the token without quotes or line breaks.";
    BasicDenied at Credential:
        "The settings deny Basic credentials, or deny them to this user or on this path, or the credentials \
         name no user.",
        "Use a token. To allow Basic credentials, set `basic_auth`; to allow API tokens by Basic auth, set \
         `api_tokens.allow_basic`.";
    ApiTokenMalformed at Credential:
        "The form or the checksum of the API token is wrong. It was cut, mistyped or made up, or the key \
         that it was made with is retired.",
        "Copy all 80 characters of the token again. If it is lost, create another with `atlauth token \
         create`.";
    ApiTokenUnkeyed at Credential:
        "The API token was made without the service's key. Either `atlauth` made it before there was a key, \
         or somebody made it up.",
        "Create another with `atlauth token rotate`, or set `api_tokens.accept_unkeyed` until all tokens \
         are rotated.";
    ApiTokensDisabled at Provider:
        "The credential is an API token, and the settings accept none.",
        "Set `api_tokens.enabled` in the parameter `settings`, or use a token of a provider.";
    ApiTokenUnknown at Signature:
        "There is no API token with this id, or its secret is another.",
        "Look for its id in `atlauth token list`. If it is not there, it was revoked or belongs to other \
         settings: create a new one.";
    ApiTokenUserMismatch at Username:
        "The API token was sent by Basic auth with the name of another user.",
        "Send the name of the user for whom the token was created.";
    TokenTooLong at Credential:
        "The token is longer than 10,240 bytes, which is API Gateway's limit.",
        "Have the provider put fewer groups or roles into the token, or request a narrower scope.";
    TokenMalformed at Credential:
        "The token is not a well-formed JWT, or its JSON has duplicate members. Or it is opaque, and no \
         provider accepts opaque tokens.",
        "Copy the whole token again. For opaque tokens, a provider needs introspection or userinfo.";
    TokenTypeUnsupported at Credential:
        "The token is not an access token or id token of an application. It is a refresh, logout, nested or \
         key-bound (`cnf`) token, a vendor's personal or service account token, or its header `typ` is not \
         in `token_types`.",
        "Send the access token, not a refresh token or a personal one such as `ghp_...`. If only the `typ` \
         differs, add it to `token_types`.";
    CriticalHeaderUnsupported at Credential:
        "The token's header has `crit`, which requires an extension that is not supported.",
        "Have the provider issue tokens without `crit`.";
    AlgorithmNotAllowed at Signature:
        "The token is signed with `none`, HMAC, or an algorithm that the provider's settings or the key do \
         not allow.",
        "Compare the token's `alg` with the provider's `algorithms`. Only RSA, ECDSA and EdDSA are accepted.";
    IssuerUnknown at Provider:
        "The token's `iss` is not the issuer of any provider. Or it is a vendor's token, and no provider is \
         of that vendor.",
        "Compare `iss` with the providers' issuers. They must match exactly; a trailing slash counts.";
    GraphToken at Provider:
        "The token is for Microsoft Graph, and only Graph can verify it.",
        "Have the client request a scope of your own API, such as `api://<id>/<scope>`.";
    KeyIdMissing at Signature:
        "The token names no key (`kid`, `x5t` or `x5t#S256`), and several keys of the provider match its \
         algorithm.",
        "Have the provider name the key, or keep only one key for each algorithm in its JWKS.";
    KeyUnknown at Signature:
        "The provider's JWKS has no usable key with the token's `kid`, `x5t` or `x5t#S256`, or has it for \
         another issuer.",
        "Check `jwks_uri` or `jwks`: the token may come from another realm or pool, or be older than a key \
         rotation. `atlauth settings check --probe` shows which keys are skipped.";
    SignatureInvalid at Signature:
        "The token's signature does not verify: the token was changed, or signed with another key.",
        "Get a new token. If it is refused too, the keys in the settings are not those of the provider.";
    ClaimsMalformed at Lifetime:
        "A JWT lacks `exp`, or with `max_token_age_seconds` also `iat`. Or a claim has the wrong type: a \
         time, `aud`, the client, `sub` or the groups.",
        "Look at the token's claims. Times, `aud` and `sub` must be as RFC 7519 defines them. For groups \
         that are objects, set `groups` to a path such as `roles[*].name`.";
    TokenExpired at Lifetime:
        "The token's `exp` has passed. There is no leeway.",
        "Get a new token: with `atlauth login`, or with `atlauth token rotate` for an API token.";
    TokenNotYetValid at Lifetime:
        "The token's `nbf` or `iat` is more than 60 s in the future.",
        "Correct the clock of the provider or of this machine.";
    TokenTooOld at Lifetime:
        "The token was issued longer ago than the provider's `max_token_age_seconds`.",
        "Get a new token, for example with `atlauth login`.";
    TokenLifetimeTooLong at Lifetime:
        "The token's lifetime, from `iat` to `exp`, is longer than the provider's \
         `max_token_lifetime_seconds`.",
        "Have the provider issue tokens with a shorter lifetime, or raise `max_token_lifetime_seconds`.";
    TokenInactive at Signature:
        "The provider says that the token is not active, or no provider knows it.",
        "Get a new token. This one was revoked, has expired, or belongs to another server.";
    TokenRevoked at Revocation:
        "The token's id, subject, user or client is in the parameter `revoked`.",
        "To admit it again, remove the entry from `revoked`.";
    ScopeInsufficient at Signature:
        "The provider's userinfo endpoint requires a scope that the token lacks.",
        "Have the client request `openid` (GitLab: `read_user`).";
    SubjectMismatch at Signature:
        "The userinfo response names another `sub` than the token, or none where the token has one.",
        "Check that `userinfo_endpoint` belongs to the token's issuer.";
    RequirementUnmet at Audience:
        "The token does not meet a rule of the provider's `require`, or its `hd` or `team_id`.",
        "Compare the token's claims with the provider's `require`.";
    GroupsIncomplete at Groups:
        "The product has a rule that denies by group, and the token's groups are not complete. It has none, \
         omits some because there are too many, or has a group without a name.",
        "Have the provider put all groups into the token, or deny by something else.";
    AudienceMismatch at Audience:
        "The token was not issued to one of the provider's `client_ids`, or not for one of its `audiences`.",
        "Compare `aud`, `azp` and `client_id` with the settings. Have the client request a token for this \
         API.";
    TokenUseMismatch at Audience:
        "The token is an id token and the provider's settings accept access tokens, or the other way round.",
        "Send the other token of the login, or set the provider's `token_use` to `access`, `id` or `both`.";
    UsernameMissing at Username:
        "None of the attributes in `username` has a value in the token.",
        "Have the client request the scope that adds it (`profile`, `email`), or name another attribute. If \
         the token has no user, say in `machine_when` how to recognise it, such as [{\"claim\": \"sub\", \
         \"missing\": true}].";
    EmailUnverified at Username:
        "The only username attribute with a value is an email address that the provider does not mark as \
         verified (Entra ID: by `xms_edov`).",
        "Have the user verify the address at the provider, or name another attribute.";
    UsernameRejected at Username:
        "A transform did not apply, the result does not match `allow`, or it has characters that a header \
         can't hold.",
        "Compare the attribute's value with `transform` and `allow` in the provider's `username`.";
    UsernameUnmapped at Username:
        "The `map` in the provider's `username` has no entry for the attribute's value.",
        "Add an entry, if the user should have access.";
    MachineUserUnmapped at Username:
        "The token belongs to a client without a user (a service account), and `machine_users` has no entry \
         for the client.",
        "Add the client to `machine_users` with the user that it acts as, or log in as a user.";
});

meanings!(of_fault of Fault, all in FAULTS {
    EventMalformed at Event:
        "The event is not an authorizer event of API Gateway.",
        "Compare it with the output of `atlauth event`.";
    SettingsUnavailable at Settings:
        "No settings have been loaded since the start, or loads have failed for longer than \
         `max_settings_age_seconds`.",
        "Run `atlauth settings check`, which shows what is wrong.";
    KeysUnavailable at Signature:
        "The provider's keys could not be fetched, and no cached keys are younger than \
         `keys_max_stale_seconds`.",
        "See the function's log, which names the setting if one is wrong. The function must be able to \
         reach `jwks_uri`, whose certificate must come from a trusted CA.";
    ProviderUnavailable at Signature:
        "The provider did not answer the introspection or userinfo request, or its response could not be \
         read.",
        "See the function's log. Try the endpoint with curl from the function's network.";
    ProviderRateLimited at Signature:
        "The provider limits the rate of our requests, and the authorizer backs off for its `Retry-After`. \
         Or too many unknown tokens were sent.",
        "Wait. If it continues, look in the audit log for who sends these tokens.";
    ProviderMisconfigured at Signature:
        "The provider refuses our client credentials, or the introspection or userinfo request itself.",
        "Check the provider's `client_id`, `client_secret`, `client_auth` and endpoints.";
    ApiTokensUnavailable at Signature:
        "The store of API tokens can't be read, holds an invalid record, or was asked for too many unknown \
         ids.",
        "See the function's log. The function's role needs `ssm:GetParameter` on `<prefix>-tokens/*`.";
    SourceNotInCacheKey at Access:
        "The API token or a rule is restricted to networks, but API Gateway's cache key does not include \
         the caller's address.",
        "Set `AUTHORIZER_CACHED_BY_SOURCE_IP=true` and make the address an identity source of the \
         authorizer, or turn the cache off.";
    RouteNotInCacheKey at Access:
        "The rules need a decision for each route, but API Gateway would use one answer for all routes.",
        "Set the cache key to `route`: make method and path identity sources, and set \
         `AUTHORIZER_CACHE_KEY=route`. Or turn the cache off.";
    UserCredentialInvalid at Upstream:
        "The user's stored credential can't be sent in the product's scheme. The function's log names the \
         parameter and says what it expects.",
        "Store a personal access token for the scheme `bearer`, or `user:password` for `basic`.";
    UserCredentialsUnavailable at Upstream:
        "The store of users' credentials can't be read, holds an invalid record, or was asked for too many \
         unknown users.",
        "See the function's log. The function's role needs `ssm:GetParameter` on `<prefix>-users/*`.";
    RequestNotSignable at Upstream:
        "OAuth 1.0a signs the whole request. A `TOKEN` authorizer or a WebSocket API does not show enough \
         of it.",
        "Use a REQUEST authorizer for products with the upstream mode `oauth1`.";
    SigningFailed at Upstream:
        "The signature for Atlassian could not be made.",
        "Check the secret that `upstream.private_key` names. `atlauth keys show` reads it.";
    AnswerTooLarge at Upstream:
        "The answer exceeds API Gateway's limits even without the caller's groups.",
        "Use fewer or wider routes in `access`, or a shorter credential.";
});

meanings!(of_forbidden of Forbidden, all in FORBIDDEN {
    RouteNotAllowed at Access:
        "No access rule allows this route to the caller, or a rule denies it.",
        "Compare the rules that match the route with the caller's scopes, groups, provider, user and network. \
         Groups match exactly, a slash in front included. Callers by Basic auth meet no condition on the caller, \
         and an API token may be read-only or limited to products.";
    RouteNotInPolicy at Access:
        "The rules allow the route, but the single policy for all routes can't include it. The route is not \
         among the most used ones, or its path has unusual characters.",
        "Use the cache key `route`, or turn the cache off.";
    PathNotReadable at Access:
        "The path leads out of the product, holds control characters or invalid UTF-8, can be read in more \
         than 32 ways, or is longer than 12 KiB.",
        "Send the path as the product's own pages do: no dot segments, and each name percent-encoded once.";
    PathNotExact at Access:
        "The path holds `*`, `?` or `$`, or is very long. A policy for it would also match other paths, \
         which may be denied.",
        "Percent-encode these characters, or turn API Gateway's cache off for the product.";
    ProductUnknown at Access:
        "The path belongs to no product of the settings.",
        "Compare the path with the `path` of each product. The stage is not part of it.";
    SourceNotAllowed at Access:
        "The API token is restricted to networks, and the caller's address is in none of them.",
        "Call from one of these networks, or create a token for this one. `atlauth explain --source-ip` \
         tries an address.";
    UserCredentialMissing at Upstream:
        "The product uses each user's own credential, and none is stored for this user.",
        "Store the user's credential in `<prefix>-users/<username>`.";
    ImpersonationRefused at Upstream:
        "The user is in the product's `never_impersonate`.",
        "Use another user: administrators are not impersonated.";
    FormNotSignable at Upstream:
        "The body is a form (`application/x-www-form-urlencoded`). An OAuth 1.0a signature would cover it, \
         and the authorizer never sees the body.",
        "Send JSON.";
});

/// The refusal that an audit line means by its code; `None` where this version knows none of that name.
pub fn refusal(code: &str) -> Option<Refusal> {
    let denials = DENIALS.iter().copied().map(Refusal::Denied);
    let faults = FAULTS.iter().copied().map(Refusal::Failed);
    let forbidden = FORBIDDEN.iter().copied().map(Refusal::Forbidden);
    denials
        .chain(faults)
        .chain(forbidden)
        .find(|refusal| refusal.code() == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DENIALS, FAULTS, FORBIDDEN, Refusal, Stage, refusal};

    #[test]
    fn every_code_has_a_meaning_of_its_own() {
        let denials = DENIALS.iter().map(|one| one.code());
        let faults = FAULTS.iter().map(|one| one.code());
        let forbidden = FORBIDDEN.iter().map(|one| one.code());
        let codes: Vec<&str> = denials.chain(faults).chain(forbidden).collect();
        let unique: BTreeSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
        for code in codes {
            assert_eq!(refusal(code).map(Refusal::code), Some(code));
        }
        assert!(refusal("allowed").is_none());
    }

    #[test]
    fn stages_are_in_order() {
        assert!(Stage::ALL.is_sorted());
    }
}
