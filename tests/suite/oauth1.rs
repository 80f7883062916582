//! OAuth 1.0a signatures, checked by Python's `oauthlib` as a provider would, and Atlassian's own
//! rules.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use atlassian_authorizer::upstream::{Moment, Signer, SignerError};
use atlassian_authorizer::username::Username;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::PublicKeyX509Der;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use testing::tokens::{DEVELOPMENT_KEY as KEY, development_pair, now, pem};
use testing::{root, tool};

const BASE: &str = "https://jira.example.com/jira";

fn public_key() -> String {
    let pair = development_pair();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    pem("PUBLIC KEY", der.as_ref())
}

fn signer() -> Signer {
    Signer::new("gateway", KEY, BASE).unwrap()
}

fn user(name: &str) -> Username {
    Username::new(name.to_owned()).unwrap()
}

fn moment() -> Moment {
    Moment::at(now()).unwrap()
}

/// What a provider says of requests.
fn judge(requests: &[Value]) -> Vec<bool> {
    let mut provider = Command::new(tool("python"))
        .arg(root().join("crates/testing/python/oauth1.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = provider.stdin.take().unwrap();
    let mut lines = json!({"consumer_key": "gateway", "public_key": public_key()}).to_string();
    for request in requests {
        lines.push('\n');
        lines.push_str(&request.to_string());
    }
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = provider.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let verdicts = String::from_utf8(output.stdout).unwrap();
    verdicts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[derive(Clone)]
struct Sent {
    method: &'static str,
    path: String,
    query: Vec<(String, String)>,
    user: String,
}

impl Sent {
    fn url(&self, spaces: &str) -> String {
        let encode = |text: &str| {
            utf8_percent_encode(text, NON_ALPHANUMERIC)
                .to_string()
                .replace("%20", spaces)
        };
        let user = ("xoauth_requestor_id".to_owned(), self.user.clone());
        let pairs = self.query.iter().chain([&user]);
        let query: Vec<String> = pairs
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        format!("{BASE}{}?{}", self.path, query.join("&"))
    }

    fn shown(&self, authorization: &str, spaces: &str) -> Value {
        json!({"method": self.method, "url": self.url(spaces), "authorization": authorization})
    }

    fn sign(&self) -> String {
        signer()
            .authorization(
                self.method,
                &self.path,
                &self.query,
                &user(&self.user),
                &moment(),
            )
            .unwrap()
    }
}

fn sent(method: &'static str, path: &str, query: &[(&str, &str)], user: &str) -> Sent {
    let query = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sent {
        method,
        path: path.to_owned(),
        query: query.collect(),
        user: user.to_owned(),
    }
}

fn requests() -> Vec<Sent> {
    vec![
        sent("GET", "/rest/api/2/myself", &[], "alice"),
        sent("GET", "/", &[], "alice"),
        sent(
            "DELETE",
            "/rest/api/2/issue/A-1",
            &[("deleteSubtasks", "true")],
            "bob@example.com",
        ),
        sent(
            "GET",
            "/rest/api/2/search",
            &[
                ("jql", "project = \"A B\" AND text ~ \"a+b\""),
                ("maxResults", "50"),
            ],
            "alice",
        ),
        sent(
            "POST",
            "/rest/api/2/issue",
            &[("updateHistory", "")],
            "o'brien (x) *~!",
        ),
        sent(
            "GET",
            "/rest/api/2/user/search",
            &[("username", "jürgen"), ("naïve", "日本語 🦀")],
            "alice",
        ),
        sent(
            "GET",
            "/rest/x",
            &[("a", "2"), ("a", "1"), ("a", ""), ("A", "3"), ("a b", "4")],
            "alice",
        ),
        sent(
            "PUT",
            "/rest/api/1.0/projects/P/repos/r/browse/dir%2Ffile%20name.txt",
            &[("at", "refs/heads/feature/x")],
            "alice",
        ),
        sent(
            "GET",
            "/rest/a%3Ab/c%252Fd/é".replace('é', "%C3%A9").as_str(),
            &[("q", "100%"), ("r", "%2F%2f")],
            "alice",
        ),
        sent(
            "PATCH",
            "/rest/;v=1/a,b/@me/!'()*",
            &[("*", "~"), ("!'()", "-._~"), ("&", "=")],
            "alice",
        ),
        sent(
            "HEAD",
            "/rest/api/2/attachment/1",
            &[("z", "&a=1#x?")],
            "svc+build@example.com",
        ),
    ]
}

#[test]
fn a_provider_takes_what_is_signed_and_nothing_else() {
    let mut shown = Vec::new();
    let mut expected = Vec::new();
    for request in requests() {
        let authorization = request.sign();
        for spaces in ["%20", "+"] {
            shown.push(request.shown(&authorization, spaces));
            expected.push((true, "as signed"));
        }
        let mut change = |what: &'static str, change: &dyn Fn(&mut Sent)| {
            let mut changed = request.clone();
            change(&mut changed);
            shown.push(changed.shown(&authorization, "%20"));
            expected.push((false, what));
        };
        change("another user", &|sent| sent.user = "admin".to_owned());
        change("a second user", &|sent| {
            sent.query
                .push(("xoauth_requestor_id".into(), "admin".into()));
        });
        change("another path", &|sent| sent.path.push_str("/x"));
        change("a path in another case", &|sent| {
            sent.path = sent.path.replace("/rest", "/Rest").replacen("//", "/", 1) + "/";
        });
        change("another method", &|sent| sent.method = "OPTIONS");
        change("one more parameter", &|sent| {
            sent.query.push(("x".into(), String::new()));
        });
        if !request.query.is_empty() {
            change("one parameter less", &|sent| drop(sent.query.pop()));
            change("another value", &|sent| sent.query[0].1.push('x'));
            change("another name", &|sent| sent.query[0].0.push('x'));
        }
        let mut other = request.shown(&request.sign().replace("gateway", "gatewax"), "%20");
        shown.push(other.clone());
        expected.push((false, "another consumer"));
        other["authorization"] = authorization
            .replace("oauth_nonce=\"", "oauth_nonce=\"x")
            .into();
        shown.push(other);
        expected.push((false, "another nonce"));
    }
    let verdicts = judge(&shown);
    assert_eq!(verdicts.len(), expected.len());
    for ((verdict, (valid, what)), shown) in verdicts.iter().zip(&expected).zip(&shown) {
        assert_eq!(verdict, valid, "{what}: {shown}");
    }
}

/// What is signed is what the gateway sends on of what a caller asked for. (`atlauth`'s tests ask a
/// gateway.)
#[test]
fn paths_are_signed_as_they_are_sent_on() {
    let mut shown = Vec::new();
    for (asked, seen) in [
        ("", "/"),
        ("/", "/"),
        ("/rest/x/", "/rest/x"),
        ("/rest/x//", "/rest/x/"),
        ("/rest/[a]|b^c", "/rest/[a]|b^c"),
        (
            "/rest/{a} \"b\"/<c>`/#?\\",
            "/rest/%7Ba%7D%20%22b%22/%3Cc%3E%60/%23%3F%5C",
        ),
        ("/rest/é/%C3%A9%5b%5D", "/rest/%C3%A9/%C3%A9%5b%5D"),
        ("/rest/100%/%zz/a%252Fb", "/rest/100%/%zz/a%252Fb"),
    ] {
        let query = [("os_authType", "basic")];
        let authorization = sent("GET", asked, &query, "alice").sign();
        shown.push(sent("GET", seen, &query, "alice").shown(&authorization, "%20"));
    }
    for (verdict, shown) in judge(&shown).into_iter().zip(&shown) {
        assert!(verdict, "{shown}");
    }
}

#[test]
fn atlassians_own_rules() {
    let query: [(&str, &str); 0] = [];
    let at = Moment {
        seconds: 1_700_000_000,
        nonce: "abcdefghijkmnpqrstuvwxyz".to_owned(),
    };
    let header = signer()
        .authorization("GET", "/rest/api/2/myself", &query, &user("alice"), &at)
        .unwrap();
    // An empty `oauth_token` is there, and the user is in the query alone.
    let start = "OAuth oauth_consumer_key=\"gateway\", oauth_nonce=\"abcdefghijkmnpqrstuvwxyz\", \
                 oauth_signature_method=\"RSA-SHA1\", oauth_timestamp=\"1700000000\", oauth_token=\"\", \
                 oauth_version=\"1.0\", oauth_signature=\"";
    let signature = header
        .strip_prefix(start)
        .expect("the fields in their order");
    let signature = signature.strip_suffix('"').unwrap();
    assert!(
        signature
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'),
        "{signature}"
    );
    assert!(!header.contains("alice"));

    let nonces: BTreeSet<String> = (0..100).map(|_| moment().nonce).collect();
    assert_eq!(nonces.len(), 100);
    for nonce in nonces {
        assert!((20..=30).contains(&nonce.len()));
        assert!(nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

/// The URL is the one that the product believes in.
#[test]
fn base_urls() {
    let at = moment();
    let query: [(&str, &str); 0] = [];
    let sign = |base: &str| {
        let signer = Signer::new("gateway", KEY, base).unwrap();
        signer
            .authorization("GET", "/x", &query, &user("alice"), &at)
            .unwrap()
    };
    let reference = sign(BASE);
    for same in [
        "https://jira.example.com/jira/",
        "https://jira.example.com:443/jira",
        "HTTPS://Jira.Example.COM/jira",
    ] {
        assert_eq!(sign(same), reference, "{same}");
    }
    for other in [
        "http://jira.example.com/jira",
        "https://jira.example.com:8443/jira",
        "https://jira.example.com/Jira",
        "https://jira.example.com",
        "http://jira.example.com:443/jira",
    ] {
        assert_ne!(sign(other), reference, "{other}");
    }
    assert_eq!(sign("http://h:80"), sign("http://h/"));
    for bad in [
        "",
        "jira.example.com",
        "/jira",
        "ftp://jira.example.com",
        "https://",
        "https://user:s3cr3t@jira.example.com",
        "https://jira.example.com?x=1",
        "https://jira.example.com/jira#x",
        "https://jira.example.com:/jira",
        "https://jira.example.com:99999/jira",
        "https://jira example.com",
    ] {
        let error = Signer::new("gateway", KEY, bad).unwrap_err();
        assert_eq!(error, SignerError::BaseUrl, "{bad}");
        assert!(!error.to_string().contains("s3cr3t"));
    }
}

#[test]
fn keys() {
    let pkcs8 = |size| {
        let pair = RsaKeyPair::generate(size).unwrap();
        pair.as_der().unwrap().as_ref().to_vec()
    };
    let large = pkcs8(KeySize::Rsa4096);
    assert!(Signer::new("gateway", &pem("PRIVATE KEY", &large), BASE).is_ok());
    assert!(Signer::new("gateway", &pem("RSA PRIVATE KEY", &large[26..]), BASE).is_ok());
    let huge = pkcs8(KeySize::Rsa8192);
    let certificate = pem("CERTIFICATE", &large);
    let encrypted = pem("ENCRYPTED PRIVATE KEY", &large);
    let ec = testing::tokens::p256_pem();
    for bad in [
        "",
        "s3cr3t",
        &pem("PRIVATE KEY", b"s3cr3t"),
        &pem("PRIVATE KEY", &huge),
        &certificate,
        &encrypted,
        &ec,
    ] {
        let error = Signer::new("gateway", bad, BASE).unwrap_err();
        assert_eq!(error, SignerError::PrivateKey, "{bad}");
    }
    for bad in ["", "two words", "a\nb", "é", &"x".repeat(256)] {
        assert_eq!(
            Signer::new(bad, KEY, BASE).unwrap_err(),
            SignerError::ConsumerKey
        );
    }
    assert!(!format!("{:?}", signer()).contains("gateway"));
}
