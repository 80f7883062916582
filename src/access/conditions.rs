//! Whom a rule is for.

use std::fmt::Display;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::document::RuleDocument;
use crate::document::problem::Report;
use crate::identity::Identity;
use crate::username::{folded, lowercase};
use crate::wildcard::is_match;

/// Whom a rule is for. Each list demands one of its entries, if it has any.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Conditions {
    /// Scopes of the token.
    pub scopes: Vec<String>,
    /// Groups of the caller.
    pub groups: Vec<String>,
    /// Ids of the providers that callers come by.
    pub providers: Vec<String>,
    /// Atlassian users, in lower case; `*` stands for any characters.
    pub users: Vec<String>,
    /// Networks that the request comes from.
    pub networks: Vec<IpNet>,
}

/// What a caller lacks.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Condition {
    /// None of the scopes.
    Scope,
    /// In none of the groups.
    Group,
    /// By none of the providers.
    Provider,
    /// None of the users.
    User,
    /// From none of the networks.
    Network,
}

impl Condition {
    /// Its name in the audit line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Group => "group",
            Self::Provider => "provider",
            Self::User => "user",
            Self::Network => "network",
        }
    }
}

/// The longest text of what a caller needs, in bytes.
const MAX_NEEDS: usize = 256;

/// Entries by the name of their field, as many as have room.
pub fn needs(field: &str, entries: &[impl Display]) -> String {
    const REST: &str = "...";
    let mut text = format!("{field}: ");
    for (place, entry) in entries.iter().enumerate() {
        let entry = entry.to_string();
        let separator = if place > 0 { ", " } else { "" };
        let more = [separator, entry.as_str()].concat();
        // The last needs no room for the mark behind it.
        let rest = if place.saturating_add(1) < entries.len() {
            ", ".len().saturating_add(REST.len())
        } else {
            0
        };
        let length = text.len().saturating_add(more.len()).saturating_add(rest);
        if length > MAX_NEEDS {
            text.push_str(separator);
            text.push_str(REST);
            break;
        }
        text.push_str(&more);
    }
    text
}

/// An IPv4 network that is written as an IPv6 one, as IPv4: the addresses to compare are converted
/// the same way (RFC 4291, section 2.5.5.2).
fn canonical(network: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let length = mapped.prefix_len().checked_sub(MAPPED);
    let own = mapped
        .addr()
        .to_ipv4_mapped()
        .zip(length)
        .and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    own.map_or(network, IpNet::V4)
}

impl Conditions {
    pub(super) fn resolve(raw: &mut RuleDocument, field: &str, report: &mut Report<'_>) -> Self {
        let mut networks = Vec::new();
        for text in raw.networks.take().unwrap_or_default() {
            // A single address is a network of its own.
            let network = text.parse::<IpNet>();
            match network.or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(canonical(network)),
                Err(_) => report.wrong(
                    &format!("{field}.networks"),
                    "expected networks such as `10.0.0.0/8` or `2001:db8::/32`",
                ),
            }
        }
        let users = raw.users.take().unwrap_or_default();
        if users.iter().any(|user| user.contains('?')) {
            report.wrong(
                &format!("{field}.users"),
                "expected Atlassian user names, with `*` for any characters and without `?`",
            );
        }
        Self {
            scopes: raw.scopes.take().unwrap_or_default(),
            groups: raw.groups.take().unwrap_or_default(),
            providers: raw.providers.take().unwrap_or_default(),
            // Atlassian tells no capital letters from small ones in user names.
            users: users
                .iter()
                .map(|user| lowercase(user).into_owned())
                .collect(),
            networks,
        }
    }

    /// The entries of a condition, of which a caller needs one, by the name of the field in the settings:
    /// `groups: a, b`. At most 256 bytes: what is left out is `...`.
    pub fn needs(&self, condition: Condition) -> String {
        match condition {
            Condition::Scope => needs("scopes", &self.scopes),
            Condition::Group => needs("groups", &self.groups),
            Condition::Provider => needs("providers", &self.providers),
            Condition::User => needs("users", &self.users),
            Condition::Network => needs("networks", &self.networks),
        }
    }

    /// Whether they hold for everyone.
    pub fn are_none(&self) -> bool {
        self.ask_nothing_of_identity() && self.networks.is_empty()
    }

    fn ask_nothing_of_identity(&self) -> bool {
        self.scopes.is_empty()
            && self.groups.is_empty()
            && self.providers.is_empty()
            && self.users.is_empty()
    }

    /// Whether they hold for a caller, or the first that does not. `None` is a caller whom nobody
    /// has verified, and an address that is not known.
    ///
    /// What is not known counts as `unknown`.
    ///
    /// # Errors
    ///
    /// What the caller lacks.
    pub fn hold(
        &self,
        identity: Option<&Identity>,
        source: Option<IpAddr>,
        unknown: bool,
    ) -> Result<(), Condition> {
        let from_networks = |source: IpAddr| self.networks.iter().any(|one| one.contains(&source));
        if !self.networks.is_empty() && !source.map_or(unknown, from_networks) {
            return Err(Condition::Network);
        }
        let Some(identity) = identity else {
            return self.hold_for_unverified(unknown);
        };
        let any = |wanted: &[String], held: &[String]| {
            wanted.is_empty() || wanted.iter().any(|one| held.contains(one))
        };
        let is_user = || {
            let name = identity.username.as_str();
            let is = |user: &str, name: &str| is_match(user.as_bytes(), name.as_bytes());
            let lower = lowercase(name);
            // Who is refused is so in all spellings.
            let is_folded = |user: &str| {
                unknown && !(name.is_ascii() && user.is_ascii()) && is(&folded(user), &folded(name))
            };
            let mut users = self.users.iter();
            users.any(|user| is(user, &lower) || is_folded(user))
        };
        let is_by_provider = || {
            self.providers
                .iter()
                .any(|id| id == identity.provider.as_str())
        };
        if !self.providers.is_empty() && !is_by_provider() {
            Err(Condition::Provider)
        } else if !self.users.is_empty() && !is_user() {
            Err(Condition::User)
        } else if !any(&self.groups, &identity.groups) {
            Err(Condition::Group)
        } else if !any(&self.scopes, &identity.scopes) {
            Err(Condition::Scope)
        } else {
            Ok(())
        }
    }

    fn hold_for_unverified(&self, unknown: bool) -> Result<(), Condition> {
        if unknown || self.ask_nothing_of_identity() {
            return Ok(());
        }
        Err(match self {
            Self { providers, .. } if !providers.is_empty() => Condition::Provider,
            Self { users, .. } if !users.is_empty() => Condition::User,
            Self { groups, .. } if !groups.is_empty() => Condition::Group,
            _ => Condition::Scope,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, Conditions, MAX_NEEDS, needs};

    #[test]
    fn what_a_caller_needs() {
        let conditions = Conditions {
            scopes: vec!["jira/read".to_owned()],
            groups: vec!["a".to_owned(), "b, c".to_owned()],
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            ..Conditions::default()
        };
        for (condition, text) in [
            (Condition::Scope, "scopes: jira/read"),
            (Condition::Group, "groups: a, b, c"),
            (Condition::Network, "networks: 10.0.0.0/8"),
        ] {
            assert_eq!(conditions.needs(condition), text);
        }
    }

    #[test]
    fn it_is_cut_at_whole_entries() {
        for (length, count, left) in [(20, 11, 11), (20, 12, 11), (20, 1_000, 11), (300, 1, 0)] {
            let text = needs("groups", &vec!["x".repeat(length); count]);
            assert!(text.len() <= MAX_NEEDS, "{length} {count}: {}", text.len());
            assert_eq!(text.ends_with("..."), left < count, "{text}");
            assert_eq!(text.matches(&"x".repeat(length)).count(), left, "{text}");
        }
    }
}
