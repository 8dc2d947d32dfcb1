//! Master keys as command lines and `.sops.yaml` spell them.

use super::{AwsKmsKey, AzureKey, MasterKey, VaultKey};

/// A master key that is not spelled as its kind is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadKey {
    /// The kind: `Azure Key Vault key`.
    pub kind: &'static str,
    /// The text, which is no secret.
    pub text: String,
    /// What would be right.
    pub expected: &'static str,
}

impl std::fmt::Display for BadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is not an {}: {}", self.text, self.kind, self.expected)
    }
}

impl std::error::Error for BadKey {}

impl MasterKey {
    /// Returns the age recipient of a text.
    pub fn age(text: &str) -> Result<MasterKey, BadKey> {
        let text = text.trim();
        // Bech32 has nothing but these, whoever's recipient it is.
        let is_bech32 =
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._+".contains(&b));
        let known = text.starts_with("age1") && is_bech32
            || text.starts_with("ssh-ed25519 ")
            || text.starts_with("ssh-rsa ");
        if known && !text.contains(['\n', '\r']) {
            return Ok(MasterKey::Age(text.to_owned()));
        }
        let expected = "it begins with `age1`, `ssh-ed25519` or `ssh-rsa`";
        Err(BadKey { kind: "age recipient", text: text.to_owned(), expected })
    }

    /// Returns the OpenPGP key of a fingerprint, which may have spaces in it.
    pub fn pgp(fingerprint: &str) -> MasterKey {
        MasterKey::Pgp(fingerprint.chars().filter(|c| *c != ' ').collect())
    }

    /// Returns the key of an ARN, behind which `+` and the ARN of a role may stand.
    pub fn aws_kms(text: &str, context: &[(String, String)], profile: &str) -> MasterKey {
        let text: String = text.chars().filter(|c| *c != ' ').collect();
        let (arn, role) = match text.find("+arn:aws") {
            Some(at) if at > 0 => (&text[..at], &text[at + 1..]),
            _ => (text.as_str(), ""),
        };
        MasterKey::AwsKms(AwsKmsKey {
            arn: arn.to_owned(),
            role: role.to_owned(),
            context: context.to_vec(),
            profile: profile.to_owned(),
        })
    }

    /// Returns the key of a resource id.
    pub fn gcp_kms(resource_id: &str) -> MasterKey {
        MasterKey::GcpKms(resource_id.chars().filter(|c| *c != ' ').collect())
    }

    /// Returns the key of `region:uuid`.
    pub fn huawei_kms(text: &str) -> Result<MasterKey, BadKey> {
        let text = text.trim();
        match text.split_once(':') {
            Some((region, id)) if !region.is_empty() && !id.is_empty() && !id.contains(':') => {
                Ok(MasterKey::HuaweiKms(text.to_owned()))
            }
            _ => Err(BadKey {
                kind: "Huawei Cloud KMS key",
                text: text.to_owned(),
                expected: "it is `region:uuid`",
            }),
        }
    }

    /// Returns the key of `https://NAME.vault.azure.net/keys/KEY/VERSION`, where the version may be left out.
    pub fn azure_key_vault(url: &str) -> Result<MasterKey, BadKey> {
        let bad = || BadKey {
            kind: "Azure Key Vault key",
            text: url.trim().to_owned(),
            expected: "it is `https://NAME.vault.azure.net/keys/KEY/VERSION`",
        };
        let (vault_url, rest) = url.trim().split_once("/keys/").ok_or_else(bad)?;
        let (name, version) = rest.trim_end_matches('/').split_once('/').unwrap_or((rest, ""));
        let name = name.trim_end_matches('/');
        if !vault_url.starts_with("http") || name.is_empty() || version.contains('/') {
            return Err(bad());
        }
        Ok(MasterKey::AzureKeyVault(AzureKey {
            vault_url: vault_url.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
        }))
    }

    /// Returns the key of `https://HOST:8200/v1/ENGINE/keys/NAME`.
    pub fn vault(url: &str) -> Result<MasterKey, BadKey> {
        let bad = || BadKey {
            kind: "Vault transit key",
            text: url.trim().to_owned(),
            expected: "it is `https://HOST:8200/v1/ENGINE/keys/NAME`",
        };
        let (scheme, rest) = url.trim().split_once("://").ok_or_else(bad)?;
        let (host, path) = rest.split_once("/v1/").ok_or_else(bad)?;
        let (engine_path, name) = path.rsplit_once("/keys/").ok_or_else(bad)?;
        let name = name.trim_end_matches('/');
        if host.is_empty() || engine_path.is_empty() || name.is_empty() || name.contains('/') {
            return Err(bad());
        }
        Ok(MasterKey::Vault(VaultKey {
            address: format!("{scheme}://{host}"),
            engine_path: engine_path.to_owned(),
            name: name.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_named() {
        let check = |key: Result<MasterKey, BadKey>, name: &str| {
            assert_eq!(key.expect("it is well spelled").name(), name);
        };
        check(MasterKey::age(" age1abc "), "age1abc");
        check(Ok(MasterKey::pgp("AB CD!")), "ABCD!");
        check(
            Ok(MasterKey::aws_kms("arn:aws:kms:eu-1:1:key/k+arn:aws:iam::1:role/r", &[], "")),
            "arn:aws:kms:eu-1:1:key/k+arn:aws:iam::1:role/r",
        );
        check(MasterKey::azure_key_vault("https://v.azure.net/keys/k/1"), "https://v.azure.net/keys/k/1");
        check(MasterKey::azure_key_vault("https://v.azure.net/keys/k/"), "https://v.azure.net/keys/k");
        check(MasterKey::vault("https://v:8200/v1/a/b/keys/k"), "https://v:8200/v1/a/b/keys/k");
        check(MasterKey::huawei_kms("r:u"), "r:u");
    }

    #[test]
    fn misspelled_keys_are_refused() {
        let check = |key: Result<MasterKey, BadKey>| assert!(key.is_err(), "{key:?}");
        check(MasterKey::age("age2abc"));
        check(MasterKey::age("AGE-SECRET-KEY-1"));
        check(MasterKey::azure_key_vault("https://v.azure.net/k"));
        check(MasterKey::vault("https://v:8200/transit/keys/k"));
        check(MasterKey::huawei_kms("uuid"));
    }
}
