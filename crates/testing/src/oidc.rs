//! oidc-provider, a certified OpenID provider for Node, and logins through its pages.

mod pages;

use std::process::Stdio;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Response, Url};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::root;

/// Resources whose access tokens are JWTs.
pub const JIRA: &str = "https://jira.example.com";
/// A second one.
pub const WIKI: &str = "https://wiki.example.com";
/// Resources whose access tokens are opaque.
pub const OPAQUE_JIRA: &str = "https://opaque.jira.example.com";
/// A second one.
pub const OPAQUE_WIKI: &str = "https://opaque.wiki.example.com";

/// The client of the operator's tool: public, with a loopback address and with devices' codes.
pub const TOOL: &str = "atlauth";

/// The secret of every client that has one, with characters that each encoding must treat.
pub const SECRET: &str = "100%+ of: a&secret=/?";

const REDIRECT_URI: &str = "https://app.example.com/callback";
const CODE_VERIFIER: &str = "forty-three-or-more-letters-of-a-code-verifier";

/// A running provider, stopped with the test.
///
/// People log in through the clients `app` and `other-app`; the clients `robot` and `other-robot`
/// log in by themselves. `resource-server` and `resource-server-post` introspect tokens, with
/// their secret in the header and in the body.
pub struct Oidc {
    /// Its name, which is where it listens.
    pub issuer: String,
    client: reqwest::Client,
    child: Child,
}

/// What a login gave.
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// Empty without the scope `openid`.
    pub id_token: String,
}

impl Oidc {
    /// Starts one with the clients that are always there.
    pub async fn start() -> Self {
        Self::start_with_keys(&[]).await
    }

    /// As [`Oidc::start`], with clients that introspect tokens and have a key in place of a
    /// secret: their ids, which start with `resource-server`, and their public keys.
    pub async fn start_with_keys(keys: &[(&str, &Value)]) -> Self {
        // The same TLS set-up as ours, though this needs none: reqwest wants one.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let folder = root().join("crates/testing/oidc");
        let modules = folder.join("node_modules");
        assert!(
            modules.exists(),
            "{} is missing: run `make tools`",
            modules.display()
        );
        let mut child = Command::new("node")
            .arg(folder.join("server.js"))
            .arg(configuration(keys).to_string())
            // It ends with this pipe, should the test be killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is on the PATH");
        let mut ready = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        tokio::time::timeout(Duration::from_secs(30), output.read_line(&mut ready))
            .await
            .expect("the provider starts within 30 s")
            .unwrap();
        let ready: Value = serde_json::from_str(&ready).expect("the provider is ready");
        Self {
            issuer: ready["issuer"].as_str().unwrap().to_owned(),
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .build()
                .unwrap(),
            child,
        }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// From now on nothing listens at the issuer.
    pub async fn stop(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Logs an account in through a client: an authorization code with PKCE, by way of the pages
    /// on which a person logs in and consents. With a resource the access token is for that one,
    /// else for userinfo.
    pub async fn login(
        &self,
        client: &str,
        account: &str,
        scope: &str,
        resource: Option<&str>,
    ) -> Tokens {
        let code = self.authorize(client, account, scope, resource).await;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", CODE_VERIFIER),
        ];
        form.extend(resource.map(|resource| ("resource", resource)));
        let (status, answer) = self.post("/token", &form, None).await;
        assert_eq!(status, 200, "{answer}");
        Tokens {
            access_token: text(&answer["access_token"]),
            id_token: answer["id_token"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Logs an account in at a URL of the provider, as a browser does, and returns where the
    /// provider sends it in the end: to a URL that begins so, or, with a device's code, nowhere.
    pub async fn walk(&self, url: &str, account: &str, end: &str) -> Option<Url> {
        pages::walk(&self.client, Url::parse(url).unwrap(), account, end).await
    }

    /// Walks through the provider's pages up to the code.
    async fn authorize(
        &self,
        client: &str,
        account: &str,
        scope: &str,
        resource: Option<&str>,
    ) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, CODE_VERIFIER.as_bytes()));
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT_URI),
            ("scope", scope),
            ("state", "a-state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        query.extend(resource.map(|resource| ("resource", resource)));
        let url = Url::parse_with_params(&self.url("/auth"), query).unwrap();
        let end = pages::walk(&self.client, url, account, REDIRECT_URI).await;
        parameter(&end.expect("the login ends at the redirect URI"), "code")
    }

    /// An access token for a client itself.
    pub async fn client_credentials(
        &self,
        client: &str,
        scope: &str,
        resource: Option<&str>,
    ) -> String {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", scope)];
        form.extend(resource.map(|resource| ("resource", resource)));
        let (status, answer) = self.post("/token", &form, Some(client)).await;
        assert_eq!(status, 200, "{answer}");
        text(&answer["access_token"])
    }

    /// Revokes an opaque access token of a client of people.
    pub async fn revoke(&self, client: &str, token: &str) {
        let form = [("client_id", client), ("token", token)];
        let (status, answer) = self.post("/token/revocation", &form, None).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// What the provider says of a token, with the status.
    pub async fn introspect(&self, token: &str) -> (u16, Value) {
        let form = [("token", token)];
        self.post("/token/introspection", &form, Some("resource-server"))
            .await
    }

    /// What the provider says of the user of a token, with the status.
    pub async fn userinfo(&self, token: &str) -> (u16, Value) {
        let request = self.client.get(self.url("/me")).bearer_auth(token);
        status_and_json(request.send().await.unwrap()).await
    }

    /// Posts a form, as a client with a secret or without authentication.
    async fn post(&self, path: &str, form: &[(&str, &str)], client: Option<&str>) -> (u16, Value) {
        let mut request = self
            .client
            .post(self.url(path))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form_of(form));
        if let Some(client) = client {
            // OAuth encodes both parts before HTTP does.
            let secret = form_of(&[("", SECRET)]);
            request = request.basic_auth(client, Some(&secret[1..]));
        }
        status_and_json(request.send().await.unwrap()).await
    }
}

fn configuration(keys: &[(&str, &Value)]) -> Value {
    let mut clients = Vec::new();
    for id in ["app", "other-app"] {
        clients.push(json!({
            "client_id": id, "token_endpoint_auth_method": "none",
            "redirect_uris": [REDIRECT_URI],
        }));
    }
    clients.push(json!({
        "client_id": TOOL, "token_endpoint_auth_method": "none", "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
    }));
    let without_people = |id: &str, method: &str, grants: &[&str]| {
        json!({
            "client_id": id, "token_endpoint_auth_method": method, "grant_types": grants,
            "response_types": [], "redirect_uris": [],
        })
    };
    for (id, method, grants) in [
        (
            "robot",
            "client_secret_basic",
            ["client_credentials"].as_slice(),
        ),
        (
            "other-robot",
            "client_secret_basic",
            &["client_credentials"],
        ),
        ("robot-post", "client_secret_post", &["client_credentials"]),
        ("resource-server", "client_secret_basic", &[]),
        ("resource-server-post", "client_secret_post", &[]),
    ] {
        let mut client = without_people(id, method, grants);
        client["client_secret"] = SECRET.into();
        clients.push(client);
    }
    for (id, key) in keys {
        let mut client = without_people(id, "private_key_jwt", &[]);
        client["jwks"] = json!({"keys": [key]});
        clients.push(client);
    }
    let resource = |format: &str| json!({"scope": "atlassian/read", "format": format});
    json!({"clients": clients, "resources": {
        JIRA: resource("jwt"), WIKI: resource("jwt"),
        OPAQUE_JIRA: resource("opaque"), OPAQUE_WIKI: resource("opaque"),
    }})
}

fn form_of(pairs: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://form.example", pairs).unwrap();
    url.query().unwrap().to_owned()
}

fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("{url}")).1.into_owned()
}

async fn status_and_json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
