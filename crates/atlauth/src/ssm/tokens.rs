//! The store of API tokens as an operator needs it: all records, and a record's new text.

use aws_sdk_ssm::types::ParameterType;

use super::{PAGE_SIZE, SsmSource, load_error};
use crate::authenticate::api_token::TokenId;
use crate::http::Deadline;
use crate::settings::source::{LoadError, RecordName};

impl SsmSource {
    /// The last parts of the names of all records, and their texts.
    pub(crate) async fn token_records(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<(String, String)>, LoadError> {
        let folder = format!("{}-tokens/", self.prefix);
        let mut records = Vec::new();
        let mut next_token = None;
        loop {
            let client = self.client().await;
            let request = client
                .get_parameters_by_path()
                .path(folder.trim_end_matches('/'))
                .with_decryption(true)
                .max_results(PAGE_SIZE)
                .set_next_token(next_token);
            // Each page in its own time: there may be many tokens.
            let work = Box::pin(async { request.send().await.map_err(|error| load_error(&error)) });
            let page = self.within(deadline, work).await?;
            for parameter in page.parameters.unwrap_or_default() {
                let name = parameter.name.as_deref();
                let id = name.and_then(|name| name.strip_prefix(&folder));
                if let (Some(id), Some(text)) = (id, parameter.value) {
                    records.push((id.to_owned(), text));
                }
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(records);
            }
        }
    }

    /// Writes a record's new text over the one before.
    pub(crate) async fn replace_token(
        &self,
        id: &TokenId,
        record: &str,
        deadline: Deadline,
    ) -> Result<(), LoadError> {
        let client = self.client().await;
        let request = client
            .put_parameter()
            .name(self.record_name(RecordName::ApiToken(id)))
            .value(record)
            .r#type(ParameterType::String)
            .overwrite(true);
        let work = Box::pin(async { request.send().await.map_err(|error| load_error(&error)) });
        self.within(deadline, work).await.map(drop)
    }
}
