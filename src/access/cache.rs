//! Policies that have been compiled before.
//!
//! A policy depends on the product, on what the caller is granted in it, and on the stage.
//! There are few of these, whatever the number of callers.

use std::sync::Arc;

use super::{Grant, MAX_RESOURCE, Policy, Rules};
use crate::error::Fault;
use crate::sync::{Locked, Recent};

/// The most policies that are kept; each takes up to 10 KB.
const MAX_POLICIES: usize = 64;

/// A policy, and its document as JSON.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// The policy.
    pub policy: Policy,
    /// The policy document, as JSON.
    pub document: String,
}

impl CompiledPolicy {
    /// Writes a policy down.
    ///
    /// # Errors
    ///
    /// [`Fault::AnswerTooLarge`] when a resource is longer than IAM takes.
    pub fn new(policy: Policy) -> Result<Self, Fault> {
        if policy.longest_resource() > MAX_RESOURCE {
            return Err(Fault::AnswerTooLarge);
        }
        let document =
            serde_json::to_string(&policy.document()).map_err(|_| Fault::AnswerTooLarge)?;
        Ok(Self { policy, document })
    }
}

/// Compiled policies of one generation of settings.
#[derive(Default)]
pub struct PolicyCache(Locked<State>);

#[derive(Default)]
struct State {
    generation: u64,
    entries: Recent<Key, Arc<CompiledPolicy>, MAX_POLICIES>,
}

#[derive(Eq, Hash, PartialEq)]
struct Key {
    product: String,
    grant: Grant,
    stage_prefix: String,
}

impl PolicyCache {
    /// What callers with this grant may do in the product of this name, by its rules.
    ///
    /// # Errors
    ///
    /// [`Fault::RouteNotInCacheKey`] when the rules can't be one policy for all routes, else as
    /// [`CompiledPolicy::new`].
    pub fn policy(
        &self,
        generation: u64,
        product: &str,
        rules: &Rules,
        grant: &Grant,
        stage_prefix: &str,
    ) -> Result<Arc<CompiledPolicy>, Fault> {
        let key = Key {
            product: product.to_owned(),
            grant: grant.clone(),
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
            let policy = rules
                .compile(grant, stage_prefix)
                .map_err(|_| Fault::RouteNotInCacheKey)?;
            let compiled = Arc::new(CompiledPolicy::new(policy)?);
            state.entries.put(key, Arc::clone(&compiled));
            Ok(compiled)
        })
    }
}
