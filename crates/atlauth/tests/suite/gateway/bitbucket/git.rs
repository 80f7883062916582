//! The program git against a repository behind the gateway.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::Scene;
use crate::gateway::reads_and_writes;
use crate::made_tokens::{create_in, of_alice};
use testing::{Folder, root};

const REPOSITORY: &str = "/bitbucket/scm/p/r.git";

/// A person's folder, with the repository of the origin cloned from the gateway.
struct Person {
    home: Folder,
    /// How git authenticates.
    header: Option<String>,
}

/// What git said, and whether it succeeded.
struct Done {
    is_done: bool,
    said: String,
}

impl Person {
    fn new(header: Option<String>) -> Self {
        let home = Folder::new();
        Self { home, header }
    }

    fn work(&self) -> std::path::PathBuf {
        self.home.path().join("r")
    }

    async fn git(&self, folder: &Path, arguments: &[&str]) -> Done {
        let mut git = Command::new("git");
        git.current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            // A question would wait for an answer.
            .env("GIT_TERMINAL_PROMPT", "0")
            .args([
                "-c",
                "user.name=Alice",
                "-c",
                "user.email=alice@example.com",
            ])
            .args([
                "-c",
                "init.defaultBranch=main",
                "-c",
                "commit.gpgSign=false",
            ]);
        if let Some(header) = &self.header {
            git.args(["-c", &format!("http.extraHeader=Authorization: {header}")]);
        }
        let output = git
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .await
            .expect("git is on the PATH");
        let said = [output.stdout, output.stderr].concat();
        Done {
            is_done: output.status.success(),
            said: String::from_utf8_lossy(&said).into_owned(),
        }
    }

    /// As [`Person::git`], in the clone, where nothing else is expected than success.
    async fn must(&self, arguments: &[&str]) {
        let done = self.git(&self.work(), arguments).await;
        assert!(done.is_done, "{arguments:?}: {}", done.said);
    }

    async fn clone_from(&self, url: &str) -> Done {
        self.git(self.home.path(), &["clone", url, "r"]).await
    }

    /// Commits a file to a branch of this name, and pushes it.
    async fn push(&self, branch: &str) -> Done {
        self.must(&["switch", "--create", branch]).await;
        std::fs::write(self.work().join("x.py"), "print('x')\n").unwrap();
        self.must(&["add", "x.py"]).await;
        self.must(&["commit", "--message", "Add x"]).await;
        self.git(&self.work(), &["push", "origin", branch]).await
    }
}

/// A gateway with these rules, and a repository behind it with one commit.
async fn scene(access: &Value, options: &[&str]) -> Scene {
    let scene = Scene::set(access, options).await;
    let origin = scene.bitbucket.repositories.path().join("p/r.git");
    let maker = Person::new(None);
    std::fs::create_dir_all(maker.work()).unwrap();
    maker.must(&["init"]).await;
    std::fs::write(maker.work().join("README"), "A first file\n").unwrap();
    maker.must(&["add", "README"]).await;
    maker.must(&["commit", "--message", "First"]).await;
    let bare = origin.to_str().unwrap();
    maker.must(&["clone", "--bare", ".", bare]).await;
    scene
}

fn url(scene: &Scene) -> String {
    [&scene.local.url, REPOSITORY].concat()
}

/// What was decided about the repository's routes, in the order of their first decision.
fn decided(scene: &Scene) -> Vec<String> {
    ["/info/refs", "/git-upload-pack", "/git-receive-pack"]
        .iter()
        .flat_map(|route| {
            let codes = scene.codes(&format!("{REPOSITORY}{route}"));
            codes
                .into_iter()
                .map(move |(method, code)| format!("{method} {route} {code}"))
        })
        .collect()
}

#[tokio::test]
async fn with_read_alone_it_clones_and_fetches() {
    let access = json!([{"allow": ["@read"]}, {"deny": ["@admin"]}]);
    let scene = scene(&access, &[]).await;
    let alice = Person::new(Some(format!("Bearer {}", scene.token())));
    let cloned = alice.clone_from(&url(&scene)).await;
    assert!(cloned.is_done, "{}", cloned.said);
    let readme = std::fs::read_to_string(alice.work().join("README")).unwrap();
    assert_eq!(readme, "A first file\n");
    alice.must(&["fetch", "origin"]).await;
    let pushed = alice.push("feature/x").await;
    assert!(!pushed.is_done);
    assert!(pushed.said.contains("error: 403"), "{}", pushed.said);
    // What is for a push is told from what is for a fetch by the query, which no rule sees.
    assert_eq!(
        decided(&scene),
        [
            "GET /info/refs allowed",
            "POST /git-upload-pack allowed",
            "POST /git-receive-pack route_not_allowed",
        ]
    );
}

#[tokio::test]
async fn with_write_or_git_it_pushes() {
    for access in [reads_and_writes(), json!([{"allow": ["@git"]}])] {
        let scene = scene(&access, &[]).await;
        let alice = Person::new(Some(format!("Bearer {}", scene.token())));
        let cloned = alice.clone_from(&url(&scene)).await;
        assert!(cloned.is_done, "{}", cloned.said);
        let pushed = alice.push("feature/x").await;
        assert!(pushed.is_done, "{}", pushed.said);
        let bob = Person::new(Some(format!("Bearer {}", scene.token())));
        let cloned = bob.clone_from(&url(&scene)).await;
        assert!(cloned.is_done, "{}", cloned.said);
        bob.must(&["switch", "feature/x"]).await;
        assert!(bob.work().join("x.py").exists());
    }
}

/// The template, with its parameter `OfferBasic` on by default: `atlauth local` sets products' alone.
fn offers_basic(folder: &Folder) -> String {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (head, tail) = template.split_once("\n  OfferBasic:\n").unwrap();
    let tail = tail.replacen("Default: \"false\"", "Default: \"true\"", 1);
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, format!("{head}\n  OfferBasic:\n{tail}")).unwrap();
    path.display().to_string()
}

/// Git sends a password when it is asked for one: the API token, in the URL's place for it.
#[tokio::test]
async fn by_basic_where_it_is_offered() {
    let folder = Folder::new();
    let template = offers_basic(&folder);
    for (options, is_asked) in [(&["--template", &template][..], true), (&[], false)] {
        let scene = scene(&reads_and_writes(), options).await;
        let created = create_in(&scene.local.folder, of_alice()).await;
        let token = created.token.expose_secret();
        scene.local.keep_secret(token);
        let alice = Person::new(None);
        let with_password = url(&scene).replacen("://", &format!("://alice:{token}@"), 1);
        let cloned = alice.clone_from(&with_password).await;
        assert_eq!(cloned.is_done, is_asked, "{}", cloned.said);
        if !is_asked {
            // Git never sends it.
            assert!(scene.local.audits().is_empty());
            continue;
        }
        let pushed = alice.push("feature/x").await;
        assert!(pushed.is_done, "{}", pushed.said);
        let audits = scene.local.audits();
        for line in audits {
            assert_eq!(line["code"], "allowed");
            assert_eq!(line["auth_method"], "api_token");
            assert_eq!(line["username"], "alice");
        }
    }
}
