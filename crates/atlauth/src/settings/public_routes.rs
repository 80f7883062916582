//! Public routes of settings, held against the template and the parameters of its stack: API Gateway
//! makes a route public, and the settings alone do not.

use std::path::Path;

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::problem::Problem;
use atlassian_authorizer::settings::Settings;
use local_gateway::{ParameterProblem, Parameters, PublicSwitch, ServedProduct, Template};

use crate::failure::{Failure, in_words};
use crate::gateway;

/// The parameters of a stack, and the file that they are in.
pub(super) struct Stack {
    file: String,
    parameters: Parameters,
    problems: Vec<ParameterProblem>,
}

impl Stack {
    pub(super) fn read(path: &Path, template: &Template) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::unavailable(format!("{file} can't be read: {}", in_words(&error)))
        })?;
        let (parameters, problems) = Parameters::read(&text, template)
            .map_err(|error| Failure::unavailable(format!("{file}: {error}")))?;
        Ok(Self {
            file,
            parameters,
            problems,
        })
    }

    /// How the API is set up in the stack.
    pub(super) fn deployment(&self, template: &Template) -> Result<Deployment, Failure> {
        Ok(self.parameters.deployment(template)?)
    }

    /// What is wrong with the file by itself.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        self.problems.iter().map(|problem| Problem {
            parameter: self.file.clone(),
            field: problem.name.clone(),
            message: problem.message.clone(),
        })
    }
}

/// Where settings, template and stack disagree about what is public.
pub(super) fn disagreements(
    settings: &Settings,
    template: &Template,
    served: &[ServedProduct],
    stack: Option<&Stack>,
) -> Vec<Problem> {
    let is_on =
        |stack: &Stack, switch: &PublicSwitch| stack.parameters.is_on(template, &switch.parameter);
    let mut problems = Vec::new();
    let mut wrong = |id: &str, field: String, message: String| {
        problems.push(Problem {
            parameter: format!("products/{id}"),
            field,
            message,
        });
    };
    for product in &settings.products {
        for (index, route) in gateway::public_routes(product).enumerate() {
            let placed = served
                .iter()
                .find_map(|one| Some((one, gateway::below(&route, &one.path)?)));
            let Some((one, below)) = placed else {
                // An API of one's own, which may do as it likes.
                continue;
            };
            let switch = one.public.iter().find(|switch| switch.route == below);
            let message = match (switch, stack) {
                (None, _) => format!(
                    "is a route that the template can't make public; expected {}, or an access rule instead",
                    switches(one)
                ),
                (Some(switch), Some(stack)) if !is_on(stack, switch) => {
                    let (name, file) = (&switch.parameter, &stack.file);
                    format!(
                        "is not public in the stack, because `{name}` in {file} is not `true`; set `{name}: \
                         \"true\"` there, or remove the route here"
                    )
                }
                _ => continue,
            };
            wrong(product.id(), format!("public[{index}]"), message);
        }
    }
    let Some(stack) = stack else {
        return problems;
    };
    for one in served {
        for switch in one.public.iter().filter(|switch| is_on(stack, switch)) {
            let is_it =
                |route: String| gateway::below(&route, &one.path).as_ref() == Some(&switch.route);
            let mut products = settings.products.iter();
            if products
                .clone()
                .any(|product| gateway::public_routes(product).any(is_it))
            {
                continue;
            }
            let holder = products.find(|product| product.contains(&one.path));
            let id = holder.map_or(one.id.as_str(), |product| product.id());
            let (name, file) = (&switch.parameter, &stack.file);
            wrong(
                id,
                "public".to_owned(),
                format!(
                    "lacks `{}` of {}, which `{name}` in {file} makes public; add it here, or set `{name}: \
                     \"false\"` there",
                    switch.route, one.path
                ),
            );
        }
    }
    problems
}

/// The routes that a template can make public, and by what.
fn switches(one: &ServedProduct) -> String {
    let switches = one.public.iter();
    let texts: Vec<String> = switches
        .map(|switch| {
            format!(
                "`{}` (the stack's parameter {})",
                switch.route, switch.parameter
            )
        })
        .collect();
    if texts.is_empty() {
        return "none of this product".to_owned();
    }
    texts.join(" or ")
}
