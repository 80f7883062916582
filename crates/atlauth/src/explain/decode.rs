//! What a credential looks like from outside, without what makes it one.

use atlassian_authorizer::credential::{API_TOKEN_PREFIX, TokenId};
use atlassian_authorizer::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::credential::Credential;

/// A credential by its form. Nothing in it has been verified.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub(crate) enum Decoded {
    /// A JWT, without its signature.
    Jwt {
        header: Map<String, Value>,
        claims: Map<String, Value>,
    },
    /// A token of our own.
    ApiToken { id: String },
    /// A token that only its provider can read.
    Opaque { characters: usize },
    /// A user's name and password.
    Basic { user: String },
    /// None at all.
    None,
}

impl Decoded {
    pub(crate) fn of(credential: &Credential) -> Self {
        match &credential.token {
            Some(token) => Self::of_token(token),
            None => Self::of_authorization(credential.authorization.expose_secret()),
        }
    }

    /// The credential that an event holds.
    pub(crate) fn of_event(event: &str) -> Self {
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        let mut headers = event["headers"].as_object().into_iter().flatten();
        let header = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let authorization = header.map_or_else(|| &event["authorizationToken"], |(_, value)| value);
        Self::of_authorization(authorization.as_str().unwrap_or_default())
    }

    fn of_authorization(authorization: &str) -> Self {
        let (scheme, rest) = authorization.split_once(' ').unwrap_or_default();
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            Self::of_token(&Secret::new(rest))
        } else if scheme.eq_ignore_ascii_case("basic") {
            let pair = STANDARD.decode(rest).unwrap_or_default();
            let pair = String::from_utf8_lossy(&pair);
            match pair.split_once(':') {
                Some((_, password)) if password.starts_with(API_TOKEN_PREFIX) => {
                    Self::of_token(&Secret::new(password))
                }
                Some((user, _)) => Self::Basic {
                    user: user.to_owned(),
                },
                None => Self::None,
            }
        } else {
            Self::None
        }
    }

    fn of_token(token: &Secret) -> Self {
        let token = token.expose_secret();
        if let Some(id) = TokenId::unverified_of(token) {
            return Self::ApiToken {
                id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            };
        }
        let mut parts = token.split('.');
        let object = |part: Option<&str>| {
            let text = URL_SAFE_NO_PAD.decode(part?).ok()?;
            serde_json::from_slice::<Map<String, Value>>(&text).ok()
        };
        match (object(parts.next()), object(parts.next())) {
            (Some(header), Some(claims)) => Self::Jwt { header, claims },
            _ => Self::Opaque {
                characters: token.len(),
            },
        }
    }

    /// In a few words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Jwt { .. } => "Bearer, a JWT".to_owned(),
            Self::ApiToken { id } => format!("an API token, id {id}"),
            Self::Opaque { characters } => format!("Bearer, opaque, {characters} characters"),
            Self::Basic { user } => format!("Basic, of {user}"),
            Self::None => "none".to_owned(),
        }
    }

    /// A claim of a JWT.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Jwt { claims, .. } => claims.get(name),
            _ => None,
        }
    }

    /// A time of a JWT, in seconds since the epoch.
    pub(crate) fn time(&self, name: &str) -> Option<u64> {
        let time = self.claim(name)?;
        // Some write fractions of a second.
        time.as_u64().or_else(|| {
            let text = time.as_f64()?.max(0.0).trunc().to_string();
            text.parse().ok()
        })
    }
}
