//! What `atlauth local` says of settings that the template does not serve as they are.

use atlassian_authorizer::product::Product;
use local_gateway::{Api, Upstream};

use crate::gateway;
use crate::ui::{Tone, Ui};

/// What to say of a product before it is tried out.
#[derive(Debug)]
pub(super) enum Remark {
    /// The settings have of it what the template does not serve.
    Warning(String),
    /// It is part of another product of the settings.
    Note(String),
}

impl Remark {
    pub(super) fn say(&self, ui: &Ui) {
        match self {
            Self::Warning(text) => {
                ui.note(&format!("{} {text}", ui.paint(Tone::Warning, "warning:")));
            }
            Self::Note(text) => ui.note(text),
        }
    }
}

/// How the settings' path of a product differs from the one that is served.
pub(super) fn remark(id: &str, served: &str, product: &Product) -> Option<Remark> {
    let path = gateway::path_of(product);
    if product.path() == served {
        None
    } else if product.id() == id {
        Some(Remark::Warning(format!(
            "products/{id}: path: is `{path}`, but the template serves `{served}`; expected `{served}`.\n  \
             As in a deployment, paths outside `{served}` get a 404, and paths below it are decided with \
                 `{path}`."
        )))
    } else {
        Some(Remark::Note(format!(
            "`{served}` belongs to the product `{}`, whose path is `{path}`: the settings have no product \
             `{id}`.",
            product.id()
        )))
    }
}

/// Routes that everyone may use by the settings, and nobody by the template.
pub(super) fn not_public(upstream: &Upstream, api: &Api) -> Vec<Remark> {
    let public: Vec<String> = api.public_routes().collect();
    let list = public
        .iter()
        .map(|route| format!("`{route}`"))
        .collect::<Vec<_>>();
    let but = if list.is_empty() {
        String::new()
    } else {
        format!(" but {}", list.join(", "))
    };
    upstream
        .public
        .iter()
        .filter(|route| !public.contains(route))
        .map(|route| {
            Remark::Warning(format!(
                "products/{}: public: the template can't make `{route}` public.\n  \
                 As in a deployment, the authorizer is asked, and a request without a credential gets a 401. \
                 Nothing{but} is public here.",
                upstream.id
            ))
        })
        .collect()
}
