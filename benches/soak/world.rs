//! What the function meets: its settings, which change while it runs, and its output.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use testing::introspection::Introspector;
use testing::issuer::Issuer;
use testing::root;
use testing::runtime_api::RuntimeApi;
use testing::ssm::{FakeSsm, PREFIX, parameters, sdk_variables};

use crate::mix::Mix;

/// How long settings stay before they change.
const STAY: Duration = Duration::from_secs(2);
/// How long an answer may be based on settings after others have replaced them: `refresh_seconds`,
/// the longest pause after the loads that failed meanwhile, and a second for a busy machine.
const SETTLED: Duration = Duration::from_secs(6);

/// The settings, by the name of the product that tells them apart in an answer. In one of them
/// nobody writes. One allows everything, and has an error.
const TURNS: [&str; 4] = ["jira-a", "jira-b", "jira-bad", "jira-b"];

/// The product of the settings under which writers write.
pub(crate) const WITH_WRITERS: &str = "jira-a";

/// Settings that alternate.
pub(crate) struct Settings<'w> {
    ssm: &'w FakeSsm,
    tree: Value,
    turn: usize,
    changed: Instant,
    /// When each of them last ceased to be what is in the store.
    left: BTreeMap<&'static str, Instant>,
}

impl<'w> Settings<'w> {
    pub(crate) fn new(
        ssm: &'w FakeSsm,
        issuer: &Issuer,
        introspector: &Introspector,
        mix: &Mix,
    ) -> Self {
        let mut tree = issuer.settings();
        tree["settings"] = json!({
            "refresh_seconds": 1, "api_tokens": {"enabled": true, "recheck_seconds": 3_600},
        });
        tree["providers"]["idp"]["groups"] = "cognito:groups".into();
        tree["providers"]["introspector"] = introspector.provider();
        tree["secrets"] = json!({"introspector": "secret-of-the-client"});
        let settings = Self {
            ssm,
            tree,
            turn: 0,
            changed: Instant::now(),
            left: BTreeMap::new(),
        };
        ssm.change(|state| state.parameters.extend(mix.records()));
        settings.put();
        settings
    }

    fn put(&self) {
        let product = TURNS[self.turn];
        let mut jira = json!({"path": "/jira", "kind": "jira", "access": [{"allow": ["@read"]}]});
        match product {
            WITH_WRITERS => {
                let rule = json!({"allow": ["@write"], "groups": ["writers"]});
                jira["access"].as_array_mut().unwrap().push(rule);
            }
            "jira-bad" => {
                jira["access"] = json!([{"allow": ["* /*"]}]);
                jira["no_such_field"] = true.into();
            }
            _ => {}
        }
        let mut tree = self.tree.clone();
        tree["products"] = json!({"wiki": {"path": "/wiki", "upstream": {"mode": "per_user"}}});
        tree["products"][product] = jira;
        self.ssm.change(|state| {
            state
                .parameters
                .retain(|name, _| !name.starts_with(&format!("{PREFIX}/")));
            let tree = parameters(&tree).into_iter();
            state
                .parameters
                .extend(tree.map(|(name, value, _)| (name, value)));
        });
    }

    /// Puts the next settings into the store, when it is time.
    pub(crate) fn advance(&mut self) {
        if self.changed.elapsed() < STAY {
            return;
        }
        self.changed = Instant::now();
        self.left.insert(TURNS[self.turn], self.changed);
        self.turn = (self.turn + 1) % TURNS.len();
        self.put();
    }

    /// Whether an answer may be based on the settings with this product. Those with an error never
    /// count, and those before them stay in force meanwhile.
    pub(crate) fn may_be_in_force(&self, product: &str) -> bool {
        let was = |name: &str| {
            let left = self.left.get(name);
            left.is_some_and(|left| left.elapsed() < SETTLED)
        };
        let now = TURNS[self.turn];
        let stands_in = now == "jira-bad" && product == "jira-b";
        product != "jira-bad" && (product == now || stands_in || was(product))
    }
}

/// What the function has written.
#[derive(Default)]
pub(crate) struct Output {
    /// Audit lines by code.
    pub(crate) codes: BTreeMap<String, usize>,
    /// Sums of metrics by name.
    pub(crate) metrics: BTreeMap<&'static str, u64>,
    /// Other lines by message.
    pub(crate) messages: BTreeMap<String, usize>,
}

const METRICS: [&str; 8] = [
    "settings_loads",
    "settings_load_failures",
    "key_fetches",
    "key_fetch_failures",
    "provider_checks",
    "provider_check_failures",
    "record_reads",
    "record_read_failures",
];

impl Output {
    fn take(&mut self, line: &str) {
        // Most lines are not read as JSON: they would keep this thread longer than the function.
        if line.starts_with(r#"{"event":"decision""#) && line.ends_with('}') {
            let (_, rest) = line.split_once(r#""code":""#).unwrap();
            let (code, _) = rest.split_once('"').unwrap();
            *self.codes.entry(code.to_owned()).or_default() += 1;
            if !line.contains(r#""key_fetches":"#) {
                return;
            }
        }
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for name in METRICS {
            *self.metrics.entry(name).or_default() += line[name].as_u64().unwrap_or_default();
        }
        if let Some(message) = line["message"].as_str() {
            *self.messages.entry(message.to_owned()).or_default() += 1;
        }
    }
}

/// The running function.
pub(crate) struct Function {
    child: Child,
    output: JoinHandle<Output>,
}

impl Function {
    pub(crate) fn start(program: &str, api: &RuntimeApi, ssm: &FakeSsm) -> Self {
        let mut child = Command::new(root().join(program))
            .env_clear()
            .envs(api.variables())
            .env("AUTHORIZER_SETTINGS", format!("ssm:{PREFIX}"))
            .env("AUTHORIZER_CACHE_SECONDS", "0")
            .envs(sdk_variables(&ssm.url))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the function is built: `make soak`");
        let stdout = child.stdout.take().unwrap();
        let output = std::thread::spawn(move || {
            let mut output = Output::default();
            for line in BufReader::new(stdout).lines() {
                output.take(&line.unwrap());
            }
            output
        });
        Self { child, output }
    }

    /// A line of the kernel's status of the process, in MiB.
    pub(crate) fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib / 1024.0
    }

    /// Ends it, and returns what it has written.
    pub(crate) fn stop(mut self) -> Output {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.output.join().unwrap()
    }
}
