//! What a token says that it is for: to call an API, to tell a client of its user, or neither.
//!
//! No standard marks all of them (RFC 9068 has a header for access tokens alone), so each vendor has a
//! claim of its own.

use serde_json::Value;

use super::{Claims, only};
use crate::error::Denial;

/// What a token is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenUse {
    /// An access token.
    Access,
    /// An id token (OpenID Connect Core 1.0, section 2).
    Id,
}

/// The claims by which vendors mark their tokens: Cognito and Ory Hydra; RFC 7662 and Django Simple
/// JWT; Microsoft and Huawei; PingAM; Oracle Identity Cloud; FusionAuth; Keycloak; Flask-JWT-Extended.
pub const TOKEN_USE_CLAIMS: [&str; 8] = [
    "token_use",
    "token_type",
    "tokenType",
    "tokenName",
    "tok_type",
    "tty",
    "typ",
    "type",
];

/// Claims that tie an id token to its authorization request (OpenID Connect Core 1.0, sections 2 and
/// 3.3.2.11). Some servers put a nonce into access tokens too, which have scopes.
pub const ID_TOKEN_CLAIMS: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];

impl Claims {
    /// What the token says that it is for; `None` where it does not say.
    ///
    /// # Errors
    ///
    /// [`Denial::TokenTypeUnsupported`] for a token that is for its issuer or its client alone, such as
    /// a refresh token.
    pub fn token_use(&self) -> Result<Option<TokenUse>, Denial> {
        // UAA and SAP's XSUAA write their refresh tokens so.
        let is_refresh_by_id = self.claim("granted_scopes").is_some()
            && self.text("jti").is_some_and(|id| id.ends_with("-r"));
        if is_refresh_by_id {
            return Err(Denial::TokenTypeUnsupported);
        }
        let mut found = None;
        for name in TOKEN_USE_CLAIMS {
            let Some(Value::String(text)) = self.claim(name).map(only) else {
                continue;
            };
            match meaning(text, name) {
                // An id token's `token_type` can be that of the access token beside it.
                Some(Meaning::Access) => found = found.or(Some(TokenUse::Access)),
                Some(Meaning::Id) => found = Some(TokenUse::Id),
                Some(Meaning::Other) => return Err(Denial::TokenTypeUnsupported),
                None => {}
            }
        }
        let is_id_token = || {
            let mut names = ID_TOKEN_CLAIMS.iter();
            names.any(|name| self.claim(name).is_some()) && !self.names_scopes()
        };
        Ok(found.or_else(|| is_id_token().then_some(TokenUse::Id)))
    }

    /// Whether the token has a claim of scopes, as access tokens alone do.
    pub fn names_scopes(&self) -> bool {
        self.claim("scope").is_some() || self.claim("scp").is_some()
    }
}

/// A media type as it is compared: in small letters, without `application/` (RFC 7515, section 4.1.9).
pub(crate) fn media_type(text: &str) -> String {
    let name = text.to_ascii_lowercase();
    match name.strip_prefix("application/") {
        Some(name) => name.to_owned(),
        None => name,
    }
}

/// What a mark says of its token.
enum Meaning {
    Access,
    Id,
    Other,
}

/// `None` for a word that says nothing about tokens: `type` alone can mean many things.
fn meaning(text: &str, name: &str) -> Option<Meaning> {
    // No word that is known is longer.
    if text.len() > 64 {
        return None;
    }
    let word = media_type(text).replace(['-', ' '], "_");
    let word = word
        .strip_prefix("urn:ietf:params:oauth:token_type:")
        .unwrap_or(&word);
    let word = word.strip_suffix("+jwt").unwrap_or(word);
    let is_short = name == "tok_type" || name == "tty";
    Some(match word {
        "access" | "access_token" | "accesstoken" | "bearer" => Meaning::Access,
        "at" if is_short || text.ends_with("+jwt") => Meaning::Access,
        "id" | "id_token" | "idtoken" => Meaning::Id,
        "it" if is_short => Meaning::Id,
        "rt" if is_short => Meaning::Other,
        "offline"
        | "offline_token"
        | "serialized_id"
        | "secevent"
        | "dpop"
        | "mac"
        | "n_a"
        | "authorization_code"
        | "registrationaccesstoken"
        | "registration_access_token"
        | "initialaccesstoken"
        | "initial_access_token"
        | "reset_credentials"
        | "verify_email"
        | "execute_actions" => Meaning::Other,
        word if word.contains("refresh") || word.contains("logout") => Meaning::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::TokenUse;
    use crate::claims::Claims;
    use crate::error::Denial;

    fn token_use(claims: Value) -> Result<Option<TokenUse>, Denial> {
        let claims = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        Claims::from(claims).token_use()
    }

    #[test]
    fn marks_of_vendors() {
        const ACCESS: Result<Option<TokenUse>, Denial> = Ok(Some(TokenUse::Access));
        const ID: Result<Option<TokenUse>, Denial> = Ok(Some(TokenUse::Id));
        const OTHER: Result<Option<TokenUse>, Denial> = Err(Denial::TokenTypeUnsupported);
        for (claims, expected) in [
            // docs.aws.amazon.com/cognito, using tokens.
            (json!({"token_use": "access"}), ACCESS),
            (json!({"token_use": "id", "nonce": "n"}), ID),
            // ory.com/docs, introspection.
            (json!({"token_use": "access_token"}), ACCESS),
            (json!({"token_use": "refresh_token"}), OTHER),
            // django-rest-framework-simplejwt.readthedocs.io, token types.
            (json!({"token_type": "access"}), ACCESS),
            (json!({"token_type": "refresh"}), OTHER),
            // RFC 7662, section 2.2, and RFC 9449, section 6.2.
            (json!({"token_type": "Bearer"}), ACCESS),
            (json!({"token_type": "DPoP"}), OTHER),
            // RFC 8693, section 3.
            (
                json!({"token_type": "urn:ietf:params:oauth:token-type:refresh_token"}),
                OTHER,
            ),
            (json!({"tokenType": "refreshToken"}), OTHER),
            // backstage.forgerock.com, token claims.
            (json!({"tokenName": "access_token"}), ACCESS),
            (json!({"tokenName": "refresh_token"}), OTHER),
            (json!({"tokenName": "id_token"}), ID),
            // docs.oracle.com, identity cloud tokens.
            (json!({"tok_type": "AT"}), ACCESS),
            (json!({"tok_type": "IT"}), ID),
            (json!({"tok_type": "RT"}), OTHER),
            // fusionauth.io/docs, token components.
            (json!({"tty": "at"}), ACCESS),
            (json!({"tty": "rt"}), OTHER),
            // keycloak, TokenUtil.
            (json!({"typ": "Bearer", "nonce": "n"}), ACCESS),
            (json!({"typ": "ID", "scope": "openid"}), ID),
            (json!({"typ": "Refresh"}), OTHER),
            (json!({"typ": "Offline"}), OTHER),
            (json!({"typ": "Logout"}), OTHER),
            (json!({"typ": "Serialized-ID"}), OTHER),
            (json!({"typ": "InitialAccessToken"}), OTHER),
            (json!({"typ": "at+jwt"}), ACCESS),
            (json!({"typ": "refresh+jwt"}), OTHER),
            // flask-jwt-extended.readthedocs.io, options.
            (json!({"type": "access"}), ACCESS),
            (json!({"type": "refresh"}), OTHER),
            (json!({"type": ["refresh"]}), OTHER),
            // docs.cloudfoundry.org, UAA tokens.
            (json!({"jti": "1-r", "granted_scopes": ["x"]}), OTHER),
            (json!({"jti": "1-r", "scope": ["x"]}), Ok(None)),
            // OpenID Connect Core 1.0, section 2.
            (json!({"nonce": "n"}), ID),
            (json!({"at_hash": "h"}), ID),
            (json!({"nonce": "n", "scp": "read"}), Ok(None)),
            (json!({"token_type": "Bearer", "type": "id_token"}), ID),
            // Words that say nothing of tokens.
            (json!({"type": "user"}), Ok(None)),
            (json!({"type": "at"}), Ok(None)),
            (json!({"type": 7}), Ok(None)),
            (json!({"typ": "JWT"}), Ok(None)),
            (json!({}), Ok(None)),
        ] {
            assert_eq!(token_use(claims.clone()), expected, "{claims}");
        }
    }
}
