//! Keys that name the issuer that they are for.
//!
//! Microsoft Entra ID publishes keys of several issuers in one set, and says of each whose it is: a
//! token is valid only where that is its own issuer
//! ([access tokens](https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer)).

/// Stands for a tenant's id in the names of issuers.
const TENANT: &str = "{tenantid}";
/// The issuer of version 1.0 tokens, before the tenant's id.
const VERSION_1: &str = "https://sts.windows.net/";

/// The `issuer` of a key: a name, or one with a place for a tenant's id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct KeyIssuer(String);

impl KeyIssuer {
    /// Of a key's member; `None` for an empty one, which names nobody.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.trim();
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key verifies tokens of this issuer.
    ///
    /// A tenant has two issuers and one set of keys: only those of version 2.0 name theirs, so a token
    /// of version 1.0 is one of the tenant's issuer of version 2.0, too.
    pub(super) fn is(&self, issuer: &str) -> bool {
        let matches = |issuer: &str| match self.0.contains(TENANT) {
            false => self.0 == issuer,
            true => fills(&self.0, issuer),
        };
        matches(issuer) || version_2(issuer).is_some_and(|issuer| matches(&issuer))
    }
}

/// The issuer of version 2.0 tokens of the tenant whose issuer of version 1.0 this is.
fn version_2(issuer: &str) -> Option<String> {
    let tenant = issuer.strip_prefix(VERSION_1)?.strip_suffix('/')?;
    is_tenant(tenant).then(|| format!("https://login.microsoftonline.com/{tenant}/v2.0"))
}

/// Whether a name is this template with one tenant's id in each of its places.
fn fills(template: &str, name: &str) -> bool {
    let mut parts = template.split(TENANT);
    let before = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(before) else {
        return false;
    };
    let Some(tenant) = rest.get(..36).filter(|tenant| is_tenant(tenant)) else {
        return false;
    };
    for part in parts {
        let Some(next) = rest
            .strip_prefix(tenant)
            .and_then(|rest| rest.strip_prefix(part))
        else {
            return false;
        };
        rest = next;
    }
    rest.is_empty()
}

/// A GUID, as Microsoft writes them.
fn is_tenant(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::KeyIssuer;

    const A: &str = "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b";
    const B: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

    #[test]
    fn an_issuer_and_a_template() {
        for (key, token, holds) in [
            ("https://idp.example.com", "https://idp.example.com", true),
            ("https://idp.example.com", "https://idp.example.com/", false),
            (
                "https://idp.example.com",
                "https://other.example.com",
                false,
            ),
            (" https://idp.example.com ", "https://idp.example.com", true),
            // A tenant's own endpoint names the tenant, the common one has a place for it.
            (
                "https://login.microsoftonline.com/A/v2.0",
                "https://login.microsoftonline.com/A/v2.0",
                true,
            ),
            (
                "https://login.microsoftonline.com/A/v2.0",
                "https://login.microsoftonline.com/B/v2.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/A/v2.0",
                true,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/A/v1.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/A/x/v2.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/A/v2.0/v2.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com//v2.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/common/v2.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://evil.example/A/v2.0",
                false,
            ),
            // Entra External ID.
            (
                "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0",
                "https://A.ciamlogin.com/A/v2.0",
                true,
            ),
            (
                "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0",
                "https://A.ciamlogin.com/B/v2.0",
                false,
            ),
            ("{tenantid}", "A", true),
            // Version 1.0.
            (
                "https://sts.windows.net/{tenantid}/",
                "https://sts.windows.net/A/",
                true,
            ),
            (
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://sts.windows.net/A/",
                true,
            ),
            (
                "https://login.microsoftonline.com/A/v2.0",
                "https://sts.windows.net/A/",
                true,
            ),
            (
                "https://login.microsoftonline.com/A/v2.0",
                "https://sts.windows.net/B/",
                false,
            ),
            (
                "https://login.microsoftonline.com/A/v2.0",
                "https://sts.windows.net/A",
                false,
            ),
            (
                "https://sts.windows.net/A/",
                "https://login.microsoftonline.com/A/v2.0",
                false,
            ),
            // Another language's characters where the tenant's id should end.
            ("{tenantid}", "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9aé", false),
        ] {
            let real = |text: &str| {
                let words = |text: &str| {
                    text.replace("/A", &format!("/{A}"))
                        .replace("/B", &format!("/{B}"))
                };
                if text == "A" {
                    A.to_owned()
                } else {
                    words(text)
                }
            };
            let key_issuer = KeyIssuer::of(&real(key)).unwrap();
            assert_eq!(key_issuer.is(&real(token)), holds, "{key} {token}");
        }
        assert_eq!(KeyIssuer::of(""), None);
        assert_eq!(KeyIssuer::of(" "), None);
    }
}
