//! Where records of API tokens are written: a parameter or a file each.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use atlassian_authorizer::credential::TokenId;
use atlassian_authorizer::http::Deadline;
use atlassian_authorizer::store::{
    LoadError, RecordName, Source, SsmSource, if_there, load_error, record_folder, record_path,
};
use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::types::ParameterType;

/// SSM returns at most ten parameters a page.
const PAGE_SIZE: i32 = 10;

/// Writes the record of a new token. An id that is in use is an error.
pub(super) async fn write(
    store: &Source,
    id: &TokenId,
    record: &str,
    deadline: Deadline,
) -> Result<(), LoadError> {
    match store {
        Source::Ssm(ssm) => put(ssm, id, record, false, deadline).await,
        Source::File(settings) => {
            let path = path_of(settings, id);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
                .and_then(|()| File::create_new(&path)?.write_all(record.as_bytes()))
                .map_err(|error| LoadError::File(error.kind()))
        }
    }
}

/// Writes a record over the one before, whole or not at all.
pub(super) async fn replace(
    store: &Source,
    id: &TokenId,
    record: &str,
    deadline: Deadline,
) -> Result<(), LoadError> {
    match store {
        Source::Ssm(ssm) => put(ssm, id, record, true, deadline).await,
        Source::File(settings) => {
            let path = path_of(settings, id);
            let next = path.with_extension("next");
            // What an interrupted run left behind, or a link that somebody else has put there.
            let _ = std::fs::remove_file(&next);
            File::create_new(&next)
                .and_then(|mut file| file.write_all(record.as_bytes()))
                .and_then(|()| std::fs::rename(&next, &path))
                .map_err(|error| LoadError::File(error.kind()))
        }
    }
}

/// Deletes a record; `false` where there is none.
pub(super) async fn delete(
    store: &Source,
    id: &TokenId,
    deadline: Deadline,
) -> Result<bool, LoadError> {
    match store {
        Source::Ssm(ssm) => {
            let request = ssm.client().await.delete_parameter();
            let request = request.name(ssm.record_name(&RecordName::of_api_token(id)));
            let work = Box::pin(async {
                match request.send().await {
                    Ok(_) => Ok(true),
                    Err(SdkError::ServiceError(error)) if error.err().is_parameter_not_found() => {
                        Ok(false)
                    }
                    Err(error) => Err(load_error(&error)),
                }
            });
            ssm.within(deadline, work).await
        }
        Source::File(settings) => {
            let removed = if_there(std::fs::remove_file(path_of(settings, id)))?;
            Ok(removed.is_some())
        }
    }
}

/// The ids and records of all tokens.
pub(super) async fn all(
    store: &Source,
    deadline: Deadline,
) -> Result<Vec<(String, String)>, LoadError> {
    match store {
        Source::Ssm(ssm) => pages(ssm, deadline).await,
        Source::File(settings) => Ok(if_there(files(settings))?.unwrap_or_default()),
    }
}

fn path_of(settings: &Path, id: &TokenId) -> PathBuf {
    record_path(settings, &RecordName::of_api_token(id))
}

async fn put(
    ssm: &SsmSource,
    id: &TokenId,
    record: &str,
    overwrite: bool,
    deadline: Deadline,
) -> Result<(), LoadError> {
    let request = ssm.client().await.put_parameter();
    let request = request
        .name(ssm.record_name(&RecordName::of_api_token(id)))
        .value(record)
        .r#type(ParameterType::String)
        .overwrite(overwrite);
    let work = Box::pin(async { request.send().await.map_err(|error| load_error(&error)) });
    ssm.within(deadline, work).await.map(drop)
}

async fn pages(ssm: &SsmSource, deadline: Deadline) -> Result<Vec<(String, String)>, LoadError> {
    let folder = format!("{}-{}/", ssm.prefix(), RecordName::API_TOKENS);
    let mut records = Vec::new();
    let mut next_token = None;
    loop {
        let request = ssm.client().await.get_parameters_by_path();
        let request = request
            .path(folder.trim_end_matches('/'))
            .with_decryption(true)
            .max_results(PAGE_SIZE)
            .set_next_token(next_token);
        // Each page in its own time: there may be many tokens.
        let work = Box::pin(async { request.send().await.map_err(|error| load_error(&error)) });
        let page = ssm.within(deadline, work).await?;
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

fn files(settings: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(record_folder(settings, RecordName::API_TOKENS))? {
        let path = entry?.path();
        let is_record = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if let (true, Some(id)) = (is_record, path.file_stem()) {
            let id = id.to_string_lossy().into_owned();
            records.push((id, std::fs::read_to_string(&path)?));
        }
    }
    Ok(records)
}
