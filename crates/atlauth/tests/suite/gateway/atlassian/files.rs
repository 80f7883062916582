//! Attachments: Jira keeps the name as the client sent it, and writes it into the URL of the content as
//! Java's `URLEncoder` does: a blank is `+`, and letters, digits and `*-._` alone stay as they are.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::Shared;

/// The id of the first.
const FIRST: usize = 10_000;

pub(super) struct File {
    name: String,
    content: Bytes,
}

pub(super) async fn attach(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers
        .get("x-atlassian-token")
        .is_none_or(|value| value != "no-check")
    {
        return (StatusCode::FORBIDDEN, "XSRF check failed").into_response();
    }
    let content_type = headers["content-type"].to_str().unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .expect(content_type);
    // The head of the one part, its content, and the last boundary.
    let start = find(&body, b"\r\n\r\n") + 4;
    let head = std::str::from_utf8(&body[..start]).unwrap();
    let boundary = format!("\r\n--{}--\r\n", boundary.trim_matches('"'));
    let end = start + find(&body[start..], boundary.as_bytes());
    // A quotation mark comes as `%22`, from all clients, and stays so.
    let (_, name) = head.split_once("filename=\"").unwrap();
    let (name, _) = name.split_once('"').unwrap();
    let file = File {
        name: name.to_owned(),
        content: body.slice(start..end),
    };
    let id = {
        let mut files = shared.files.lock().unwrap();
        files.push(file);
        FIRST + files.len() - 1
    };
    Json(json!([shared.described(id).unwrap()])).into_response()
}

pub(super) async fn meta(State(shared): State<Arc<Shared>>, Path(id): Path<usize>) -> Response {
    let described = shared.described(id).map(Json);
    described.ok_or(StatusCode::NOT_FOUND).into_response()
}

/// The content, where the path names id and name just as the URL did that was given for it.
pub(super) async fn content(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let mut segments = uri.path().rsplit('/');
    let (name, id) = (segments.next().unwrap(), segments.next().unwrap());
    let name = decoded(name);
    let files = shared.files.lock().unwrap();
    let file = id
        .parse()
        .ok()
        .and_then(|id: usize| files.get(id.checked_sub(FIRST)?));
    match file {
        Some(file) if file.name == name => file.content.clone().into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Shared {
    fn described(&self, id: usize) -> Option<Value> {
        let files = self.files.lock().unwrap();
        let File { name, content } = files.get(id.checked_sub(FIRST)?)?;
        let in_url: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        Some(json!({
            "self": self.link(&format!("/rest/api/2/attachment/{id}")),
            "id": id.to_string(), "filename": name,
            "size": content.len(), "mimeType": "application/octet-stream",
            "content": self.link(&format!("/secure/attachment/{id}/{in_url}")),
        }))
    }
}

/// `form_urlencoded` decodes pairs: this is the name of one without a value.
fn decoded(text: &str) -> String {
    let text = text.replace('&', "%26").replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs.next().unwrap().0.into_owned()
}

fn find(bytes: &[u8], part: &[u8]) -> usize {
    let mut windows = bytes.windows(part.len());
    windows.position(|window| window == part).unwrap()
}
