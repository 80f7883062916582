//! Project Wycheproof's vectors for JWS and JWK, from a checkout of C2SP/wycheproof.
//!
//! No package registry has these files, so they are not part of `make test`:
//! `make wycheproof VECTORS=<checkout>`. Each vector goes through a JWKS and through the rules for
//! a token's header and signature. What differs from the vector's own result must stand in
//! `jose.tsv`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a check fails by panicking, and speaks to whoever runs it"
)]

mod exceptions;

use std::path::PathBuf;
use std::process::ExitCode;

use atlassian_authorizer::authenticate::verify_jws;
use atlassian_authorizer::keys::KeySet;
use exceptions::{Exceptions, Expected};
use serde_json::{Value, json};

const EXCEPTIONS: &str = include_str!("jose.tsv");

/// The files that hold signatures; the one about encryption has none.
const FILES: [&str; 3] = ["json_web_signature", "json_web_key", "json_web_crypto"];

fn main() -> ExitCode {
    let Some(checkout) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("Expected the folder of a checkout of https://github.com/C2SP/wycheproof.");
        return ExitCode::FAILURE;
    };
    let mut exceptions = Exceptions::parse(EXCEPTIONS);
    for file in FILES {
        let path = checkout.join(format!("testvectors_v1/{file}_test.json"));
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        };
        let vectors: Value = serde_json::from_slice(&text).unwrap();
        for group in vectors["testGroups"].as_array().unwrap() {
            check_group(&mut exceptions, file, group);
        }
    }
    let (agree, excepted) = exceptions.counts;
    println!("{agree} vectors agree, {excepted} are excepted.");
    let differences = exceptions.differences();
    for difference in &differences {
        println!("{difference}");
    }
    if differences.is_empty() && agree + excepted > 400 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check_group(exceptions: &mut Exceptions, file: &str, group: &Value) {
    // Groups of a symmetric key have no public one.
    let key = [&group["public"], &group["private"]]
        .into_iter()
        .find(|key| !key.is_null())
        .unwrap();
    let set = match key.get("keys") {
        Some(_) => key.clone(),
        None => json!({"keys": [key]}),
    };
    let set = KeySet::from_value(&set);
    for test in group["tests"].as_array().unwrap() {
        // Vectors in the JSON serialization are objects; what is encrypted has another member.
        let jws = match &test["jws"] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        let holds = set.as_ref().is_ok_and(|set| verify_jws(&jws, set).is_ok());
        let expected = match test["result"].as_str().unwrap() {
            "valid" => Expected::Holds,
            "invalid" => Expected::Fails,
            _ => Expected::Any,
        };
        let id = usize::try_from(test["tcId"].as_u64().unwrap()).unwrap();
        let what = format!("{}, {}", group["comment"], test["comment"]);
        exceptions.check(file, id, &what, expected, holds);
    }
}
