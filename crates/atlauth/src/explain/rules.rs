//! Which access rule decided.

use atlassian_authorizer::access::{BasicGrant, Condition, Ruling};

use super::{Access, RuleReport};

/// Why the rules allow a request or not, in one sentence.
///
/// `by_event` says whether the request is that of an event, whose address no option changes.
pub(crate) fn reason(access: Option<&Access>, allowed: bool, by_event: bool) -> String {
    let Some(access) = access else {
        return "the path belongs to no product".to_owned();
    };
    if let Some(why) = &access.unreadable {
        return format!("the path can't be read in one way that is safe: {why}");
    }
    let Some(ruling) = access.ruling else {
        return "the rules were not asked".to_owned();
    };
    let lacking = |place: usize, lacks| lacking(access, place, lacks, by_event);
    let rules = access.rules.as_deref();
    let rule = |place: usize| rules.and_then(|rules| rules.get(place));
    let number = |place: usize| place.saturating_add(1);
    let matching = |place| rule(place).map_or_else(String::new, |rule| rule.matching.join(", "));
    match ruling {
        Ruling::Allowed(Some(place)) if allowed => {
            format!("rule {} allows it: {}", number(place), matching(place))
        }
        Ruling::Allowed(Some(place)) => format!("rule {} would allow it", number(place)),
        Ruling::Allowed(None) if rules.is_some() => {
            "`basic_auth.allowed_paths` allows it".to_owned()
        }
        Ruling::Allowed(None) => {
            "there are no rules: every authenticated caller may use the whole product".to_owned()
        }
        Ruling::Denied(place, None) => {
            format!("rule {} denies it: {}", number(place), matching(place))
        }
        Ruling::Denied(place, Some(lacks)) => format!(
            "rule {} is {} only{}: {}",
            number(place),
            rule(place).map(condition).unwrap_or_default(),
            lacking(place, lacks),
            matching(place),
        ),
        Ruling::Lacking(place, lacks) => format!(
            "rule {} would allow it {}{}",
            number(place),
            rule(place).map(condition).unwrap_or_default(),
            lacking(place, lacks)
        ),
        Ruling::Unnamed if access.basic == Some(BasicGrant::OnSomePaths) => {
            "the user is not in `basic_auth.allowed_users`, and `basic_auth.allowed_paths` does not have \
             this path"
                .to_owned()
        }
        Ruling::Unnamed => "no rule names this route".to_owned(),
        Ruling::ReadOnly => match first_allow(rules.unwrap_or_default()) {
            Some(place) => format!(
                "rule {} would allow it, but the token is read-only",
                number(place)
            ),
            None => "the token is read-only".to_owned(),
        },
        Ruling::OtherProduct => "the token is for other products".to_owned(),
    }
}

fn first_allow(rules: &[RuleReport]) -> Option<usize> {
    let allows = |rule: &RuleReport| rule.effect != "deny" && !rule.matching.is_empty();
    rules.iter().position(|rule| allows(rule) && applies(rule))
}

/// What is lacking, where that does not go without saying.
fn lacking(access: &Access, place: usize, lacks: Condition, by_event: bool) -> String {
    let rules = access.rules.as_deref().unwrap_or_default();
    let several = rules.get(place).is_some_and(|rule| parts(rule).len() > 1);
    let missing = several.then(|| format!("missing: {}", lacks.as_str()));
    let more = match (lacks, &access.source_ip) {
        (Condition::Network, Some(address)) => {
            let other = if by_event {
                ""
            } else {
                "; --source-ip gives another address"
            };
            Some(format!("the request comes from {address}{other}"))
        }
        (Condition::Network, None) => Some("the event has no address".to_owned()),
        _ if access.basic.is_some() => {
            Some("Basic credentials have no scope, group, provider or verified user".to_owned())
        }
        _ => None,
    };
    let all: Vec<String> = missing.into_iter().chain(more).collect();
    if all.is_empty() {
        String::new()
    } else {
        format!(" ({})", all.join("; "))
    }
}

/// Whether a rule concerns the caller. Of one that nobody has verified, what a rule allows under
/// conditions does not, and every deny does.
pub(crate) fn applies(rule: &RuleReport) -> bool {
    rule.applies
        .unwrap_or(rule.effect == "deny" || parts(rule).is_empty())
}

/// Whom a rule is for.
pub(crate) fn condition(rule: &RuleReport) -> String {
    let parts = parts(rule);
    if parts.is_empty() {
        "for everyone".to_owned()
    } else {
        format!("for {}", parts.join(" and "))
    }
}

fn parts(rule: &RuleReport) -> Vec<String> {
    let list = |name: &str, items: &[String]| {
        (!items.is_empty()).then(|| format!("{name} {}", items.join(" or ")))
    };
    let parts = [
        list("scope", &rule.scopes),
        list("group", &rule.groups),
        list("provider", &rule.providers),
        list("user", &rule.users),
        list("network", &rule.networks),
    ];
    parts.into_iter().flatten().collect()
}
