//! Which access rule decided.

use super::{Access, RuleReport};

/// Why the rules allow a request or not, in one sentence.
pub(crate) fn reason(access: Option<&Access>, allowed: bool) -> String {
    let Some(access) = access else {
        return "the path is in no product".to_owned();
    };
    let Some(rules) = &access.rules else {
        return without_rules(access, allowed);
    };
    let of = |effect: &str| {
        let rules = rules.iter().enumerate();
        rules
            .filter(|(_, rule)| rule.effect == effect && !rule.matching.is_empty())
            .map(|(place, rule)| (place.saturating_add(1), rule))
            .collect::<Vec<_>>()
    };
    let (allows, denies) = (of("allow"), of("deny"));
    let applying = |(_, rule): &&(usize, &RuleReport)| applies(rule);
    let first = allows.iter().find(applying);
    if allowed {
        return first.map_or_else(
            || "`basic_auth.allowed_paths` allows it".to_owned(),
            |(place, rule)| format!("rule {place} allows it: {}", rule.matching.join(", ")),
        );
    }
    if access.other_product {
        return "the token is for other products".to_owned();
    }
    if let Some((place, rule)) = denies.iter().find(applying) {
        return format!("rule {place} denies it: {}", rule.matching.join(", "));
    }
    match first {
        Some(_) if access.denied_by_spelling => {
            "the path is spelled in a way that every policy refuses".to_owned()
        }
        Some((place, _)) if access.read_only => {
            format!("rule {place} would allow it, but the token is read-only")
        }
        // Some limit of the credential, which the code tells.
        Some((place, _)) => format!("rule {place} would allow it"),
        None => match allows.first() {
            Some((place, rule)) => format!("rule {place} would allow it {}", condition(rule)),
            None => "no rule names this route".to_owned(),
        },
    }
}

fn without_rules(access: &Access, allowed: bool) -> String {
    let reason = if allowed {
        "there are no rules: whoever gets in may use the whole product"
    } else if access.other_product {
        "the token is for other products"
    } else if access.denied_by_spelling {
        "the path is spelled in a way that every policy refuses"
    } else if access.read_only {
        "the token is read-only"
    } else {
        "the credential may not be used for this"
    };
    reason.to_owned()
}

/// Whether a rule concerns the caller. Of one that nobody has verified, what a rule allows by scope
/// or group does not, and every deny does.
pub(crate) fn applies(rule: &RuleReport) -> bool {
    let unconditional = rule.scopes.is_empty() && rule.groups.is_empty();
    rule.applies
        .unwrap_or(rule.effect == "deny" || unconditional)
}

/// Whom a rule is for.
pub(crate) fn condition(rule: &RuleReport) -> String {
    let list = |name: &str, items: &[String]| {
        (!items.is_empty()).then(|| format!("{name} {}", items.join(" or ")))
    };
    let parts = [list("scope", &rule.scopes), list("group", &rule.groups)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "for everyone".to_owned()
    } else {
        format!("for {}", parts.join(" and "))
    }
}
