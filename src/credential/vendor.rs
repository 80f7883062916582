//! Vendors whose tokens are told by their prefix.

/// A vendor whose tokens begin in a way of their own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Vendor {
    /// `gho_`, `ghu_`; older ones are forty hexadecimal digits.
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
    /// The vendor of a token with a known prefix.
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

    /// Whether a token is a vendor's personal or service account token, or a secret. These were not
    /// issued to an application, and no other provider may see them.
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

    /// Whether a token without a known prefix may be one of the vendor's. GitHub issued tokens of
    /// forty hexadecimal digits until 2021, and those of OAuth apps don't expire.
    pub fn may_have_issued(self, token: &str) -> bool {
        match self {
            Self::GitLab => true,
            Self::GitHub => {
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                token.len() == 40 && token.bytes().all(is_digit)
            }
            _ => false,
        }
    }

    /// Whether the beginning can be no other provider's.
    pub const fn prefix_is_unmistakable(self) -> bool {
        !matches!(self, Self::Facebook)
    }
}
