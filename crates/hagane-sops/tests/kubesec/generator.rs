//! Writes kubesec files from what is known of the format; it shares nothing with the reader.

use aes_gcm::aead::Aead as _;
use aes_gcm::aead::Payload;
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Values are filled up to a multiple of this.
const BLOCK: usize = 48;

/// A Secret that is to be sealed.
pub(crate) struct Plain<'p> {
    pub(crate) version: u8,
    /// Keys and values, in the order of the file; values of `data` are base64.
    pub(crate) data: &'p [(&'p str, &'p str)],
    pub(crate) string_data: &'p [(&'p str, &'p str)],
    /// Kind (`pgp`, `gcp` or `aws`), id, and the wrapped data key, in the order of the file.
    pub(crate) keys: &'p [(&'p str, &'p str, Vec<u8>)],
}

/// Returns the file under a data key. `random` fills nonces.
pub(crate) fn seal(plain: &Plain, data_key: &[u8; 32], random: &mut dyn FnMut(&mut [u8])) -> String {
    let cipher = Aes256Gcm::new(data_key.into());
    let mut seal = |text: &[u8], additional: &[u8]| {
        let mut nonce = [0; 12];
        random(&mut nonce);
        let payload = Payload { msg: text, aad: additional };
        let sealed = cipher.encrypt(&nonce.into(), payload).expect("the text is short");
        let (data, tag) = sealed.split_at(text.len());
        let parts = [data, &nonce, tag].map(|part| BASE64_STANDARD.encode(part));
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    };
    let mut file = "apiVersion: v1\n".to_owned();
    let mut authenticated = Vec::new();
    for (field, entries) in [("data", plain.data), ("stringData", plain.string_data)] {
        if entries.is_empty() {
            continue;
        }
        file.push_str(&format!("{field}:\n"));
        for (key, value) in entries {
            let mut padded = value.as_bytes().to_vec();
            padded.resize(value.len().div_ceil(BLOCK) * BLOCK, 0);
            file.push_str(&format!("  {key}: {}\n", seal(&padded, key.as_bytes())));
        }
        let mut sorted = entries.to_vec();
        sorted.sort();
        sorted
            .iter()
            .for_each(|(key, value)| authenticated.extend_from_slice(format!("{key}{value}").as_bytes()));
    }
    file.push_str("kind: Secret\nmetadata:\n  name: shop\ntype: Opaque\n");
    file.push_str(&format!("# kubesec:v:{}\n", plain.version));
    for (kind, id, wrapped) in plain.keys {
        file.push_str(&format!("# kubesec:{kind}:{id}:{}\n", BASE64_STANDARD.encode(wrapped)));
    }
    let rank = |kind: &str| ["pgp", "gcp", "aws"].iter().position(|known| *known == kind);
    let mut sorted: Vec<_> = plain.keys.iter().map(|(kind, id, _)| (rank(kind), *id)).collect();
    sorted.sort();
    sorted.iter().for_each(|(_, id)| authenticated.extend_from_slice(id.as_bytes()));
    if plain.version >= 3 {
        file.push_str(&format!("# kubesec:mac:{}\n", seal(b"", &authenticated)));
    }
    file
}
