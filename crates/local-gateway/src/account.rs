//! Where the API would be, if it were at AWS.

/// The region.
pub(crate) const REGION: &str = "eu-west-1";
/// The account.
pub(crate) const ACCOUNT: &str = "123456789012";
