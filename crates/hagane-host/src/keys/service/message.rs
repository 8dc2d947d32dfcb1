//! The messages of the key service, in protocol buffers: a key, and the bytes that it wraps or has wrapped.

use hagane::MasterKey;
use hagane::sops::{AwsKmsKey, AzureKey, VaultKey};
use zeroize::Zeroizing;

use crate::protobuf::{field, fields};

/// Bytes before a message of gRPC: whether it is compressed, and its length.
const FRAME: usize = 5;

/// Returns a request to unwrap.
pub(super) fn decrypt_request(key: &MasterKey, enc: &[u8]) -> Zeroizing<Vec<u8>> {
    request(key, enc)
}

/// Returns a request to wrap. The two have the same shape.
pub(super) fn encrypt_request(key: &MasterKey, plain: &[u8]) -> Zeroizing<Vec<u8>> {
    request(key, plain)
}

fn request(key: &MasterKey, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(bytes.len() + 1024));
    field(1, &self::key(key), &mut message);
    field(2, bytes, &mut message);
    message
}

fn key(key: &MasterKey) -> Vec<u8> {
    let texts = |fields: &[(u8, &str)]| {
        let mut message = Vec::new();
        for (number, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            field(*number, text.as_bytes(), &mut message);
        }
        message
    };
    let (number, inner) = match key {
        MasterKey::AwsKms(key) => {
            let mut message = texts(&[(1, &key.arn), (2, &key.role)]);
            for (name, value) in &key.context {
                field(3, &texts(&[(1, name), (2, value)]), &mut message);
            }
            message.extend(texts(&[(4, &key.profile)]));
            (1, message)
        }
        MasterKey::Pgp(fingerprint) => (2, texts(&[(1, fingerprint)])),
        MasterKey::GcpKms(id) => (3, texts(&[(1, id)])),
        MasterKey::AzureKeyVault(key) => {
            (4, texts(&[(1, &key.vault_url), (2, &key.name), (3, &key.version)]))
        }
        MasterKey::Vault(key) => (5, texts(&[(1, &key.address), (2, &key.engine_path), (3, &key.name)])),
        MasterKey::Age(recipient) => (6, texts(&[(1, recipient)])),
        MasterKey::HuaweiKms(id) => (7, texts(&[(1, id)])),
    };
    let mut message = Vec::new();
    field(number, &inner, &mut message);
    message
}

/// Returns what an answer holds: the first field.
pub(super) fn only_field(message: &[u8]) -> Result<Vec<u8>, String> {
    let fields = fields(message).ok_or("gave an answer that cannot be read")?;
    let field = fields.into_iter().find(|(number, _)| *number == 1);
    field.map(|(_, value)| value.to_vec()).ok_or_else(|| "gave an empty answer".to_owned())
}

/// Returns an answer that holds these bytes.
pub(super) fn answer(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(bytes.len() + 8));
    field(1, bytes, &mut message);
    message
}

/// Returns the key and the bytes of a request.
pub(super) fn read_request(message: &[u8]) -> Option<(MasterKey, Vec<u8>)> {
    let fields = fields(message)?;
    let part = |wanted: u64| fields.iter().find(|(number, _)| *number == wanted).map(|(_, value)| *value);
    Some((read_key(part(1)?)?, part(2).unwrap_or_default().to_vec()))
}

fn read_key(message: &[u8]) -> Option<MasterKey> {
    let (kind, inner) = fields(message)?.into_iter().next()?;
    let inner = fields(inner)?;
    let text = |wanted: u64| {
        let value = inner.iter().find(|(number, _)| *number == wanted).map(|(_, value)| *value);
        String::from_utf8(value.unwrap_or_default().to_vec()).ok()
    };
    Some(match kind {
        1 => {
            let mut context = Vec::new();
            for (_, pair) in inner.iter().filter(|(number, _)| *number == 3) {
                let pair = fields(pair)?;
                let part = |wanted: u64| {
                    let value =
                        pair.iter().find(|(number, _)| *number == wanted).map(|(_, value)| value.to_vec());
                    String::from_utf8(value.unwrap_or_default()).ok()
                };
                context.push((part(1)?, part(2)?));
            }
            MasterKey::AwsKms(AwsKmsKey { arn: text(1)?, role: text(2)?, context, profile: text(4)? })
        }
        2 => MasterKey::Pgp(text(1)?),
        3 => MasterKey::GcpKms(text(1)?),
        4 => MasterKey::AzureKeyVault(AzureKey { vault_url: text(1)?, name: text(2)?, version: text(3)? }),
        5 => MasterKey::Vault(VaultKey { address: text(1)?, engine_path: text(2)?, name: text(3)? }),
        6 => MasterKey::Age(text(1)?),
        7 => MasterKey::HuaweiKms(text(1)?),
        _ => return None,
    })
}

/// Returns a message as gRPC sends it.
pub(super) fn framed(message: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut framed = Zeroizing::new(Vec::with_capacity(message.len() + FRAME));
    framed.push(0);
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// Returns the message of a frame, unless it is cut or compressed.
pub(super) fn unframed(frame: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (head, message) = frame.split_at_checked(FRAME)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?);
    (head[0] == 0 && message.len() == length as usize).then(|| Zeroizing::new(message.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_were_written() {
        let check = |key: MasterKey| {
            let request = request(&key, &[7; 300]);
            let frame = framed(&request);
            let unframed = unframed(&frame).expect("it is whole");
            assert_eq!(read_request(&unframed), Some((key, vec![7; 300])));
        };
        check(MasterKey::Age("age1a".into()));
        check(MasterKey::Pgp("AB".into()));
        check(MasterKey::GcpKms("projects/p".into()));
        check(MasterKey::HuaweiKms("r:u".into()));
        check(MasterKey::azure_key_vault("https://v/keys/k").expect("it is one"));
        check(MasterKey::vault("https://v/v1/e/keys/k").expect("it is one"));
        let context = [("a".to_owned(), "b".to_owned()), ("c".to_owned(), "d".to_owned())];
        check(MasterKey::aws_kms("arn:aws:kms:r:1:key/k+arn:aws:iam::1:role/r", &context, "p"));
    }

    #[test]
    fn what_is_cut_is_refused() {
        let request = request(&MasterKey::Age("age1a".into()), b"secret");
        for length in 0..request.len() {
            let _ = read_request(&request[..length]);
            assert!(unframed(&framed(&request)[..length]).is_none());
        }
        assert!(only_field(&[0xff; 20]).is_err());
    }
}
