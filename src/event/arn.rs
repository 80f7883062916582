//! The ARN of the request, which API Gateway matches against the policy that we return.

use super::Text;

/// An ARN `arn:{partition}:execute-api:{region}:{account}:{api}/{stage}/{method}/{path}`.
///
/// Everything up to the stage is made by API Gateway, checked against its alphabet, and the only
/// part that policies are built from. The path is the caller's.
#[derive(Clone, Debug)]
pub struct RequestArn<'e> {
    arn: Text<'e>,
    /// Length of `arn:…:{api}/{stage}`.
    stage_end: usize,
    /// Length of `arn:…:{api}/{stage}/{method}`.
    method_end: usize,
}

impl<'e> RequestArn<'e> {
    /// Reads an ARN of `execute-api`, in any partition; `None` for everything else.
    ///
    /// Emulators write names of their own where AWS has a region, an account's digits or an API's id,
    /// or nothing: serverless-offline's are `random-account-id` and `random-api-id`. None may hold what
    /// a policy gives a meaning to. The method and the path are the caller's: neither makes an ARN
    /// none, however long it is, but for a method that a policy would take for several.
    pub fn parse(arn: Text<'e>) -> Option<Self> {
        // From the left and with a limit: a path may contain colons.
        let mut fields = arn.splitn(6, ':');
        let well_formed = fields.next()? == "arn"
            && is_name(fields.next()?)
            && fields.next()? == "execute-api"
            && fields.next().is_some_and(is_name_or_empty)
            && fields.next().is_some_and(is_name_or_empty);
        let resource = fields.next().filter(|_| well_formed)?;

        let mut segments = resource.splitn(4, '/');
        let api = segments.next()?;
        let stage = segments.next()?;
        let method = segments.next()?;
        let well_formed = is_name(api)
            && (stage == "$default" || is_name(stage))
            && (method == "$connect" || is_method(method));
        if !well_formed {
            return None;
        }

        let end_of = |parts: &[&str]| {
            // Each part is followed by the slash that it was split at.
            let length: usize = parts.iter().map(|part| part.len().saturating_add(1)).sum();
            let start = arn.len().saturating_sub(resource.len());
            start.saturating_add(length).saturating_sub(1)
        };
        let stage_end = end_of(&[api, stage]);
        let method_end = end_of(&[api, stage, method]);
        Some(Self {
            arn,
            stage_end,
            method_end,
        })
    }

    /// The ARN as it came.
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// `arn:…:{api}/{stage}`, which every resource of a policy begins with.
    pub fn stage_prefix(&self) -> &str {
        self.arn.get(..self.stage_end).unwrap_or_default()
    }

    /// The HTTP method, or `$connect`.
    pub fn method(&self) -> &str {
        self.below_stage().split('/').next().unwrap_or_default()
    }

    /// The path as the caller sent it, with its leading slash; empty for `$connect`.
    pub fn path(&self) -> &str {
        self.arn.get(self.method_end..).unwrap_or_default()
    }

    /// `{method}/{path}`, or `$connect`: what resources below the stage are matched with.
    pub fn below_stage(&self) -> &str {
        self.arn
            .get(self.stage_end.saturating_add(1)..)
            .unwrap_or_default()
    }
}

/// What no policy gives a meaning to.
fn is_name(text: &str) -> bool {
    !text.is_empty() && is_name_or_empty(text)
}

fn is_name_or_empty(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().all(is_plain)
}

/// A token of RFC 9110, section 5.6.2, without a policy's wildcard and the beginning of a variable.
fn is_method(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#%&'+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::RequestArn;
    use crate::event::Text;

    fn parse(arn: &str) -> Option<RequestArn<'_>> {
        RequestArn::parse(Text::from(arn))
    }

    #[test]
    fn parts() {
        for (arn, prefix, method, path) in [
            (
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/jira/rest/api/2/issue/A:1",
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod",
                "GET",
                "/jira/rest/api/2/issue/A:1",
            ),
            (
                "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/$default/POST/",
                "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/$default",
                "POST",
                "/",
            ),
            (
                "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abcdef1234/test-invoke-stage/GET",
                "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abcdef1234/test-invoke-stage",
                "GET",
                "",
            ),
            (
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/$connect",
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod",
                "$connect",
                "",
            ),
            // LocalStack, with its own account, with a stage that it names itself, and with an API
            // that its user has named.
            (
                "arn:aws:execute-api:us-east-1:000000000000:abc123/local/GET/rest/api",
                "arn:aws:execute-api:us-east-1:000000000000:abc123/local",
                "GET",
                "/rest/api",
            ),
            (
                "arn:aws:execute-api:local:000000000000:my-own_api/test/GET/",
                "arn:aws:execute-api:local:000000000000:my-own_api/test",
                "GET",
                "/",
            ),
            // serverless-offline, REST and WebSocket.
            (
                "arn:aws:execute-api:us-east-1:random-account-id:random-api-id/dev/GET/rest/api",
                "arn:aws:execute-api:us-east-1:random-account-id:random-api-id/dev",
                "GET",
                "/rest/api",
            ),
            (
                "arn:aws:execute-api:us-east-1:random-account-id:random-api-id/local/$connect",
                "arn:aws:execute-api:us-east-1:random-account-id:random-api-id/local",
                "$connect",
                "",
            ),
            // SAM local.
            (
                "arn:aws:execute-api:us-east-1:123456789012:1234567890/prod/GET/rest/api",
                "arn:aws:execute-api:us-east-1:123456789012:1234567890/prod",
                "GET",
                "/rest/api",
            ),
            // Neither region nor account, as hand-written proxies have it.
            (
                "arn:aws:execute-api:::api/v1.2/DELETE/x",
                "arn:aws:execute-api:::api/v1.2",
                "DELETE",
                "/x",
            ),
            // Partitions of AWS.
            (
                "arn:aws-iso-b:execute-api:us-isob-east-1:123456789012:abcdef1234/p/GET/",
                "arn:aws-iso-b:execute-api:us-isob-east-1:123456789012:abcdef1234/p",
                "GET",
                "/",
            ),
            (
                "arn:aws-eusc:execute-api:eusc-de-east-1:123456789012:abcdef1234/p/GET/",
                "arn:aws-eusc:execute-api:eusc-de-east-1:123456789012:abcdef1234/p",
                "GET",
                "/",
            ),
            // Methods that API Gateway refuses itself, and emulators don't.
            (
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/p/get/",
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/p",
                "get",
                "/",
            ),
            (
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/p/M-SEARCH/",
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/p",
                "M-SEARCH",
                "/",
            ),
        ] {
            let parsed = parse(arn).unwrap();
            assert_eq!(parsed.as_str(), arn);
            assert_eq!(parsed.stage_prefix(), prefix);
            assert_eq!(parsed.method(), method);
            assert_eq!(parsed.path(), path);
        }
    }

    #[test]
    fn refused() {
        for arn in [
            "",
            "arn",
            "arn:aws:execute-api:eu-west-1:123456789012",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod",
            "arn:aws:s3:eu-west-1:123456789012:abcdef1234/prod/GET/",
            "arn:*:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/",
            "arn:aws:execute-api:eu-west-1:*:abcdef1234/prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/*/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/*/x",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod//x",
            "urn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/",
            "arn:aws:execute-api:eu-west-?:123456789012:abcdef1234/prod/GET/",
            "arn:aws:execute-api:${aws:x}:123456789012:abcdef1234/prod/GET/",
            "arn:aws:execute-api:eu-west-1:${account}:abcdef1234/prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:${api}/prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:/prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234//GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/${stage}/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/$prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/pr od/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/$disconnect/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/${x}/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/G?T/",
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/G\u{c9}T/",
            "arn::execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/",
        ] {
            assert!(parse(arn).is_none(), "{arn}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_reassembles(arn in "\\PC{0,200}|arn:aws:execute-api:[a-z0-9-]{1,9}:[0-9]{1,12}:[a-z0-9]{1,10}/[a-z$]{1,9}/[A-Z$a-z*?-]{1,8}(/\\PC{0,40})?") {
            if let Some(parsed) = parse(&arn) {
                let rebuilt = format!("{}/{}{}", parsed.stage_prefix(), parsed.method(), parsed.path());
                prop_assert_eq!(rebuilt, arn.clone());
                let is_plain = |part: &str| !part.contains(['*', '?']) && !part.contains("${");
                prop_assert!(is_plain(parsed.stage_prefix()));
                prop_assert!(is_plain(parsed.method()));
            }
        }
    }
}
