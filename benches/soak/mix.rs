//! What is sent: a mix that is the same in every run, and what must come of each request.

use atlassian_authorizer::authenticate::api_token::hash;
use serde_json::{Value, json};

use testing::api_tokens::forge;
use testing::introspection::Introspector;
use testing::rest_event;
use testing::ssm::PREFIX;
use testing::tokens::{SigningKey, access_claims, now};

/// Users with a credential of their own, and API tokens: more than are often in use.
const KNOWN: usize = 10_000;

/// One request.
pub(crate) struct Request {
    pub(crate) event: Vec<u8>,
    pub(crate) kind: &'static str,
    pub(crate) expected: Expected,
}

impl Request {
    fn new(kind: &'static str, event: Vec<u8>, expected: Expected) -> Self {
        Self {
            event,
            kind,
            expected,
        }
    }
}

/// What must come of a request.
pub(crate) enum Expected {
    /// Allowed for this user, with what Atlassian is sent.
    Allowed(String, String),
    /// Allowed for this user where the settings in force let writers write, else forbidden.
    AllowedToWriters(String),
    /// Known, and not allowed.
    Forbidden(String, &'static str),
    /// A 401.
    Unauthorized(&'static str),
    /// A 500.
    Failed(&'static str),
}

/// Makes requests.
pub(crate) struct Mix {
    issuer: String,
    key: SigningKey,
    unknown: SigningKey,
    known: Vec<String>,
    expired: String,
    foreign: String,
    secret: String,
}

/// Of these, so many are in use most of the time.
const OFTEN: usize = 500;

const NOT_ALLOWED: &str = "route_not_allowed";

/// Paths that no rule allows, each read in more than one way.
const ODD_PATHS: [(&str, &str); 6] = [
    (
        "/jira/rest/api/2/issue/..%2f..%2f..%2f..%2f..%2fwiki/admin",
        "path_not_readable",
    ),
    (
        "/jira/rest/api/2/%2e%2e/%2e%2e/admin/1.0/users",
        NOT_ALLOWED,
    ),
    ("/jira/rest/;x=y/admin/1.0/users", NOT_ALLOWED),
    ("/jira/rest/api/2/issue/%00", "path_not_readable"),
    ("/jira/s/x/_/rest/admin/1.0/users", NOT_ALLOWED),
    ("/elsewhere/rest/api/2/myself", "product_unknown"),
];

const MALFORMED: [&str; 4] = ["[]", "{}", r#"{"type": "REQUEST"}"#, r#"{"a": 1, "a": 2}"#];

const READ: &str = "/jira/rest/api/2/issue/A-1";

impl Mix {
    pub(crate) fn new(issuer: &str, key: SigningKey) -> Self {
        let claims = |username: &str| {
            let mut claims = access_claims(issuer);
            claims["username"] = username.into();
            claims["exp"] = (now() + 86_400).into();
            claims["cognito:groups"] = json!(["writers"]);
            claims
        };
        let sign = |change: &dyn Fn(&mut Value)| {
            let mut claims = claims("nobody");
            change(&mut claims);
            key.sign(&claims)
        };
        Self {
            known: (0..KNOWN)
                .map(|number| key.sign(&claims(&user(number))))
                .collect(),
            expired: sign(&|claims| claims["exp"] = (now() - 1).into()),
            foreign: sign(&|claims| claims["client_id"] = "other".into()),
            unknown: SigningKey::generate("unknown", "ES256"),
            secret: "s".repeat(52),
            issuer: issuer.to_owned(),
            key,
        }
    }

    /// The records of API tokens and users, by the names of their parameters.
    pub(crate) fn records(&self) -> impl Iterator<Item = (String, String)> {
        let hash = hash(&self.secret);
        (0..KNOWN).flat_map(move |number| {
            let record = json!({
                "secret_sha256": hash, "username": user(number), "name": "a nightly export",
                "created": now(), "expires": now() + 86_400,
                "scopes": ["atlassian/read"], "groups": ["confluence-editors"],
            });
            let token = format!("{PREFIX}-tokens/{}", id(number));
            let credential = format!("{PREFIX}-users/{}", user(number));
            [
                (token, record.to_string()),
                (credential, credential_of(&user(number))),
            ]
        })
    }

    /// The request of this number.
    pub(crate) fn request(&self, number: usize) -> Request {
        match number % 100 {
            0..68 => self.accepted(number),
            _ => self.refused(number),
        }
    }

    /// A caller who is let in.
    fn accepted(&self, number: usize) -> Request {
        let one = any(number);
        let often = one % OFTEN;
        let allowed = |username: String| Expected::Allowed(username, "none".to_owned());
        let opaque = |kind, username: String| {
            let event = bearer("GET", READ, &Introspector::token(&username, 0));
            Request::new(kind, event, allowed(username))
        };
        match number % 100 {
            0..20 => {
                let username = format!("new-{number}");
                let event = bearer("GET", READ, &self.fresh(&self.key, &username));
                Request::new("new token", event, allowed(username))
            }
            20..45 => {
                let event = bearer("GET", READ, &self.known[often]);
                Request::new("known token", event, allowed(user(often)))
            }
            45..52 => {
                let event = bearer("GET", "/wiki/rest/api/space", &self.known[one]);
                let credential = format!("Bearer {}", credential_of(&user(one)));
                let expected = Expected::Allowed(user(one), credential);
                Request::new("user's own credential", event, expected)
            }
            52..57 => {
                let event = bearer("PUT", READ, &self.known[often]);
                Request::new("write", event, Expected::AllowedToWriters(user(often)))
            }
            57..64 => {
                let event = bearer("GET", READ, &forge(&id(one), &self.secret));
                Request::new("API token", event, allowed(user(one)))
            }
            64..66 => opaque("new opaque token", format!("opaque-{number}")),
            _ => opaque("known opaque token", format!("opaque-user-{}", one % 100)),
        }
    }

    /// A caller who is refused, or may not do this.
    fn refused(&self, number: usize) -> Request {
        let (turn, one) = (number / 100, any(number));
        let often = one % OFTEN;
        let denied = |kind, token: &str, code| {
            let event = bearer("GET", READ, token);
            Request::new(kind, event, Expected::Unauthorized(code))
        };
        let without_token = |kind, authorization, code| {
            let event = rest_event("GET", READ, authorization).to_string();
            Request::new(kind, event.into_bytes(), Expected::Unauthorized(code))
        };
        let forbidden = |kind, path, code| {
            let event = bearer("GET", path, &self.known[often]);
            Request::new(kind, event, Expected::Forbidden(user(often), code))
        };
        match number % 100 {
            68..72 => denied("expired", &self.expired, "token_expired"),
            72..76 => denied("wrong audience", &self.foreign, "audience_mismatch"),
            76..80 => {
                let token = forged(self.fresh(&self.key, "forger"));
                denied("forged signature", &token, "signature_invalid")
            }
            80 => {
                let token = forge(&id(KNOWN + turn % 5), &self.secret);
                denied("unknown API token", &token, "api_token_unknown")
            }
            81 => {
                let token = forge(&id(one), &"t".repeat(52));
                denied("API token's wrong secret", &token, "api_token_unknown")
            }
            82..86 => forbidden("forbidden route", "/jira/rest/admin/1.0/users", NOT_ALLOWED),
            86..89 => {
                let event = MALFORMED[turn % MALFORMED.len()].as_bytes().to_vec();
                Request::new(
                    "malformed event",
                    event,
                    Expected::Failed("event_malformed"),
                )
            }
            89..92 => {
                let token = self.fresh(&self.unknown, "nobody");
                denied("unknown kid", &token, "key_unknown")
            }
            92..95 => without_token("Basic", "Basic YWxpY2U6cHc=", "basic_denied"),
            95..98 => {
                let (path, code) = ODD_PATHS[turn % ODD_PATHS.len()];
                forbidden("odd path", path, code)
            }
            // Each costs a question whenever the settings have changed, and the budget is 10 a second.
            98 => denied(
                "inactive opaque token",
                &Introspector::inactive(turn % 10),
                "token_inactive",
            ),
            _ => without_token("no credential", "", "credential_missing"),
        }
    }

    fn fresh(&self, key: &SigningKey, username: &str) -> String {
        let mut claims = access_claims(&self.issuer);
        claims["username"] = username.into();
        key.sign(&claims)
    }
}

/// A number of what is known, in turns.
fn any(number: usize) -> usize {
    (number.wrapping_mul(7_919) + number / 100) % KNOWN
}

/// The token with another signature.
fn forged(mut token: String) -> String {
    let place = token.len() - 10;
    let other = if token.as_bytes()[place] == b'A' {
        "B"
    } else {
        "A"
    };
    token.replace_range(place..=place, other);
    token
}

fn bearer(method: &str, path: &str, token: &str) -> Vec<u8> {
    rest_event(method, path, &format!("Bearer {token}"))
        .to_string()
        .into_bytes()
}

fn user(number: usize) -> String {
    format!("user-{number}")
}

fn credential_of(username: &str) -> String {
    format!("{:_<44}", format!("pat-of-{username}"))
}

/// The id of an API token, in the alphabet of ids.
fn id(number: usize) -> String {
    let digits = number.to_string().replace('0', "a").replace('1', "b");
    format!("{digits:z>16}")
}
