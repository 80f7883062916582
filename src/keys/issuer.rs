//! Keys that name the issuer that they are for.
//!
//! Microsoft Entra ID publishes keys of several issuers in one set, and says of each whose it is: a
//! token is valid only where that is its own issuer
//! ([access tokens](https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer)).

/// Stands for a tenant's id in the names of issuers.
const TENANT: &str = "{tenantid}";
/// Hosts of version 1.0's issuers, each with those of version 2.0 for the same tenants, by
/// [cloud](https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud).
const VERSIONS: [(&str, &[&str]); 2] = [
    (
        "sts.windows.net",
        &["login.microsoftonline.com", "login.microsoftonline.us"],
    ),
    (
        "sts.chinacloudapi.cn",
        &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    ),
];

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
        let matches = |issuer: &str| {
            if self.0.contains(TENANT) {
                fills(&self.0, issuer)
            } else {
                self.0 == issuer
            }
        };
        matches(issuer) || version_2(issuer).any(|issuer| matches(&issuer))
    }
}

/// The issuers of version 2.0 tokens of the tenant whose issuer of version 1.0 this is.
fn version_2(issuer: &str) -> impl Iterator<Item = String> {
    let parts = issuer
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix('/'))
        .and_then(|rest| rest.split_once('/'))
        .filter(|(_, tenant)| is_tenant(tenant));
    parts.into_iter().flat_map(|(host, tenant)| {
        let hosts = VERSIONS.iter().filter(move |(first, _)| *first == host);
        hosts
            .flat_map(|(_, second)| *second)
            .map(move |host| format!("https://{host}/{tenant}/v2.0"))
    })
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

    /// A key's issuer, a token's, and whether the key is for it. `A` and `B` are two tenants, `E` is
    /// `https://login.microsoftonline.com` and `T` is `{tenantid}`.
    const TABLE: &str = "
        https://idp.example.com     https://idp.example.com     yes
        https://idp.example.com     https://idp.example.com/    no
        https://idp.example.com/    https://idp.example.com     no
        https://idp.example.com     https://other.example.com   no
        # A tenant's own endpoint names the tenant, the common one has a place for it.
        E/A/v2.0   E/A/v2.0         yes
        E/A/v2.0   E/B/v2.0         no
        E/T/v2.0   E/A/v2.0         yes
        E/T/v2.0   E/B/v2.0         yes
        E/T/v2.0   E/A/v1.0         no
        E/T/v2.0   E/A/x/v2.0       no
        E/T/v2.0   E/A/v2.0/v2.0    no
        E/T/v2.0   E/A/v2.0/        no
        E/T/v2.0   E/A              no
        E/T/v2.0   E//v2.0          no
        E/T/v2.0   E/common/v2.0    no
        E/T/v2.0   E/T/v2.0         no
        E/T/v2.0   E/A,/v2.0        no
        E/T/v2.0   https://evil.example/A/v2.0      no
        E/T/v2.0   https://evil.example/E/A/v2.0    no
        T          A                yes
        T          AA               no
        # Another language's characters where the tenant's id should end.
        T          8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9aé     no
        # Entra External ID.
        https://T.ciamlogin.com/T/v2.0    https://A.ciamlogin.com/A/v2.0    yes
        https://T.ciamlogin.com/T/v2.0    https://A.ciamlogin.com/B/v2.0    no
        # Version 1.0, whose issuers are others; its own set of keys names none.
        https://sts.windows.net/T/    https://sts.windows.net/A/    yes
        E/T/v2.0    https://sts.windows.net/A/    yes
        E/A/v2.0    https://sts.windows.net/A/    yes
        E/A/v2.0    https://sts.windows.net/B/    no
        E/A/v2.0    https://sts.windows.net/A     no
        E/A/v2.0    http://sts.windows.net/A/     no
        E/T/v2.0    https://sts.windows.net.evil.example/A/    no
        https://sts.windows.net/A/    E/A/v2.0    no
        # National clouds.
        https://login.microsoftonline.us/T/v2.0            https://sts.windows.net/A/         yes
        https://login.partner.microsoftonline.cn/T/v2.0    https://sts.chinacloudapi.cn/A/    yes
        https://login.partner.microsoftonline.cn/T/v2.0    https://sts.windows.net/A/         no
        E/T/v2.0    https://login.microsoftonline.us/A/v2.0    no
    ";

    #[test]
    fn issuers_and_templates() {
        let written_out = |text: &str| {
            let text = text.replacen("E/", "https://login.microsoftonline.com/", 1);
            text.replace('A', "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b")
                .replace('B', "9188040d-6c67-4c5b-b112-36a304b66dad")
                .replace('T', "{tenantid}")
        };
        let rows = TABLE.lines().map(str::trim);
        for line in rows.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let [key, token, holds] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let issuer = KeyIssuer::of(&written_out(key)).unwrap();
            assert_eq!(issuer.is(&written_out(token)), holds == "yes", "{line}");
        }
    }

    #[test]
    fn an_empty_issuer_names_nobody() {
        assert_eq!(KeyIssuer::of(""), None);
        assert_eq!(KeyIssuer::of(" "), None);
        let spaced = KeyIssuer::of(" https://idp.example.com ").unwrap();
        assert!(spaced.is("https://idp.example.com"));
    }
}
