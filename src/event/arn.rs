//! The ARN of the request, which API Gateway matches against the policy that we return.

use super::Text;

/// The longest ARN that is read, in bytes: more than a URL of API Gateway's can make of it. AWS names
/// 1,600 bytes as the limit of a method's ARN, and does not say what becomes of longer ones; a caller
/// with a long path has made no fault of ours.
const MAX_ARN: usize = 12_288;

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
    pub fn parse(arn: Text<'e>) -> Option<Self> {
        if arn.len() > MAX_ARN {
            return None;
        }
        // From the left and with a limit: a path may contain colons.
        let mut fields = arn.splitn(6, ':');
        let well_formed = fields.next()? == "arn"
            && is_made_of(fields.next()?, |byte| {
                byte.is_ascii_lowercase() || byte == b'-'
            })
            && fields.next()? == "execute-api"
            && is_made_of(fields.next()?, |byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
            })
            && is_made_of(fields.next()?, |byte| byte.is_ascii_digit());
        let resource = fields.next().filter(|_| well_formed)?;

        let mut segments = resource.splitn(4, '/');
        let api = segments.next()?;
        let stage = segments.next()?;
        let method = segments.next()?;
        let well_formed = is_made_of(api, |byte| byte.is_ascii_alphanumeric())
            && (stage == "$default"
                || is_made_of(stage, |byte| {
                    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
                }))
            && (method == "$connect" || is_made_of(method, |byte| byte.is_ascii_uppercase()));
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

fn is_made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
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
        ] {
            assert!(parse(arn).is_none(), "{arn}");
        }
        let long = format!(
            "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/{}",
            "x".repeat(13_000)
        );
        assert!(parse(&long).is_none());
    }

    proptest! {
        #[test]
        fn never_panics_and_reassembles(arn in "\\PC{0,200}|arn:aws:execute-api:[a-z0-9-]{1,9}:[0-9]{1,12}:[a-z0-9]{1,10}/[a-z$]{1,9}/[A-Z$a-z]{1,8}(/\\PC{0,40})?") {
            if let Some(parsed) = parse(&arn) {
                let rebuilt = format!("{}/{}{}", parsed.stage_prefix(), parsed.method(), parsed.path());
                prop_assert_eq!(rebuilt, arn.clone());
                prop_assert!(!parsed.stage_prefix().contains(['*', '?']));
            }
        }
    }
}
