//! libFuzzer with one of the targets, by the variable `FUZZ_TARGET`.

#![no_main]
#![allow(
    clippy::unwrap_used,
    reason = "a fuzzer without a target has nothing to do"
)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name).unwrap()
});

fuzz_target!(|data: &[u8]| TARGET(data));
