//! What the demo needs: an issuer, a stand-in for Atlassian, settings, and the gateway between
//! them, all on loopback and in a folder that is removed.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atlassian_authorizer::audit::AuditLog;
use atlassian_authorizer::authenticate::api_token::API_TOKEN_KEY;
use atlassian_authorizer::clock::{Clock, SystemClock, UnixTime};
use atlassian_authorizer::credential::SECRET_LENGTH;
use atlassian_authorizer::http::{Endpoint, HttpClient};
use atlassian_authorizer::random;
use atlassian_authorizer::secret::Secret;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::store::Source;
use atlassian_authorizer::username::Username;
use local_gateway::{AccessLogEntry, Api, AuthorizerFunction, CacheChoice, Gateway, Upstream};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::DemoError;
use super::atlassian::{Atlassian, Trust};
use super::issuer::{Issuer, Key};
use crate::api_tokens::{self, NewToken};
use crate::failure::Failure;
use crate::gateway;
use crate::keys::{KeyKind, make_key};
use crate::source;
use crate::ui::Ui;

/// The client whose tokens are accepted.
pub(super) const CLIENT: &str = "demo-client";

/// The user of API tokens.
pub(super) const BOT: &str = "ci-bot";

/// The user that Confluence sees, whoever is calling.
pub(super) const SERVICE_USER: &str = "svc-gateway";

pub(super) const ASSERTION_ISSUER: &str = "https://gateway.example.com";
pub(super) const ASSERTION_AUDIENCE: &str = "jira";

/// Everything that the demo needs, running.
pub(super) struct Environment {
    pub(super) issuer: Issuer,
    pub(super) atlassian: Atlassian,
    /// The gateway's URL.
    pub(super) url: String,
    pub(super) clock: Arc<ShiftedClock>,
    pub(super) key: Key,
    pub(super) api_token: Secret,
    pub(super) folder: Folder,
    /// The file with the settings.
    pub(super) settings: PathBuf,
    rows: UnboundedReceiver<AccessLogEntry>,
}

impl Environment {
    /// Starts everything.
    pub(super) async fn start(ui: &Ui) -> Result<Self, Failure> {
        let folder = Folder::new()?;
        let issuer = Issuer::start().await?;
        let atlassian = Atlassian::start().await?;
        let key = Key::generate("first")?;
        issuer.publish(&[&key]);

        let service_token = random::id()?;
        let document = document(&issuer.name, &service_token)?;
        let path = folder.write("settings.json", document.to_string().as_bytes())?;
        let http = HttpClient::new().map_err(|error| Failure::unavailable(error.to_string()))?;
        let name = format!("file:{}", path.display());
        let source =
            || Source::parse(&name, &http).map_err(|error| Failure::unavailable(error.to_string()));
        let settings = source::load(&source()?, ui).await?;
        atlassian.trust(Trust {
            assertion_keys: assertion_keys(&settings),
            service_authorization: format!("Bearer {service_token}"),
        });
        let clock = Arc::new(ShiftedClock::default());
        let api_token = api_token(&source()?, &settings, clock.now()).await?;

        let upstreams = ["jira", "confluence"].map(|id| (id, format!("{}/{id}", atlassian.url)));
        let upstreams: Vec<Upstream> = upstreams
            .into_iter()
            .map(|(id, url)| {
                Ok(Upstream {
                    id: id.to_owned(),
                    url: Endpoint::parse(&url).map_err(Failure::unavailable)?,
                    is_signed: false,
                    public: public_routes(&settings, id),
                })
            })
            .collect::<Result<_, Failure>>()?;
        let template = gateway::template(None)?;
        let apis = gateway::apis(&template, &upstreams, CacheChoice::default())?;
        let deployed: Vec<(&str, &Api)> = upstreams
            .iter()
            .map(|upstream| upstream.id.as_str())
            .zip(&apis)
            .collect();
        let authorizer = AuthorizerFunction::in_process(
            source()?,
            http.clone(),
            Arc::<ShiftedClock>::clone(&clock),
            AuditLog::new(Box::new(std::io::sink())),
            &deployed,
        );
        let (told, rows) = unbounded_channel();
        let gateway = Gateway::new(
            apis,
            authorizer,
            gateway::client(None)?,
            Arc::<ShiftedClock>::clone(&clock),
            // Nobody is left to hear of it when the demo ends.
            Box::new(move |row| drop(told.send(row.clone()))),
        );
        let (listener, url) = super::listen().await?;
        tokio::spawn(gateway.serve(listener));
        Ok(Self {
            issuer,
            atlassian,
            url,
            clock,
            key,
            api_token,
            folder,
            settings: path,
            rows,
        })
    }

    /// Seconds since 1970, by the demo's clock.
    pub(super) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    /// What the gateway says of the next request.
    pub(super) async fn row(&mut self) -> Option<AccessLogEntry> {
        self.rows.recv().await
    }
}

/// Settings as an operator would write them.
fn document(issuer: &str, service_token: &str) -> Result<Value, DemoError> {
    let key = make_key(KeyKind::P256).ok_or(DemoError::Crypto("the key could not be created"))?;
    let read = json!({"allow": ["@read"], "scopes": ["atlassian/read", "atlassian/write"]});
    let write = json!({"allow": ["@write"], "scopes": ["atlassian/write"]});
    let deny = json!({"deny": ["@admin"]});
    Ok(json!({
        "settings": {"api_tokens": {"enabled": true}},
        "providers": {"cognito": {
            "kind": "cognito", "issuer": issuer, "client_ids": [CLIENT], "username": "username",
        }},
        "products": {
            "jira": {"path": "/jira", "access": [read, write, deny], "public": ["GET /status"], "upstream": {
                "mode": "assertion", "private_key": "assertion-key",
                "issuer": ASSERTION_ISSUER, "audience": ASSERTION_AUDIENCE,
            }},
            "confluence": {"path": "/confluence", "access": [read, deny], "upstream": {
                "mode": "fixed", "scheme": "bearer", "secret": "token",
            }},
        },
        "secrets": {
            "products": {
                "jira": {"assertion-key": key.expose_secret()},
                "confluence": {"token": service_token},
            },
            "settings": {API_TOKEN_KEY: random::text(SECRET_LENGTH)?},
        },
    }))
}

fn public_routes(settings: &Settings, id: &str) -> Vec<String> {
    let mut products = settings.products.iter();
    let product = products.find(|product| product.id() == id);
    let routes = product.map(|product| product.public().iter());
    routes
        .into_iter()
        .flatten()
        .map(|route| route.text.clone())
        .collect()
}

fn assertion_keys(settings: &Settings) -> Value {
    settings.assertion_keys().remove("jira").unwrap_or_default()
}

async fn api_token(source: &Source, settings: &Settings, now: UnixTime) -> Result<Secret, Failure> {
    let username =
        Username::new(BOT.to_owned()).ok_or_else(|| Failure::unavailable("no such user name"))?;
    let new = NewToken {
        username,
        name: "the demo's".to_owned(),
        lifetime: Duration::from_hours(24),
        scopes: vec!["atlassian/read".to_owned()],
        groups: Some(Vec::new()),
        read_only: false,
        source_cidrs: Vec::new(),
        products: Vec::new(),
    };
    let created = api_tokens::create(source, settings.general.api_tokens.as_ref(), new, now).await;
    created
        .map(|created| created.token)
        .map_err(|error| Failure::unavailable(error.to_string()))
}

/// The system's clock, some seconds ahead: what takes time in life need not take it here.
#[derive(Default)]
pub(super) struct ShiftedClock(AtomicU64);

impl ShiftedClock {
    /// Moves it forward.
    pub(super) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> UnixTime {
        let ahead = Duration::from_secs(self.0.load(Ordering::SeqCst));
        SystemClock.now().saturating_add(ahead)
    }
}

/// A folder of the demo's own, that nobody else may read; removed with all that is in it.
pub(super) struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, DemoError> {
        let name = format!("atlauth-demo-{}", random::id()?);
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Writes a file for the owner alone.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, DemoError> {
        let path = self.0.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(content)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is of no use to anyone: its keys are trusted nowhere.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
