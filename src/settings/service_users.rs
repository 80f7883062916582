//! Products that know one user alone: what callers can do with that user's account.

use super::Warning;
use crate::access::{Rule, Rules};
use crate::document::ProductKind;
use crate::product::Product;
use crate::route::{Method, Methods, RouteSet, Target};
use crate::upstream::Upstream;

/// Routes of Data Center products that make a credential of whoever calls them: personal access tokens
/// and the consent of OAuth 1.0a.
const OF_DATA_CENTER: [&str; 2] = [
    "POST /rest/pat/{version}/tokens",
    "POST /plugins/servlet/oauth/authorize",
];

/// Routes of one kind that do.
const fn of_kind(kind: ProductKind) -> &'static [&'static str] {
    match kind {
        ProductKind::Jira | ProductKind::JiraCloud => &[],
        ProductKind::Confluence => &[
            "POST /rest/access-tokens/{version}/users/{user}",
            "POST /plugins/personalaccesstokens/usertokens.action",
        ],
        ProductKind::ConfluenceCloud => &["POST /wiki/rest/pat/{version}/tokens"],
        // SSH keys are credentials as tokens are.
        ProductKind::Bitbucket => &[
            "PUT /rest/access-tokens/{version}/users/{user}",
            "POST /plugins/servlet/access-tokens/users/{user}/manage",
            "POST /plugins/servlet/access-tokens/manage",
            "POST /rest/ssh/{version}/keys",
        ],
        ProductKind::BitbucketCloud => &["POST /2.0/users/{user}/ssh-keys"],
    }
}

/// The kinds that a product may be of, where the settings don't say.
const UNTOLD: [ProductKind; 3] = [
    ProductKind::Jira,
    ProductKind::Confluence,
    ProductKind::Bitbucket,
];

/// What the names in braces may stand for: versions first.
const NAMES: [&str; 4] = ["latest", "1.0", "2", "x"];

/// Warns about products whose upstream mode is `fixed`.
pub(super) fn warn(products: &[Product], warnings: &mut Vec<Warning>) {
    let of_one_user = products
        .iter()
        .filter(|product| matches!(product.upstream(), Upstream::Fixed(_)));
    for product in of_one_user {
        let name = format!("products/{}", product.id());
        let access = product.access();
        if let Some((route, place)) = minting_route(access) {
            let found = Warning::new("mints_service_tokens", &*name, &place);
            warnings.push(
                found
                    .why(format!(
                        "callers can create a credential of the service account, which no rule here \
                         restricts: `{route}`"
                    ))
                    .instead("deny `@admin`, or that route")
                    .severe(),
            );
        }
        if let Some(index) = administering_rule(access) {
            let found = Warning::new("admin_as_service_user", &*name, &format!("access[{index}]"));
            let instead = if access.kind().is_some() {
                "add {\"deny\": [\"@admin\"]}"
            } else {
                "set the product's `kind`, and add {\"deny\": [\"@admin\"]}"
            };
            warnings.push(
                found
                    .why(
                        "callers can use the administrative rights of the service account: routes that write are \
                         allowed, and administration is not denied",
                    )
                    .instead(instead)
                    .severe(),
            );
        }
    }
}

/// A route that makes a credential of the service user and that somebody may use, and where the rules
/// say so.
fn minting_route(access: &Rules) -> Option<(&'static str, String)> {
    let kinds: &[ProductKind] = match access.kind() {
        Some(ref kind) => &[*kind],
        None => &UNTOLD,
    };
    let own = kinds.iter().flat_map(|kind| of_kind(*kind));
    let mut routes = OF_DATA_CENTER.iter().chain(own).copied();
    routes.find_map(|text| {
        let route = Target::allowed(text, None).ok()?;
        let (method, path) = text.split_once(' ')?;
        let method = Method::of(method);
        let Some(rules) = access.rules() else {
            return Some((text, "access".to_owned()));
        };
        let allows = |rule: &Rule| {
            rule.targets.iter().any(|target| {
                let narrower = match target {
                    Target::Route(route) => filled(&route.path),
                    Target::Set(_) => Vec::new(),
                };
                let mut paths = filled(path).into_iter().chain(narrower);
                paths.any(|path| {
                    route.is_allowed(None, method, &path)
                        && access.allow_someone(rule, target, method, &path)
                })
            })
        };
        let index = rules.iter().position(allows)?;
        Some((text, format!("access[{index}]")))
    })
}

/// The first rule that allows a route of administration that writes, though it names none: one with
/// `*` in its path, or any where the product is of no kind.
fn administering_rule(access: &Rules) -> Option<usize> {
    let kind = access.kind();
    let kinds: &[ProductKind] = match kind {
        Some(ref kind) => &[*kind],
        None => &UNTOLD,
    };
    let is_wide = |target: &&Target| match target {
        Target::Set(set) => kind.is_none() && *set == RouteSet::Write,
        Target::Route(route) => {
            route.path.contains('*')
                && route
                    .methods
                    .names()
                    .any(|name| Methods::WRITING.contain(Method::of(name)))
        }
    };
    let mut rules = access.rules()?.iter();
    rules.position(|rule| {
        !access.deny_admin_to_all_of(rule)
            && rule.targets.iter().filter(is_wide).any(|target| {
                let mut kinds = kinds.iter();
                kinds.any(|kind| reaches_admin(access, rule, target, *kind))
            })
    })
}

fn reaches_admin(access: &Rules, rule: &Rule, target: &Target, kind: ProductKind) -> bool {
    let admin = Target::Set(RouteSet::Admin);
    // What the rule itself names, and what the set names, for either may be the narrower.
    let own = match target {
        Target::Route(route) => vec![(route.methods, route.path.as_str())],
        Target::Set(_) => Vec::new(),
    };
    let of_set = admin.denied_patterns(Some(kind));
    let mut patterns = own.into_iter().chain(of_set);
    patterns.any(|(methods, pattern)| {
        let names = methods.names().map(Method::of);
        let writing: Vec<_> = names.filter(|one| Methods::WRITING.contain(*one)).collect();
        filled(pattern).into_iter().any(|path| {
            let mut writing = writing.iter();
            writing.any(|method| {
                admin.is_allowed(Some(kind), *method, &path)
                    && access.allow_someone(rule, target, *method, &path)
            })
        })
    })
}

/// Paths of a pattern: with names in place of what stands in braces, and little or nothing in place of
/// `*`.
fn filled(pattern: &str) -> Vec<String> {
    let with = |name: &str, rest: &str| {
        let mut path = String::with_capacity(pattern.len());
        let mut is_name = false;
        for character in pattern.chars() {
            match character {
                '{' => {
                    is_name = true;
                    path.push_str(name);
                }
                '}' => is_name = false,
                '*' => path.push_str(rest),
                other if !is_name => path.push(other),
                _ => {}
            }
        }
        path
    };
    let names: &[&str] = if pattern.contains('{') { &NAMES } else { &[""] };
    let rests: &[&str] = if pattern.contains('*') {
        &["", "x"]
    } else {
        &[""]
    };
    let each = names.iter();
    each.flat_map(|name| rests.iter().map(|rest| with(name, rest)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{OF_DATA_CENTER, of_kind};
    use crate::deployment::{ByProduct, Deployment};
    use crate::document::{ProductKind, Tree};
    use crate::route::{Class, Method};
    use crate::settings::Settings;

    const KINDS: [ProductKind; 6] = [
        ProductKind::Jira,
        ProductKind::Confluence,
        ProductKind::Bitbucket,
        ProductKind::JiraCloud,
        ProductKind::ConfluenceCloud,
        ProductKind::BitbucketCloud,
    ];

    /// The warnings about a product, each with its field.
    fn warnings(kind: Option<&str>, access: &Value, mode: &str) -> Vec<String> {
        let mut product = json!({"path": "/"});
        if let Some(kind) = kind {
            product["kind"] = kind.into();
        }
        if !access.is_null() {
            product["access"] = access.clone();
        }
        product["upstream"] = match mode {
            "fixed" => json!({"mode": "fixed", "scheme": "bearer", "secret": "pat"}),
            mode => json!({"mode": mode, "scheme": "bearer"}),
        };
        if mode == "none" {
            product["upstream"] = json!({"mode": "none"});
        }
        let provider = |id: &str| {
            json!({"kind": "custom", "issuer": format!("https://{id}.example.com"),
                   "client_ids": ["client"], "audiences": ["jira"], "username": "sub", "groups": "groups"})
        };
        let tree: Tree = [
            ("products/p".to_owned(), product.to_string()),
            ("providers/a".to_owned(), provider("a").to_string()),
            ("providers/b".to_owned(), provider("b").to_string()),
            ("secrets/pat".to_owned(), "token".to_owned()),
        ]
        .into_iter()
        .collect();
        let deployment = Deployment {
            cache_seconds: ByProduct::all(0),
            ..Deployment::default()
        };
        let settings = Settings::parse(&tree, &deployment).unwrap();
        let mut found = Vec::new();
        super::warn(&settings.products, &mut found);
        assert!(found.iter().all(|one| one.severe));
        let show = |one: &super::Warning| match one.id {
            "mints_service_tokens" => format!("mints by {}", one.field),
            "admin_as_service_user" => format!("administers by {}", one.field),
            other => other.to_owned(),
        };
        found.iter().map(show).collect()
    }

    /// `@read` and `@write` leave them out, and a deny of `@admin` takes them away.
    #[test]
    fn whatever_mints_is_administration() {
        for kind in KINDS {
            for text in of_kind(kind) {
                let (method, path) = text.split_once(' ').unwrap();
                for path in super::filled(path) {
                    let class = Class::of(Some(kind), Method::of(method), &path);
                    assert_eq!(class, Class::Admin, "{kind:?} {method} {path}");
                }
            }
        }
        for kind in super::UNTOLD {
            for text in OF_DATA_CENTER {
                let (method, path) = text.split_once(' ').unwrap();
                for path in super::filled(path) {
                    let class = Class::of(Some(kind), Method::of(method), &path);
                    assert_eq!(class, Class::Admin, "{kind:?} {method} {path}");
                }
            }
        }
    }

    #[test]
    fn service_users() {
        let both = &["mints by access[0]", "administers by access[0]"][..];
        let mints = &both[..1];
        let administers = &both[1..];
        let none = &[][..];
        for (kind, access, expected) in [
            (Some("jira"), json!(null), &["mints by access"][..]),
            (None, json!(null), &["mints by access"]),
            // Sets leave administration out.
            (Some("jira"), json!([{"allow": ["@read", "@write"]}]), none),
            (
                Some("bitbucket"),
                json!([{"allow": ["@read", "@write", "@git"]}]),
                none,
            ),
            (Some("jira"), json!([{"allow": ["@admin"]}]), mints),
            // Wildcards don't.
            (Some("jira"), json!([{"allow": ["* /*"]}]), both),
            (Some("jira"), json!([{"allow": ["* /rest/*"]}]), both),
            (Some("confluence"), json!([{"allow": ["* /rest/*"]}]), both),
            (Some("bitbucket"), json!([{"allow": ["* /rest/*"]}]), both),
            (Some("jira_cloud"), json!([{"allow": ["* /rest/*"]}]), both),
            (
                Some("confluence_cloud"),
                json!([{"allow": ["* /wiki/*"]}]),
                both,
            ),
            (
                Some("bitbucket_cloud"),
                json!([{"allow": ["* /2.0/*"]}]),
                both,
            ),
            (Some("jira"), json!([{"allow": ["GET /rest/*"]}]), none),
            (Some("jira"), json!([{"allow": ["POST /rest/*"]}]), both),
            (
                Some("jira"),
                json!([{"allow": ["PUT /rest/*"]}]),
                administers,
            ),
            (Some("bitbucket"), json!([{"allow": ["PUT /rest/*"]}]), both),
            (
                Some("jira"),
                json!([{"allow": ["POST /rest/api/2/issue"]}]),
                none,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /rest/api/2/*"]}]),
                administers,
            ),
            (
                Some("jira"),
                json!([{"allow": ["POST /rest/pat/latest/tokens"]}]),
                mints,
            ),
            (
                Some("jira"),
                json!([{"allow": ["POST /rest/pat/{v}/tokens"]}]),
                mints,
            ),
            (
                Some("bitbucket"),
                json!([{"allow": ["PUT /rest/access-tokens/latest/users/ci"]}]),
                mints,
            ),
            (
                Some("bitbucket"),
                json!([{"allow": ["PUT /rest/access-tokens/latest/users/ci-*"]}]),
                both,
            ),
            (
                Some("jira"),
                json!([{"allow": ["GET /rest/pat/latest/tokens"]}]),
                none,
            ),
            // Denies.
            (
                Some("jira"),
                json!([{"allow": ["* /*"]}, {"deny": ["@admin"]}]),
                none,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"]}, {"deny": ["* /*"]}]),
                none,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /rest/*"]}, {"deny": ["* /rest/pat/*"]}]),
                administers,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /rest/*"]}, {"deny": ["* /rest/pat/latest/*"]}]),
                both,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"]}, {"deny": ["@write"]}]),
                both,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"]}, {"deny": ["@admin"], "groups": ["contractors"]}]),
                both,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "groups": ["contractors"]},
                       {"deny": ["@admin"], "groups": ["contractors", "guests"]}]),
                none,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "groups": ["contractors", "staff"]},
                       {"deny": ["@admin"], "groups": ["contractors"]}]),
                both,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "users": ["svc-a*"]}, {"deny": ["@admin"], "users": ["svc-*"]}]),
                none,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "users": ["svc-*"]}, {"deny": ["@admin"], "users": ["svc-a*"]}]),
                both,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "networks": ["10.1.0.0/16"]},
                       {"deny": ["@admin"], "networks": ["10.0.0.0/8"]}]),
                none,
            ),
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "providers": ["a"]}, {"deny": ["@admin"], "providers": ["b"]}]),
                both,
            ),
            // `only` denies to others, and allows to those whom it is for.
            (
                Some("jira"),
                json!([{"allow": ["* /*"], "providers": ["a"]}, {"only": ["@admin"], "providers": ["b"]}]),
                &["mints by access[1]"],
            ),
            (
                Some("jira"),
                json!([{"allow": ["@read"]}, {"only": ["@admin"], "groups": ["admins"]}]),
                &["mints by access[1]"],
            ),
            (
                Some("jira"),
                json!([{"only": ["* /rest/*"], "groups": ["staff"]}]),
                both,
            ),
            // A product of no kind has no `@admin`.
            (None, json!([{"allow": ["@read", "@write"]}]), both),
            (None, json!([{"allow": ["@read"]}]), none),
            (None, json!([{"allow": ["* /rest/api/*"]}]), administers),
        ] {
            assert_eq!(
                warnings(kind, &access, "fixed"),
                expected,
                "{kind:?} {access}"
            );
            for mode in ["none", "per_user"] {
                assert_eq!(warnings(kind, &access, mode), none, "{kind:?} {access}");
            }
        }
    }
}
