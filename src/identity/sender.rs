//! Who sent a token that stands for nobody, as far as that is known.

use super::Identity;
use crate::claims::AuthMethod;
use crate::document::ProviderId;
use crate::username::is_hidden;

/// A text for the audit line, of at most [`AuditText::LONGEST`] bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditText(Box<str>);

impl AuditText {
    /// The longest, in bytes.
    pub const LONGEST: usize = 256;

    /// What others wrote, with `?` for each character that is not printable ASCII; `None` where it is
    /// empty.
    pub fn new(text: &str) -> Option<Self> {
        let is_clean = text.len() <= Self::LONGEST && text.bytes().all(is_printable);
        let clean = |one: char| u8::try_from(one).is_ok_and(is_printable);
        let text: Box<str> = if is_clean {
            text.into()
        } else {
            let all = text.chars().take(Self::LONGEST);
            all.map(|one| if clean(one) { one } else { '?' }).collect()
        };
        (!text.is_empty()).then_some(Self(text))
    }

    /// An id that is verified, with letters of any script, so that it is spelled as in lines of requests
    /// that were allowed; `?` stands for what can't be seen.
    pub fn verified(text: &str) -> Option<Self> {
        let mut id = String::new();
        for one in text.chars() {
            let one = if one.is_control() || is_hidden(one) {
                '?'
            } else {
                one
            };
            if id.len().saturating_add(one.len_utf8()) > Self::LONGEST {
                break;
            }
            id.push(one);
        }
        (!id.is_empty()).then(|| Self(id.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many bytes it holds on to.
    pub(super) fn weight(text: Option<&Self>) -> usize {
        text.map_or(0, |text| text.0.len())
    }
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Who sent a token that stands for nobody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sender {
    /// A signature held, the provider vouched for the token, or a secret was shown.
    Verified(Box<VerifiedSender>),
    /// What a JWT names as its issuer. Nobody has verified it.
    Unverified {
        /// The issuer.
        unverified_issuer: AuditText,
    },
}

/// What is verified of a token that was refused all the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedSender {
    /// The provider whose token it is.
    pub provider: ProviderId,
    /// How the token was verified.
    pub auth_method: AuthMethod,
    /// The subject (`sub`).
    pub principal: Option<AuditText>,
    /// The client that the token was issued to.
    pub client_id: Option<AuditText>,
    /// The token's id (`jti`).
    pub token_id: Option<AuditText>,
    /// Who has issued the token (`iss`).
    pub issuer: Option<AuditText>,
    /// Who acts for the subject (`act`).
    pub act: Option<AuditText>,
}

impl VerifiedSender {
    /// The sender of a token that stood for this caller before.
    pub fn of(identity: &Identity) -> Self {
        Self {
            provider: identity.provider.clone(),
            auth_method: identity.auth_method,
            principal: AuditText::verified(&identity.principal),
            client_id: identity.client_id.as_deref().and_then(AuditText::verified),
            token_id: identity.token_id.as_deref().and_then(AuditText::verified),
            issuer: identity.issuer.clone(),
            act: identity.act.clone(),
        }
    }
}

impl Sender {
    /// The sender of a JWT that names this issuer.
    pub fn unverified(issuer: &str) -> Option<Self> {
        let unverified_issuer = AuditText::new(issuer)?;
        Some(Self::Unverified { unverified_issuer })
    }

    /// Roughly how many bytes it holds on to.
    pub(crate) fn weight(&self) -> usize {
        let texts = match self {
            Self::Unverified { unverified_issuer } => AuditText::weight(Some(unverified_issuer)),
            Self::Verified(sender) => [
                &sender.principal,
                &sender.client_id,
                &sender.token_id,
                &sender.issuer,
                &sender.act,
            ]
            .into_iter()
            .map(|text| AuditText::weight(text.as_ref()))
            .fold(size_of::<VerifiedSender>(), usize::saturating_add),
        };
        texts.saturating_add(size_of::<Self>())
    }
}

#[cfg(test)]
mod tests {
    use super::AuditText;

    #[test]
    fn texts_of_others_are_cleaned_and_cut() {
        for (text, cleaned) in [
            ("https://idp.example.com/a b", "https://idp.example.com/a b"),
            ("line\nbreak\u{1b}[31m", "line?break?[31m"),
            ("\u{202e}j\u{fc}rgen\u{0}", "?j?rgen?"),
        ] {
            assert_eq!(AuditText::new(text).unwrap().as_str(), cleaned);
        }
        assert_eq!(AuditText::new(""), None);
        let id = AuditText::verified("j\u{fc}rgen\n\u{202e}");
        assert_eq!(id.unwrap().as_str(), "j\u{fc}rgen??");
        let long = AuditText::verified(&"\u{fc}".repeat(5_000));
        assert_eq!(long.unwrap().as_str().len(), AuditText::LONGEST);
        let long = AuditText::new(&"\u{fc}".repeat(5_000)).unwrap();
        assert_eq!(long.as_str(), "?".repeat(AuditText::LONGEST));
    }
}
