//! What a login has shown, for people and for scripts.

use std::path::Path;
use std::time::{Duration, SystemTime};

use atlassian_authorizer::clock::{Clock, SystemClock, UnixTime};
use atlassian_authorizer::secret::Secret;
use serde_json::{Value, json};

use super::claims::{self, Told};
use super::client::Login;
use super::decisions::Decision;
use super::flow::{Granted, plain};
use crate::candidates::{self, Candidate, short};
use crate::ui::{Tone, Ui, within_line};

pub(super) struct Report<'r> {
    pub(super) login: &'r Login<'r>,
    pub(super) granted: &'r Granted,
    /// The one that was tried and kept.
    pub(super) token: &'r Secret,
    pub(super) told: &'r Told,
    pub(super) decisions: &'r [Decision],
    pub(super) kept: &'r Path,
    pub(super) is_id_token: bool,
}

impl Report<'_> {
    pub(super) fn show(&self, ui: &Ui) {
        let provider = self.login.provider;
        ui.line(&format!(
            "Logged in at {} ({}) as the application {}.",
            ui.paint(Tone::Strong, provider.id.as_str()),
            provider.kind.as_str(),
            plain(&self.login.client_id)
        ));
        ui.line(&format!("{}; {}.", self.described(), self.expires()));
        ui.line(&format!("Stored in {}.", self.kept.display()));
        self.show_claims(ui);
        candidates::show(&self.told.candidates, &self.told.groups, ui);
        self.show_decisions(ui);
    }

    fn described(&self) -> String {
        let name = if self.is_id_token {
            "Id token"
        } else {
            "Access token"
        };
        let form = match claims::claims(self.token) {
            Some(_) => "a JWT",
            None => "opaque",
        };
        match &self.granted.scope {
            Some(scope) if !self.is_id_token => format!("{name}, {form}, scope {}", plain(scope)),
            _ => format!("{name}, {form}"),
        }
    }

    fn expires(&self) -> String {
        let Some(expires) = claims::expiry(self.token, self.granted) else {
            return "its expiry is not known".to_owned();
        };
        let left = expires.saturating_since(SystemClock.now()).as_secs();
        let left = humantime::format_duration(Duration::from_secs(left));
        format!("it expires in {left}")
    }

    fn show_claims(&self, ui: &Ui) {
        let Some(by) = self.told.by else {
            ui.line("\nThe token is opaque, and its claims are not known.");
            return;
        };
        ui.line(&format!("\n{}", ui.paint(Tone::Strong, title(by))));
        let rows: Vec<Vec<String>> = self
            .told
            .claims
            .iter()
            .map(|(name, value)| vec![short(name, ui), short(&text(name, value), ui)])
            .collect();
        ui.table(&["claim", "value"], &rows);
    }

    fn show_decisions(&self, ui: &Ui) {
        ui.line(&format!(
            "\n{}",
            ui.paint(Tone::Strong, "With these settings")
        ));
        let username = self.username();
        match username {
            Some(username) => {
                ui.line(&format!("The caller is {}.", within_line(username)));
            }
            None => ui.line("The token is refused."),
        }
        let rows: Vec<Vec<String>> = self
            .decisions
            .iter()
            .map(|decision| {
                let tone = match decision.outcome {
                    "allowed" => Tone::Good,
                    "forbidden" => Tone::Warning,
                    _ => Tone::Bad,
                };
                vec![
                    decision.product.clone(),
                    format!("{} {}", decision.method, decision.path),
                    ui.paint(tone, decision.code),
                ]
            })
            .collect();
        ui.table(&["product", "request", "outcome"], &rows);
        if let Some(next) = self.next_step() {
            ui.note(&format!("{} {next}", ui.paint(Tone::Faint, "next:")));
        }
    }

    fn username(&self) -> Option<&str> {
        let mut usernames = self
            .decisions
            .iter()
            .map(|decision| decision.username.as_deref());
        usernames.find_map(|username| username.filter(|name| !name.is_empty()))
    }

    /// What to do about a token that is refused.
    fn next_step(&self) -> Option<String> {
        let code = self.decisions.first()?.code;
        let client_id = &self.login.client_id;
        let next = match code {
            "audience_mismatch" => format!(
                "the settings accept neither this application nor this audience: add `{client_id}` to `client_ids`, \
                 request a token for your API with --scope or --resource, or use the id token with --id-token"
            ),
            "graph_token" => {
                "request a token for your own API, for example with --scope api://…/.default".to_owned()
            }
            "token_malformed" if self.granted.id.is_some() && !self.is_id_token => {
                "the access token is opaque, and no provider here accepts opaque tokens; name the API with \
                 --resource or --scope, or use the id token with --id-token"
                    .to_owned()
            }
            "machine_user_unmapped" => {
                format!("add `\"machine_users\": {{\"{client_id}\": \"…\"}}` to the provider")
            }
            "username_missing" | "username_unmapped" | "username_rejected" | "email_unverified" => {
                "change the provider's `username`; the table above shows the attributes".to_owned()
            }
            "allowed" | "route_not_allowed" => return None,
            _ => "`atlauth explain` shows why, stage by stage".to_owned(),
        };
        Some(next)
    }

    pub(super) fn json(&self) -> Value {
        let provider = self.login.provider;
        let candidates = self.told.candidates.iter().map(Candidate::json);
        let decisions = self.decisions.iter().map(|decision| {
            json!({
                "product": decision.product,
                "method": decision.method,
                "path": decision.path,
                "outcome": decision.outcome,
                "code": decision.code,
            })
        });
        json!({
            "provider": provider.id.as_str(),
            "kind": provider.kind.as_str(),
            "client_id": self.login.client_id,
            "token": if self.is_id_token { "id_token" } else { "access_token" },
            "is_jwt": claims::claims(self.token).is_some(),
            "scope": self.granted.scope,
            "expires": claims::expiry(self.token, self.granted).map(UnixTime::as_secs),
            "kept_in": self.kept.display().to_string(),
            "claims_from": self.told.by,
            "claims": self.told.claims,
            "candidates": candidates.collect::<Vec<_>>(),
            "group_candidates": self.told.groups,
            "username": self.username(),
            "decisions": decisions.collect::<Vec<_>>(),
        })
    }
}

fn title(by: &str) -> &'static str {
    match by {
        "access_token" => "Claims of the access token",
        "id_token" => "Claims of the id token",
        _ => "Claims of the userinfo response",
    }
}

/// A claim as people read it: times as dates, texts without quotes.
fn text(name: &str, value: &Value) -> String {
    let is_time = ["exp", "iat", "nbf", "auth_time", "updated_at"].contains(&name);
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if is_time => number
            .as_u64()
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            // A year of five digits can't be written.
            .filter(|_| number.as_u64() < Some(253_402_300_800))
            .map_or_else(
                || number.to_string(),
                |time| humantime::format_rfc3339_seconds(time).to_string(),
            ),
        other => other.to_string(),
    }
}
