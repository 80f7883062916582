//! Products: where each lives in the API, who may do what in it, and how it learns who is calling.

use serde::Deserialize;
use serde_json::Value;

use crate::access::Rules;
use crate::document::problem::Report;
use crate::document::{Object, ProductKind, RuleDocument, Secrets};
use crate::route::Target;
use crate::upstream::{Upstream, UpstreamDocument};

/// One product behind the API.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Product")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductDocument {
    /// The product's path in the API, such as `/jira`, of at most 64 characters. Required. Paths of
    /// products must not overlap. The template serves `/jira`, `/confluence` and `/bitbucket`. `/` is for
    /// an API of your own with one product.
    path: Option<String>,
    /// The Atlassian product, which says what `@read`, `@write` and `@admin` mean. By default it is the
    /// product's id, where that is `jira`, `confluence` or `bitbucket`. Without a kind there is no
    /// `@admin`.
    kind: Option<ProductKind>,
    /// The access rules. What no rule allows is refused. Without this field every verified caller may
    /// use the whole product.
    #[cfg_attr(feature = "schema", schemars(length(max = crate::access::MAX_RULES)))]
    access: Option<Vec<RuleDocument>>,
    /// Routes that everyone may use without a credential, such as `GET /status`. Each has the method
    /// `GET` or `HEAD`, and a path without `*` and `{name}`. The API must serve them without an
    /// authorizer.
    public: Option<Vec<String>>,
    /// How the product learns who is calling.
    #[cfg_attr(
        feature = "schema",
        schemars(
            with = "Option<UpstreamDocument>",
            extend("default" = serde_json::json!({"mode": crate::document::UpstreamMode::None.as_str()}))
        )
    )]
    upstream: Option<Value>,
}

/// One proxied product.
#[derive(Clone, Debug)]
pub struct Product {
    id: String,
    access: Rules,
    public: Vec<PublicRoute>,
    upstream: Upstream,
}

/// A route that everyone may use, without a credential. The API serves it without an authorizer; the
/// settings name it so that the operator's tool can hold them against the API.
#[derive(Clone, Debug)]
pub struct PublicRoute {
    /// As the settings have it, such as `GET /status`.
    pub text: String,
}

impl Product {
    /// The product where the settings name none: everything below `/`.
    pub(crate) fn whole_api() -> Self {
        Self {
            id: "api".to_owned(),
            access: Rules::of_whole_api(),
            public: Vec::new(),
            upstream: Upstream::None,
        }
    }

    /// Reads a product's document; what is wrong goes to the report.
    pub(crate) fn read(
        id: &str,
        text: &str,
        secrets: &Secrets,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let mut object = Object::parse(text, report)?;
        let document = object.take_all::<ProductDocument>(report)?;
        let upstream = document.upstream;
        let upstream = upstream.and_then(|value| UpstreamDocument::read(value, report));
        if !object.is_clean() {
            return None;
        }
        // Without an upstream that can be read the rest is checked all the same: no settings with a
        // problem are used.
        let upstream = upstream
            .and_then(|upstream| upstream.resolve(secrets, report))
            .unwrap_or_default();
        let Some(path) = document.path else {
            report.wrong(
                "path",
                "is missing; expected the product's path, for example `/jira`",
            );
            return None;
        };
        let trimmed = path.strip_suffix('/').unwrap_or(&path);
        let well_formed = trimmed.is_empty()
            || (trimmed.starts_with('/')
                && trimmed.len() <= 64
                && trimmed.split('/').skip(1).all(is_plain_segment));
        if !path.starts_with('/') || !well_formed {
            report.wrong(
                "path",
                "expected `/`, or up to 64 characters such as `/jira`: segments of letters, digits, `-`, `_` and `.`",
            );
            return None;
        }
        let kind = document.kind.or(match id {
            "jira" => Some(ProductKind::Jira),
            "confluence" => Some(ProductKind::Confluence),
            "bitbucket" => Some(ProductKind::Bitbucket),
            _ => None,
        });
        Some(Self {
            id: id.to_owned(),
            public: public(document.public.unwrap_or_default(), kind, report),
            access: Rules::resolve(document.access, trimmed, kind, report)?,
            upstream,
        })
    }

    /// Its name in the settings.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who may do what in it.
    pub fn access(&self) -> &Rules {
        &self.access
    }

    /// The routes that everyone may use, without a credential.
    pub fn public(&self) -> &[PublicRoute] {
        &self.public
    }

    /// As [`Product::access`], to be completed by what other documents say.
    pub(crate) fn access_mut(&mut self) -> &mut Rules {
        &mut self.access
    }

    /// How it learns who is calling.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Takes of users' credentials only those that are stored for this product by name.
    pub(crate) fn demand_credentials_by_product(&mut self) {
        self.upstream.demand_credentials_by_product();
    }

    /// Its path in the API, without a slash at the end.
    pub fn path(&self) -> &str {
        self.access.path()
    }

    /// Whether a request's path lies in the product.
    pub fn contains(&self, path: &str) -> bool {
        self.access.contains(path)
    }
}

fn public(
    texts: Vec<String>,
    kind: Option<ProductKind>,
    report: &mut Report<'_>,
) -> Vec<PublicRoute> {
    let mut routes = Vec::new();
    for text in texts {
        match Target::allowed(&text, kind) {
            Ok(target) if target.is_one_reading_route() => {
                routes.push(PublicRoute { text });
            }
            _ => report.wrong(
                "public",
                "expected routes such as `GET /status`: the method GET or HEAD, and one path, without `*` and \
                 `{name}`",
            ),
        }
    }
    routes
}

fn is_plain_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
