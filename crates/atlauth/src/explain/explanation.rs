//! The same decision, told with what it rests on. Nothing of it is in the Lambda.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::Authorizer;
use super::trail::Trail;
use crate::access::{Access, Reach};
use crate::audit::Outcome;
use crate::error::Forbidden;
use crate::event::Request;
use crate::http::Deadline;
use crate::identity::Identity;
use crate::settings::Mode;

/// What became of an event, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What came of it, in the mode `enforce`.
    pub outcome: Outcome,
    /// The code of its audit line.
    pub code: &'static str,
    /// What becomes of decisions.
    pub mode: Mode,
    /// The provider that vouched, refused or failed.
    pub provider: Option<String>,
    /// The caller, once verified.
    pub identity: Option<Arc<Identity>>,
    /// What the rules of the request's product say; `None` where there is no such product.
    pub access: Option<Access>,
    /// The caller's own rights in each product.
    pub reach: Vec<Reach>,
    /// What API Gateway would read; `None` for a 401 or a 500.
    pub answer: Option<Box<RawValue>>,
}

impl Authorizer {
    /// The paths of all products, in their order; empty where no settings could be loaded.
    pub async fn product_paths(&self) -> Vec<String> {
        let deadline = Deadline::start();
        let loaded = self.store.current(self.clock.as_ref(), deadline).await;
        let products = loaded.iter().flat_map(|loaded| &loaded.settings.products);
        products
            .map(|product| format!("{}/", product.path()))
            .collect()
    }

    /// Answers an event as [`Authorizer::authorize`] does, and says what the answer rests on.
    pub async fn explain(&self, event: &str) -> Explanation {
        let mut trail = Trail::default();
        let answer = self.decide(event, "explain", &mut trail).await.ok();
        let (outcome, code) = trail.outcome();
        // The settings that have just been used.
        let loaded = self
            .store
            .current(self.clock.as_ref(), Deadline::start())
            .await
            .ok();
        let products = loaded.iter().flat_map(|loaded| &loaded.settings.products);
        let identity = trail.identity.as_deref();
        let access = Request::parse(event).ok().and_then(|request| {
            let mut products = products.clone();
            let product = products.find(|product| product.contains(request.arn.path()))?;
            Some(product.explain(identity, request.arn.below_stage()))
        });
        // A credential that is bound to networks has no rights from elsewhere.
        let elsewhere = trail.forbidden == Some(Forbidden::SourceNotAllowed);
        let reach = match identity.filter(|_| !elsewhere) {
            None => Vec::new(),
            Some(identity) => products.map(|product| product.reach(identity)).collect(),
        };
        Explanation {
            outcome,
            code,
            mode: trail.mode,
            provider: identity
                .map(|identity| identity.provider.as_str().to_owned())
                .or(trail.provider),
            access,
            reach,
            identity: trail.identity,
            answer,
        }
    }
}
