//! The three ways to a token, by the crate `oauth2`.

use std::fmt::Display;

use atlassian_authorizer::clock::{Clock, SystemClock, UnixTime};
use atlassian_authorizer::http::Endpoint;
use atlassian_authorizer::secret::Secret;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, ErrorResponse,
    ExtraTokenFields, PkceCodeChallenge, RedirectUrl, RequestTokenError, Scope,
    StandardDeviceAuthorizationResponse, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::callback::{Callback, Expected};
use super::client::Login;
use super::{ClientAuth, LoginArgs};
use crate::failure::Failure;
use crate::ui::Ui;

type Answer = StandardTokenResponse<Extra, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointMaybeSet,
    EndpointMaybeSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What OpenID Connect adds to the token endpoint's answer.
#[derive(Deserialize, Serialize)]
struct Extra {
    id_token: Option<String>,
}

impl ExtraTokenFields for Extra {}

impl std::fmt::Debug for Extra {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[id token]")
    }
}

/// What a login gave.
pub(super) struct Granted {
    pub(super) access: Secret,
    pub(super) id: Option<Secret>,
    /// Of the access token, where the provider said it.
    pub(super) expires: Option<UnixTime>,
    pub(super) scope: Option<String>,
}

impl Granted {
    /// The token that the operator wants.
    pub(super) fn taken(&self, id_token: bool) -> Result<&Secret, Failure> {
        if !id_token {
            return Ok(&self.access);
        }
        self.id.as_ref().ok_or_else(|| {
            Failure::negative("the provider sent no id token")
                .hint("request it with `--scope openid`")
        })
    }
}

/// Logs in as the command line says.
pub(super) async fn run(login: &Login<'_>, args: &LoginArgs, ui: &Ui) -> Result<Granted, Failure> {
    let work = async {
        if args.flow.client_credentials {
            by_secret(login, args).await
        } else if args.flow.device {
            by_device(login, args, ui).await
        } else {
            by_browser(login, args, ui).await
        }
    };
    let answer = tokio::time::timeout(args.timeout, work)
        .await
        .unwrap_or_else(|_| {
            let waited = humantime::format_duration(args.timeout);
            Err(
                Failure::unavailable(format!("nobody logged in within {waited}"))
                    .hint("try again; --timeout gives more time"),
            )
        })?;
    let lifetime = answer.expires_in();
    let scopes = answer.scopes().map(|scopes| {
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        scopes.join(" ")
    });
    let id_token = answer.extra_fields().id_token.as_deref();
    Ok(Granted {
        access: Secret::new(answer.access_token().secret()),
        id: id_token.map(Secret::new),
        expires: lifetime.map(|lifetime| SystemClock.now().saturating_add(lifetime)),
        scope: scopes,
    })
}

/// An authorization code with PKCE (RFC 6749, section 4.1; RFC 7636), by way of a browser and a
/// loopback address (RFC 8252, section 7.3).
async fn by_browser(login: &Login<'_>, args: &LoginArgs, ui: &Ui) -> Result<Answer, Failure> {
    let callback = Callback::bind(args.port).await?;
    let redirect = format!(
        "http://{}:{}/callback",
        args.redirect_host.as_str(),
        callback.port()
    );
    let redirect =
        RedirectUrl::new(redirect).map_err(|error| Failure::unavailable(error.to_string()))?;
    let client = client(login)?.set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(CsrfToken::new_random)
        .map_err(|_| missing("authorization_endpoint", "--authorization-endpoint"))?
        .add_scopes(scopes(login))
        .set_pkce_challenge(challenge);
    if let Some(resource) = &args.resource {
        request = request.add_extra_param("resource", resource);
    }
    let (url, state) = request.url();
    let opened = !args.flow.no_browser && webbrowser::open(url.as_str()).is_ok();
    ui.note(if opened {
        "Log in in the browser window that opened. If none opened, go to:"
    } else {
        "Open this in a browser on this machine to log in:"
    });
    ui.note(&format!("\n  {url}\n"));
    let expected = Expected {
        state: state.into_secret(),
        issuer: login.endpoints.issuer.clone(),
        always_names_issuer: login.endpoints.answers_name_issuer,
    };
    let code = callback.code(expected, ui).await?;
    let mut request = client
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(verifier);
    if let Some(resource) = &args.resource {
        request = request.add_extra_param("resource", resource);
    }
    let send = |request| login.send(request);
    let answer = request.request_async(&send).await;
    answer.map_err(|error| failure(&error))
}

/// A client's own token (RFC 6749, section 4.4).
async fn by_secret(login: &Login<'_>, args: &LoginArgs) -> Result<Answer, Failure> {
    let client = client(login)?;
    let mut request = client
        .exchange_client_credentials()
        .add_scopes(scopes(login));
    if let Some(resource) = &args.resource {
        request = request.add_extra_param("resource", resource);
    }
    let send = |request| login.send(request);
    let answer = request.request_async(&send).await;
    answer.map_err(|error| failure(&error))
}

/// A code to type on another device (RFC 8628).
async fn by_device(login: &Login<'_>, args: &LoginArgs, ui: &Ui) -> Result<Answer, Failure> {
    let client = client(login)?;
    let mut request = client
        .exchange_device_code()
        .map_err(|_| missing("device_authorization_endpoint", "--device-endpoint"))?
        .add_scopes(scopes(login));
    if let Some(resource) = &args.resource {
        request = request.add_extra_param("resource", resource);
    }
    let send = |request| login.send(request);
    let device: StandardDeviceAuthorizationResponse = request
        .request_async(&send)
        .await
        .map_err(|error| failure(&error))?;
    ui.note(&format!(
        "Open {} on any device, and type the code\n\n  {}\n",
        plain(device.verification_uri().as_str()),
        plain(device.user_code().secret()),
    ));
    if let Some(url) = device.verification_uri_complete() {
        ui.note(&format!("or open {}\n", plain(url.secret())));
    }
    let mut request = client.exchange_device_access_token(&device);
    if let Some(resource) = &args.resource {
        request = request.add_extra_param("resource", resource);
    }
    // The library keeps to the interval, and to what `slow_down` adds to it.
    let answer = request
        .request_async(&send, tokio::time::sleep, Some(args.timeout))
        .await;
    answer.map_err(|error| failure(&error))
}

fn client(login: &Login<'_>) -> Result<Client, Failure> {
    let endpoints = &login.endpoints;
    let token = endpoints
        .token
        .as_ref()
        .ok_or_else(|| missing("token_endpoint", "--token-endpoint"))?;
    let url = |endpoint: &Option<Endpoint>| {
        let endpoint = endpoint.as_ref()?;
        Some(endpoint.as_str().to_owned())
    };
    let wrong = |error: oauth2::url::ParseError| Failure::unavailable(error.to_string());
    let authorization = url(&endpoints.authorization).map(AuthUrl::new);
    let device = url(&endpoints.device_authorization).map(DeviceAuthorizationUrl::new);
    let client = oauth2::Client::new(ClientId::new(login.client_id.clone()))
        .set_auth_uri_option(authorization.transpose().map_err(wrong)?)
        .set_device_authorization_url_option(device.transpose().map_err(wrong)?)
        .set_token_uri(TokenUrl::new(token.as_str().to_owned()).map_err(wrong)?)
        .set_auth_type(match login.auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Post => AuthType::RequestBody,
        });
    Ok(match &login.secret {
        Some(secret) => {
            client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
        }
        None => client,
    })
}

fn scopes(login: &Login<'_>) -> impl Iterator<Item = Scope> {
    login.scopes.iter().cloned().map(Scope::new)
}

fn missing(what: &str, option: &str) -> Failure {
    Failure::unavailable(format!("the provider's discovery document has no {what}"))
        .hint(format!("give it with {option}, or log in another way"))
}

/// What the provider said, or that it said nothing that can be read. Never the answer itself,
/// which may hold a token.
fn failure<E, T>(error: &RequestTokenError<E, T>) -> Failure
where
    E: std::error::Error + Display,
    T: ErrorResponse + Display,
{
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let answer = plain(&answer.to_string());
            Failure::negative(format!("the provider refuses: {answer}"))
                .hint("compare the application at the provider with --client-id, the secret and --scope")
        }
        RequestTokenError::Request(error) => {
            Failure::unavailable(format!("the provider could not be asked: {error}"))
                .hint("try again; if it fails again, look at the provider's status")
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Failure::unavailable("the provider's response is not one of OAuth 2.0")
                .hint("compare --token-endpoint, --device-endpoint and --issuer with the provider's documentation")
        }
    }
}

/// A text from the network, as it may be written to a terminal.
pub(super) fn plain(text: &str) -> String {
    const LONGEST: usize = 500;
    text.chars()
        .filter(|character| !character.is_control())
        .take(LONGEST)
        .collect()
}
