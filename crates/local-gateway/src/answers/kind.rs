//! The types of gateway responses, and what API Gateway does of each by itself.

/// Why the gateway answers by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// No identity source, or the authorizer says `Unauthorized`.
    Unauthorized,
    /// The authorizer's policy does not allow the method.
    AccessDenied,
    /// The authorizer failed.
    AuthorizerFailure,
    /// The authorizer's answer is none.
    AuthorizerConfigurationError,
    /// No such route.
    MissingAuthenticationToken,
    /// A path that would be another one at the product.
    BadRequestParameters,
    /// The product can't be reached.
    IntegrationFailure,
    /// The product takes too long.
    IntegrationTimeout,
}

impl Kind {
    /// The name in a template; what API Gateway does where it has none; and the type that it tells.
    pub(super) const fn defaults(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::Unauthorized => ("UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException"),
            Self::AccessDenied => (
                "ACCESS_DENIED",
                403,
                "User is not authorized to access this resource",
                "AccessDeniedException",
            ),
            Self::AuthorizerFailure => (
                "AUTHORIZER_FAILURE",
                500,
                "",
                "InternalServerErrorException",
            ),
            Self::AuthorizerConfigurationError => (
                "AUTHORIZER_CONFIGURATION_ERROR",
                500,
                "",
                "AuthorizerConfigurationException",
            ),
            Self::MissingAuthenticationToken => (
                "MISSING_AUTHENTICATION_TOKEN",
                403,
                "Missing Authentication Token",
                "MissingAuthenticationTokenException",
            ),
            Self::BadRequestParameters => (
                "BAD_REQUEST_PARAMETERS",
                400,
                "The path is not in its plain form",
                "BadRequestException",
            ),
            Self::IntegrationFailure => (
                "INTEGRATION_FAILURE",
                504,
                "Network error communicating with endpoint",
                "InternalServerErrorException",
            ),
            Self::IntegrationTimeout => (
                "INTEGRATION_TIMEOUT",
                504,
                "Endpoint request timed out",
                "InternalServerErrorException",
            ),
        }
    }
}
