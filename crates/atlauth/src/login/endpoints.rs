//! What a login at a provider needs to know of it.

use serde_json::Value;

use atlassian_authorizer::document::Kind;
use atlassian_authorizer::http::{Deadline, Endpoint, HttpClient};
use atlassian_authorizer::inspect::EndpointRole;
use atlassian_authorizer::keys::cache::KeySource;
use atlassian_authorizer::keys::fetch::{KeyFetchError, discovery_document, endpoint_of};
use atlassian_authorizer::provider::Provider;

/// Where a provider's endpoints are found.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In a discovery document (OpenID Connect Discovery 1.0, section 4).
    Discovery {
        /// The document.
        document: Endpoint,
        /// The issuer that it must name.
        issuer: String,
    },
    /// At these URLs.
    Known(Box<Endpoints>),
    /// Nobody has said.
    Unknown,
}

/// The endpoints of a login (RFC 6749, section 3; RFC 8628, section 3.1).
#[derive(Clone, Debug, Default)]
pub(super) struct Endpoints {
    /// Where people log in.
    pub(super) authorization: Option<Endpoint>,
    /// The token endpoint, instead of the one in the discovery document.
    pub(super) token: Option<Endpoint>,
    /// The device authorization endpoint, instead of the one in the discovery document.
    pub(super) device_authorization: Option<Endpoint>,
    /// Where a token's user is told.
    pub(super) userinfo: Option<Endpoint>,
    /// The issuer, where it is known.
    pub(super) issuer: Option<String>,
    /// Whether answers name the issuer (RFC 9207, section 3).
    pub(super) answers_name_issuer: bool,
    /// Whether the token endpoint takes a client's secret in the form alone.
    pub(super) secret_in_form: bool,
}

impl Place {
    /// The discovery document of an issuer.
    ///
    /// # Errors
    ///
    /// What an issuer should be.
    pub(super) fn of_issuer(issuer: &str) -> Result<Self, &'static str> {
        // OpenID Connect Discovery 1.0, section 4: a terminating `/` is removed.
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        Ok(Self::Discovery {
            document: Endpoint::parse(&format!("{base}/.well-known/openid-configuration"))?,
            issuer: issuer.to_owned(),
        })
    }
}

impl Endpoints {
    /// Reads a discovery document.
    ///
    /// # Errors
    ///
    /// When it can't be had, or is another issuer's.
    pub(super) async fn discover(
        http: &HttpClient,
        document: &Endpoint,
        issuer: &str,
    ) -> Result<Self, KeyFetchError> {
        let found = discovery_document(http, document, issuer, Deadline::start()).await?;
        let endpoint = |name| endpoint_of(&found, name, document);
        let methods = found.get("token_endpoint_auth_methods_supported");
        let takes = |method: &str| {
            let methods = methods.and_then(Value::as_array);
            methods.is_some_and(|methods| methods.iter().any(|one| one == method))
        };
        Ok(Self {
            authorization: endpoint("authorization_endpoint"),
            token: endpoint("token_endpoint"),
            device_authorization: endpoint("device_authorization_endpoint"),
            userinfo: endpoint("userinfo_endpoint"),
            issuer: Some(issuer.to_owned()),
            answers_name_issuer: found
                .get("authorization_response_iss_parameter_supported")
                .is_some_and(|supported| *supported == true),
            secret_in_form: takes("client_secret_post") && !takes("client_secret_basic"),
        })
    }
}

/// Where a provider's endpoints are found.
pub(super) fn place(provider: &Provider) -> Place {
    if provider.kind == Kind::Github {
        let endpoints = provider.opaque.iter().flat_map(|way| way.endpoints());
        let mut known = endpoints.filter_map(|check| github(check.endpoint));
        return known
            .next()
            .map_or(Place::Unknown, |known| Place::Known(Box::new(known)));
    }
    // Of Entra's two, the second is that of version 2.0, whose endpoints know scopes.
    let issuer = match provider.kind {
        Kind::Entra => provider.issuers.last(),
        _ => provider.issuers.first(),
    };
    match issuer.map(|issuer| (issuer, &issuer.keys)) {
        None => Place::Unknown,
        Some((issuer, Some(KeySource::Discovery { endpoint, .. }))) => Place::Discovery {
            document: endpoint.clone(),
            issuer: issuer.name.clone(),
        },
        Some((issuer, _)) => Place::of_issuer(&issuer.name).unwrap_or(Place::Unknown),
    }
}

/// Where a token's user is told, where the settings or the kind say it.
pub(super) fn userinfo(provider: &Provider) -> Option<Endpoint> {
    let ways = provider.opaque.iter().chain(&provider.online);
    let mut endpoints = ways.flat_map(|way| way.endpoints());
    let found = endpoints.find(|one| one.role == EndpointRole::Userinfo)?;
    Some(found.endpoint.clone())
}

/// GitHub has no discovery. Its endpoints for
/// [people](https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps)
/// are on another host than its API, or on an Enterprise Server beside it.
fn github(check: &Endpoint) -> Option<Endpoints> {
    let (api, _) = check.as_str().split_once("/applications/")?;
    let base = match api.strip_suffix("/api/v3") {
        Some(server) => server,
        None if api == "https://api.github.com" => "https://github.com",
        // Another `binding_endpoint`, of an emulator.
        None => return None,
    };
    let endpoint = |base: &str, path: &str| Endpoint::parse(&format!("{base}{path}")).ok();
    Some(Endpoints {
        authorization: endpoint(base, "/login/oauth/authorize"),
        token: endpoint(base, "/login/oauth/access_token"),
        device_authorization: endpoint(base, "/login/device/code"),
        userinfo: endpoint(api, "/user"),
        secret_in_form: true,
        ..Endpoints::default()
    })
}

#[cfg(test)]
mod tests {
    use super::github;
    use atlassian_authorizer::http::Endpoint;

    #[test]
    fn endpoints_of_github() {
        for (check, authorization, user) in [
            (
                "https://api.github.com/applications/Iv1.0/token",
                "https://github.com/login/oauth/authorize",
                "https://api.github.com/user",
            ),
            (
                "https://github.example.com/api/v3/applications/Iv1.0/token",
                "https://github.example.com/login/oauth/authorize",
                "https://github.example.com/api/v3/user",
            ),
        ] {
            let endpoints = github(&Endpoint::parse(check).unwrap()).unwrap();
            let text = |endpoint: Option<Endpoint>| endpoint.unwrap().as_str().to_owned();
            assert_eq!(text(endpoints.authorization), authorization);
            assert_eq!(text(endpoints.userinfo), user);
        }
    }
}
