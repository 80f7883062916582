//! The loopback address that a browser comes back to (RFC 8252, section 7.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::flow::plain;
use crate::failure::Failure;
use crate::ui::Ui;

/// How long the browser may take to read the page.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the browser must bring back.
pub(super) struct Expected {
    pub(super) state: String,
    /// The provider's issuer, where it is known.
    pub(super) issuer: Option<String>,
    /// The provider has said that it names itself (RFC 9207, section 3).
    pub(super) always_names_issuer: bool,
}

/// What a query turns out to be.
#[derive(Debug, Eq, PartialEq)]
enum Outcome {
    /// Of no login that we began: of another page in the browser, or an old one.
    Stranger,
    /// The provider's answer: a code, or why there is none.
    Answer(Result<String, String>),
}

impl Expected {
    fn read(&self, query: &str) -> Outcome {
        let mut values = Values::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "state" => &mut values.state,
                "code" => &mut values.code,
                "iss" => &mut values.issuer,
                "error" => &mut values.error,
                "error_description" => &mut values.description,
                _ => continue,
            };
            // RFC 6749, section 3.1: no parameter twice.
            if place.replace(value.into_owned()).is_some() {
                return Outcome::Stranger;
            }
        }
        if values.state.as_ref() != Some(&self.state) {
            return Outcome::Stranger;
        }
        Outcome::Answer(self.answer(values))
    }

    fn answer(&self, values: Values) -> Result<String, String> {
        // Before anything else is believed (RFC 9207, section 2.4).
        match (&values.issuer, &self.issuer) {
            (Some(named), Some(expected)) if named != expected => {
                return Err(
                    "the response comes from another provider: `iss` names another issuer".into(),
                );
            }
            (None, Some(_)) if self.always_names_issuer => {
                return Err("the response lacks `iss`, which the provider always sends".into());
            }
            _ => {}
        }
        if let Some(error) = values.error {
            let description = values.description.map(|text| format!(": {}", plain(&text)));
            return Err(format!(
                "the provider refuses: {}{}",
                plain(&error),
                description.unwrap_or_default()
            ));
        }
        let code = values.code.filter(|code| !code.is_empty());
        code.ok_or_else(|| "the provider's response has neither code nor error".into())
    }
}

#[derive(Default)]
struct Values {
    state: Option<String>,
    code: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

/// A port that a browser can come back to.
pub(super) struct Callback {
    listener: TcpListener,
    port: u16,
}

impl Callback {
    pub(super) async fn bind(port: u16) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.map_err(|error| {
            Failure::unavailable(format!("can't listen on port {port} of 127.0.0.1: {error}"))
                .hint("choose another with --port")
        })?;
        let address = listener.local_addr();
        let port = address
            .map_err(|error| Failure::unavailable(error.to_string()))?
            .port();
        Ok(Self { listener, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the provider's answer. Whatever else comes is refused and waited past, or any
    /// page in the browser could end the login.
    pub(super) async fn code(self, expected: Expected, ui: &Ui) -> Result<String, Failure> {
        let (sender, mut outcomes) = mpsc::channel(8);
        let shared = Arc::new(Shared {
            expected,
            outcomes: sender,
            answered: AtomicBool::new(false),
        });
        let router = Router::new()
            .route("/callback", get(answer))
            .with_state(shared);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(self.listener, router).with_graceful_shutdown(async {
            // Told, or dropped: both mean that nobody waits any more.
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        let result = loop {
            match outcomes.recv().await {
                Some(Outcome::Answer(result)) => break result,
                Some(Outcome::Stranger) => {
                    ui.note("A browser returned with the wrong `state`: refused. Still waiting.");
                }
                None => break Err("the callback server has stopped".into()),
            }
        };
        let _ = stop.send(());
        let _ = tokio::time::timeout(LAST_WORDS, server).await;
        result.map_err(|message| {
            Failure::negative(message)
                .hint("try again, with another --scope or --client-id if necessary")
        })
    }
}

struct Shared {
    expected: Expected,
    outcomes: mpsc::Sender<Outcome>,
    /// Only the first response counts. A browser that loads the page again gets no other.
    answered: AtomicBool,
}

async fn answer(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let outcome = shared.expected.read(query.as_deref().unwrap_or_default());
    let page = match &outcome {
        Outcome::Stranger => page(
            StatusCode::BAD_REQUEST,
            "This is not the login that atlauth is waiting for",
            "Nothing on this page was used. Log in at the URL that atlauth shows.",
        ),
        Outcome::Answer(Ok(_)) => page(
            StatusCode::OK,
            "You can go back to the terminal",
            "It shows the result of the login. You can close this page.",
        ),
        Outcome::Answer(Err(_)) => page(
            StatusCode::OK,
            "The login has failed",
            "The terminal says why. You can close this page.",
        ),
    };
    if outcome == Outcome::Stranger {
        // A channel that is full of them has told enough.
        let _ = shared.outcomes.try_send(outcome);
    } else if !shared.answered.swap(true, Ordering::SeqCst) {
        let _ = shared.outcomes.send(outcome).await;
    }
    page
}

/// A page of ours, without anything of the query, and without anything that a browser would fetch.
fn page(status: StatusCode, title: &str, text: &str) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title} - atlauth</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>\n\
         :root {{ color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }}\n\
         main {{ max-width: 34rem; margin: 18vh auto 0; padding: 0 1.5rem }}\n\
         h1 {{ font-size: 1.5rem; font-weight: 600; margin: 0 0 .5rem }}\n\
         p {{ margin: 0 }}\n\
         </style>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</html>\n"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (CONNECTION, "close"),
    ];
    (status, headers, Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use super::{Expected, Outcome};

    fn read(query: &str, always_names_issuer: bool) -> Outcome {
        let expected = Expected {
            state: "s".to_owned(),
            issuer: Some("https://idp.example.com".to_owned()),
            always_names_issuer,
        };
        expected.read(query)
    }

    #[test]
    fn answers() {
        let code = Outcome::Answer(Ok("c".to_owned()));
        assert_eq!(read("state=s&code=c", false), code);
        assert_eq!(read("state=s&code=c&session_state=x", false), code);
        let iss = "iss=https%3A%2F%2Fidp.example.com";
        assert_eq!(read(&format!("state=s&code=c&{iss}"), true), code);
        for stranger in [
            "",
            "code=c",
            "state=t&code=c",
            "state=s&state=s&code=c",
            "state=s&code=c&code=d",
        ] {
            assert_eq!(read(stranger, false), Outcome::Stranger, "{stranger}");
        }
        let refused = |query: &str, always| match read(query, always) {
            Outcome::Answer(Err(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(refused("state=s&code=c", true).contains("lacks `iss`"));
        assert!(
            refused("state=s&code=c&iss=https://evil.example", false).contains("another issuer")
        );
        assert!(refused("state=s", false).contains("neither"));
        assert_eq!(
            refused(
                "state=s&error=access_denied&error_description=No%1b[31m+way",
                false
            ),
            "the provider refuses: access_denied: No[31m way"
        );
    }
}
