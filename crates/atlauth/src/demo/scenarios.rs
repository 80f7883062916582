//! What is sent in the demo, and what must come of it.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::DemoError;
use super::environment::{BOT, CLIENT, Environment, SERVICE_USER};
use super::issuer::{Claims, Key};

pub(super) const MYSELF: &str = "/jira/rest/api/2/myself";
const ISSUE: &str = "/jira/rest/api/2/issue";
const CURRENT: &str = "/confluence/rest/api/user/current";
const STATUS: &str = "/jira/status";
/// `[v1..v2] 100%.txt`, as clients write it.
const ATTACHMENT: &str = "/jira/secure/attachment/10001/%5Bv1..v2%5D%20100%25.txt";
const PLUGINS: &str = "/jira/rest/plugins/1.0/";
/// The same to Atlassian.
const PLUGINS_AGAIN: &str = "/jira/s/x/_/rest/%70lugins/1.0/";

const READ: &str = "openid atlassian/read";
const WRITE: &str = "openid atlassian/read atlassian/write";

/// One request, and what must come of it.
pub(super) struct Scenario {
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

impl Scenario {
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
pub(super) fn tokens(environment: &Environment) -> Result<[Scenario; 8], DemoError> {
    let token = |client, scope, left| environment.bearer(&environment.key, client, scope, left);
    let (reading, other) = (token(CLIENT, READ, 600)?, token(CLIENT, READ, 600)?);
    let writing = token(CLIENT, WRITE, 600)?;
    let expired = token(CLIENT, READ, -1)?;
    let foreign = token("another-client", READ, 600)?;
    Ok([
        Scenario::get("no token", None).is(401, "credential_missing", ""),
        Scenario::get("a token of the pool", Some(&reading)).is(200, "allowed", "alice"),
        Scenario::get("the same token again", Some(&reading)).is(200, "allowed", "alice"),
        Scenario::get("an expired token", Some(&expired)).is(401, "token_expired", ""),
        Scenario::get("a token of another client", Some(&foreign)).is(401, "audience_mismatch", ""),
        Scenario::post("POST an issue, scope read", &other).is(403, "route_not_allowed", ""),
        Scenario::post("POST an issue, scope write", &writing).is(201, "allowed", "alice"),
        Scenario {
            path: CURRENT,
            ..Scenario::get("GET Confluence's user/current", Some(&reading))
        }
        .is(200, "allowed", SERVICE_USER),
    ])
}

/// To other paths: those that need no credential, are hard to write, or are not for everyone.
pub(super) fn paths(environment: &Environment) -> Result<[Scenario; 4], DemoError> {
    let token = environment.bearer(&environment.key, CLIENT, WRITE, 600)?;
    let to = |path, said, authorization| Scenario {
        path,
        ..Scenario::get(said, authorization)
    };
    Ok([
        to(STATUS, "GET /status, no token", None).is(200, "(gateway)", ""),
        to(ATTACHMENT, "GET a file, [v1..v2] 100%.txt", Some(&token)).is(200, "allowed", "alice"),
        to(PLUGINS, "GET the plugin manager", Some(&token)).is(403, "route_not_allowed", ""),
        to(PLUGINS_AGAIN, "the same, spelled differently", Some(&token)).is(
            403,
            "route_not_allowed",
            "",
        ),
    ])
}

/// With other credentials, and with what none may have.
pub(super) fn others(environment: &Environment) -> Result<[Scenario; 4], DemoError> {
    let api_token = format!("Bearer {}", environment.api_token.expose_secret());
    let password = format!("Basic {}", STANDARD.encode("alice:correct horse"));
    let token = environment.bearer(&environment.key, CLIENT, READ, 600)?;
    let mut claiming = Scenario::get("X-Authorizer-Username: admin", Some(&token));
    claiming
        .headers
        .push(("x-authorizer-username", "admin".to_owned()));
    Ok([
        Scenario::get("an API token", Some(&api_token)).is(200, "allowed", BOT),
        Scenario::post("POST an issue, API token", &api_token).is(403, "route_not_allowed", ""),
        Scenario::get("Basic, with a password", Some(&password)).is(401, "basic_denied", ""),
        claiming.is(401, "identity_header", ""),
    ])
}

/// With tokens of both keys, after the first has been withdrawn.
pub(super) fn rotated(environment: &Environment, second: &Key) -> Result<[Scenario; 2], DemoError> {
    let token = |key| environment.bearer(key, CLIENT, READ, 600);
    let (new, old) = (token(second)?, token(&environment.key)?);
    Ok([
        Scenario::get("a token by a new key", Some(&new)).is(200, "allowed", "alice"),
        Scenario::get("a token by the withdrawn key", Some(&old)).is(401, "key_unknown", ""),
    ])
}

impl Environment {
    /// An `Authorization` of alice's that expires so many seconds from now. No two are the same.
    fn bearer(
        &self,
        key: &Key,
        client_id: &str,
        scope: &str,
        left: i64,
    ) -> Result<String, DemoError> {
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
