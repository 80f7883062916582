//! Writing parameters, for the operator's tool.

use std::collections::BTreeMap;
use std::pin::Pin;

use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterTier, ParameterType};
use serde::{Deserialize, Serialize};

use super::{SsmSource, load_error};
use crate::http::Deadline;
use crate::settings::source::LoadError;

/// The largest value of a standard parameter, in bytes.
const MAX_STANDARD: usize = 4 * 1024;
/// The largest value of any parameter, in bytes.
pub const MAX_VALUE: usize = 8 * 1024;

/// How a parameter is kept, beside its name and value.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Kept {
    /// Encrypted.
    pub secure: bool,
    /// The KMS key that it is encrypted with; AWS's own where there is none.
    pub key_id: Option<String>,
    /// In the tier that costs something, and takes larger values.
    pub advanced: bool,
}

impl Kept {
    /// How to keep this value: as before, and large enough.
    #[must_use]
    pub fn for_value(mut self, value: &str) -> Self {
        self.advanced |= value.len() > MAX_STANDARD;
        self
    }
}

impl SsmSource {
    /// The region that the parameters are in, as far as it is known.
    pub async fn region(&self) -> String {
        let region = self.client().await.config().region();
        region.map(ToString::to_string).unwrap_or_default()
    }

    /// How each parameter below the prefix is kept, by its name relative to it.
    ///
    /// # Errors
    ///
    /// When SSM does not tell.
    pub async fn kept(&self) -> Result<BTreeMap<String, Kept>, LoadError> {
        self.step(Box::pin(async {
            let client = self.client().await;
            let below = ParameterStringFilter::builder()
                .key("Path")
                .option("Recursive")
                .values(self.prefix())
                .build()
                .map_err(|error| LoadError::Ssm(error.to_string()))?;
            let mut pages = client
                .describe_parameters()
                .parameter_filters(below)
                .into_paginator()
                .send();
            let mut kept = BTreeMap::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| load_error(&error))?;
                for parameter in page.parameters.unwrap_or_default() {
                    let Some(name) = parameter.name.as_deref().and_then(|name| self.below(name))
                    else {
                        continue;
                    };
                    let entry = Kept {
                        secure: parameter.r#type == Some(ParameterType::SecureString),
                        key_id: parameter.key_id,
                        advanced: parameter.tier == Some(ParameterTier::Advanced),
                    };
                    kept.insert(name.to_owned(), entry);
                }
            }
            Ok(kept)
        }))
        .await
    }

    /// Writes a parameter; `overwrite` says whether it may be there. `false` where it is and may not.
    ///
    /// # Errors
    ///
    /// When SSM refuses.
    pub async fn put(
        &self,
        name: &str,
        value: &str,
        kept: &Kept,
        overwrite: bool,
    ) -> Result<bool, LoadError> {
        self.step(Box::pin(async {
            let (kind, key_id) = if kept.secure {
                (ParameterType::SecureString, kept.key_id.clone())
            } else {
                (ParameterType::String, None)
            };
            let tier = if kept.advanced {
                ParameterTier::Advanced
            } else {
                ParameterTier::Standard
            };
            let answer = self
                .client()
                .await
                .put_parameter()
                .name(self.full(name))
                .value(value)
                .r#type(kind)
                .set_key_id(key_id)
                .tier(tier)
                .overwrite(overwrite)
                .send()
                .await;
            match answer {
                Ok(_) => Ok(true),
                Err(SdkError::ServiceError(error))
                    if !overwrite && error.err().is_parameter_already_exists() =>
                {
                    Ok(false)
                }
                Err(error) => Err(load_error(&error)),
            }
        }))
        .await
    }

    /// Deletes a parameter; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// When SSM refuses.
    pub async fn delete(&self, name: &str) -> Result<(), LoadError> {
        self.step(Box::pin(async {
            let client = self.client().await;
            match client.delete_parameter().name(self.full(name)).send().await {
                Ok(_) => Ok(()),
                Err(SdkError::ServiceError(error)) if error.err().is_parameter_not_found() => {
                    Ok(())
                }
                Err(error) => Err(load_error(&error)),
            }
        }))
        .await
    }

    async fn step<T>(
        &self,
        work: Pin<Box<impl Future<Output = Result<T, LoadError>>>>,
    ) -> Result<T, LoadError> {
        self.within(Deadline::start(), work).await
    }

    fn full(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix())
    }

    fn below<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(self.prefix())?.strip_prefix('/')
    }
}
