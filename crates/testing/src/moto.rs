//! moto: SSM and Cognito over HTTP, as AWS answers.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::ssm::parameters;
use crate::{root, tool};

/// A running moto, stopped with the test.
pub struct Moto {
    /// Where it listens.
    pub url: String,
    client: reqwest::Client,
    _child: Child,
}

impl Moto {
    /// Starts an empty one.
    pub async fn start() -> Self {
        Self::start_as(|| Command::new(tool("moto_server"))).await
    }

    /// One that makes stacks of `template.yaml`.
    pub async fn start_with_stacks() -> Self {
        Self::start_as(|| {
            let mut command = Command::new(tool("python"));
            command
                .current_dir(root())
                .arg("crates/testing/python/cloudformation.py");
            command
        })
        .await
    }

    async fn start_as(command: fn() -> Command) -> Self {
        // The same TLS set-up as ours, though moto needs none: reqwest wants one.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        // moto takes no port 0, and another process may take a port between two binds: try again.
        for _ in 0..5 {
            if let Some(moto) = Self::try_start(command()).await {
                return moto;
            }
        }
        panic!("moto did not start");
    }

    async fn try_start(mut command: Command) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut child = command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        for _ in 0..600 {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            let answer = client.get(format!("{url}/moto-api/data.json")).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Some(Self {
                    url,
                    client,
                    _child: child,
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }

    /// Calls an operation of an AWS service with a JSON protocol.
    pub async fn call(&self, service: &str, target: &str, body: Value) -> Value {
        let answer = self
            .client
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"),
            )
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{target}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// An operation of Cognito.
    pub async fn cognito(&self, operation: &str, body: Value) -> Value {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        self.call("cognito-idp", &target, body).await
    }

    /// Writes a tree of settings below [`crate::ssm::PREFIX`]; secrets as `SecureString`.
    pub async fn put_settings(&self, tree: &Value) {
        for (name, value, secret) in parameters(tree) {
            let kind = if secret { "SecureString" } else { "String" };
            let body = json!({"Name": name, "Value": value, "Type": kind, "Overwrite": true});
            self.call("ssm", "AmazonSSM.PutParameter", body).await;
        }
    }

    /// A pool with one client and one user, logged in with a password.
    pub async fn pool_with_login(&self) -> Login {
        let pool = self
            .cognito("CreateUserPool", json!({"PoolName": "staff"}))
            .await;
        let pool_id = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
        self.login_with_new_client(&pool_id).await
    }

    /// Another client of a pool, and a login through it.
    pub async fn login_with_new_client(&self, pool_id: &str) -> Login {
        let client = self
            .cognito(
                "CreateUserPoolClient",
                json!({"UserPoolId": pool_id, "ClientName": "jira", "ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]}),
            )
            .await;
        let client_id = client["UserPoolClient"]["ClientId"]
            .as_str()
            .unwrap()
            .to_owned();
        self.login(pool_id, &client_id).await
    }

    /// A new user of a pool, and a login through this client.
    ///
    /// As an administrator: moto looks at no client's flows, and has no login page.
    pub async fn login(&self, pool_id: &str, client_id: &str) -> Login {
        let username = format!("alice-{}", &client_id[..6]);
        let password = "Correct-horse-7-battery";
        self.cognito(
            "AdminCreateUser",
            json!({"UserPoolId": pool_id, "Username": username, "TemporaryPassword": "Temporary-9-x"}),
        )
        .await;
        self.cognito(
            "AdminSetUserPassword",
            json!({"UserPoolId": pool_id, "Username": username, "Password": password, "Permanent": true}),
        )
        .await;
        let login = self
            .cognito(
                "AdminInitiateAuth",
                json!({"UserPoolId": pool_id, "ClientId": client_id, "AuthFlow": "ADMIN_NO_SRP_AUTH",
                       "AuthParameters": {"USERNAME": username, "PASSWORD": password}}),
            )
            .await;
        let token = |name: &str| {
            login["AuthenticationResult"][name]
                .as_str()
                .unwrap()
                .to_owned()
        };
        Login {
            pool_id: pool_id.to_owned(),
            client_id: client_id.to_owned(),
            username,
            access_token: token("AccessToken"),
            id_token: token("IdToken"),
        }
    }

    /// Signs claims as moto signs its own tokens.
    pub async fn sign(&self, claims: &Value) -> String {
        let output = Command::new(tool("python"))
            .args(["-c", SIGN, &claims.to_string()])
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// What a login gave.
pub struct Login {
    /// The user pool.
    pub pool_id: String,
    /// The client that the login went through.
    pub client_id: String,
    /// Who logged in.
    pub username: String,
    /// The access token.
    pub access_token: String,
    /// The id token.
    pub id_token: String,
}

const SIGN: &str = "
import json, sys
from joserfc import jwk, jwt
from moto.utilities.utils import load_resource
key = load_resource('cognitoidp/resources/jwks-private.json')
print(jwt.encode({'alg': 'RS256', 'kid': 'dummy'}, json.loads(sys.argv[1]), jwk.RSAKey.import_key(key)))
";
