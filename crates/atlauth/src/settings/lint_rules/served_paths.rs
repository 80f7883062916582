//! Products whose paths the template does not serve.

use atlassian_authorizer::document::{ProductKind, Tree};
use atlassian_authorizer::product::Product;
use atlassian_authorizer::settings::{Advice, Settings};
use local_gateway::ServedProduct;

use crate::gateway::path_of;

pub(super) fn lint(
    settings: &Settings,
    tree: &Tree,
    served: &[ServedProduct],
    advice: &mut Vec<Advice>,
) {
    for product in &settings.products {
        let name = format!("products/{}", product.id());
        // Without products in the settings there is one all the same, and nobody has chosen its path.
        let is_written = tree.documents().contains_key(&name);
        let expected = expected(product, served);
        if !is_written || expected.contains(&product.path()) {
            continue;
        }
        let list = |paths: &[&str]| {
            let quoted: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
            quoted.join(", ")
        };
        let all: Vec<&str> = served.iter().map(|one| one.path.as_str()).collect();
        advice.push(
            Advice::new("path_not_served", name, "path")
                .why(format!(
                    "is `{}`, where the template serves nothing of this product: its paths are {}",
                    path_of(product),
                    list(&all)
                ))
                .instead(format!(
                    "{}, unless the API is one of your own",
                    list(&expected)
                )),
        );
    }
}

/// Where the template serves a product: by its id, else by its kind; any path for a product of no kind.
fn expected<'s>(product: &Product, served: &'s [ServedProduct]) -> Vec<&'s str> {
    let kind = product.access().kind().map(ProductKind::as_str);
    let of = |id: &str| served.iter().find(|one| one.id == id);
    match of(product.id()).or_else(|| of(kind?)) {
        Some(one) => vec![one.path.as_str()],
        None => served.iter().map(|one| one.path.as_str()).collect(),
    }
}
