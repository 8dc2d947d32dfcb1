//! Encryption of new files: a new data key, wrapped for everybody who may open the file.

use hagane_yaml::Span;

use crate::contents::Unfit;
use crate::decrypt::check_written;
use crate::format::{self, Layout};
use crate::kept::Kept;
use crate::key_group::KeyGroup;
use crate::metadata::Metadata;
use crate::seal::{seal, sealed_mac};
use crate::selection::Selector;
use crate::value::Cipher;
use crate::{Attempt, Contents, DataKey, Format, Keyring, MasterKey, SecretBytes, WrappedKey, shamir};

/// Who may open a file, and what in it is encrypted.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// Groups of keys: one group, of which any key opens the file, or several, of which enough must be opened.
    pub key_groups: Vec<Vec<MasterKey>>,
    /// How many groups must be opened; all of them unless stated.
    pub shamir_threshold: Option<usize>,
    /// Which values are encrypted; all but those whose names end in `_unencrypted` unless stated.
    pub selector: Option<Selector>,
    /// Whether the MAC covers only what is encrypted.
    pub mac_only_encrypted: bool,
}

/// What writing an encrypted file takes from outside.
pub struct Sealing<'a> {
    /// Wraps the data key.
    pub keyring: &'a dyn Keyring,
    /// Fills bytes with chance that nobody can guess.
    pub random: &'a dyn Fn(&mut [u8]),
    /// Now, in RFC 3339: `2026-11-21T15:21:45Z`.
    pub time: &'a str,
    /// How the text is laid out.
    pub layout: Layout,
}

/// Why a file cannot be encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncryptError {
    /// There is no key that could open the file.
    NoKeys,
    /// A group, counted from one, has no keys.
    EmptyGroup(usize),
    /// The threshold is none for so many groups.
    BadThreshold {
        /// The threshold.
        threshold: usize,
        /// How many groups there are.
        groups: usize,
    },
    /// A key could not wrap the data key.
    KeyFailed {
        /// The key.
        key: MasterKey,
        /// What was tried.
        tried: Vec<Attempt>,
    },
    /// What says which values are encrypted is no regular expression: nobody can tell what it means.
    BrokenSelector(&'static str),
    /// What would be written could not be read again; why not.
    Unreadable(String),
    /// The format cannot hold the values.
    Unfit(Unfit),
}

impl std::fmt::Display for EncryptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EncryptError::NoKeys => f.write_str("there is no key that could open the file"),
            EncryptError::EmptyGroup(number) => write!(f, "key group {number} has no keys"),
            EncryptError::BadThreshold { threshold, groups } => {
                write!(f, "{threshold} is no threshold for {groups} key groups")
            }
            EncryptError::KeyFailed { key, .. } => write!(f, "cannot wrap the data key with {key}"),
            EncryptError::BrokenSelector(field) => {
                write!(f, "`{field}` is no regular expression, so nothing says what is to be encrypted")
            }
            EncryptError::Unreadable(why) => write!(f, "the file could not be read again: {why}"),
            EncryptError::Unfit(unfit) => unfit.fmt(f),
        }
    }
}

impl std::error::Error for EncryptError {}

/// Encrypts contents for whom the recipe names, and returns the file.
pub fn encrypt_file(
    contents: &Contents,
    recipe: &Recipe,
    format: Format,
    sealing: &Sealing,
) -> Result<Vec<u8>, EncryptError> {
    let key = DataKey::generate(sealing.random);
    let metadata = Metadata {
        span: Span::default(),
        key_groups: wrap(&key, &recipe.key_groups, recipe.shamir_threshold, &[], sealing)?,
        shamir_threshold: threshold(recipe.shamir_threshold, recipe.key_groups.len()),
        last_modified: sealing.time.to_owned(),
        spelled_time: sealing.time.to_owned(),
        mac: None,
        mac_only_encrypted: recipe.mac_only_encrypted && contents.format() != Format::Binary,
        selector: selector(recipe, contents.format()),
        order: Vec::new(),
    };
    write(contents, metadata, &key, Kept::default(), format, sealing)
}

/// A binary file is one value, and that is encrypted.
pub(crate) fn selector(recipe: &Recipe, format: Format) -> Selector {
    match format {
        Format::Binary => Selector::default(),
        _ => recipe.selector.clone().unwrap_or_default(),
    }
}

/// Returns the file of sealed contents; the MAC is made for them.
pub(crate) fn write(
    contents: &Contents,
    metadata: Metadata,
    key: &DataKey,
    kept: Kept,
    format: Format,
    sealing: &Sealing,
) -> Result<Vec<u8>, EncryptError> {
    let (documents, metadata) = sealed(contents, metadata, key, kept, format, sealing)?;
    let text = format::emit_sealed(documents, &metadata.block(format), format, sealing.layout);
    checked(text.expose().to_vec(), format, key)
}

/// Returns a written file that can be read again.
pub(crate) fn checked(text: Vec<u8>, format: Format, key: &DataKey) -> Result<Vec<u8>, EncryptError> {
    match check_written(&text, format, key) {
        Ok(()) => Ok(text),
        Err(error) => Err(EncryptError::Unreadable(error.to_string())),
    }
}

/// Returns sealed contents, and the metadata with their MAC.
pub(crate) fn sealed(
    contents: &Contents,
    mut metadata: Metadata,
    key: &DataKey,
    kept: Kept,
    format: Format,
    sealing: &Sealing,
) -> Result<(Vec<Vec<crate::tree::Item>>, Metadata), EncryptError> {
    if metadata.selector.is_broken() {
        return Err(EncryptError::BrokenSelector(metadata.selector.field().0));
    }
    if format != contents.format() && format != Format::Binary {
        contents.check(format).map_err(EncryptError::Unfit)?;
    }
    let cipher = Cipher::new(key);
    let tree = seal(&contents.documents, format, &metadata, &cipher, kept, sealing.random);
    metadata.mac = Some(sealed_mac(&tree.mac, &metadata, &cipher, sealing.random));
    Ok((tree.documents, metadata))
}

/// Returns the threshold that is written down: none for one group.
pub(crate) fn threshold(wanted: Option<usize>, groups: usize) -> Option<usize> {
    (groups > 1).then(|| wanted.filter(|threshold| *threshold > 0).unwrap_or(groups))
}

/// Wraps a data key for every key of the groups. A key of the only group that is among `known` stays as it is.
pub(crate) fn wrap(
    key: &DataKey,
    groups: &[Vec<MasterKey>],
    wanted: Option<usize>,
    known: &[WrappedKey],
    sealing: &Sealing,
) -> Result<Vec<KeyGroup>, EncryptError> {
    if let Some(empty) = groups.iter().position(Vec::is_empty) {
        return Err(if groups.len() == 1 {
            EncryptError::NoKeys
        } else {
            EncryptError::EmptyGroup(empty + 1)
        });
    }
    let whole = SecretBytes::new(key.expose().to_vec());
    let parts = match (groups.len(), threshold(wanted, groups.len())) {
        (0, _) => return Err(EncryptError::NoKeys),
        (1, _) => vec![whole],
        (count @ 2..=255, Some(threshold)) if (2..=count).contains(&threshold) => {
            shamir::split(whole.expose(), count as u8, threshold, sealing.random)
        }
        (count, threshold) => {
            return Err(EncryptError::BadThreshold { threshold: threshold.unwrap_or(count), groups: count });
        }
    };
    let group = |(keys, part): (&Vec<MasterKey>, &SecretBytes)| {
        keys.iter().map(|key| wrap_for(key, part, known, sealing)).collect()
    };
    groups.iter().zip(&parts).map(group).collect()
}

fn wrap_for(
    key: &MasterKey,
    part: &SecretBytes,
    known: &[WrappedKey],
    sealing: &Sealing,
) -> Result<WrappedKey, EncryptError> {
    if let Some(known) = known.iter().find(|known| known.key == *key) {
        return Ok(known.clone());
    }
    let mut key = key.clone();
    let wrapped = sealing.keyring.wrap_key(&mut key, part);
    let created_at = if matches!(key, MasterKey::Age(_)) { String::new() } else { sealing.time.to_owned() };
    match wrapped {
        Ok(enc) => Ok(WrappedKey { key, enc, created_at, span: Span::default() }),
        Err(failure) => Err(EncryptError::KeyFailed { key, tried: failure.tried }),
    }
}
