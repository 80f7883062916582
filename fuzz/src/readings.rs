//! All readings of a path, against their definition. The first line is the product's path.

use std::collections::BTreeSet;

use atlassian_authorizer::route::Readings;

use crate::slow_readings;

/// The definition takes its time.
const LONGEST: usize = 400;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some((product, path)) = text.split_once('\n') else {
        return;
    };
    // What a product's path can be.
    if !(product.is_empty() || product.starts_with('/'))
        || product.ends_with('/')
        || !path.starts_with('/')
    {
        return;
    }
    let found = Readings::of(product, path, []);
    let Ok(readings) = &found else {
        if path.len() <= LONGEST {
            assert_eq!(slow_readings::readings(product, path), None, "{path:?}");
        }
        return;
    };
    let readings: BTreeSet<String> = readings.iter().map(str::to_owned).collect();
    assert!((1..=32).contains(&readings.len()));
    assert!(readings.iter().all(|one| one.starts_with('/')));
    if path.len() <= LONGEST {
        assert_eq!(
            slow_readings::readings(product, path),
            Some(readings),
            "{path:?}"
        );
    }
    // The event's other paths only add to it, or contradict.
    let again = Readings::of(product, path, [path]).map(|all| all.iter().count());
    assert_eq!(again, found.map(|all| all.iter().count()));
}
