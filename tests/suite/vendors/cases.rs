//! The cases of `tests/vendors` beyond those of the table.

use std::collections::BTreeSet;

use super::Set;
use super::ways::{all, way};
use testing::vendor::file;

/// The cases that the table plays wherever the vendor has them, if not for JWTs.
const OF_THE_TABLE: [&str; 6] = [
    "valid",
    "other_client",
    "expired",
    "revoked",
    "malformed",
    "down",
];

/// A way, and what comes of a token in a case of its vendor.
const CASES: [(&str, &[(&str, &str)]); 11] = [
    (
        // Its signature holds, and the vendor is of another mind.
        "cognito, userinfo asked",
        &[
            ("expired", "401 token_inactive"),
            ("malformed", "401 token_inactive"),
            ("invalid_request", "401 token_inactive"),
            ("insufficient_scope", "401 token_inactive"),
            ("nonsense", "401 subject_mismatch"),
            ("rate_limited", "500 provider_rate_limited"),
        ],
    ),
    (
        "keycloak by introspection alone",
        &[
            ("without_audience", "alice"),
            ("service_account", "401 machine_user_unmapped"),
            ("other_client_since_26_6", "401 token_inactive"),
            ("unknown_algorithm", "500 provider_misconfigured"),
            ("nonsense", "500 provider_unavailable"),
            ("wrong_secret", "500 provider_misconfigured"),
            ("public_client", "500 provider_misconfigured"),
        ],
    ),
    (
        "okta org",
        &[
            ("no_user", "401 machine_user_unmapped"),
            // Called active and `Bearer`: the want of an `iss` alone tells it from an access token.
            ("refresh_token", "401 token_type_unsupported"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
            ("wrong_secret", "500 provider_misconfigured"),
        ],
    ),
    (
        "google access token",
        &[
            ("unverified_email", "401 email_unverified"),
            ("no_user", "401 username_missing"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
        ],
    ),
    (
        "github",
        &[
            ("app_mismatch", "401 audience_mismatch"),
            ("no_user", "401 username_missing"),
            ("validation_failed", "401 token_inactive"),
            ("nonsense", "401 audience_mismatch"),
            ("rate_limited", "500 provider_rate_limited"),
            ("secondary_rate_limited", "500 provider_rate_limited"),
            ("wrong_secret", "500 provider_misconfigured"),
            ("locked_out", "500 provider_misconfigured"),
        ],
    ),
    (
        "gitlab access token",
        &[
            ("valid_without_expiry", "alice"),
            ("revoked_meanwhile", "401 token_inactive"),
            ("expired_meanwhile", "401 token_inactive"),
            ("insufficient_scope", "401 scope_insufficient"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
        ],
    ),
    (
        "slack user token",
        &[
            ("other_team", "401 requirement_unmet"),
            ("deactivated", "401 token_inactive"),
            ("missing_scope", "401 scope_insufficient"),
            ("wrong_token_type", "401 token_inactive"),
            ("failing_with_200", "500 provider_unavailable"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
        ],
    ),
    (
        "facebook",
        &[
            ("page_token", "401 token_type_unsupported"),
            ("app_mismatch", "401 audience_mismatch"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
            ("wrong_secret", "500 provider_misconfigured"),
        ],
    ),
    (
        "custom by introspection",
        &[
            ("other_issuer", "401 issuer_unknown"),
            ("no_user", "401 username_missing"),
            ("expired_but_active", "401 token_expired"),
            ("not_yet_valid", "401 token_not_yet_valid"),
            ("refresh_token_by_type", "401 token_type_unsupported"),
            ("refresh_token_by_use", "401 token_type_unsupported"),
            ("refresh_token_by_typ", "401 token_type_unsupported"),
            ("unsupported_token_type", "401 token_inactive"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
            ("wrong_secret", "500 provider_misconfigured"),
        ],
    ),
    (
        "custom by introspection and userinfo",
        &[
            ("other_subject", "401 subject_mismatch"),
            ("insufficient_scope", "401 scope_insufficient"),
            ("revoked_meanwhile", "401 token_inactive"),
            ("refresh_token_by_use", "401 token_type_unsupported"),
        ],
    ),
    (
        "custom by userinfo and binding",
        &[
            ("client_unknown", "401 audience_mismatch"),
            ("without_subject", "alice"),
            ("other_subject", "401 subject_mismatch"),
            ("insufficient_scope", "401 scope_insufficient"),
            ("revoked_meanwhile", "401 token_inactive"),
            ("nonsense", "500 provider_unavailable"),
            ("rate_limited", "500 provider_rate_limited"),
        ],
    ),
];

#[tokio::test]
async fn each_case() {
    let mut wrong = Vec::new();
    for (name, cases) in CASES {
        let way = way(name);
        for (case, expected) in cases {
            let set = Set::start(&way, case).await;
            let outcome = set.outcome(&way.token()).await;
            if outcome != *expected {
                wrong.push(format!("{name}: {case}: {outcome}"));
            }
            assert!(!set.vendor.asked().is_empty(), "{name}: {case}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A case that is added to a file must be expected to come to something.
#[test]
fn no_case_is_left_out() {
    let vendors: BTreeSet<_> = all().iter().filter_map(|way| way.vendor).collect();
    for vendor in vendors {
        let expected: BTreeSet<_> = CASES
            .iter()
            .filter(|(name, _)| way(name).vendor == Some(vendor))
            .flat_map(|(_, cases)| cases.iter().map(|(case, _)| *case))
            .chain(OF_THE_TABLE)
            .collect();
        let file = file(vendor);
        for case in file["cases"].as_object().unwrap().keys() {
            assert!(expected.contains(case.as_str()), "{vendor}: {case}");
        }
    }
}
