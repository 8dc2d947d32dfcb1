//! What a master key is called in a policy.

use hagane_sops::MasterKey;

/// Returns the name: an age recipient, a fingerprint, an ARN, a resource id, or the URL of a key.
pub(super) fn key_name(key: &MasterKey) -> String {
    match key {
        MasterKey::Age(name)
        | MasterKey::Pgp(name)
        | MasterKey::GcpKms(name)
        | MasterKey::HuaweiKms(name) => name.clone(),
        MasterKey::AwsKms(key) => key.arn.clone(),
        MasterKey::AzureKeyVault(key) => format!("{}/keys/{}", key.vault_url, key.name),
        MasterKey::Vault(key) => format!("{}/v1/{}/keys/{}", key.address, key.engine_path, key.name),
    }
}
