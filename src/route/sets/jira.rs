//! TODO

use super::Lists;

pub(super) const LISTS: Lists = Lists {
    admin: &[],
    not_admin: &[],
    read: &[("GET", "/rest/*")],
    write: &[("POST PUT PATCH DELETE", "/rest/*")],
    git: &[],
    plain_read: &[],
    plain_write: &[],
};
