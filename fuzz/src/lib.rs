//! Targets for a fuzzer. Each takes any bytes, and panics where something does not hold.
//!
//! `fuzz/run.sh` drives them with libFuzzer; the unit tests send the corpora through them, so that
//! what was found once is tried with every `cargo test`.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "targets fail by panicking"
)]

mod answer;
mod event;
mod header;
mod inspection;
mod jwt;
mod key_set;
mod oauth1;
mod random;
mod readings;
mod rules;
mod scene;
mod settings;

// Decisions and readings by the words of the design: the same files that the property tests hold the
// code against, with what they take from the library under the names that they know it by.
#[path = "../../src/access/properties/slow.rs"]
mod slow;
#[path = "../../src/access/properties/slow_readings.rs"]
mod slow_readings;
mod access {
    pub(crate) use atlassian_authorizer::access::BasicGrant;
}
mod document {
    pub(crate) use atlassian_authorizer::document::ProductKind;
}
mod route {
    pub(crate) use atlassian_authorizer::route::raw_lists;
}

/// What is done with any bytes.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Target); 10] = [
    ("event", event::run),
    ("header", header::run),
    ("jwt", jwt::run),
    ("keys", key_set::run),
    ("settings", settings::run),
    ("introspection", inspection::introspection),
    ("userinfo", inspection::userinfo),
    ("oauth1", oauth1::run),
    ("readings", readings::run),
    ("rules", rules::run),
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    let mut targets = TARGETS.into_iter();
    targets.find(|(one, _)| *one == name).map(|(_, run)| run)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::Ordering;

    use super::TARGETS;
    use super::answer::ALLOWED;

    #[test]
    fn the_corpora_hold() {
        for (name, run) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("corpus")
                .join(name);
            let allowed = ALLOWED.load(Ordering::Relaxed);
            let mut count = 0;
            for file in std::fs::read_dir(&folder).unwrap() {
                run(&std::fs::read(file.unwrap().path()).unwrap());
                count += 1;
            }
            assert!(count > 3, "{name} has no corpus");
            let has_answers =
                ["event", "header", "jwt", "introspection", "userinfo"].contains(&name);
            let allows = ALLOWED.load(Ordering::Relaxed) > allowed;
            assert_eq!(
                allows, has_answers,
                "{name}: nothing of its corpus is allowed"
            );
        }
    }
}
