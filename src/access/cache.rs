//! Policies that have been compiled before.
//!
//! A policy depends on the product, on what the caller is granted in it, and on the stage.
//! There are few of these, whatever the number of callers.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Grant, MAX_RESOURCE, Policy, Product};
use crate::error::Fault;
use crate::sync::{Locked, Recent};

/// The most policies that are kept; each takes up to 10 KB.
const MAX_POLICIES: usize = 64;

/// A policy, and its document as JSON.
#[derive(Debug)]
pub struct Compiled {
    /// The policy.
    pub policy: Policy,
    /// The policy document.
    pub document: Box<RawValue>,
}

impl Compiled {
    /// # Errors
    ///
    /// [`Fault::AnswerTooLarge`] when a resource is longer than IAM takes.
    pub(crate) fn new(policy: Policy) -> Result<Self, Fault> {
        if policy.longest_resource() > MAX_RESOURCE {
            return Err(Fault::AnswerTooLarge);
        }
        let document = serde_json::value::to_raw_value(&policy.document())
            .map_err(|_| Fault::AnswerTooLarge)?;
        Ok(Self { policy, document })
    }
}

/// Compiled policies of one generation of settings.
pub(crate) struct PolicyCache(Locked<State>);

struct State {
    generation: u64,
    entries: Recent<Key, Arc<Compiled>, MAX_POLICIES>,
}

#[derive(Eq, Hash, PartialEq)]
struct Key {
    product: String,
    grant: Grant,
    stage_prefix: String,
}

impl PolicyCache {
    pub(crate) fn new() -> Self {
        Self(Locked::new(State {
            generation: 0,
            entries: Recent::new(),
        }))
    }

    /// What callers with this grant may do in the product.
    pub(crate) fn policy(
        &self,
        generation: u64,
        product: &Product,
        grant: Grant,
        stage_prefix: &str,
    ) -> Result<Arc<Compiled>, Fault> {
        let key = Key {
            product: product.id().to_owned(),
            grant,
            stage_prefix: stage_prefix.to_owned(),
        };
        self.0.with(|state| {
            if state.generation != generation {
                state.generation = generation;
                state.entries = Recent::new();
            }
            if let Some(compiled) = state.entries.get(&key) {
                return Ok(Arc::clone(compiled));
            }
            let policy = product.policy(grant, stage_prefix);
            let compiled = Arc::new(Compiled::new(policy)?);
            state.entries.put(key, Arc::clone(&compiled));
            Ok(compiled)
        })
    }
}
