//! Who called, as far as a line can say it.

use super::AuditRecord;
use crate::identity::{AuditText, Sender};

/// Who called, by what is verified of the caller or of a token that was refused.
#[derive(Default)]
pub(super) struct Who<'r> {
    pub(super) auth_method: &'r str,
    pub(super) principal: Option<&'r str>,
    pub(super) client_id: Option<&'r str>,
    pub(super) token_id: Option<&'r str>,
    pub(super) issuer: Option<&'r str>,
    pub(super) act: Option<&'r str>,
    pub(super) unverified_issuer: Option<&'r str>,
}

impl<'r> Who<'r> {
    pub(super) fn of(record: &AuditRecord<'r>) -> Self {
        let text = |text: &'r Option<AuditText>| text.as_ref().map(AuditText::as_str);
        match (record.identity, record.sender) {
            (Some(identity), _) => Self {
                auth_method: identity.auth_method.as_str(),
                principal: Some(&identity.principal),
                client_id: identity.client_id.as_deref(),
                token_id: identity.token_id.as_deref(),
                issuer: text(&identity.issuer),
                act: text(&identity.act),
                unverified_issuer: None,
            },
            (None, Some(Sender::Verified(sender))) => Self {
                auth_method: sender.auth_method.as_str(),
                principal: text(&sender.principal),
                client_id: text(&sender.client_id),
                token_id: text(&sender.token_id),
                issuer: text(&sender.issuer),
                act: text(&sender.act),
                unverified_issuer: None,
            },
            (None, Some(Sender::Unverified { unverified_issuer })) => Self {
                auth_method: record.unverified_method,
                unverified_issuer: Some(unverified_issuer.as_str()),
                ..Self::default()
            },
            (None, None) => Self {
                auth_method: record.unverified_method,
                ..Self::default()
            },
        }
    }
}
