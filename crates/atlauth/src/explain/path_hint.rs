//! What to say of a path that was refused: where products lie, and whether another prefix would do.

use atlassian_authorizer::authorizer::DecisionRecord;
use atlassian_authorizer::error::{Forbidden, Refusal};
use atlassian_authorizer::event::Request;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::route::{Method, Readings, Target};

use crate::gateway::path_of;

/// The hint of a 403 that the path is the reason of; `None` for everything else.
pub(super) fn path_hint(decision: &DecisionRecord, event: &str) -> Option<String> {
    let request = Request::parse(event).ok()?;
    let (method, path) = (request.arn.method(), request.arn.path());
    // `$connect` of a WebSocket is no path.
    if !path.starts_with('/') {
        return None;
    }
    match decision.refusal? {
        Refusal::Forbidden(Forbidden::ProductUnknown) => {
            Some(outside(path, &decision.settings.as_ref()?.products))
        }
        Refusal::Forbidden(Forbidden::RouteNotAllowed) => within(method, path, decision.product()?),
        _ => None,
    }
}

/// The path lies in no product.
fn outside(path: &str, products: &[Product]) -> String {
    let paths: Vec<String> = products
        .iter()
        .map(|product| format!("`{}`", path_of(product)))
        .collect();
    let list = paths.join(", ");
    let without = without_prefix(path).and_then(|(prefix, rest)| {
        let product = products.iter().find(|product| product.contains(rest))?;
        Some(format!(
            "Without `{prefix}` it would belong to {}: `{rest}`.",
            product.id()
        ))
    });
    let with = || {
        let first = products.first()?;
        Some(format!(
            "With a product's path in front it would belong to one, such as `{}{path}` to {}.",
            first.path(),
            first.id()
        ))
    };
    let more = without.or_else(with).unwrap_or_default();
    format!("The products' paths are: {list}. {more}")
}

/// The path lies in a product whose rules don't allow it.
fn within(method: &str, path: &str, product: &Product) -> Option<String> {
    let rule = |path: &str| {
        let readings = Readings::of(product.path(), path, []).ok()?;
        let rules = product.access();
        let method = Method::of(method);
        let is_of = |target: &Target| {
            let mut readings = readings.iter();
            readings.all(|path| target.is_allowed(rules.kind(), method, path))
        };
        let mut all = rules.rules()?.iter();
        let place = all.position(|rule| rule.targets.iter().any(is_of))?;
        Some(place.saturating_add(1))
    };
    // A rule that matches says enough: its conditions fail, or another rule denies.
    if rule(path).is_some() {
        return None;
    }
    let base = product.path();
    let begin = format!(
        "Routes in rules are relative to the product's path, `{}`.",
        path_of(product)
    );
    let other = path.strip_prefix(base).and_then(|inside| {
        let (prefix, rest) = without_prefix(inside)?;
        let other = [base, rest].concat();
        let place = rule(&other)?;
        Some(format!(
            " Without `{prefix}` rule {place} would match, as `{other}`. Should `path` of products/{} be \
             `{base}{prefix}`?",
            product.id()
        ))
    });
    Some(begin + &other.unwrap_or_default())
}

/// The first segment of a path, and the path behind it.
fn without_prefix(path: &str) -> Option<(&str, &str)> {
    let end = path.get(1..)?.find('/')?.saturating_add(1);
    path.split_at_checked(end)
}
