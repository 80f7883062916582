//! The algorithms that tokens may be signed with.

use std::fmt;

/// An asymmetric signature algorithm (RFC 7518, section 3.1; RFC 8037, section 3.1).
///
/// `jsonwebtoken`'s own list has no `ES512`, and has the HMAC family, which nothing here may verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// Ed25519.
    EdDSA,
}

impl Algorithm {
    /// All of them, in the order in which messages name them.
    pub const ALL: [Self; 10] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
    ];

    /// Those of RSA keys.
    pub(super) const RSA: [Self; 6] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
    ];

    /// Reads a name: those that `jsonwebtoken` knows, `ES512`, and RFC 9864's name of `EdDSA`.
    ///
    /// `None` for `none`, for the HMAC family, and for what is unknown.
    pub fn named(name: &str) -> Option<Self> {
        use jsonwebtoken::Algorithm as Known;

        match name {
            "ES512" => return Some(Self::ES512),
            "Ed25519" => return Some(Self::EdDSA),
            _ => {}
        }
        Some(match name.parse().ok()? {
            Known::RS256 => Self::RS256,
            Known::RS384 => Self::RS384,
            Known::RS512 => Self::RS512,
            Known::PS256 => Self::PS256,
            Known::PS384 => Self::PS384,
            Known::PS512 => Self::PS512,
            Known::ES256 => Self::ES256,
            Known::ES384 => Self::ES384,
            Known::EdDSA => Self::EdDSA,
            _ => return None,
        })
    }

    /// Its name in a token's header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Algorithm;

    #[test]
    fn names() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDSA));
        for name in [
            "", "none", "None", "HS256", "HS384", "HS512", "rs256", "RS256 ", "ES256K", "Ed448",
            "RSA-OAEP", "PS1", "RS1",
        ] {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }
}
