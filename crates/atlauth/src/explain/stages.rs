//! What became of each stage of a decision.

use serde::Serialize;
use serde_json::Value;

use super::meaning::Stage;
use super::report::Report;
use super::{Decoded, rules};
use crate::times::date;

/// A stage, and what became of it.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) stage: &'static str,
    pub(crate) state: State,
    pub(crate) detail: String,
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Held,
    Failed,
    NotReached,
}

impl Report {
    /// The stages that a credential of this form comes by.
    pub(crate) fn steps(&self, failed: Option<Stage>, source: &str) -> Vec<Step> {
        let undecided = self.mode == "off";
        let stages = Stage::ALL.iter().copied();
        stages
            .filter(|stage| self.concerns(*stage) || failed == Some(*stage))
            .map(|stage| {
                let became = match failed {
                    Some(place) if place == stage => State::Failed,
                    Some(place) if place < stage => State::NotReached,
                    None if undecided && stage > Stage::Settings => State::NotReached,
                    _ => State::Held,
                };
                Step {
                    stage: stage.as_str(),
                    detail: self.detail(stage, became, source),
                    state: became,
                }
            })
            .collect()
    }

    /// Whether a credential of this form comes by a stage.
    fn concerns(&self, stage: Stage) -> bool {
        let always = [
            Stage::Settings,
            Stage::Credential,
            Stage::Access,
            Stage::Upstream,
        ];
        match &self.token {
            _ if stage == Stage::Event => self.request.event.is_some(),
            Decoded::Basic { .. } => always.contains(&stage),
            Decoded::ApiToken { .. } => stage != Stage::Audience,
            _ => true,
        }
    }

    fn detail(&self, stage: Stage, became: State, source: &str) -> String {
        if became == State::NotReached {
            return "not reached".to_owned();
        }
        let caller = self.caller.as_ref();
        let known = |text: Option<String>| text.unwrap_or_default();
        let failed = became == State::Failed;
        match stage {
            Stage::Event => known(self.request.event.clone()),
            Stage::Settings if failed => source.to_owned(),
            Stage::Settings => format!("{source}, mode {}", self.mode),
            Stage::Credential => self.token.describe(),
            Stage::Provider if matches!(self.token, Decoded::ApiToken { .. }) => {
                "api-tokens".to_owned()
            }
            Stage::Provider => self.provider.clone().unwrap_or_else(|| {
                let issuer = self.token.claim("iss").and_then(Value::as_str);
                known(issuer.map(|issuer| format!("no provider has the issuer {issuer}")))
            }),
            Stage::Signature => self.signature(failed),
            Stage::Lifetime => self.lifetime(),
            Stage::Audience => self.audience(),
            Stage::Username if failed => String::new(),
            Stage::Username => known(caller.map(|caller| caller.username.clone())),
            Stage::Revocation if failed => "revoked".to_owned(),
            Stage::Revocation => "not revoked".to_owned(),
            Stage::Groups if failed => "the token does not have all of them".to_owned(),
            Stage::Groups => known(caller.map(|caller| match caller.groups.as_slice() {
                [] => "none".to_owned(),
                groups => groups.join(", "),
            })),
            Stage::Access => rules::reason(self.access.as_ref(), !failed),
            Stage::Upstream => self.upstream(),
        }
    }

    fn signature(&self, failed: bool) -> String {
        let method = self.caller.as_ref().map(|caller| caller.auth_method);
        match (method, &self.token) {
            (Some("introspection" | "userinfo"), _) => {
                format!("confirmed by the provider: {}", method.unwrap_or_default())
            }
            (_, Decoded::Jwt { header, .. }) => {
                let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or("none");
                format!("{}, key {}", text("alg"), text("kid"))
            }
            (_, Decoded::ApiToken { .. }) if !failed => "the secret matches the record".to_owned(),
            _ => String::new(),
        }
    }

    /// Until when the credential is good, as far as that is known.
    pub(crate) fn lifetime(&self) -> String {
        let asked_again = self.caller.as_ref().map(|caller| caller.valid_until);
        match (self.expires, asked_again) {
            (Some(at), _) if at <= self.now => format!("expired {}", date(at, self.now)),
            (Some(at), _) => format!("until {}", date(at, self.now)),
            (None, Some(at)) => {
                let next = match self.token {
                    Decoded::ApiToken { .. } => "the record is read again",
                    _ => "the provider is asked again",
                };
                format!("until {}; then {next}", date(at, self.now))
            }
            (None, None) => String::new(),
        }
    }

    fn audience(&self) -> String {
        let told_by = |name: &str| {
            let text = match self.token.claim(name)? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some(format!("{name} {text}"))
        };
        let client = self
            .caller
            .as_ref()
            .and_then(|caller| caller.client_id.as_ref());
        let told: Vec<String> = match client {
            Some(client) => vec![format!("client {client}")],
            None => ["client_id", "azp", "cid", "appid", "aud"]
                .into_iter()
                .filter_map(told_by)
                .collect(),
        };
        told.join(", ")
    }

    fn upstream(&self) -> String {
        let mode = self
            .access
            .as_ref()
            .map_or("none", |access| access.upstream);
        match (&self.token, mode) {
            (Decoded::Basic { .. }, _) => "the caller's own Basic credentials".to_owned(),
            (_, "none") => "mode none: only X-Authorizer-Username, which proves nothing".to_owned(),
            (_, mode) => format!("mode {mode}"),
        }
    }
}
