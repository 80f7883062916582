//! The header `Authorization`.

use std::cell::LazyCell;

use atlassian_authorizer::credential::Credential;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::event::Request;
use serde_json::{Value, json};

use crate::answer::{allows, check_context};
use crate::scene::{Scene, TOKEN, bearer, provider};

thread_local! {
    static SCENE: LazyCell<Scene> = LazyCell::new(|| {
        let settings = json!({
            "settings": {"basic_auth": {"allowed_users": ["known"], "allowed_paths": ["/nowhere"]},
                         "api_tokens": {"enabled": false}, "refresh_seconds": 3_600},
            "providers": {"idp": provider()},
        });
        Scene::new("header", &settings, Deployment::default())
    });
}

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut event: Value = serde_json::from_str(&bearer("")).unwrap();
    event["headers"]["Authorization"] = text.replace("TOKEN", &TOKEN).into();
    let event = event.to_string();

    let request = Request::parse(&event).unwrap();
    if let Ok(credential) = Credential::of(&request) {
        let shown = format!("{credential:?}");
        if let Credential::Bearer(token) = &credential {
            let token = token.expose_secret();
            assert!(token.len() <= 10_240);
            // What is short, or of a name of ours, stands there for other reasons.
            let is_telling = token.len() > 20;
            assert!(!is_telling || !shown.contains(token), "a token in Debug");
            let _ = Credential::of(&request);
        }
    }
    let (answer, line) = SCENE.with(|scene| scene.answer(&event));
    assert!(!line.contains(TOKEN.as_str()), "a token in the audit line");
    let Ok(answer) = answer else {
        return;
    };
    check_context(&answer);
    if !allows(&answer) {
        return;
    }
    let is_basic = text.trim_start().to_ascii_lowercase().starts_with("basic ");
    assert!(
        is_basic || text.contains("TOKEN"),
        "allowed without a credential"
    );
    // Basic credentials are passed through, and are nobody's here.
    let username = answer["context"]["username"].as_str().unwrap_or_default();
    assert!(
        if is_basic {
            username.is_empty() || username == "-"
        } else {
            username == "alice"
        },
        "{username}"
    );
}
