//! What is told of a decision, as data.

use std::path::Path;

use atlassian_authorizer::audit::Outcome;
use atlassian_authorizer::claims::{AuthMethod, Claims};
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::document::Mode;
use atlassian_authorizer::identity::Identity;
use atlassian_authorizer::product::Product;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::compare::Comparison;
use super::meaning::Stage;
use super::reasons::{compared, groups_note};
use super::stages::{State, Step};
use super::{Access, Decoded, EffectiveAccess, Explanation, Probe, line};
use crate::audit_line::AuditLine;
use crate::candidates::{self, Candidate, GroupCandidate};
use crate::event::RequestArgs;
use crate::failure::Failure;
use crate::times;

/// Everything that is told. The names are those of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) request: Told,
    pub(crate) outcome: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) code: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) what: Option<&'static str>,
    pub(crate) next: Option<String>,
    /// What the token has beside what the settings want, where a difference is the reason.
    pub(crate) compared: Vec<Comparison>,
    /// What is assumed of the API and of the caller, where nobody has said.
    pub(crate) assumed: Vec<Assumed>,
    pub(crate) stages: Vec<Step>,
    pub(crate) provider: Option<String>,
    pub(crate) caller: Option<Caller>,
    pub(crate) access: Option<Access>,
    pub(crate) reach: Vec<EffectiveAccess>,
    pub(crate) token: Decoded,
    pub(crate) token_verified: bool,
    /// When the token expires, as it, its record or its provider says; `None` where nobody does.
    pub(crate) expires: Option<u64>,
    /// When the provider or the store is asked anew; `None` of a token that a key verifies.
    pub(crate) next_check: Option<u64>,
    /// Where the claims are from that the rules look at: `token`, `introspection` or `userinfo`.
    pub(crate) claims_from: Option<&'static str>,
    /// What could be the username.
    #[serde(serialize_with = "as_json")]
    pub(crate) candidates: Vec<Candidate>,
    /// What could be the groups.
    pub(crate) group_candidates: Vec<GroupCandidate>,
    /// Why a caller has no groups.
    pub(crate) groups_note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Value>,
    pub(crate) log: Vec<String>,
    /// The refusal in a few words.
    #[serde(skip)]
    pub(crate) why: Option<String>,
    /// The address that the request comes from.
    #[serde(skip)]
    pub(crate) source_ip: Option<String>,
    #[serde(skip)]
    pub(crate) now: u64,
}

/// An option that was not given, and what counts in its place.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Assumed {
    pub(crate) option: &'static str,
    pub(crate) value: String,
}

impl Assumed {
    pub(crate) fn new(option: &'static str, value: &str) -> Self {
        Self {
            option,
            value: value.to_owned(),
        }
    }
}

fn as_json<S: Serializer>(all: &[Candidate], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(Candidate::json))
}

/// What was asked.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) source_ip: Option<String>,
    pub(crate) event: Option<String>,
    /// What the audit line says that the request was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<String>,
    /// The address is that of the command, and not of the request.
    #[serde(skip)]
    pub(crate) assumed_ip: bool,
}

/// A verified caller.
#[derive(Debug, Serialize)]
pub(crate) struct Caller {
    pub(crate) username: String,
    pub(crate) principal: String,
    pub(crate) provider: String,
    pub(crate) auth_method: &'static str,
    pub(crate) client_id: Option<String>,
    pub(crate) token_id: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) groups_incomplete: bool,
    pub(crate) read_only: bool,
    pub(crate) products: Vec<String>,
    pub(crate) source_cidrs: Vec<String>,
    /// Until when the verification holds; beyond it the provider or the store is asked anew.
    pub(crate) valid_until: u64,
}

impl Caller {
    fn of(identity: &Identity) -> Self {
        let limits = &identity.limits;
        Self {
            username: identity.username.as_str().to_owned(),
            principal: identity.principal.clone(),
            provider: identity.provider.as_str().to_owned(),
            auth_method: identity.auth_method.as_str(),
            client_id: identity.client_id.clone(),
            token_id: identity.token_id.clone(),
            scopes: identity.scopes.clone(),
            groups: identity.groups.clone(),
            groups_incomplete: identity.groups_incomplete,
            read_only: limits.read_only,
            products: limits.products.clone(),
            source_cidrs: limits
                .source_cidrs
                .iter()
                .map(ToString::to_string)
                .collect(),
            valid_until: identity.valid_until.as_secs(),
        }
    }
}

impl Told {
    pub(crate) fn request(request: &RequestArgs) -> Self {
        Self {
            method: Some(request.method()),
            path: Some(request.path().to_owned()),
            source_ip: Some(request.source_ip()),
            event: None,
            recorded: None,
            assumed_ip: request.assumes_source_ip(),
        }
    }

    pub(crate) fn event(file: &Path) -> Self {
        Self {
            method: None,
            path: None,
            source_ip: None,
            event: Some(file.display().to_string()),
            recorded: None,
            assumed_ip: false,
        }
    }

    /// The request of an audit line.
    pub(super) fn line(file: &Path, line: &AuditLine) -> Self {
        Self {
            method: line.text("method").map(str::to_owned),
            path: line.text("path").map(str::to_owned),
            source_ip: line::address(line).map(|address| address.to_string()),
            event: Some(file.display().to_string()),
            recorded: Some(line.verdict()),
            assumed_ip: false,
        }
    }
}

impl Report {
    /// What an explanation tells; with the answer itself where that is wanted.
    pub(crate) fn new(
        explanation: &Explanation,
        token: Decoded,
        request: Told,
        probe: &Probe,
        with_answer: bool,
    ) -> Self {
        let decision = &explanation.decision;
        let (outcome, status) = match decision.outcome() {
            Outcome::Allowed => ("allowed", None),
            Outcome::Forbidden => ("forbidden", Some(403)),
            Outcome::Unauthorized => ("unauthorized", Some(401)),
            Outcome::Failed => ("failed", Some(500)),
        };
        let meaning = explanation.meaning();
        let now = times::now();
        let provider = explanation.provider();
        let claims = explanation.known.as_ref().map(|known| &known.claims);
        let identity = decision.identity();
        let product = decision.product().map(Product::id).unwrap_or_default();
        let source_ip = request
            .source_ip
            .clone()
            .filter(|_| request.assumed_ip)
            .map(|address| Assumed::new("--source-ip", &address));
        let groups_note = identity
            .filter(|identity| identity.groups.is_empty())
            .and_then(|_| groups_note(&token, provider, explanation));
        let of_answer = explanation
            .known
            .as_ref()
            .filter(|known| known.from != "token");
        let told = of_answer.and_then(|known| {
            let claims = Claims::from(known.claims.clone());
            claims.time("exp").ok().flatten()
        });
        // A stage after the signature's is come to by tokens alone whose signature held.
        let token_verified = decision.identity().is_some()
            || meaning.is_some_and(|meaning| meaning.stage > Stage::Signature);
        let mut report = Self {
            compared: compared(explanation, &token, now),
            assumed: source_ip
                .into_iter()
                .chain(probe.assumed(product))
                .collect(),
            next_check: identity
                .filter(|identity| identity.auth_method != AuthMethod::Jwt)
                .map(|identity| identity.valid_until.as_secs()),
            claims_from: explanation.known.as_ref().map(|known| known.from),
            candidates: provider
                .zip(claims)
                .filter(|_| token_verified)
                .map(|(provider, claims)| candidates::usernames(provider, claims))
                .unwrap_or_default(),
            group_candidates: provider
                .zip(claims)
                .filter(|_| token_verified)
                .map(|(provider, claims)| candidates::groups(provider, claims))
                .unwrap_or_default(),
            groups_note,
            why: decision.refusal.map(|refusal| refusal.to_string()),
            source_ip: explanation.source_ip.clone(),
            request,
            outcome,
            status,
            code: decision.code(),
            mode: match decision.mode {
                Mode::Enforce => "enforce",
                Mode::Monitor => "monitor",
                Mode::Off => "off",
            },
            what: meaning.map(|meaning| meaning.what),
            next: explanation.next_step(),
            stages: Vec::new(),
            provider: decision.provider().map(|one| one.as_str().to_owned()),
            caller: decision.identity().map(Caller::of),
            access: explanation.access.clone(),
            reach: explanation.reach.clone(),
            token_verified,
            expires: match of_answer {
                Some(_) => told.map(UnixTime::as_secs),
                None => token.time("exp").or(explanation.record_ends),
            },
            token,
            answer: decision
                .answer
                .as_ref()
                .ok()
                .filter(|_| with_answer)
                .map(|answer| without_secrets(answer.get())),
            log: match decision.outcome() {
                Outcome::Failed => probe.log(),
                _ => Vec::new(),
            },
            now,
        };
        report.stages = report.steps(meaning.map(|meaning| meaning.stage), probe.source());
        report
    }

    /// Takes back what was decided about the credential: there was none to decide about.
    pub(super) fn leave_out_the_credential(&mut self) {
        if self.code != "credential_missing" {
            return;
        }
        self.outcome = "unknown";
        self.status = None;
        self.code = "credential_not_given";
        self.what = Some(
            "An audit line holds no credential. So its stage and those behind it can't be explained again.",
        );
        self.next = Some(
            "Give the token, such as `atlauth explain --event line.json token.txt`. `atlauth why -` tells \
             what the line itself says."
                .to_owned(),
        );
        let credential = self
            .stages
            .iter()
            .position(|step| step.stage == "credential");
        for step in self.stages.iter_mut().skip(credential.unwrap_or_default()) {
            step.state = State::NotReached;
            "the line holds no credential".clone_into(&mut step.detail);
        }
    }

    /// The document of `--json`.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// What is known of the caller alone: the request that it was found out by means nothing.
    pub(crate) fn json_of_caller(&self) -> String {
        let mut document = serde_json::to_value(self).unwrap_or_default();
        if let (Some(members), true) = (document.as_object_mut(), self.caller.is_some()) {
            let keep = [
                "caller",
                "reach",
                "token",
                "expires",
                "next_check",
                "mode",
                "log",
                "assumed",
                "claims_from",
                "candidates",
                "group_candidates",
                "groups_note",
            ];
            members.retain(|name, _| keep.contains(&name.as_str()));
        }
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// The command's result.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        match self.outcome {
            "allowed" => Ok(()),
            "failed" | "unknown" => Err(Failure::unavailable("")),
            _ => Err(Failure::negative("")),
        }
    }
}

/// An answer without what Atlassian would take for a credential, and without the API key.
fn without_secrets(answer: &str) -> Value {
    let mut answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let hide = |value: &mut Value| {
        if let Some(text) = value.as_str().filter(|text| *text != "none") {
            *value = format!("[hidden, {} characters]", text.len()).into();
        }
    };
    for place in ["/context/authorization", "/usageIdentifierKey"] {
        answer.pointer_mut(place).into_iter().for_each(hide);
    }
    answer
}
