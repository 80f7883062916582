//! Stacks of `template.yaml` on moto.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::moto::Moto;
use crate::{root, tool};

/// The template's products: the name in parameters, and the id.
pub const PRODUCTS: [(&str, &str); 3] = [
    ("Jira", "jira"),
    ("Confluence", "confluence"),
    ("Bitbucket", "bitbucket"),
];

/// A moto with stacks of the template.
pub struct Stacks {
    /// The moto that they are on.
    pub moto: Moto,
    stacks: Vec<Value>,
}

impl Stacks {
    /// Creates a stack for each of these parameters. The settings' prefix is `/` and its name.
    pub async fn create(stacks: &[(&str, Value)]) -> Self {
        let moto = Moto::start_with_stacks().await;
        let asked: Vec<Value> = stacks
            .iter()
            .map(|(name, parameters)| {
                let mut parameters = parameters.clone();
                parameters["SettingsPrefix"] = format!("/{name}").into();
                json!({"name": name, "parameters": parameters})
            })
            .collect();
        let made = run(&["create", &moto.url], &asked.into()).await;
        Self {
            moto,
            stacks: made.as_array().unwrap().clone(),
        }
    }

    /// What is there of the stack with this number.
    pub fn read(&self, number: usize) -> &Value {
        &self.stacks[number]
    }
}

/// The template as SAM transforms it.
pub async fn transformed(parameters: &Value) -> Value {
    run(&["transform"], parameters).await
}

/// Runs `stack.py` of this package.
async fn run(arguments: &[&str], input: &Value) -> Value {
    let mut child = Command::new(tool("python"))
        .current_dir(root())
        .arg("crates/testing/python/stack.py")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The base URL of a product in the tests.
pub fn base_url(id: &str) -> String {
    format!("https://{id}.example.com")
}

/// Parameters with just this product, by its name.
pub fn only(name: &str) -> Value {
    let parameter = format!("{name}BaseUrl");
    json!({parameter: base_url(&name.to_lowercase())})
}

/// Parameters with all products, and more.
pub fn all(more: &Value) -> Value {
    let mut parameters = more.clone();
    for (name, id) in PRODUCTS {
        parameters[format!("{name}BaseUrl")] = base_url(id).into();
    }
    parameters
}
