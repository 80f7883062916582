//! What is sent in the demo, and what must come of it.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Unlucky;
use super::issuer::{Claims, Key};
use super::stage::{BOT, CLIENT, SERVICE_USER, Stage};

pub(super) const MYSELF: &str = "/jira/rest/api/2/myself";
const ISSUE: &str = "/jira/rest/api/2/issue";
const CURRENT: &str = "/confluence/rest/api/user/current";

const READ: &str = "openid atlassian/read";
const WRITE: &str = "openid atlassian/read atlassian/write";

/// One request, and what must come of it.
pub(super) struct Scene {
    pub(super) said: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) status: u16,
    /// The authorizer's code, or who answered in its place.
    pub(super) code: &'static str,
    /// Whom Atlassian must see; empty where it must see nothing.
    pub(super) seen: &'static str,
}

impl Scene {
    fn get(said: &'static str, authorization: Option<&str>) -> Self {
        let headers = authorization.map(|value| ("authorization", value.to_owned()));
        Self {
            said,
            method: Method::GET,
            path: MYSELF,
            headers: headers.into_iter().collect(),
            status: 200,
            code: "allowed",
            seen: "",
        }
    }

    fn post(said: &'static str, authorization: &str) -> Self {
        Self {
            method: Method::POST,
            path: ISSUE,
            ..Self::get(said, Some(authorization))
        }
    }

    fn is(self, status: u16, code: &'static str, seen: &'static str) -> Self {
        Self {
            status,
            code,
            seen,
            ..self
        }
    }
}

/// With tokens of the issuer's first key.
pub(super) fn tokens(stage: &Stage) -> Result<[Scene; 8], Unlucky> {
    let token = |client, scope, left| stage.bearer(&stage.key, client, scope, left);
    let (reading, other) = (token(CLIENT, READ, 600)?, token(CLIENT, READ, 600)?);
    let writing = token(CLIENT, WRITE, 600)?;
    let expired = token(CLIENT, READ, -1)?;
    let foreign = token("another-client", READ, 600)?;
    Ok([
        Scene::get("no token", None).is(401, "(gateway)", ""),
        Scene::get("a token of the pool", Some(&reading)).is(200, "allowed", "alice"),
        Scene::get("the same token again", Some(&reading)).is(200, "(cache)", "alice"),
        Scene::get("an expired token", Some(&expired)).is(401, "token_expired", ""),
        Scene::get("a token of another client", Some(&foreign)).is(401, "audience_mismatch", ""),
        Scene::post("POST an issue, scope read", &other).is(403, "route_not_allowed", ""),
        Scene::post("POST an issue, scope write", &writing).is(201, "allowed", "alice"),
        Scene {
            path: CURRENT,
            ..Scene::get("GET Confluence's user/current", Some(&reading))
        }
        .is(200, "allowed", SERVICE_USER),
    ])
}

/// With other credentials, and with what none may have.
pub(super) fn others(stage: &Stage) -> Result<[Scene; 4], Unlucky> {
    let api_token = format!("Bearer {}", stage.api_token.expose_secret());
    let password = format!("Basic {}", STANDARD.encode("alice:correct horse"));
    let token = stage.bearer(&stage.key, CLIENT, READ, 600)?;
    let mut claiming = Scene::get("X-Authorizer-Username: admin", Some(&token));
    claiming
        .headers
        .push(("x-authorizer-username", "admin".to_owned()));
    Ok([
        Scene::get("an API token", Some(&api_token)).is(200, "allowed", BOT),
        Scene::post("POST an issue, API token", &api_token).is(403, "(cache)", ""),
        Scene::get("Basic, with a password", Some(&password)).is(401, "basic_denied", ""),
        claiming.is(401, "identity_header", ""),
    ])
}

/// With tokens of both keys, after the first has been withdrawn.
pub(super) fn rotated(stage: &Stage, second: &Key) -> Result<[Scene; 2], Unlucky> {
    let token = |key| stage.bearer(key, CLIENT, READ, 600);
    let (new, old) = (token(second)?, token(&stage.key)?);
    Ok([
        Scene::get("a token by a new key", Some(&new)).is(200, "allowed", "alice"),
        Scene::get("a token by the withdrawn key", Some(&old)).is(401, "key_unknown", ""),
    ])
}

impl Stage {
    /// An `Authorization` of alice's that expires so many seconds from now. No two are the same.
    fn bearer(
        &self,
        key: &Key,
        client_id: &str,
        scope: &str,
        left: i64,
    ) -> Result<String, Unlucky> {
        let now = self.now();
        let claims = Claims {
            client_id,
            scope,
            issued: now.saturating_sub(60),
            expires: now.saturating_add_signed(left),
        };
        Ok(format!("Bearer {}", self.issuer.token(key, &claims)?))
    }
}
