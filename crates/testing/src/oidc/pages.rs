//! A walk through the provider's pages, as a browser without scripts does it.

use std::collections::BTreeMap;

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, Url};

use super::form_of;

/// Fills in and sends each form, until a redirect leads to a URL that begins so, or a page has no
/// form and says that all is done.
pub(super) async fn walk(client: &Client, mut url: Url, account: &str, end: &str) -> Option<Url> {
    let mut form: Option<Vec<(String, String)>> = None;
    let mut cookies = BTreeMap::new();
    for _ in 0..15 {
        let request = match form.take() {
            Some(form) => {
                let form: Vec<(&str, &str)> = form
                    .iter()
                    .map(|(name, value)| (&**name, &**value))
                    .collect();
                client
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form_of(&form))
            }
            None => client.get(url.clone()),
        };
        let cookie: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request.header(COOKIE, cookie.join("; "));
        let response = request.send().await.unwrap();
        keep_cookies(&response, &mut cookies);
        if let Some(location) = response.headers().get(LOCATION) {
            url = url.join(location.to_str().unwrap()).unwrap();
            if url.as_str().starts_with(end) {
                return Some(url);
            }
            continue;
        }
        let page = response.text().await.unwrap();
        if page.contains("Sign-in Success") {
            return None;
        }
        let tag = page
            .split("<form")
            .nth(1)
            .unwrap_or_else(|| panic!("no form: {page}"));
        url = url.join(attribute(tag, "action").unwrap()).unwrap();
        form = Some(fields(&page, account));
    }
    panic!("the login leads in circles: {url}");
}

/// All fields of a page's form with their values, and the account where one is asked for.
fn fields(page: &str, account: &str) -> Vec<(String, String)> {
    let field = |tag: &str| {
        let tag = tag.split('>').next()?;
        let name = attribute(tag, "name")?;
        let value = match name {
            "login" => account,
            "password" => "any",
            _ => attribute(tag, "value")?,
        };
        Some((name.to_owned(), value.to_owned()))
    };
    page.split("<input").skip(1).filter_map(field).collect()
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// Keeps what a response sets, whatever its path: all of a login is one interaction at a time.
fn keep_cookies(response: &Response, cookies: &mut BTreeMap<String, String>) {
    for cookie in response.headers().get_all(SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        let pair = cookie.split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        if value.is_empty() {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
