//! Requests that carry a signature of what they ask: those of Huawei Cloud and of Amazon's services, which differ in little.

use std::fmt::Write as _;

use hagane::{hexadecimal, without_credentials};
use ring::digest::{SHA256, digest};
use ring::hmac;

use crate::clock;

/// A request as it is signed.
pub(super) struct Signed<'r> {
    pub(super) method: &'r str,
    /// The path as the service has it signed, encoded.
    pub(super) path: &'r str,
    /// Names and values, encoded and in order.
    pub(super) query: &'r str,
    /// In lower case and in order.
    pub(super) headers: &'r [(&'r str, &'r str)],
    /// The digest of the body, in hexadecimal.
    pub(super) body: &'r str,
}

impl Signed<'_> {
    /// Returns the names of the headers that are signed.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        names.join(";")
    }

    /// Returns the digest of the whole request, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        let Signed { method, path, query, headers, body } = self;
        let mut text = format!("{method}\n{path}\n{query}\n");
        for (name, value) in *headers {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}:{}", value.trim());
        }
        let _ = write!(text, "\n{}\n{body}", self.names());
        sha256(text.as_bytes())
    }
}

/// Returns a digest in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest(&SHA256, bytes).as_ref())
}

/// Returns the code that authenticates a text by a secret.
pub(super) fn code(secret: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes())
}

/// Returns what is said of an address that is none. A user may have put a password into it.
pub(super) fn no_address(url: &str) -> String {
    let shown = without_credentials(url);
    // What has no scheme is no URL, and may have one all the same.
    let shown = shown.rsplit_once('@').map_or(shown.as_str(), |(_, host)| host);
    format!("has no address that is one: `{shown}`")
}

/// Returns the time as signatures have it: `20261121T152145Z`.
pub(super) fn time() -> String {
    clock::now().replace(['-', ':'], "")
}
