//! Settings from SSM Parameter Store.

mod sdk;
mod tries;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::sync::OnceCell;

use super::{Found, LoadError, RecordName, folder};
use crate::document::Tree;
use crate::http::{Counters, Deadline, HttpClient};
use sdk::client;
pub use sdk::sdk_http;
use tries::Tries;
pub use tries::{FIRST_WINDOW, LAST_CALL, LEAST_WINDOW, MOST_THROTTLED, WhenThrottled};

/// SSM returns at most ten parameters a page.
const PAGE_SIZE: i32 = 10;
/// The most pages that are followed: 500 parameters.
const MAX_PAGES: usize = 50;

/// All parameters below a prefix.
#[derive(Clone)]
pub struct SsmSource {
    prefix: String,
    http: HttpClient,
    client: OnceCell<Client>,
    /// The longest that one step may take, in place of what a decision has left.
    patience: Option<Duration>,
    /// Whether the client repeats calls by itself.
    client_repeats: bool,
}

impl SsmSource {
    /// Parameters below `/a/path`; `None` when the prefix is no such path.
    pub fn new(prefix: &str, http: &HttpClient) -> Option<Self> {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let well_formed = prefix.len() > 1
            && prefix.starts_with('/')
            && !prefix.contains("//")
            && prefix
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte));
        well_formed.then(|| Self {
            prefix: prefix.to_owned(),
            http: http.clone(),
            client: OnceCell::new(),
            patience: None,
            client_repeats: false,
        })
    }

    /// The same parameters by a client that is set up already and repeats calls by itself. It has
    /// `patience` for each step in place of what a decision has left.
    #[must_use]
    pub fn with_client(mut self, client: Client, patience: Duration) -> Self {
        self.client = OnceCell::new_with(Some(client));
        self.patience = Some(patience);
        self.client_repeats = true;
        self
    }

    /// The same parameters, with no more time than a decision has left.
    #[must_use]
    pub fn without_patience(mut self) -> Self {
        self.patience = None;
        self
    }

    /// The path of the parameters, without a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) async fn read(
        &self,
        deadline: Deadline,
        when_throttled: WhenThrottled,
        counters: &Counters,
    ) -> Result<Found, LoadError> {
        let tries = Tries::new(deadline, when_throttled, counters);
        self.within(deadline, Box::pin(self.pages(tries))).await
    }

    /// The SDK's client; by default with what Lambda gives a function in its environment.
    pub async fn client(&self) -> &Client {
        self.client.get_or_init(|| client(&self.http)).await
    }

    /// Does some work with SSM, within the deadline or the source's own patience. The SDK's futures
    /// take 10 KB and more: on the heap, they are not part of the future of every event.
    ///
    /// # Errors
    ///
    /// [`LoadError::SsmTimeout`], and those of the work.
    pub async fn within<T>(
        &self,
        deadline: Deadline,
        work: Pin<Box<impl Future<Output = Result<T, LoadError>>>>,
    ) -> Result<T, LoadError> {
        let allowed = self
            .patience
            .unwrap_or_else(|| deadline.left(Duration::MAX));
        tokio::time::timeout(allowed, work)
            .await
            .unwrap_or(Err(LoadError::SsmTimeout))
    }

    /// One record; `None` where there is no such parameter.
    pub(super) async fn read_record(
        &self,
        name: &RecordName,
        deadline: Deadline,
        counters: &Counters,
    ) -> Result<Option<String>, LoadError> {
        let mut tries = Tries::new(deadline, WhenThrottled::Wait, counters);
        let work = Box::pin(async move {
            let client = self.client().await;
            let call = || {
                let call = client.get_parameter().name(self.record_name(name));
                call.with_decryption(true).send()
            };
            match self.repeated(&mut tries, call).await {
                Ok(answer) => {
                    let value = answer.parameter.and_then(|parameter| parameter.value);
                    value
                        .map(Some)
                        .ok_or_else(|| LoadError::Ssm("a parameter has no value".to_owned()))
                }
                Err(SdkError::ServiceError(error)) if error.err().is_parameter_not_found() => {
                    Ok(None)
                }
                Err(error) => Err(load_error(&error)),
            }
        });
        self.within(deadline, work).await
    }

    /// The whole name of a record's parameter.
    pub fn record_name(&self, name: &RecordName) -> String {
        format!("{}-{}/{}", self.prefix, name.folder(), name.last_part())
    }

    /// The answer to a call, which is repeated while that may help.
    async fn repeated<T, E, F>(
        &self,
        tries: &mut Tries<'_>,
        call: impl Fn() -> F,
    ) -> Result<T, SdkError<E, HttpResponse>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        loop {
            match call().await {
                Err(error) if !self.client_repeats && tries.again(&error).await => {}
                answer => {
                    tries.answered();
                    return answer;
                }
            }
        }
    }

    async fn pages(&self, mut tries: Tries<'_>) -> Result<Found, LoadError> {
        let client = self.client().await;
        let mut documents = Vec::new();
        let mut next_token = None;
        for page_number in 0..MAX_PAGES {
            let call = || {
                let call = client.get_parameters_by_path().path(&self.prefix);
                let call = call.recursive(true).with_decryption(true);
                call.max_results(PAGE_SIZE)
                    .set_next_token(next_token.clone())
                    .send()
            };
            let page = self.repeated(&mut tries, call).await;
            let page = page.map_err(|error| load_error(&error))?;
            for parameter in page.parameters.unwrap_or_default() {
                let name = parameter
                    .name
                    .as_deref()
                    .and_then(|name| name.strip_prefix(&self.prefix))
                    .and_then(|name| name.strip_prefix('/'));
                let (Some(name), Some(value)) = (name, parameter.value) else {
                    // A tree with a part missing could allow what the whole would not.
                    return Err(LoadError::Ssm(
                        "a parameter has no value, or a name outside of the prefix".to_owned(),
                    ));
                };
                documents.push((name.to_owned(), value));
            }
            next_token = page.next_token;
            if next_token.is_none() {
                let mut found = folder::tree(documents);
                if page_number > 0 && !has_product(&found.tree) {
                    // Without products all of the API is one. No settings as large as these mean that:
                    // somebody has moved the products from a page not yet read to one that was.
                    found.problems.of("products").whole(
                        "is missing beside more than ten parameters; expected one `products/<id>` at least",
                    );
                }
                return Ok(found);
            }
        }
        Err(LoadError::Ssm(format!(
            "there are more than {MAX_PAGES} pages of parameters below the prefix"
        )))
    }
}

fn has_product(tree: &Tree) -> bool {
    let mut names = tree.documents().keys();
    names.any(|name| name.starts_with("products/"))
}

impl fmt::Debug for SsmSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SsmSource")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// What went wrong, by SSM's error code where it gave one. Its messages can name the role and the
/// parameters, which an operator needs; they hold no values.
pub fn load_error<E, R>(error: &SdkError<E, R>) -> LoadError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug,
{
    match error {
        SdkError::ServiceError(service) => {
            let metadata = service.err().meta();
            let code = metadata.code().unwrap_or("no error code");
            let message = metadata.message().unwrap_or("no message");
            LoadError::Ssm(format!("{code}: {message}"))
        }
        SdkError::TimeoutError(_) => LoadError::SsmTimeout,
        SdkError::DispatchFailure(failure) => {
            let reason = failure
                .as_connector_error()
                .map_or_else(|| "no connection".to_owned(), |error| chain(error));
            LoadError::Ssm(reason)
        }
        _ => LoadError::Ssm("the answer could not be read".to_owned()),
    }
}

/// An error with its causes. Not their `Debug`, which holds whole answers.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        cause = error.source();
    }
    said
}
