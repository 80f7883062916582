//! The text of a key or a certificate.

use pem_rfc7468::LineEnding;

/// DER as PEM (RFC 7468, section 2), with lines of 64 characters. `None` for what is too large.
pub(crate) fn write(label: &str, der: &[u8]) -> Option<String> {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).ok()
}
