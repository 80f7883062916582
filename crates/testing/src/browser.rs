//! Headless Chromium by `WebDriver`, where this machine has both it and its driver.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Folder;

/// The name under which `WebDriver` tells an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with a profile of its own; ended with the test.
pub struct Browser {
    session: String,
    client: reqwest::Client,
    profile: Folder,
    _driver: Child,
}

impl Browser {
    /// `None`, with a word on why, where there is no `chromedriver` on the `PATH`.
    pub async fn start() -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut driver) = driver else {
            eprintln!("no chromedriver on the PATH: logging in without a browser");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines
                .next_line()
                .await
                .unwrap()
                .expect("chromedriver starts");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let mut browser = Self {
            session: format!("http://127.0.0.1:{port}"),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            profile: Folder::new(),
            _driver: driver,
        };
        // Without a sandbox, as this may run as root; and without what looks for hosts on the
        // network.
        let arguments = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=900,500",
            format!("--user-data-dir={}", browser.profile.path().display()),
        ]);
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
        }}});
        let session = browser.call(Method::POST, "/session", &wanted).await;
        let id = session["sessionId"].as_str().unwrap();
        browser.session = format!("{}/session/{id}", browser.session);
        Some(browser)
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) {
        self.call(Method::POST, "/url", &json!({"url": url})).await;
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.text(Method::GET, "/title").await
    }

    /// The URL of the page.
    pub async fn url(&self) -> String {
        self.text(Method::GET, "/url").await
    }

    /// What an element shows.
    pub async fn shown(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        self.text(Method::GET, &format!("/element/{element}/text"))
            .await
    }

    /// Types into a field.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        let path = format!("/element/{element}/value");
        self.call(Method::POST, &path, &json!({"text": text})).await;
    }

    /// Clicks what leads to another page, and waits for that one.
    pub async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        let path = format!("/element/{element}/click");
        self.call(Method::POST, &path, &json!({})).await;
        let path = format!("/element/{element}/enabled");
        for _ in 0..300 {
            let answer = self.answer(Method::GET, &path, &Value::Null).await;
            // The page that it was on is gone.
            if !answer["value"]["error"].is_null() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{selector} led nowhere");
    }

    /// The page as a PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        STANDARD
            .decode(self.text(Method::GET, "/screenshot").await)
            .unwrap()
    }

    async fn find(&self, selector: &str) -> String {
        let wanted = json!({"using": "css selector", "value": selector});
        let element = self.call(Method::POST, "/element", &wanted).await;
        element[ELEMENT].as_str().unwrap().to_owned()
    }

    async fn text(&self, method: Method, path: &str) -> String {
        let value = self.call(method, path, &Value::Null).await;
        value.as_str().unwrap().to_owned()
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut answer = self.answer(method, path, body).await;
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].take()
    }

    async fn answer(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.session))
            .timeout(Duration::from_mins(1));
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

/// Ends the browser, which outlives its driver, after a test that failed too.
impl Drop for Browser {
    fn drop(&mut self) {
        let end = || -> std::io::Result<()> {
            let place = self.session.trim_start_matches("http://");
            let (host, path) = place.split_once('/').unwrap_or((place, ""));
            let mut stream = TcpStream::connect(host)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            write!(
                stream,
                "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )?;
            // The answer comes when the browser has ended.
            stream.read(&mut [0; 64]).map(drop)
        };
        if let Err(error) = end() {
            eprintln!("the browser may be left over: {error}");
        }
    }
}
