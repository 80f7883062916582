//! The decision by the words of the design, without thought for speed. Nothing here calls what is
//! tested; the lists of the sets alone are the same.

use serde_json::Value;

use super::random::Caller;
use super::slow_readings::readings;
use crate::access::BasicGrant;
use crate::document::ProductKind;
use crate::route::raw_lists;

/// The product that is asked.
pub(super) struct Asked<'a> {
    pub(super) kind: Option<ProductKind>,
    pub(super) id: &'a str,
    /// Without a slash at its end.
    pub(super) product: &'a str,
    pub(super) access: &'a Value,
    /// Where Basic credentials are passed through to, in the product.
    pub(super) basic: &'a [String],
}

/// What is decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Allowed,
    /// By the rule at this place.
    Denied(usize),
    Refused,
}

/// What a rule means to a caller.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Meaning {
    Allows,
    Denies,
    Nothing,
}

impl Asked<'_> {
    pub(super) fn decide(&self, caller: &Caller, method: &str, path: &str) -> Verdict {
        let Some(readings) = readings(self.product, path) else {
            return Verdict::Refused;
        };
        let is_for_others = !caller.products.is_empty() && !caller.products.contains(&self.id);
        if caller.basic.is_none() && is_for_others {
            return Verdict::Refused;
        }
        let nothing = Vec::new();
        let rules = self.access.as_array().unwrap_or(&nothing);
        let mut meanings = rules.iter().map(|rule| meaning(rule, caller)).zip(rules);
        let denies = |(meaning, rule): (Meaning, &Value)| {
            let mut texts = texts(rule, &["deny", "only"]);
            meaning == Meaning::Denies
                && texts.any(|text| {
                    let mut readings = readings.iter();
                    readings.any(|path| is_denied(self.kind, text, method, path))
                })
        };
        if let Some(place) = meanings.position(denies) {
            return Verdict::Denied(place);
        }
        let is_allowed = |path: &String| {
            if caller.basic == Some(BasicGrant::OnSomePaths) {
                let known = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
                let mut basic = self.basic.iter();
                return known.contains(&method) && basic.any(|route| like(route, path, false));
            }
            let mut allowing = rules
                .iter()
                .filter(|rule| meaning(rule, caller) == Meaning::Allows);
            self.access.is_null()
                || allowing.any(|rule| {
                    let mut texts = texts(rule, &["allow", "only"]);
                    texts.any(|text| is_allowed(self.kind, text, method, path))
                })
        };
        let reads = |path: &String| is_allowed_set(self.kind, "@read", method, path);
        let only_reads = caller.basic.is_none() && caller.read_only;
        if readings.iter().all(is_allowed) && (!only_reads || readings.iter().all(reads)) {
            Verdict::Allowed
        } else {
            Verdict::Refused
        }
    }
}

fn texts<'r>(rule: &'r Value, names: &[&str]) -> impl Iterator<Item = &'r str> {
    let lists: Vec<&Value> = names.iter().filter_map(|name| rule.get(name)).collect();
    let texts = lists.into_iter().filter_map(Value::as_array).flatten();
    texts.filter_map(Value::as_str)
}

fn meaning(rule: &Value, caller: &Caller) -> Meaning {
    let holds = |unknown| conditions_hold(rule, caller, unknown);
    if rule.get("deny").is_some() {
        // What is not known of a caller denies.
        if holds(true) {
            Meaning::Denies
        } else {
            Meaning::Nothing
        }
    } else if holds(false) {
        Meaning::Allows
    } else if rule.get("only").is_some() {
        Meaning::Denies
    } else {
        Meaning::Nothing
    }
}

fn conditions_hold(rule: &Value, caller: &Caller, unknown: bool) -> bool {
    let demands = |name: &str, is_met: &dyn Fn(&str) -> bool, is_known: bool| {
        let names = [name];
        let mut wanted = texts(rule, &names).peekable();
        wanted.peek().is_none()
            || if is_known {
                wanted.any(is_met)
            } else {
                unknown
            }
    };
    let verified = caller.basic.is_none();
    let name = caller.username.to_ascii_lowercase();
    let is_user = |user: &str| like(&user.to_ascii_lowercase(), &name, false);
    let networks = caller.source.networks;
    demands("scopes", &|one| caller.scopes.contains(&one), verified)
        && demands("groups", &|one| caller.groups.contains(&one), verified)
        && demands("providers", &|one| one == caller.provider, verified)
        && demands("users", &is_user, verified)
        && demands(
            "networks",
            &|one| networks.contains(&one),
            caller.source.is_known,
        )
}

/// What a path is to a deny: itself, and less what Atlassian drops at its end.
fn shorter(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    loop {
        let last = all.last().unwrap();
        let lower = last.to_ascii_lowercase();
        let mut endings = ["/", ".json", ".xml"].into_iter();
        let Some(ending) = endings.find(|one| lower.ends_with(one)) else {
            return all;
        };
        if last.len() == ending.len() {
            return all;
        }
        all.push(last[..last.len() - ending.len()].to_owned());
    }
}

pub(super) fn is_denied(kind: Option<ProductKind>, text: &str, method: &str, path: &str) -> bool {
    let is_of = |path: &String| match text {
        "@admin" => is_admin(kind, method, path, true),
        "@git" => any(raw_lists(kind)[4], method, path, true),
        "@read" | "@write" => is_class(kind, text, method, path, true),
        _ => {
            let (methods, route) = text.split_once(' ').unwrap_or(("$connect", ""));
            let below = format!("{}/*", route.trim_end_matches('/'));
            (methods == "*" || methods == method || (methods == "GET" && method == "HEAD"))
                && methods != "$connect"
                && (like(route, path, true)
                    || like(route.trim_end_matches('/'), path, true)
                    || (!route.ends_with('*') && like(&below, path, true)))
        }
    };
    shorter(path).iter().any(is_of)
}

fn is_allowed(kind: Option<ProductKind>, text: &str, method: &str, path: &str) -> bool {
    match text.split_once(' ') {
        None => is_allowed_set(kind, text, method, path),
        Some((methods, route)) => {
            let known = "GET HEAD OPTIONS POST PUT PATCH DELETE";
            let methods = if methods == "*" { known } else { methods };
            methods.split(' ').any(|one| one == method) && like(route, path, false)
        }
    }
}

fn is_allowed_set(kind: Option<ProductKind>, text: &str, method: &str, path: &str) -> bool {
    match text {
        "@admin" => is_admin(kind, method, path, false),
        "@git" => any(raw_lists(kind)[4], method, path, false),
        "@read" | "@write" => is_class(kind, text, method, path, false),
        _ => false,
    }
}

fn is_class(kind: Option<ProductKind>, set: &str, method: &str, path: &str, fold: bool) -> bool {
    let [_, _, read, write, ..] = raw_lists(kind);
    let reads = any(read, method, path, fold);
    let writes = !reads && any(write, method, path, fold);
    !is_admin(kind, method, path, true) && if set == "@read" { reads } else { writes }
}

fn is_admin(kind: Option<ProductKind>, method: &str, path: &str, fold: bool) -> bool {
    let [admin, not_admin, ..] = raw_lists(kind);
    shorter(path)
        .iter()
        .any(|path| any(admin, method, path, fold) && !any(not_admin, method, path, fold))
}

fn any(list: &[(&str, &str)], method: &str, path: &str, fold: bool) -> bool {
    list.iter().any(|(methods, pattern)| {
        methods.split(' ').any(|one| {
            one == "*" || one == method || (one == "GET" && ["HEAD", "OPTIONS"].contains(&method))
        }) && like(pattern, path, fold)
    })
}

/// Whether a path is one of a pattern's.
pub(super) fn like(pattern: &str, path: &str, fold: bool) -> bool {
    if let Some(rest) = pattern.strip_prefix('*') {
        let mut ends = (0..=path.len()).filter(|end| path.is_char_boundary(*end));
        return rest.is_empty() || ends.any(|end| like(rest, &path[end..], fold));
    }
    if let Some((name, rest)) = pattern
        .strip_prefix('{')
        .and_then(|one| one.split_once('}'))
    {
        let segment = path.split('/').next().unwrap();
        let mut numbers = segment.split('.');
        let is_version = segment.eq_ignore_ascii_case("latest")
            || numbers.all(|one| !one.is_empty() && one.bytes().all(|c| c.is_ascii_digit()));
        return !segment.is_empty()
            && (name != "version" || is_version)
            && like(rest, &path[segment.len()..], fold);
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            (one == other || (fold && one.eq_ignore_ascii_case(&other)))
                && like(&pattern[one.len_utf8()..], &path[other.len_utf8()..], fold)
        }
        _ => false,
    }
}
