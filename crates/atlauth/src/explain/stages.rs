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
        let failed = became == State::Failed;
        let caller = self.caller.as_ref();
        let why = self.why.clone().unwrap_or_default();
        match stage {
            Stage::Event => self.request.event.clone().unwrap_or_default(),
            Stage::Settings if failed => source.to_owned(),
            Stage::Settings => format!("{source}, mode {}", self.mode),
            Stage::Credential if failed => {
                // Basic auth can be allowed to others.
                let is_other = self
                    .compared
                    .iter()
                    .any(|one| one.setting == "basic_auth.allowed_users");
                let why = if is_other {
                    "the user is not in `basic_auth.allowed_users`"
                } else {
                    why.as_str()
                };
                format!("{}: {why}", self.token.describe())
            }
            Stage::Credential => self.token.describe(),
            Stage::Provider => self.issued_by(failed),
            Stage::Signature => self.signature(failed),
            Stage::Lifetime if failed => self.wrong_lifetime(),
            Stage::Lifetime => self.lifetime(),
            Stage::Audience => self.audience(),
            Stage::Username if failed => why,
            Stage::Username => caller.map(|one| one.username.clone()).unwrap_or_default(),
            Stage::Revocation if failed => "revoked".to_owned(),
            Stage::Revocation => "not revoked".to_owned(),
            Stage::Groups if failed => "the token does not have all of them".to_owned(),
            Stage::Groups => self.groups(),
            Stage::Access => self.allowed(failed),
            Stage::Upstream => self.upstream(failed),
        }
    }

    fn issued_by(&self, failed: bool) -> String {
        if matches!(self.token, Decoded::ApiToken { .. }) {
            let off = if failed {
                ": `api_tokens.enabled` is not set"
            } else {
                ""
            };
            return format!("api-tokens{off}");
        }
        let why = self.why.clone().unwrap_or_default();
        let issuer = self.token.claim("iss").and_then(Value::as_str);
        match (&self.provider, issuer) {
            (Some(provider), _) if failed => format!("{provider}: {why}"),
            (Some(provider), _) => provider.clone(),
            (None, Some(issuer)) if failed => format!("no provider has the issuer {issuer}"),
            (None, None) if failed && matches!(self.token, Decoded::Jwt { .. }) => {
                "the token names no issuer".to_owned()
            }
            (None, _) if failed => why,
            // Several were asked about an opaque token, and none of them knows it.
            (None, _) => "each that may have issued it was asked".to_owned(),
        }
    }

    fn allowed(&self, failed: bool) -> String {
        let by_event = self.request.event.is_some();
        let caller = self.caller.as_ref();
        match (self.code, caller, &self.source_ip) {
            ("source_not_allowed", Some(caller), Some(address)) => {
                let networks = caller.source_cidrs.join(" or ");
                let other = if by_event {
                    ""
                } else {
                    "; --source-ip gives another address"
                };
                format!("the token is for {networks}, and the request comes from {address}{other}")
            }
            (
                "source_not_in_cache_key"
                | "route_not_in_cache_key"
                | "path_not_exact"
                | "source_not_allowed",
                _,
                _,
            ) => self.why.clone().unwrap_or_default(),
            ("route_not_in_policy", _, _) => {
                let would = rules::reason(self.access.as_ref(), false, by_event);
                format!("{would}, but one policy for all routes does not include it")
            }
            _ => rules::reason(self.access.as_ref(), !failed, by_event),
        }
    }

    /// The groups, or why there are none.
    pub(crate) fn groups(&self) -> String {
        let groups = self.caller.as_ref().map(|caller| caller.groups.as_slice());
        match (groups, &self.groups_note) {
            (None, _) => String::new(),
            (Some([]), Some(note)) => format!("none: {note}"),
            (Some([]), None) => "none".to_owned(),
            (Some(groups), _) => groups.join(", "),
        }
    }

    fn signature(&self, failed: bool) -> String {
        let method = self.caller.as_ref().map(|caller| caller.auth_method);
        let why = self.why.clone().filter(|_| failed).unwrap_or_default();
        // What the provider or the store says is about no key.
        let is_asked = [
            "token_inactive",
            "scope_insufficient",
            "subject_mismatch",
            "provider_unavailable",
            "provider_rate_limited",
            "provider_misconfigured",
        ];
        match (method, &self.token) {
            (Some("introspection" | "userinfo"), _) => {
                format!("confirmed by the provider: {}", method.unwrap_or_default())
            }
            _ if failed && is_asked.contains(&self.code) => why,
            (_, Decoded::Jwt { header, .. }) => {
                let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or("none");
                let key = format!("{}, key {}", text("alg"), text("kid"));
                if failed { format!("{key}: {why}") } else { key }
            }
            (_, Decoded::ApiToken { .. }) if !failed => "the secret matches the record".to_owned(),
            _ => why,
        }
    }

    /// When the credential itself expires, and when it is looked at again, as far as that is known.
    pub(crate) fn lifetime(&self) -> String {
        let is_ours = matches!(self.token, Decoded::ApiToken { .. });
        let again = self.next_check.map(|at| {
            let who = if is_ours {
                "the record is read"
            } else {
                "the provider is asked"
            };
            format!("{who} again {}", date(at, self.now))
        });
        match (self.expires, again) {
            (Some(at), _) if at <= self.now => format!("expired {}", date(at, self.now)),
            (Some(at), Some(again)) if !is_ours && self.next_check < Some(at) => {
                format!("until {}; {again}", date(at, self.now))
            }
            (Some(at), _) => {
                let until = format!("until {}", date(at, self.now));
                let accepted = self.caller.as_ref().map(|caller| caller.valid_until);
                match accepted.filter(|accepted| !is_ours && *accepted < at) {
                    Some(accepted) if self.next_check.is_none() => format!(
                        "{until}; accepted until {}, by `max_token_age_seconds`",
                        date(accepted, self.now)
                    ),
                    _ => until,
                }
            }
            (None, Some(again)) => format!("expiry not known; {again}"),
            (None, None) => String::new(),
        }
    }

    /// What is wrong with the credential's times.
    fn wrong_lifetime(&self) -> String {
        let shown = |name: &str| self.token.time(name).map(|at| date(at, self.now));
        let text = match self.code {
            "token_not_yet_valid" => {
                let name = if self.token.time("nbf") > self.token.time("iat") {
                    "nbf"
                } else {
                    "iat"
                };
                shown(name).map(|start| format!("{name} {start}"))
            }
            "token_too_old" => shown("iat").map(|start| format!("issued {start}")),
            "token_expired" => Some(self.lifetime()).filter(|text| text.starts_with("expired")),
            _ => None,
        };
        text.or_else(|| self.why.clone()).unwrap_or_default()
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

    fn upstream(&self, failed: bool) -> String {
        let mode = self
            .access
            .as_ref()
            .map_or("none", |access| access.upstream);
        let text = match (&self.token, mode) {
            (Decoded::Basic { .. }, _) => "the caller's own Basic credentials".to_owned(),
            (_, "none") => "mode none: only X-Authorizer-Username, which proves nothing".to_owned(),
            (_, mode) => format!("mode {mode}"),
        };
        match &self.why {
            Some(why) if failed => format!("{text}: {why}"),
            _ => text,
        }
    }
}
