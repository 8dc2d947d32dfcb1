//! What is published, with the user's credentials: to a Vault, and to buckets.

use hagane::SecretBytes;
use hagane::sops::{Bucket, VaultSecrets};

use super::{LocalKeys, buckets, vault};

/// Whose buckets files are published to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Amazon S3.
    Amazon,
    /// Google Cloud Storage.
    Google,
}

impl LocalKeys<'_> {
    /// Writes an encrypted file as an object of a bucket, with the user's credentials.
    pub fn publish_to_bucket(
        &self,
        service: Storage,
        bucket: &Bucket,
        name: &str,
        file: &[u8],
    ) -> Result<(), String> {
        let surroundings = &self.0.forgetful().surroundings;
        match service {
            Storage::Amazon => buckets::to_amazon(bucket, name, file, surroundings),
            Storage::Google => buckets::to_google(bucket, name, file, surroundings),
        }
    }

    /// Writes a JSON object as a secret of a Vault, with the user's token, and returns whether it was another before.
    pub fn publish_to_vault(
        &self,
        secrets: &VaultSecrets,
        name: &str,
        object: &SecretBytes,
    ) -> Result<bool, String> {
        vault::publish(secrets, name, object, &self.0.forgetful().surroundings)
    }
}
