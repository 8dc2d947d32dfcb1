//! kubesec files: a Secret whose values are encrypted one by one, with comments that say for whom.
//!
//! kubesec is no longer kept up, and teams still hold such files. They are only read: [`decrypt`] gives contents, which
//! [`encrypt_file`](crate::encrypt_file) makes a SOPS file of.

mod header;

use std::collections::BTreeSet;

use aes_gcm::aead::consts::U12;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, Nonce, Tag};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane_yaml::{FileId, Span};
use zeroize::Zeroizing;

use self::header::Header;
use crate::contents::Warning;
use crate::error::ValueProblem;
use crate::tree::{Item, Kind, Leaf, Pair, Value};
use crate::{
    Contents, DataKey, DecryptError, Format, Keyring, PLACEHOLDER, SecretBytes, WrappedKey, key_group,
};

/// The fields of a Secret whose values are encrypted.
const FIELDS: [&str; 2] = ["data", "stringData"];
/// The version from which on `stringData` is encrypted.
const WITH_STRING_DATA: u8 = 4;

/// Returns whether a text is a kubesec file. One whose comments were cut down is still one, and is refused as one.
pub fn is_kubesec(text: &[u8]) -> bool {
    header::is_there(text)
}

/// Returns who can open a file, for which no key is needed.
pub fn master_keys(text: &[u8], file: FileId) -> Result<Vec<WrappedKey>, DecryptError> {
    Header::read(text, file).map(|header| header.keys)
}

/// Whether a file without a MAC is opened. Those of kubesec's first two versions have none, and so has one of a later version whose
/// comments somebody altered: nothing tells the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutMac {
    /// It is not.
    Refused,
    /// It is, with a warning: for who has looked at the file and wants to be rid of the format.
    Opened,
}

/// Returns whether a file has a MAC, for which no key is needed. Whether it is right only a key tells.
pub fn has_mac(text: &[u8], file: FileId) -> Result<bool, DecryptError> {
    Header::read(text, file).map(|header| header.mac.is_some())
}

/// Decrypts a file. Its MAC is verified wherever it is there.
pub fn decrypt(
    text: &[u8],
    file: FileId,
    keyring: &dyn Keyring,
    without_mac: WithoutMac,
) -> Result<Contents, DecryptError> {
    let (header, mut items) = load(text, file)?;
    if header.mac.is_none() && without_mac == WithoutMac::Refused {
        return Err(DecryptError::KubesecWithoutMac { span: header.span, version: header.version });
    }
    let key = key_group::unwrap_data_key(std::slice::from_ref(&header.keys), None, header.span, keyring)?;
    let cipher = Cipher::new(&key);
    // Never grown in place, which would leave a copy behind.
    let mut authenticated = Zeroizing::new(Vec::new());
    for field in FIELDS {
        let mut entries = entries(&mut items, field)?;
        if field == "stringData"
            && header.version < WITH_STRING_DATA
            && let Some((key, leaf)) = entries.first()
        {
            let path = format!("{field}.{key}");
            return Err(DecryptError::BadValue {
                span: leaf.span,
                path,
                problem: ValueProblem::NotEncrypted,
            });
        }
        for (key, leaf) in &mut entries {
            let opened = cipher.open_value(leaf.bytes.expose(), key).map_err(|problem| {
                DecryptError::BadValue { span: leaf.span, path: format!("{field}.{key}"), problem }
            })?;
            (leaf.bytes, leaf.sensitive) = (opened, true);
        }
        entries.sort_by(|one, other| one.0.cmp(other.0));
        let length: usize = entries.iter().map(|(key, leaf)| key.len() + leaf.bytes.expose().len()).sum();
        let mut longer = Zeroizing::new(Vec::with_capacity(authenticated.len() + length));
        longer.extend_from_slice(&authenticated);
        authenticated = longer;
        for (key, leaf) in &entries {
            authenticated.extend_from_slice(key.as_bytes());
            authenticated.extend_from_slice(leaf.bytes.expose());
        }
    }
    let mut warnings = Vec::new();
    match &header.mac {
        Some((mac, span)) => cipher.verify(mac, &authenticated, &header, *span)?,
        None => warnings.push(Warning {
            span: header.span,
            message: "a kubesec file of this version has no MAC: nobody knows whether values are missing, or older than the others",
        }),
    }
    Contents::new(Format::Yaml, vec![items], warnings)
}

/// Reads a file without its keys, for previews: a fixed text takes the place of each value.
pub fn placeholders(text: &[u8], file: FileId) -> Result<Contents, DecryptError> {
    let (_, mut items) = load(text, file)?;
    for field in FIELDS {
        for (_, leaf) in entries(&mut items, field)? {
            leaf.bytes = SecretBytes::new(PLACEHOLDER.into());
            leaf.sensitive = true;
        }
    }
    Contents::new(Format::Yaml, vec![items], Vec::new())
}

/// Returns what the comments say, and the Secret above them.
fn load(text: &[u8], file: FileId) -> Result<(Header, Vec<Item>), DecryptError> {
    let header = Header::read(text, file)?;
    let mut documents = Contents::read(&header::without(text), Format::Yaml, file)?.documents;
    let bad = |problem| DecryptError::BadKubesec { span: header.span, problem };
    let items = documents.pop().ok_or_else(|| bad("the file holds no Secret"))?;
    if !documents.is_empty() {
        return Err(bad("the file holds more than one document, and its comments are for one Secret"));
    }
    let is_secret = items.iter().any(|item| match item {
        Item::Pair(Pair { key, value: Value::Leaf(leaf) }) => {
            key == "kind" && leaf.bytes.expose() == b"Secret"
        }
        _ => false,
    });
    if is_secret { Ok((header, items)) } else { Err(bad("the file is no Secret")) }
}

/// Returns the keys and values of a field.
fn entries<'i>(items: &'i mut [Item], field: &str) -> Result<Vec<(&'i str, &'i mut Leaf)>, DecryptError> {
    let wrong = |span, path: String, problem| DecryptError::BadValue { span, path, problem };
    let inner = items.iter_mut().find_map(|item| match item {
        Item::Pair(pair) if pair.key == field => Some(&mut pair.value),
        _ => None,
    });
    let inner = match inner {
        None | Some(Value::Null(_)) => return Ok(Vec::new()),
        Some(Value::Mapping(inner, _)) => inner,
        Some(other) => return Err(wrong(other.span(), field.to_owned(), ValueProblem::NotEncrypted)),
    };
    let mut seen = BTreeSet::new();
    let mut entries = Vec::with_capacity(inner.len());
    for item in inner {
        let Item::Pair(Pair { key, value }) = item else { continue };
        let path = || format!("{field}.{key}");
        let span = value.span();
        match value {
            Value::Leaf(leaf) if leaf.kind == Kind::Str => {
                if !seen.insert(&*key) {
                    let message = format!("the key `{}` is there twice", path());
                    return Err(DecryptError::Syntax { span: leaf.span, message });
                }
                entries.push((key.as_str(), leaf));
            }
            _ => return Err(wrong(span, path(), ValueProblem::NotEncrypted)),
        }
    }
    Ok(entries)
}

/// Opens the values of a file, with its data key.
struct Cipher(AesGcm<Aes256, U12>);

impl Cipher {
    fn new(key: &DataKey) -> Cipher {
        Cipher(AesGcm::new(key.expose().into()))
    }

    /// Opens a value, whose additional data is its key alone, and cuts what it was filled up with.
    fn open_value(&self, text: &[u8], key: &str) -> Result<SecretBytes, ValueProblem> {
        if text.is_empty() {
            return Ok(SecretBytes::default());
        }
        let opened = self.open(text, key.as_bytes())?;
        let end = memchr::memchr(0, &opened).unwrap_or(opened.len());
        Ok(SecretBytes::new(opened[..end].to_vec()))
    }

    /// Opens `data.iv.tag`, each in base64; no data has no part of its own.
    fn open(&self, text: &[u8], additional: &[u8]) -> Result<Zeroizing<Vec<u8>>, ValueProblem> {
        let text = std::str::from_utf8(text).map_err(|_| ValueProblem::NotEncrypted)?;
        let parts: Vec<&str> = text.trim_end_matches(['\n', '\r']).split('.').collect();
        let (data, iv, tag) = match parts[..] {
            [data, iv, tag] => (data, iv, tag),
            [iv, tag] => ("", iv, tag),
            _ => return Err(ValueProblem::NotEncrypted),
        };
        let decode = |part: &str| BASE64_STANDARD.decode(part).map_err(|_| ValueProblem::Malformed);
        let mut bytes = Zeroizing::new(decode(data)?);
        let nonce = Nonce::<U12>::try_from(decode(iv)?.as_slice()).map_err(|_| ValueProblem::Malformed)?;
        let tag = Tag::try_from(decode(tag)?.as_slice()).map_err(|_| ValueProblem::Malformed)?;
        self.0
            .decrypt_inout_detached(&nonce, additional, bytes.as_mut_slice().into(), &tag)
            .map_err(|_| ValueProblem::NotAuthentic)?;
        Ok(bytes)
    }

    /// Verifies the MAC, which seals no text at all: all that it covers is its additional data.
    fn verify(&self, mac: &str, values: &[u8], header: &Header, span: Span) -> Result<(), DecryptError> {
        let fits = |keys: &[&WrappedKey]| {
            let names: usize = keys.iter().map(|key| key.key.name().len()).sum();
            let mut additional = Zeroizing::new(Vec::with_capacity(values.len() + names));
            additional.extend_from_slice(values);
            keys.iter().for_each(|key| additional.extend_from_slice(key.key.name().as_bytes()));
            self.open(mac.as_bytes(), &additional).is_ok_and(|opened| opened.is_empty())
        };
        let in_file: Vec<&WrappedKey> = header.keys.iter().collect();
        let mut sorted = in_file.clone();
        sorted.sort_by_key(|key| (header::rank(&key.key), key.key.name()));
        // Versions of kubesec differ in how they sort keys; all of them write the order that they sealed.
        if fits(&sorted) || fits(&in_file) {
            return Ok(());
        }
        let problem = "the MAC does not fit: values or keys of the file were altered, removed or moved";
        Err(DecryptError::BadKubesec { span, problem })
    }
}
