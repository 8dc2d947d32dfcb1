//! A file that is open and will be written again: with its data key, and with as much of its text as can stay.

use hagane_yaml::FileId;

use crate::encrypt::{EncryptError, Sealing, checked, sealed, threshold, wrap, write};
use crate::kept::Kept;
use crate::metadata::Metadata;
use crate::rewrite::Original;
use crate::{
    Contents, DataKey, DecryptError, Format, Layout, MasterKey, SecretBytes, Unfit, WrappedKey, format,
};

/// Why what somebody edited is no file.
#[derive(Debug)]
pub enum EditError {
    /// It cannot be read.
    Unreadable(DecryptError),
    /// It cannot be encrypted.
    Unsealed(EncryptError),
}

impl From<DecryptError> for EditError {
    fn from(error: DecryptError) -> EditError {
        EditError::Unreadable(error)
    }
}

impl From<EncryptError> for EditError {
    fn from(error: EncryptError) -> EditError {
        EditError::Unsealed(error)
    }
}

/// A file that is open.
pub struct OpenedFile {
    original: Original,
    contents: Contents,
    metadata: Metadata,
    key: DataKey,
    kept: Kept,
}

impl OpenedFile {
    pub(crate) fn new(
        text: &[u8],
        file: FileId,
        contents: Contents,
        metadata: Metadata,
        key: DataKey,
        kept: Kept,
    ) -> OpenedFile {
        let original = Original { text: text.to_vec(), format: contents.format(), file };
        OpenedFile { original, contents, metadata, key, kept }
    }

    /// Returns what the file holds.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Returns who can open the file, and what in it is encrypted.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the master keys of the file, by groups.
    pub fn master_keys(&self) -> Vec<Vec<MasterKey>> {
        let groups = self.metadata.key_groups.iter();
        groups.map(|group| group.iter().map(|wrapped| wrapped.key.clone()).collect()).collect()
    }

    /// Returns whether two versions of a file have one data key, the same master keys, and the same selector.
    pub(crate) fn is_for_the_same(&self, other: &OpenedFile) -> bool {
        self.seals_as(other)
            && self.master_keys() == other.master_keys()
            && self.metadata.shamir_threshold == other.metadata.shamir_threshold
    }

    /// Returns whether the same values are encrypted, under the same data key.
    pub(crate) fn seals_as(&self, other: &OpenedFile) -> bool {
        self.key.expose() == other.key.expose()
            && self.metadata.selector.field() == other.metadata.selector.field()
            && self.metadata.mac_only_encrypted == other.metadata.mac_only_encrypted
    }

    /// Returns the file as it lies.
    pub(crate) fn into_text(self) -> Vec<u8> {
        self.original.text
    }

    /// Returns the file with other contents under the same data key. Values that are the same keep their ciphertexts;
    /// where nothing but values changed, all other text stays as it is.
    pub fn reseal(
        self,
        contents: &Contents,
        format: Format,
        sealing: &Sealing,
    ) -> Result<Vec<u8>, EncryptError> {
        let mut metadata = self.metadata;
        metadata.last_modified = sealing.time.to_owned();
        let (documents, metadata) = sealed(contents, metadata, &self.key, self.kept, format, sealing)?;
        let text = self.original.rewrite(documents, &metadata, format, sealing.layout);
        checked(text, format, &self.key)
    }

    /// Returns what the file holds with its metadata, for somebody to edit both.
    pub fn with_master_keys(&self, format: Format, layout: Layout) -> Result<SecretBytes, Unfit> {
        if format != self.contents.format() && format != Format::Binary {
            self.contents.check(format)?;
        }
        let layout =
            if format == self.original.format { layout.of_text(&self.original.text, format) } else { layout };
        let documents = self.contents.documents.clone();
        Ok(format::emit_sealed(documents, &self.metadata.block(format), format, layout))
    }

    /// Returns the file as somebody edited it, [with its metadata](OpenedFile::with_master_keys), under the same data key: it is wrapped
    /// for those who are new, and for no one else than who is named. MAC, time, and what is wrapped already are ours.
    pub fn reseal_with_master_keys(
        self,
        edited: &[u8],
        format: Format,
        file: FileId,
        sealing: &Sealing,
    ) -> Result<Vec<u8>, EditError> {
        let loaded = format::load_edited(edited, format, file)?;
        let block = loaded.metadata.ok_or(DecryptError::NoMetadata)?;
        let wanted = Metadata::read_edited(&block)?;
        let contents = Contents::new(format, loaded.documents, Vec::new())?;
        let keys = |groups: &[crate::KeyGroup]| -> Vec<Vec<MasterKey>> {
            let group = |group: &crate::KeyGroup| group.iter().map(|wrapped| wrapped.key.clone()).collect();
            groups.iter().map(group).collect()
        };
        let groups = keys(&wanted.key_groups);
        let mut metadata = self.metadata.clone();
        let are_the_same = groups == keys(&metadata.key_groups)
            && threshold(wanted.shamir_threshold, groups.len())
                == threshold(metadata.shamir_threshold, groups.len());
        let selects_the_same = wanted.selector.field() == metadata.selector.field()
            && wanted.mac_only_encrypted == metadata.mac_only_encrypted;
        if are_the_same && selects_the_same {
            return Ok(self.reseal(&contents, format, sealing)?);
        }
        if !are_the_same {
            let known: &[WrappedKey] = match (metadata.key_groups.as_slice(), groups.as_slice()) {
                ([group], [_]) => group,
                _ => &[],
            };
            let wrapped = wrap(&self.key, &groups, wanted.shamir_threshold, known, sealing)?;
            metadata.shamir_threshold = threshold(wanted.shamir_threshold, groups.len());
            metadata.key_groups = wrapped;
        }
        (metadata.selector, metadata.mac_only_encrypted) = (wanted.selector, wanted.mac_only_encrypted);
        metadata.last_modified = sealing.time.to_owned();
        let (documents, metadata) = sealed(&contents, metadata, &self.key, self.kept, format, sealing)?;
        checked(self.original.written(documents, &metadata, format, sealing.layout), format, &self.key)
            .map_err(EditError::from)
    }

    /// Returns the file for other master keys under the same data key; no value changes.
    pub fn rewrap(
        self,
        groups: &[Vec<MasterKey>],
        wanted: Option<usize>,
        sealing: &Sealing,
    ) -> Result<Vec<u8>, EncryptError> {
        let mut metadata = self.metadata;
        let known: &[WrappedKey] = match (metadata.key_groups.as_slice(), groups) {
            ([group], [_]) => group,
            // The parts of a data key belong together: new groups need new ones.
            _ => &[],
        };
        metadata.key_groups = wrap(&self.key, groups, wanted, known, sealing)?;
        metadata.shamir_threshold = threshold(wanted, groups.len());
        let format = self.original.format;
        Ok(self.original.with_metadata(&metadata, format, sealing.layout))
    }

    /// Returns the file under a new data key, for other master keys or the same.
    pub fn rotate(
        self,
        groups: &[Vec<MasterKey>],
        wanted: Option<usize>,
        format: Format,
        sealing: &Sealing,
    ) -> Result<Vec<u8>, EncryptError> {
        let key = DataKey::generate(sealing.random);
        let mut metadata = self.metadata;
        metadata.key_groups = wrap(&key, groups, wanted, &[], sealing)?;
        metadata.shamir_threshold = threshold(wanted, groups.len());
        metadata.last_modified = sealing.time.to_owned();
        let layout = sealing.layout.of_text(&self.original.text, self.original.format);
        let sealing = Sealing { layout, ..*sealing };
        write(&self.contents, metadata, &key, Kept::default(), format, &sealing)
    }
}
