//! Every kind of provider, with tokens and answers as its vendor has them.
//!
//! The answers are in `tests/vendors`, by vendor and case, each with its source.

mod attributes;
mod cases;
mod entra;
mod google;
mod keycloak;
mod load;
mod machines;
mod order;
mod rate_limits;
mod revoked;
mod sent;
mod slow;
mod table;
mod token_use;
mod ways;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use testing::lambda::Lambda;
use testing::vendor::Vendor;
use testing::{Folder, bearer};
use ways::Way;

/// Our client secret at every vendor: the parameters `secrets/providers/<id>/app`.
const SECRET: &str = "not-a-real/secret+&%";

/// Other values of some fields; null takes a field away.
fn with(mut object: Value, fields: &Value) -> Value {
    let all = object.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    all.retain(|_, value| !value.is_null());
    object
}

/// The function with these settings and our client secret.
async fn start(folder: &Folder, tree: Value) -> Lambda {
    let ids = tree["providers"].as_object().unwrap().keys();
    let secrets: Value = ids.map(|id| (id.clone(), json!({"app": SECRET}))).collect();
    let tree = with(tree, &json!({"secrets": {"providers": secrets}}));
    let lambda = Lambda::start(&folder.settings(&tree), &[]).await;
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for provider in tree["providers"].as_object().unwrap().values() {
        let id = provider["client_id"].as_str().unwrap_or_default();
        for secret in [SECRET, &encoded] {
            lambda.keep_secret(secret);
            lambda.keep_secret(&STANDARD.encode(format!("{id}:{secret}")));
        }
    }
    lambda
}

/// A way with its vendor, and a function that has it as its one provider, `idp`.
struct Set {
    vendor: Vendor,
    lambda: Lambda,
    _folder: Folder,
}

impl Set {
    async fn start(way: &Way, case: &str) -> Self {
        Self::start_with(way, case, &json!({}), &json!({})).await
    }

    /// With other values of some fields of the provider, and of the whole settings.
    async fn start_with(way: &Way, case: &str, fields: &Value, tree: &Value) -> Self {
        let vendor = Vendor::start(way.vendor.expect("a way with a vendor"), case).await;
        let provider = with(way.provider(&vendor.url), fields);
        let folder = Folder::new();
        let tree = with(json!({"providers": {"idp": provider}}), tree);
        let lambda = start(&folder, tree).await;
        Self {
            vendor,
            lambda,
            _folder: folder,
        }
    }

    async fn outcome(&self, token: &str) -> String {
        outcome(&self.lambda, token).await
    }
}

/// What came of a token: a username, or the status that API Gateway makes of it and the code.
async fn outcome(lambda: &Lambda, token: &str) -> String {
    let answer = lambda.invoke(&bearer(token)).await;
    let audit = lambda.audit().await;
    let code = audit["code"].as_str().unwrap();
    match answer {
        Ok(_) if audit["outcome"] == "forbidden" => format!("403 {code}"),
        Ok(answer) => {
            assert_eq!((&audit["outcome"], code), (&json!("allowed"), "allowed"));
            let username = answer["context"]["username"].as_str().unwrap();
            assert_eq!(audit["username"], username);
            username.to_owned()
        }
        Err(error) if error.error_message == "Unauthorized" => {
            assert_eq!(audit["outcome"], "unauthorized");
            format!("401 {code}")
        }
        Err(error) => {
            assert!(
                error.error_message.starts_with("no decision: "),
                "{error:?}"
            );
            assert_eq!(audit["outcome"], "failed");
            format!("500 {code}")
        }
    }
}
