//! Products whose paths the template does not serve.

use atlassian_authorizer::document::{ProductKind, Tree};
use atlassian_authorizer::product::Product;
use atlassian_authorizer::settings::{Settings, Warning};
use local_gateway::ServedProduct;

use crate::gateway::path_of;

pub(super) fn lint(
    settings: &Settings,
    tree: &Tree,
    served: &[ServedProduct],
    warnings: &mut Vec<Warning>,
) {
    for product in &settings.products {
        let name = format!("products/{}", product.id());
        // Settings without products have a default one, whose path nobody has chosen.
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
        warnings.push(
            Warning::new("path_not_served", name, "path")
                .why(format!(
                    "is `{}`, where the template does not serve this product: the paths of the template are {}",
                    path_of(product),
                    list(&all)
                ))
                .instead(format!(
                    "use {}, unless you have an API of your own",
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
