//! What AWS answers where it refuses or can't be asked, as an operator would say it.

use atlassian_authorizer::store::LoadError;

use crate::failure::{Failure, kind_in_words};

/// What went wrong, and what to do about it.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct InWords {
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

/// How to choose credentials.
const CHOOSE: &str =
    "`aws sts get-caller-identity` shows whose credentials these are; AWS_PROFILE chooses others";
/// How to get credentials.
const LOG_IN: &str = "log in, for example with `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY";
/// How to choose a region.
const REGION: &str = "set AWS_REGION, or `region` in the profile that AWS_PROFILE names";

/// No region is known, so there is no telling where SSM is.
pub(crate) fn no_region() -> Failure {
    Failure::unavailable("no AWS region is set").hint(REGION)
}

/// A failure of the store in words.
pub(crate) fn in_words(error: &LoadError) -> InWords {
    match error {
        LoadError::Ssm(text) => of_ssm(text),
        LoadError::SsmTimeout => InWords {
            message: "SSM did not answer in time".to_owned(),
            hint: Some("check the network, a proxy, and AWS_REGION"),
        },
        LoadError::File(kind) => InWords {
            message: kind_in_words(*kind).map_or_else(
                || error.to_string(),
                |words| format!("the file could not be read or written: {words}"),
            ),
            hint: None,
        },
        _ => InWords {
            message: error.to_string(),
            hint: None,
        },
    }
}

/// By SSM's code, which stands before its message, or by what the SDK says of a request that was not
/// sent.
fn of_ssm(text: &str) -> InWords {
    let (code, message) = text.split_once(": ").unwrap_or((text, ""));
    let words = |message: String, hint| InWords { message, hint };
    match code {
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => {
            words(denied(message), Some(CHOOSE))
        }
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "TooManyUpdates"
        | "RequestLimitExceeded" => words(
            "SSM throttles: there were too many calls".to_owned(),
            Some("wait a minute, and run it again"),
        ),
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
            words("the AWS credentials have expired".to_owned(), Some(LOG_IN))
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => words(
            "AWS does not accept these credentials".to_owned(),
            Some(CHOOSE),
        ),
        "ParameterNotFound" => words(
            "SSM has no such parameter".to_owned(),
            Some(
                "check the path, and the account and region that AWS_PROFILE and AWS_REGION choose",
            ),
        ),
        "InternalServerError" | "ServiceUnavailable" | "InternalFailure" => words(
            "SSM itself has failed".to_owned(),
            Some("wait a minute, and run it again"),
        ),
        // The SDK's own words for what has no code.
        "no error code" | "unhandled error" => words(
            match message {
                "" | "no message" => "SSM refused, and did not say why".to_owned(),
                message => format!("SSM refused: {message}"),
            },
            None,
        ),
        _ if is_code(code) && !message.is_empty() => match message {
            "no message" => words(format!("SSM refused with {code}"), None),
            message => words(format!("SSM refused with {code}: {message}"), None),
        },
        _ => unsent(text),
    }
}

/// Whether a text is an error code, such as `ValidationException`.
fn is_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.len() > 4
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A request that was not sent, or not answered.
fn unsent(text: &str) -> InWords {
    let lower = text.to_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("region") && (has("missing") || has("must be set")) {
        return InWords {
            message: "no AWS region is set".to_owned(),
            hint: Some(REGION),
        };
    }
    let has_word = |part: &str| {
        let words = lower.split(|one: char| !one.is_alphanumeric());
        words.into_iter().any(|word| word == part)
    };
    if has("session token not found or invalid") || has("token has expired") || has_word("sso") {
        return InWords {
            message: "the AWS credentials have expired, or nobody has logged in".to_owned(),
            hint: Some(LOG_IN),
        };
    }
    if has_word("credential") || has_word("credentials") || has("identity cache") {
        return InWords {
            message: "there are no AWS credentials".to_owned(),
            hint: Some(LOG_IN),
        };
    }
    InWords {
        message: format!("SSM could not be reached: {text}"),
        hint: Some("check the network, a proxy, and AWS_REGION"),
    }
}

/// Whom AWS denies what: `User: ARN is not authorized to perform: ACTION on resource: ARN because ...`.
fn denied(message: &str) -> String {
    let parts = || {
        let (who, rest) = message.split_once(" is not authorized to perform: ")?;
        let who = who.strip_prefix("User: ").unwrap_or(who);
        let (action, rest) = rest.split_once(" on resource: ").unwrap_or((rest, ""));
        let mut words = rest.split_whitespace();
        let (resource, why) = (words.next(), words.collect::<Vec<_>>().join(" "));
        let action = action.split_whitespace().next()?;
        let on = resource.map(|one| format!(" on {one}")).unwrap_or_default();
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(" ({why})")
        };
        Some(format!(
            "access denied: {who} lacks the permission {action}{on}{why}"
        ))
    };
    parts().unwrap_or_else(|| match message {
        "" | "no message" => "access denied; AWS does not say for what".to_owned(),
        message => format!("access denied: {message}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_ssm() {
        let who = "arn:aws:sts::123456789012:assumed-role/reader/alice";
        let what = "arn:aws:ssm:eu-west-1:123456789012:parameter/a";
        let because = "because no identity-based policy allows the ssm:PutParameter action";
        for (text, message) in [
            (
                format!(
                    "AccessDeniedException: User: {who} is not authorized to perform: ssm:PutParameter on \
                     resource: {what} {because}"
                ),
                format!(
                    "access denied: {who} lacks the permission ssm:PutParameter on {what} ({because})"
                ),
            ),
            (
                "AccessDeniedException: no message".to_owned(),
                "access denied; AWS does not say for what".to_owned(),
            ),
            (
                "ThrottlingException: Rate exceeded".to_owned(),
                "SSM throttles: there were too many calls".to_owned(),
            ),
            (
                "ParameterNotFound: no message".to_owned(),
                "SSM has no such parameter".to_owned(),
            ),
            (
                "ValidationException: bad path".to_owned(),
                "SSM refused with ValidationException: bad path".to_owned(),
            ),
            (
                "no error code: no message".to_owned(),
                "SSM refused, and did not say why".to_owned(),
            ),
            (
                "other: the credential provider was not enabled".to_owned(),
                "there are no AWS credentials".to_owned(),
            ),
            (
                "dispatch failure: Invalid Configuration: Missing Region".to_owned(),
                "no AWS region is set".to_owned(),
            ),
            (
                "dispatch failure: No address associated with hostname".to_owned(),
                "SSM could not be reached: dispatch failure: No address associated with hostname"
                    .to_owned(),
            ),
            (
                "io error: connection refused".to_owned(),
                "SSM could not be reached: io error: connection refused".to_owned(),
            ),
        ] {
            assert_eq!(of_ssm(&text).message, message, "{text}");
        }
    }
}
