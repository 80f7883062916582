//! What a token says, unverified: to look at, and to choose a username's attribute by.

use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Map, Value};

use super::client::Login;
use super::flow::Granted;
use crate::candidates::{Candidate, GroupCandidate, groups, usernames};

/// Claims, and where they are from.
#[derive(Default)]
pub(super) struct Told {
    /// `access_token`, `id_token` or `userinfo`; `None` where nothing tells.
    pub(super) by: Option<&'static str>,
    pub(super) claims: Map<String, Value>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) groups: Vec<GroupCandidate>,
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
        candidates: usernames(login.provider, &claims),
        groups: groups(login.provider, &claims),
        claims,
    }
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
