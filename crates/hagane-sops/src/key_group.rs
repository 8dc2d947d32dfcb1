//! Key groups: any key of a group opens the group; with several groups, enough of them make up the data key.

use hagane_yaml::Span;

use crate::error::{GroupFailure, NoKey};
use crate::metadata::Metadata;
use crate::{DataKey, DecryptError, Keyring, SecretBytes, WrappedKey, shamir};

/// Keys of which any one will do.
pub type KeyGroup = Vec<WrappedKey>;

/// Returns the data key of a file.
pub(crate) fn data_key(metadata: &Metadata, keyring: &dyn Keyring) -> Result<DataKey, DecryptError> {
    unwrap_data_key(&metadata.key_groups, metadata.shamir_threshold, metadata.span, keyring)
}

/// Returns the data key that groups have wrapped, of which `threshold` must be opened; `span` is where they are.
pub fn unwrap_data_key(
    key_groups: &[KeyGroup],
    threshold: Option<usize>,
    span: Span,
    keyring: &dyn Keyring,
) -> Result<DataKey, DecryptError> {
    let mut parts = Vec::new();
    let mut groups = Vec::new();
    for group in key_groups {
        match open_group(group, keyring) {
            Ok(part) => {
                parts.push(part);
                groups.push(GroupFailure { opened: true, keys: Vec::new() });
            }
            Err(failure) => groups.push(failure),
        }
    }
    let needed = match key_groups.len() {
        0 | 1 => 1,
        count => threshold.unwrap_or(count).max(2),
    };
    if parts.len() < needed {
        return Err(DecryptError::NoKey(NoKey { span, groups, needed }));
    }
    let bad = DecryptError::BadDataKey { span };
    let whole = if key_groups.len() == 1 { parts.pop() } else { shamir::combine(&parts) };
    whole.and_then(|bytes| DataKey::new(&bytes)).ok_or(bad)
}

fn open_group(group: &KeyGroup, keyring: &dyn Keyring) -> Result<SecretBytes, GroupFailure> {
    let order = keyring.order();
    let place = |key: &WrappedKey| {
        let kind = key.key.identifier();
        order.iter().position(|named| named == kind).unwrap_or(order.len())
    };
    let mut keys: Vec<&WrappedKey> = group.iter().collect();
    keys.sort_by_key(|key| place(key));
    let mut failure = GroupFailure::default();
    for key in keys {
        match keyring.unwrap_key(key) {
            Ok(part) => return Ok(part),
            Err(why) => failure.keys.push((key.key.clone(), why.tried)),
        }
    }
    Err(failure)
}
