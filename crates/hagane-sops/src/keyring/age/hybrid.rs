//! age's post-quantum keys, `age1pq1…`: X-Wing (ML-KEM-768 with X25519) under HPKE's base mode, as C2SP's
//! specification of age has them since version 1.3.

use std::collections::HashSet;

use age::secrecy::ExposeSecret as _;
use age::{DecryptError, EncryptError};
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Checksum, Hrp};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::x_wing::{PublicKey, SecretKey};

const TAG: &str = "mlkem768x25519";
/// What binds the keys of the exchange to this use of them.
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// `HPKE`, then X-Wing, HKDF-SHA256 and ChaCha20-Poly1305 by their numbers.
const SUITE: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";
/// Two recipients of these are as good together as alone; with others they would not be.
const LABEL: &str = "postquantum";
const FILE_KEY: usize = 16;

/// Bech32 of any length: a recipient has 1200 bytes.
enum LongBech32 {}

impl Checksum for LongBech32 {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    const CODE_LENGTH: usize = 4096;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32::TARGET_RESIDUE;
}

fn decode(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    let checked = CheckedHrpstring::new::<LongBech32>(text).ok()?;
    (checked.hrp().to_lowercase() == prefix).then(|| Zeroizing::new(checked.byte_iter().collect()))
}

/// `AGE-SECRET-KEY-PQ-1…`.
pub(super) struct HybridIdentity(SecretKey);

impl HybridIdentity {
    pub(super) fn parse(text: &str) -> Option<HybridIdentity> {
        let seed = decode(text, "age-secret-key-pq-").filter(|_| text.starts_with("AGE"))?;
        SecretKey::of_seed(seed.as_slice().try_into().ok()?).map(HybridIdentity)
    }

    /// Returns the recipient whose files it opens.
    pub(super) fn recipient(&self) -> Option<String> {
        let prefix = Hrp::parse("age1pq").ok()?;
        bech32::encode_lower::<LongBech32>(prefix, &self.0.public_key()).ok()
    }

    fn unwrap(&self, stanza: &Stanza) -> Option<FileKey> {
        let [argument] = stanza.args.as_slice() else { return None };
        let encapsulated = BASE64_STANDARD_NO_PAD.decode(argument).ok()?;
        let (cipher, nonce) = key_schedule(&*self.0.decapsulate(&encapsulated)?);
        let opened = Zeroizing::new(cipher.decrypt(&nonce, stanza.body.as_slice()).ok()?);
        let key = <&[u8; FILE_KEY]>::try_from(opened.as_slice()).ok()?;
        Some(FileKey::init_with_mut(|file_key| file_key.copy_from_slice(key)))
    }
}

impl age::Identity for HybridIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        // A stanza says nothing of whom it is for: one that does not open is somebody else's.
        if stanza.tag == TAG { self.unwrap(stanza).map(Ok) } else { None }
    }
}

/// `age1pq1…`.
pub(super) struct HybridRecipient(PublicKey);

impl HybridRecipient {
    pub(super) fn parse(text: &str) -> Option<HybridRecipient> {
        let key = decode(text, "age1pq").filter(|_| text.starts_with("age"))?;
        PublicKey::of_bytes(&key).map(HybridRecipient)
    }
}

impl age::Recipient for HybridRecipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let failed = || std::io::Error::other("a file key could not be sealed");
        let (encapsulated, shared) = self.0.encapsulate().ok_or_else(failed)?;
        let (cipher, nonce) = key_schedule(&*shared);
        let body = cipher.encrypt(&nonce, file_key.expose_secret().as_slice()).map_err(|_| failed())?;
        let args = vec![BASE64_STANDARD_NO_PAD.encode(encapsulated)];
        Ok((vec![Stanza { tag: TAG.into(), args, body }], HashSet::from([LABEL.to_owned()])))
    }
}

/// Returns the cipher and the nonce of the one message that the shared secret is for (RFC 9180, section 5.1).
fn key_schedule(shared: &[u8]) -> (ChaCha20Poly1305, Nonce) {
    let mut context = vec![0];
    context.extend_from_slice(&*extract(&[], b"psk_id_hash", &[]));
    context.extend_from_slice(&*extract(&[], b"info_hash", INFO));
    let secret = extract(shared, b"secret", &[]);
    let key = expand(&secret, b"key", &context, 32);
    let nonce = expand(&secret, b"base_nonce", &context, 12);
    (ChaCha20Poly1305::new(Key::from_slice(&key[..32])), *Nonce::from_slice(&nonce[..12]))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hmac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| hmac.update(part));
    Zeroizing::new(hmac.finalize().into_bytes().into())
}

fn extract(salt: &[u8], label: &[u8], secret: &[u8]) -> Zeroizing<[u8; 32]> {
    hmac(salt, &[b"HPKE-v1", SUITE, label, secret])
}

/// Expands to `length` bytes, at most 32: one block.
fn expand(secret: &[u8; 32], label: &[u8], context: &[u8], length: u8) -> Zeroizing<[u8; 32]> {
    hmac(secret, &[&[0, length], b"HPKE-v1", SUITE, label, context, &[1]])
}
