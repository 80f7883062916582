//! Writing parameters, for the operator's tool.

use std::collections::BTreeMap;
use std::pin::Pin;

use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterTier, ParameterType};
use serde::{Deserialize, Serialize};

use atlassian_authorizer::http::Deadline;
use atlassian_authorizer::store::{LoadError, SsmSource, load_error};

/// The largest value of a standard parameter, in bytes.
const MAX_STANDARD: usize = 4 * 1024;
/// The largest value of any parameter, in bytes.
pub(crate) const MAX_VALUE: usize = 8 * 1024;

/// How a parameter is kept, beside its name and value.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ParameterAttributes {
    /// Encrypted.
    pub(crate) secure: bool,
    /// The KMS key that it is encrypted with; AWS's own where there is none.
    pub(crate) key_id: Option<String>,
    /// In the tier that costs something, and takes larger values.
    pub(crate) advanced: bool,
}

impl ParameterAttributes {
    /// How to keep this value: as before, and large enough.
    #[must_use]
    pub(crate) fn for_value(mut self, value: &str) -> Self {
        self.advanced |= value.len() > MAX_STANDARD;
        self
    }
}

/// The parameters below a prefix, to be written.
#[derive(Clone, Copy)]
pub(crate) struct Parameters<'s>(pub(crate) &'s SsmSource);

impl Parameters<'_> {
    /// The region that the parameters are in, as far as it is known.
    pub(crate) async fn region(&self) -> String {
        let region = self.0.client().await.config().region();
        region.map(ToString::to_string).unwrap_or_default()
    }

    /// What each parameter below the prefix is like, by its name relative to it.
    ///
    /// # Errors
    ///
    /// When SSM does not tell.
    pub(crate) async fn attributes(
        &self,
    ) -> Result<BTreeMap<String, ParameterAttributes>, LoadError> {
        self.step(Box::pin(async {
            let client = self.0.client().await;
            let below = ParameterStringFilter::builder()
                .key("Path")
                .option("Recursive")
                .values(self.0.prefix())
                .build()
                .map_err(|error| LoadError::Ssm(error.to_string()))?;
            let mut pages = client
                .describe_parameters()
                .parameter_filters(below)
                .into_paginator()
                .send();
            let mut attributes = BTreeMap::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| load_error(&error))?;
                for parameter in page.parameters.unwrap_or_default() {
                    let Some(name) = parameter.name.as_deref().and_then(|name| self.below(name))
                    else {
                        continue;
                    };
                    let entry = ParameterAttributes {
                        secure: parameter.r#type == Some(ParameterType::SecureString),
                        key_id: parameter.key_id,
                        advanced: parameter.tier == Some(ParameterTier::Advanced),
                    };
                    attributes.insert(name.to_owned(), entry);
                }
            }
            Ok(attributes)
        }))
        .await
    }

    /// Writes a parameter; `overwrite` says whether it may be there. `false` where it is and may not.
    ///
    /// # Errors
    ///
    /// When SSM refuses.
    pub(crate) async fn put(
        &self,
        name: &str,
        value: &str,
        attributes: &ParameterAttributes,
        overwrite: bool,
    ) -> Result<bool, LoadError> {
        self.step(Box::pin(async {
            let (kind, key_id) = if attributes.secure {
                (ParameterType::SecureString, attributes.key_id.clone())
            } else {
                (ParameterType::String, None)
            };
            let tier = if attributes.advanced {
                ParameterTier::Advanced
            } else {
                ParameterTier::Standard
            };
            let answer = self
                .0
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
    pub(crate) async fn delete(&self, name: &str) -> Result<(), LoadError> {
        self.step(Box::pin(async {
            let client = self.0.client().await;
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
        self.0.within(Deadline::start(), work).await
    }

    fn full(self, name: &str) -> String {
        format!("{}/{name}", self.0.prefix())
    }

    fn below(self, name: &str) -> Option<&str> {
        name.strip_prefix(self.0.prefix())?.strip_prefix('/')
    }
}
