//! Vendors whose tokens are told by their prefix.

/// A vendor whose tokens begin in a way of their own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Vendor {
    /// `gho_`, `ghu_`.
    GitHub,
    /// None for OAuth; personal tokens begin with `glpat-`.
    GitLab,
    /// `ya29.`.
    Google,
    /// `xoxp-`, `xoxe.xoxp-`.
    Slack,
    /// `EAA`.
    Facebook,
}

impl Vendor {
    /// The vendor of a token with a known beginning.
    pub fn of(token: &str) -> Option<Self> {
        const KNOWN: [(&str, Vendor); 7] = [
            ("gho_", Vendor::GitHub),
            ("ghu_", Vendor::GitHub),
            ("ya29.", Vendor::Google),
            ("xoxp-", Vendor::Slack),
            ("xoxb-", Vendor::Slack),
            ("xoxe.", Vendor::Slack),
            ("EAA", Vendor::Facebook),
        ];
        KNOWN
            .iter()
            .find(|(prefix, _)| token.starts_with(prefix))
            .map(|(_, vendor)| *vendor)
    }

    /// Whether a token is a vendor's personal or machine token, or a secret. No application is
    /// behind these that they could be bound to, and no other provider is to see them.
    pub fn is_personal_or_machine(token: &str) -> bool {
        const PREFIXES: [&str; 10] = [
            "ghp_",
            "github_pat_",
            "ghs_",
            "ghr_",
            "glpat-",
            "glcbt-",
            "gldt-",
            "gloas-",
            "xapp-",
            "xoxe-",
        ];
        PREFIXES.iter().any(|prefix| token.starts_with(prefix))
    }

    /// Whether each of the vendor's access tokens has the known beginning, so that it need not be
    /// asked about any other.
    pub const fn always_has_prefix(self) -> bool {
        !matches!(self, Self::GitLab)
    }

    /// Whether the beginning can be no other provider's.
    pub const fn prefix_is_unmistakable(self) -> bool {
        !matches!(self, Self::Facebook)
    }
}
