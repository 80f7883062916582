//! Two-legged OAuth 1.0a with impersonation: which requests can be signed, and for whom.

mod sent_path;
pub(super) mod signer;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{NeverImpersonate, RequestContext};
use crate::document::Secrets;
use crate::document::problem::Report;
use crate::error::{Fault, Forbidden, Refusal};
use crate::event::{EventKind, Request};
use crate::username::Username;
use signer::{Moment, Signer, SignerError};

/// Every caller acts as themselves, by two-legged OAuth 1.0a with impersonation (RSA-SHA1), which Data
/// Center supports. Each request is signed, so API Gateway's cache must be off for the product.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct OAuth1Document {
    /// The name of the secret, below `secrets/products/<id>/`, that holds the RSA private key in PEM, of
    /// 2048 to 4096 bits. Required. Its public half goes into the product's application link.
    private_key: Option<String>,
    /// The consumer key of the product's incoming application link. Required.
    consumer_key: Option<String>,
    /// What the product believes its own URL to be for `path`, with scheme, port and context path.
    /// Required. It is part of what is signed.
    base_url: Option<String>,
    /// Users that no caller may act as, whatever a token says, such as administrators. `*` stands for
    /// any characters, and case does not count.
    never_impersonate: Option<Vec<String>>,
}

/// What requests are signed with.
#[derive(Clone, Debug)]
pub struct OAuth1 {
    signer: Signer,
    never_impersonate: NeverImpersonate,
}

impl OAuth1Document {
    /// Finds the secret, and checks the rest.
    pub(super) fn resolve(self, secrets: &Secrets, report: &mut Report<'_>) -> Option<OAuth1> {
        let secret = report.private_key(secrets, self.private_key.as_ref(), "upstream.private_key");
        let consumer_key = report.required(
            self.consumer_key,
            "upstream.consumer_key",
            "the consumer key of the product's incoming application link",
        );
        let base_url = report.required(
            self.base_url,
            "upstream.base_url",
            "the base URL in the product's own settings, such as `https://jira.example.com/jira`",
        );
        let never_impersonate = NeverImpersonate::resolve(self.never_impersonate, report);
        let signer = Signer::new(&consumer_key?, secret?.expose_secret(), &base_url?);
        let signer = signer.map_err(|error| {
            let field = match error {
                SignerError::ConsumerKey => "upstream.consumer_key",
                SignerError::PrivateKey => "upstream.private_key",
                SignerError::BaseUrl => "upstream.base_url",
            };
            report.wrong(field, &error.to_string());
        });
        Some(OAuth1 {
            signer: signer.ok()?,
            never_impersonate,
        })
    }
}

impl OAuth1 {
    pub(super) fn never_impersonate(&self) -> &NeverImpersonate {
        &self.never_impersonate
    }

    /// The header's value for a request of a user.
    pub(super) fn sign(
        &self,
        username: &Username,
        cx: RequestContext<'_>,
    ) -> Result<String, Refusal> {
        if self.never_impersonate.contains(username) {
            return Err(Forbidden::ImpersonationRefused.into());
        }
        let request = cx.request;
        if matches!(request.kind, EventKind::RestToken | EventKind::WebSocket) {
            return Err(Fault::RequestNotSignable.into());
        }
        // Parameters of a form are part of the signature (RFC 5849, section 3.4.1.3.1), and an
        // authorizer never sees the body.
        let is_form = |value: &str| value.to_ascii_lowercase().contains("x-www-form-urlencoded");
        if request.content_type.iter().any(|value| is_form(value)) {
            return Err(Forbidden::FormNotSignable.into());
        }
        let moment =
            Moment::at(cx.fetch.clock.now().as_secs()).map_err(|_| Fault::SigningFailed)?;
        let path = path_below(request, cx.path);
        self.signer
            .authorization(
                request.arn.method(),
                path,
                &request.query,
                username,
                &moment,
            )
            .map_err(|_| Fault::SigningFailed.into())
    }
}

/// How many slashes of the event's path may stand before the product's: a base path has few.
const MOST_PREFIXES: usize = 64;

/// The path below the product's, as the caller sent it: `/` for the product's own.
fn path_below<'r>(request: &'r Request<'_>, product: &str) -> &'r str {
    let of_arn = request.arn.path();
    // The event's own path is as the caller sent it; whether the ARN's is, is not documented. A
    // custom domain's base path may stand before it.
    let own = request.path.as_deref().and_then(|path| {
        let starts = path.match_indices('/').take(MOST_PREFIXES);
        let mut paths = starts.filter_map(|(start, _)| path.get(start..));
        paths.find(|path| path.starts_with(product) && is_spelling_of(path, of_arn))
    });
    let path = own.unwrap_or(of_arn);
    let below = path.strip_prefix(product).unwrap_or(path);
    if below.is_empty() { "/" } else { below }
}

/// Whether the path of an ARN, decoded or not, is this one. Either may have lost slashes at its end.
fn is_spelling_of(path: &str, of_arn: &str) -> bool {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let arn_decoded: Vec<u8> = percent_decode_str(of_arn).collect();
    let decoded = without_last_slashes(&decoded);
    decoded == without_last_slashes(&arn_decoded)
        || decoded == without_last_slashes(of_arn.as_bytes())
}

fn without_last_slashes(mut path: &[u8]) -> &[u8] {
    while let [rest @ .., b'/'] = path {
        path = rest;
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::path_below;
    use crate::event::Request;

    fn below(arn_path: &str, path: Option<&str>, product: &str) -> String {
        let arn = format!("arn:aws:execute-api:eu-west-1:1:api/prod/GET{arn_path}");
        let event = json!({"type": "REQUEST", "methodArn": arn, "path": path}).to_string();
        path_below(&Request::parse(&event).unwrap(), product).to_owned()
    }

    #[test]
    fn the_events_path_is_the_callers_spelling() {
        for (arn_path, path, expected) in [
            ("/jira/x", None, "/x"),
            ("/jira", None, "/"),
            ("/jira", Some("/jira/"), "/"),
            ("/jira/a%2Fb", Some("/jira/a%2Fb"), "/a%2Fb"),
            // The ARN's is decoded, or spelled in another way.
            ("/jira/a/b", Some("/jira/a%2Fb"), "/a%2Fb"),
            ("/jira/a%2fb c", Some("/jira/a%2Fb%20c"), "/a%2Fb%20c"),
            ("/jira/a%2Fb", Some("/jira/a%252Fb"), "/a%252Fb"),
            ("/jira/é", Some("/jira/%C3%A9"), "/%C3%A9"),
            // Either has lost the slash at the end.
            ("/jira/a/b", Some("/jira/a%2Fb/"), "/a%2Fb/"),
            ("/jira/a/b/", Some("/jira/a%2Fb"), "/a%2Fb"),
            // A custom domain's base path stands before it, or a stage.
            ("/jira/a/b", Some("/base/jira/a%2Fb"), "/a%2Fb"),
            ("/jira/a/b", Some("/jira/jira/a%2Fb"), "/a%2Fb"),
            // Another path, or one whose product is spelled in another way.
            ("/jira/a", Some("/jira/b"), "/a"),
            ("/jira/a", Some("/j%69ra/a"), "/a"),
            ("/jira/a", Some(""), "/a"),
        ] {
            let found = below(arn_path, path, "/jira");
            assert_eq!(found, expected, "{arn_path} {path:?}");
        }
        assert_eq!(below("/a/b", Some("/a%2Fb"), ""), "/a%2Fb");
        assert_eq!(below("/", Some("/"), ""), "/");
    }

    #[test]
    fn many_slashes_take_no_time() {
        let path = format!("/jira{}", "/".repeat(8_000));
        assert_eq!(below("/jira/x", Some(&path), "/jira"), "/x");
    }
}
