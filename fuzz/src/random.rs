//! A caller, as the definition of decisions knows one.

use atlassian_authorizer::access::BasicGrant;

/// Where a request comes from, and the networks of the rules that this is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) is_known: bool,
    pub(crate) networks: &'static [&'static str],
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) basic: Option<BasicGrant>,
    pub(crate) provider: &'static str,
    pub(crate) username: &'static str,
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) groups: Vec<&'static str>,
    pub(crate) read_only: bool,
    pub(crate) products: Vec<&'static str>,
    pub(crate) source: Source,
}
