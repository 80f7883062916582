//! The paths of an API, and what is done with a request for one of them.

use std::collections::BTreeMap;

use axum::http::Method;

use super::Operation;

/// A path of the API.
pub(crate) struct Route {
    /// As the template has it, such as `/jira/{proxy+}`.
    pub(crate) resource: String,
    pub(super) methods: BTreeMap<String, Operation>,
}

/// What is done with a request.
pub(crate) struct Found<'a, 'p> {
    pub(crate) route: &'a Route,
    pub(crate) operation: &'a Operation,
    pub(crate) parameters: BTreeMap<&'a str, &'p str>,
}

/// What is done with a request: the most specific path that has its method decides. The routes are
/// in that order.
///
/// A path alone decides nothing: measured at API Gateway, a method that a specific path lacks goes to a
/// greedy one that has it.
///
/// Source: [ministack#1423](https://github.com/ministackorg/ministack/pull/1423).
pub(super) fn find<'a, 'p>(
    routes: &'a [Route],
    method: &Method,
    path: &'p str,
) -> Option<Found<'a, 'p>> {
    let exactly = |path: &'p str| {
        routes.iter().find_map(|route| {
            let parameters = route.parameters(path)?;
            let operation = route.operation(method)?;
            Some(Found {
                route,
                operation,
                parameters,
            })
        })
    };
    // No greedy path takes nothing at all: `/jira/` is `/jira`.
    exactly(path).or_else(|| exactly(path.strip_suffix('/')?))
}

impl Route {
    /// The path's parameters when it is of this route.
    fn parameters<'r, 'p>(&'r self, path: &'p str) -> Option<BTreeMap<&'r str, &'p str>> {
        let mut parameters = BTreeMap::new();
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in self.resource.strip_prefix('/')?.split('/') {
            let left = rest?;
            if let Some(name) = greedy_name(segment) {
                // API Gateway drops a slash at the end.
                let value = left.strip_suffix('/').filter(|value| !value.is_empty());
                parameters.insert(name, value.unwrap_or(left));
                return (!left.is_empty()).then_some(parameters);
            }
            let (found, after) = match left.split_once('/') {
                Some((found, after)) => (found, Some(after)),
                None => (left, None),
            };
            match variable_name(segment) {
                Some(name) => drop(parameters.insert(name, found)),
                None if segment == found => {}
                None => return None,
            }
            rest = after;
        }
        rest.is_none().then_some(parameters)
    }

    /// What the route does with a method: its own entry, or the one for any.
    fn operation(&self, method: &Method) -> Option<&Operation> {
        let own = self.methods.get(method.as_str());
        own.or_else(|| self.methods.get("ANY"))
    }

    /// Smaller for what is to be preferred: a text to a variable, and that to a greedy one.
    pub(super) fn order(&self) -> Vec<u8> {
        let segments = self.resource.split('/');
        segments
            .map(|segment| match segment {
                _ if greedy_name(segment).is_some() => 2,
                _ if variable_name(segment).is_some() => 1,
                _ => 0,
            })
            .collect()
    }
}

fn variable_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn greedy_name(segment: &str) -> Option<&str> {
    variable_name(segment)?.strip_suffix('+')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(resource: &str) -> Route {
        Route {
            resource: resource.to_owned(),
            methods: BTreeMap::new(),
        }
    }

    #[test]
    fn paths_and_their_parameters() {
        for (resource, path, expected) in [
            ("/jira", "/jira", Some(vec![])),
            ("/jira", "/jira/", None),
            ("/jira", "/jira/x", None),
            ("/jira/status", "/jira/status", Some(vec![])),
            ("/jira/status", "/jira/status/", None),
            ("/jira/status", "/jira/%73tatus", None),
            ("/jira/status", "/jira/Status", None),
            ("/jira/status", "/jira//status", None),
            ("/jira/{proxy+}", "/jira", None),
            ("/jira/{proxy+}", "/jira/", None),
            ("/jira/{proxy+}", "/jira//", Some(vec![("proxy", "/")])),
            ("/jira/{proxy+}", "/jira/x/", Some(vec![("proxy", "x")])),
            ("/jira/{proxy+}", "/jira/x//", Some(vec![("proxy", "x/")])),
            ("/jira/{proxy+}", "/jira/x/y", Some(vec![("proxy", "x/y")])),
            ("/jira/{key}/z", "/jira/x/z", Some(vec![("key", "x")])),
            ("/jira/{key}", "/jira/x/z", None),
            ("/", "/", Some(vec![])),
        ] {
            let route = route(resource);
            let found = route.parameters(path);
            let found = found.map(|found| found.into_iter().collect::<Vec<_>>());
            assert_eq!(found, expected, "{resource} {path}");
        }
    }

    #[test]
    fn what_is_specific_comes_first() {
        let mut routes = [
            "/jira/{proxy+}",
            "/jira/{key}/x",
            "/jira/rest/{proxy+}",
            "/jira/rest/api",
        ]
        .map(route);
        routes.sort_by_key(Route::order);
        let order = routes.map(|route| route.resource);
        assert_eq!(
            order,
            [
                "/jira/rest/api",
                "/jira/rest/{proxy+}",
                "/jira/{key}/x",
                "/jira/{proxy+}"
            ]
        );
    }
}
