//! What a token says, unverified: to look at, and to choose a username's attribute by.

use std::collections::BTreeSet;

use atlassian_authorizer::claims::AttributePath;
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Map, Value};

use super::client::Login;
use super::endpoints::username_by;
use super::flow::Granted;

/// Attributes in which providers put names, those that suit best first.
const USUAL: [&str; 10] = [
    "preferred_username",
    "username",
    "cognito:username",
    "upn",
    "unique_name",
    "login",
    "nickname",
    "email",
    "id",
    "sub",
];

/// Claims, and where they are from.
#[derive(Default)]
pub(super) struct Told {
    /// `access_token`, `id_token` or `userinfo`; `None` where nothing tells.
    pub(super) by: Option<&'static str>,
    pub(super) claims: Map<String, Value>,
    pub(super) candidates: Vec<Candidate>,
}

/// An attribute that could be the username's.
pub(super) struct Candidate {
    pub(super) attribute: String,
    pub(super) value: String,
    /// The username that this provider's rule would make of it, or the code of the refusal.
    pub(super) username: Result<String, &'static str>,
    /// The rule looks at it.
    pub(super) in_rule: bool,
}

/// Of the access token, else of the id token, else what userinfo says.
pub(super) async fn tell(login: &Login<'_>, granted: &Granted) -> Told {
    let of_id = granted.id.as_ref().and_then(claims);
    let (by, claims) = match (claims(&granted.access), of_id) {
        (Some(claims), _) => ("access_token", claims),
        (None, Some(claims)) => ("id_token", claims),
        (None, None) => match userinfo(login, &granted.access).await {
            Some(claims) => ("userinfo", claims),
            None => return Told::default(),
        },
    };
    Told {
        by: Some(by),
        candidates: candidates(login, &claims),
        claims,
    }
}

fn candidates(login: &Login<'_>, claims: &Map<String, Value>) -> Vec<Candidate> {
    let rule = &login.provider.username.attributes;
    let rule: Vec<&str> = rule.iter().map(AttributePath::as_str).collect();
    let mut seen = BTreeSet::new();
    let mut attributes: Vec<&str> = rule.iter().copied().chain(USUAL).collect();
    attributes.retain(|attribute| seen.insert(*attribute));
    let candidate = |attribute: &str| {
        let value = match at(claims, attribute)? {
            Value::String(text) => text.clone(),
            number @ Value::Number(_) => number.to_string(),
            _ => return None,
        };
        Some(Candidate {
            attribute: attribute.to_owned(),
            value,
            username: username_by(login.provider, attribute, claims),
            in_rule: rule.contains(&attribute),
        })
    };
    attributes.into_iter().filter_map(candidate).collect()
}

/// A claim of this name, or one within others.
fn at<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at(claims.get(first)?.as_object()?, rest)
    })
}

/// When a token expires: by its own `exp`, else by what the provider said about it.
pub(super) fn expiry(token: &Secret, granted: &Granted) -> Option<UnixTime> {
    let own = claims(token).and_then(|claims| claims.get("exp")?.as_u64());
    own.map(UnixTime::from_secs).or_else(|| {
        let is_access = token.expose_secret() == granted.access.expose_secret();
        granted.expires.filter(|_| is_access)
    })
}

/// The claims of a JWT.
pub(super) fn claims(token: &Secret) -> Option<Map<String, Value>> {
    let mut parts = token.expose_secret().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Claims of the userinfo response (OpenID Connect Core 1.0, section 5.3). It is asked for
/// information alone, so silence is no failure.
async fn userinfo(login: &Login<'_>, token: &Secret) -> Option<Map<String, Value>> {
    let endpoint = login.endpoints.userinfo.as_ref()?;
    let request = http::Request::get(endpoint.as_str())
        .header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .ok()?;
    let answer = login.send(request).await.ok()?;
    let told = serde_json::from_slice(answer.body()).ok();
    told.filter(|_| answer.status() == 200)
}
