//! What a template can serve: products, and of each the routes that everyone may use.

use std::collections::BTreeMap;

use crate::api::Api;
use crate::template::{Template, TemplateError};

/// Where a product might be: what the API is like does not hang on it.
pub(crate) const SOMEWHERE: &str = "https://product.example.com";

/// A product that a template can serve, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServedProduct {
    /// Its id in the settings.
    pub id: String,
    /// The path that all of it lies below, such as `/jira`.
    pub path: String,
    /// Its routes that everyone may use once they are switched on.
    pub public: Vec<PublicSwitch>,
}

/// A parameter that makes a route public.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicSwitch {
    /// Its name, such as `JiraPublicStatus`; `true` switches the route on.
    pub parameter: String,
    /// The route, such as `GET /status`, below the product's path.
    pub route: String,
}

impl ServedProduct {
    /// All products of a template, in its order.
    ///
    /// # Errors
    ///
    /// When the template can't be evaluated.
    pub fn all(template: &Template) -> Result<Vec<Self>, TemplateError> {
        let mut all = Vec::new();
        for (id, base_url) in template.products() {
            let parameters = [(base_url.to_owned(), SOMEWHERE.to_owned())];
            let api = Api::read(&template.with(parameters.into()))?;
            if let Some(path) = api.path() {
                all.push(Self {
                    path: path.to_owned(),
                    public: PublicSwitch::all(template, &id, base_url)?,
                    id,
                });
            }
        }
        Ok(all)
    }
}

impl PublicSwitch {
    /// All switches of a product, found by what each does to the API.
    pub(crate) fn all(
        template: &Template,
        id: &str,
        base_url: &str,
    ) -> Result<Vec<Self>, TemplateError> {
        let names: Vec<&str> = template.parameters_of(id, "Public").collect();
        let public = |on: Option<&str>| {
            let mut parameters: BTreeMap<String, String> = names
                .iter()
                .map(|name| ((*name).to_owned(), (Some(*name) == on).to_string()))
                .collect();
            parameters.insert(base_url.to_owned(), SOMEWHERE.to_owned());
            let api = Api::read(&template.with(parameters))?;
            Ok(api.public_routes().collect::<Vec<_>>())
        };
        let always = public(None)?;
        let mut switches = Vec::new();
        for parameter in &names {
            let routes = public(Some(parameter))?;
            let routes = routes.into_iter().filter(|route| !always.contains(route));
            switches.extend(routes.map(|route| Self {
                parameter: (*parameter).to_owned(),
                route,
            }));
        }
        Ok(switches)
    }
}
