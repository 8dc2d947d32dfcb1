//! The data key: 32 random bytes that encrypt every value of a file.

use zeroize::Zeroizing;

use crate::SecretBytes;

/// The key that encrypts the values of a file; zeroed when dropped.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Returns the key, unless the bytes are not 32.
    pub fn new(bytes: &SecretBytes) -> Option<DataKey> {
        let key = <&[u8; 32]>::try_from(bytes.expose()).ok()?;
        Some(DataKey(Zeroizing::new(*key)))
    }

    /// Returns a new key; `random` fills bytes with chance.
    pub(crate) fn generate(random: &dyn Fn(&mut [u8])) -> DataKey {
        let mut key = Zeroizing::new([0; 32]);
        random(&mut *key);
        DataKey(key)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}
