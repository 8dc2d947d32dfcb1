//! The message authentication code of a file: SHA-512 over the plain bytes of its values in their order.

use hagane_yaml::Span;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq as _;

use crate::DecryptError;
use crate::metadata::Metadata;
use crate::value::{Cipher, Opened};

/// SHA-256 of `sops`, with which the hash begins where only encrypted values count, so that the two kinds of
/// MAC never agree.
const ENCRYPTED_ONLY: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b,
    0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The hash while the tree is walked.
pub(crate) struct Mac {
    hash: Sha512,
    encrypted_only: bool,
}

impl Mac {
    pub(crate) fn new(metadata: &Metadata) -> Mac {
        let mut hash = Sha512::new();
        if metadata.mac_only_encrypted {
            hash.update(ENCRYPTED_ONLY);
        }
        Mac { hash, encrypted_only: metadata.mac_only_encrypted }
    }

    /// Adds a value's plain bytes.
    pub(crate) fn add(&mut self, bytes: &[u8], encrypted: bool) {
        if encrypted || !self.encrypted_only {
            self.hash.update(bytes);
        }
    }

    /// Compares with the MAC of the file, in the same time wherever they differ.
    pub(crate) fn verify(self, metadata: &Metadata, cipher: &Cipher) -> Result<(), DecryptError> {
        let (text, span): (&str, Span) = match &metadata.mac {
            Some((text, span)) if !text.is_empty() => (text, *span),
            _ => return Err(DecryptError::MacMissing { span: metadata.span }),
        };
        let Ok(Opened::Leaf(_, stated)) = cipher.open(text.as_bytes(), &metadata.last_modified) else {
            return Err(DecryptError::MacUndecryptable { span });
        };
        if bool::from(self.text().as_bytes().ct_eq(stated.expose())) {
            Ok(())
        } else {
            Err(DecryptError::MacMismatch { span })
        }
    }

    /// Returns the MAC as it is sealed: in hexadecimal.
    pub(crate) fn text(self) -> String {
        self.hash.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
    }
}
