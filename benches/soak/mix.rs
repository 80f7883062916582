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

/// Paths that no rule allows, each read in more than one way.
const ODD_PATHS: [(&str, &str); 6] = [
    (
        "/jira/rest/api/2/issue/..%2f..%2f..%2f..%2f..%2fwiki/admin",
        "path_not_readable",
    ),
    (
        "/jira/rest/api/2/%2e%2e/%2e%2e/admin/1.0/users",
        "route_not_allowed",
    ),
    ("/jira/rest/;x=y/admin/1.0/users", "route_not_allowed"),
    ("/jira/rest/api/2/issue/%00", "path_not_readable"),
    ("/jira/s/x/_/rest/admin/1.0/users", "route_not_allowed"),
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
        // Each kind takes the known ones in turns.
        let turn = number / 100;
        let one = (number.wrapping_mul(7_919) + turn) % KNOWN;
        let get = |path: &str, token: &str| bearer("GET", path, token);
        let allowed = |username: String| Expected::Allowed(username, "none".to_owned());
        let (kind, event, expected) = match number % 100 {
            0..20 => {
                let username = format!("new-{number}");
                let token = self.fresh(&self.key, &username);
                ("new token", get(READ, &token), allowed(username))
            }
            20..45 => (
                "known token",
                get(READ, &self.known[one % 500]),
                allowed(user(one % 500)),
            ),
            45..52 => (
                "user's own credential",
                get("/wiki/rest/api/space", &self.known[one]),
                Expected::Allowed(user(one), format!("Bearer {}", credential_of(&user(one)))),
            ),
            52..57 => (
                "write",
                bearer("PUT", READ, &self.known[one % 500]),
                Expected::AllowedToWriters(user(one % 500)),
            ),
            57..61 => (
                "expired",
                get(READ, &self.expired),
                Expected::Unauthorized("token_expired"),
            ),
            61..65 => (
                "wrong audience",
                get(READ, &self.foreign),
                Expected::Unauthorized("audience_mismatch"),
            ),
            65..69 => {
                let mut token = self.fresh(&self.key, "forger");
                let last = token.len() - 10;
                let other = if token.as_bytes()[last] == b'A' {
                    "B"
                } else {
                    "A"
                };
                token.replace_range(last..=last, other);
                (
                    "forged signature",
                    get(READ, &token),
                    Expected::Unauthorized("signature_invalid"),
                )
            }
            69..76 => {
                let token = forge(&id(one), &self.secret);
                ("API token", get(READ, &token), allowed(user(one)))
            }
            76 => {
                let token = forge(&id(KNOWN + turn % 5), &self.secret);
                (
                    "unknown API token",
                    get(READ, &token),
                    Expected::Unauthorized("api_token_unknown"),
                )
            }
            77 => {
                let token = forge(&id(one), &"t".repeat(52));
                (
                    "API token's wrong secret",
                    get(READ, &token),
                    Expected::Unauthorized("api_token_unknown"),
                )
            }
            78..82 => (
                "forbidden route",
                get("/jira/rest/admin/1.0/users", &self.known[one % 500]),
                Expected::Forbidden(user(one % 500), "route_not_allowed"),
            ),
            82..85 => {
                let event = MALFORMED[turn % MALFORMED.len()].as_bytes().to_vec();
                (
                    "malformed event",
                    event,
                    Expected::Failed("event_malformed"),
                )
            }
            85..88 => {
                let token = self.fresh(&self.unknown, "nobody");
                (
                    "unknown kid",
                    get(READ, &token),
                    Expected::Unauthorized("key_unknown"),
                )
            }
            88..91 => {
                let event = rest_event("GET", READ, "Basic YWxpY2U6cHc=").to_string();
                (
                    "Basic",
                    event.into_bytes(),
                    Expected::Unauthorized("basic_denied"),
                )
            }
            91..94 => {
                let (path, code) = ODD_PATHS[turn % ODD_PATHS.len()];
                let expected = Expected::Forbidden(user(one % 500), code);
                ("odd path", get(path, &self.known[one % 500]), expected)
            }
            94..96 => {
                let token = Introspector::token(&format!("opaque-{number}"), 0);
                (
                    "new opaque token",
                    get(READ, &token),
                    allowed(format!("opaque-{number}")),
                )
            }
            96..98 => {
                let username = format!("opaque-user-{}", turn % 100);
                (
                    "known opaque token",
                    get(READ, &Introspector::token(&username, 0)),
                    allowed(username),
                )
            }
            98 => (
                "inactive opaque token",
                get(READ, &Introspector::inactive(turn % 10)),
                Expected::Unauthorized("token_inactive"),
            ),
            _ => {
                let event = rest_event("GET", READ, "").to_string();
                (
                    "no credential",
                    event.into_bytes(),
                    Expected::Unauthorized("credential_missing"),
                )
            }
        };
        Request {
            event,
            kind,
            expected,
        }
    }

    fn fresh(&self, key: &SigningKey, username: &str) -> String {
        let mut claims = access_claims(&self.issuer);
        claims["username"] = username.into();
        key.sign(&claims)
    }
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
