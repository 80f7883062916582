//! Which provider to log in at, as which application, and where.

use std::time::Duration;

use atlassian_authorizer::http::{Endpoint, FetchError, HttpClient};
use atlassian_authorizer::provider::Provider;
use atlassian_authorizer::secret::Secret;
use atlassian_authorizer::settings::Settings;
use oauth2::{HttpRequest, HttpResponse};

use super::endpoints::{Endpoints, Place, place, userinfo};
use super::{ClientAuth, LoginArgs};
use crate::failure::Failure;
use crate::input;
use crate::spelled::given;
use crate::ui::Ui;

/// The longest that a provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that a login needs.
pub(super) struct Login<'l> {
    pub(super) provider: &'l Provider,
    pub(super) endpoints: Endpoints,
    pub(super) client_id: String,
    pub(super) secret: Option<Secret>,
    pub(super) auth: ClientAuth,
    pub(super) scopes: Vec<String>,
    /// Trusts the CAs of the provider's settings.
    http: &'l HttpClient,
}

impl<'l> Login<'l> {
    pub(super) async fn prepare(
        id: &str,
        args: &LoginArgs,
        settings: &'l Settings,
        http: &'l HttpClient,
        ui: &Ui,
    ) -> Result<Self, Failure> {
        let provider = provider(id, settings)?;
        let http = provider.http.as_ref().unwrap_or(http);
        let client_id = client_id(provider, args)?;
        let work = endpoints(provider, args, http);
        let endpoints = ui
            .progress("asking the provider for its endpoints", work)
            .await?;
        let auth = args.client_auth.unwrap_or(if endpoints.secret_in_form {
            ClientAuth::Post
        } else {
            ClientAuth::Basic
        });
        let hint = "give --client-secret-file with a file, or `-` for standard input";
        let secret = args.client_secret_file.as_deref();
        let secret = secret.map(|file| input::secret("client secret", Some(file), hint));
        let secret = secret.transpose()?;
        if args.flow.client_credentials && secret.is_none() {
            return Err(Failure::usage("an application needs its secret to log in").hint(hint));
        }
        Ok(Self {
            provider,
            endpoints,
            client_id,
            secret,
            auth,
            scopes: scopes(provider, args),
            http,
        })
    }

    /// Sends what the OAuth library asks for.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let answer = tokio::time::timeout(PATIENCE, self.http.exchange(request));
        let mut answer = answer.await.unwrap_or(Err(FetchError::Timeout))?;
        // GitHub sends errors with the status 200, by which the library would take them for tokens.
        if answer.status() == 200 && is_error(answer.body()) {
            *answer.status_mut() = http::StatusCode::BAD_REQUEST;
        }
        Ok(answer)
    }
}

fn is_error(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|body| body.get("error").is_some_and(serde_json::Value::is_string))
}

fn provider<'s>(id: &str, settings: &'s Settings) -> Result<&'s Provider, Failure> {
    let mut providers = settings.providers.iter();
    providers
        .find(|provider| provider.id.as_str() == id)
        .ok_or_else(|| {
            let known: Vec<&str> = settings
                .providers
                .iter()
                .map(|one| one.id.as_str())
                .collect();
            let failure = Failure::usage(format!("the settings have no provider {}", given(id)));
            failure.hint(format!("they have: {}", known.join(", ")))
        })
}

fn client_id(provider: &Provider, args: &LoginArgs) -> Result<String, Failure> {
    if let Some(id) = &args.client_id {
        return Ok(id.clone());
    }
    match provider.audience.client_ids.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(
            Failure::usage("the provider's settings name no application to log in as")
                .hint("give one that is registered at the provider with --client-id"),
        ),
        several => Err(
            Failure::usage("the provider's settings name several applications").hint(format!(
                "choose one with --client-id: {}",
                several.join(", ")
            )),
        ),
    }
}

/// The endpoints of the discovery document, where one is needed, and those of the command line.
async fn endpoints(
    provider: &Provider,
    args: &LoginArgs,
    http: &HttpClient,
) -> Result<Endpoints, Failure> {
    let wanted = [
        (
            !args.flow.client_credentials && !args.flow.device,
            &args.authorization_endpoint,
        ),
        (args.flow.device, &args.device_endpoint),
        (true, &args.token_endpoint),
    ];
    let all_given = wanted
        .iter()
        .all(|(needed, given)| !needed || given.is_some());
    let place = match &args.issuer {
        Some(issuer) => Place::of_issuer(issuer)
            .map_err(|expected| Failure::usage(format!("--issuer: {expected}")))?,
        None => place(provider),
    };
    let mut endpoints = match place {
        Place::Known(endpoints) => *endpoints,
        _ if all_given => Endpoints::default(),
        Place::Discovery { document, issuer } => discover(http, &document, &issuer).await?,
        Place::Unknown => {
            return Err(Failure::usage(format!(
                "the endpoints of a provider of kind {} are not known",
                provider.kind.as_str()
            ))
            .hint("give --issuer, or --authorization-endpoint and --token-endpoint"));
        }
    };
    let replace = |known: &mut Option<Endpoint>, given: &Option<Endpoint>| {
        if given.is_some() {
            known.clone_from(given);
        }
    };
    replace(&mut endpoints.authorization, &args.authorization_endpoint);
    replace(&mut endpoints.token, &args.token_endpoint);
    replace(&mut endpoints.device_authorization, &args.device_endpoint);
    if let Some(userinfo) = userinfo(provider) {
        endpoints.userinfo = Some(userinfo);
    }
    Ok(endpoints)
}

async fn discover(
    http: &HttpClient,
    document: &Endpoint,
    issuer: &str,
) -> Result<Endpoints, Failure> {
    Endpoints::discover(http, document, issuer)
        .await
        .map_err(|error| {
            Failure::unavailable(format!(
                "the provider's endpoints could not be fetched: {error}"
            ))
            .hint(format!(
                "look at {}, or give --authorization-endpoint and --token-endpoint",
                document.as_str()
            ))
        })
}

/// The default scopes, which make a provider say who logs in.
fn scopes(provider: &Provider, args: &LoginArgs) -> Vec<String> {
    let usual: &[&str] = match provider.kind.as_str() {
        _ if !args.scopes.is_empty() => return args.scopes.clone(),
        _ if args.flow.client_credentials => &[],
        "github" | "facebook" => &[],
        // Groups and roles come by themselves, or by a scope that only the operator knows.
        "gitlab" => &["openid", "profile", "email", "read_user"],
        _ => &["openid", "profile", "email"],
    };
    usual.iter().map(|scope| (*scope).to_owned()).collect()
}
