//! A product's `upstream`, by its mode.

use serde::Deserialize;
use serde_json::Value;

use super::Upstream;
use super::assertion::AssertionDocument;
use super::fixed::FixedDocument;
use super::oauth1::OAuth1Document;
use super::per_user::PerUserDocument;
use crate::document::problem::Report;
use crate::document::{ByTag, Object, Secrets, UpstreamMode, by_tag};

/// The product is not told who is calling, and sees an anonymous caller. The username is in the context,
/// from which the template also makes the header `X-Authorizer-Username`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct NoDocument {}

by_tag! {
    /// How a product learns who is calling.
    pub(crate) enum UpstreamDocument {
        tag "mode": UpstreamMode, "How the product learns who is calling. Each mode has fields of its own. Required.";
        beside NoDocument;
        schema "Upstream";
        /// It does not: the username is in the context alone.
        None(NoDocument),
        /// Everyone is one service user.
        Fixed(FixedDocument),
        /// Everyone is themselves, by a credential of their own.
        PerUser(PerUserDocument),
        /// Everyone is themselves, by two-legged OAuth 1.0a with impersonation.
        OAuth1(OAuth1Document),
        /// Everyone is themselves, by a signed JWT that something at the origin verifies.
        Assertion(AssertionDocument),
    }
}

impl UpstreamDocument {
    /// Reads a product's `upstream`, whose empty fields have been reported. What else is wrong goes to
    /// the report.
    ///
    /// `None` when anything in it could not be read.
    pub(crate) fn read(value: Value, report: &mut Report<'_>) -> Option<Self> {
        let mut object = Object::within(value, "upstream", report)?;
        let mode = object.take_tag(Self::TAG, report);
        let document = object.take_by_tag(mode, &[], report);
        document.filter(|_| object.is_clean())
    }

    /// Fills in what is left out, and finds the secrets. What is wrong goes to the report.
    pub(crate) fn resolve(self, secrets: &Secrets, report: &mut Report<'_>) -> Option<Upstream> {
        Some(match self {
            Self::None(_) => Upstream::None,
            Self::Fixed(document) => Upstream::Fixed(document.resolve(secrets, report)?),
            Self::PerUser(document) => Upstream::PerUser(document.resolve(report)),
            Self::OAuth1(document) => Upstream::OAuth1(document.resolve(secrets, report)?),
            Self::Assertion(document) => Upstream::Assertion(document.resolve(secrets, report)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::problem::Problems;

    fn problems(upstream: Value) -> Vec<String> {
        let mut problems = Problems::default();
        UpstreamDocument::read(upstream, &mut problems.of("products/jira"));
        let told = problems.iter();
        let told = told.map(|problem| format!("{}: {}", problem.field, problem.message));
        told.collect()
    }

    #[test]
    fn all_problems_at_once() {
        assert_eq!(
            problems(
                json!({"mode": "per_user", "scheme": "digest", "recheck_seconds": "1", "secret": "pat", "key": 1})
            ),
            [
                "upstream.recheck_seconds: expected a whole number, not negative",
                "upstream.scheme: expected `bearer` or `basic`",
                "upstream.key: is unknown: `key`, expected one of `mode`, `scheme` or `recheck_seconds`",
                "upstream.secret: does not belong to mode `per_user`",
            ]
        );
    }

    #[test]
    fn no_mode_and_no_such_mode() {
        assert_eq!(
            problems(json!({"scheme": "digest", "key": 1})),
            [
                "upstream.mode: is missing; expected `none`, `fixed`, `per_user`, `oauth1` or `assertion`",
                "upstream.scheme: expected `bearer` or `basic`",
                "upstream.key: is unknown: `key`, expected a field that goes with `mode`",
            ]
        );
        assert_eq!(
            problems(json!({"mode": "magic", "issuer": 1})),
            [
                "upstream.mode: expected one of `none`, `fixed`, `per_user`, `oauth1` or `assertion`",
                "upstream.issuer: expected a string",
            ]
        );
        assert_eq!(problems(json!("fixed")), ["upstream: expected an object"]);
    }
}
