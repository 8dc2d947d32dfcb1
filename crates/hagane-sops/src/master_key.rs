//! Master keys: who can open a file, and how each names itself.

mod parse;

use std::fmt;

use hagane_yaml::Span;

use crate::SecretBytes;

pub use parse::BadKey;

/// A master key: a recipient, or a key that a service holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MasterKey {
    /// An age recipient: `age1…`, `age1pq1…`, `ssh-ed25519 …`, `ssh-rsa …`, or that of a plugin.
    Age(String),
    /// The fingerprint of an OpenPGP key.
    Pgp(String),
    /// A key of AWS KMS.
    AwsKms(AwsKmsKey),
    /// The resource id of a key of Google Cloud KMS.
    GcpKms(String),
    /// A key of Huawei Cloud KMS: `region:uuid`.
    HuaweiKms(String),
    /// A key of Azure Key Vault.
    AzureKeyVault(AzureKey),
    /// A key of the transit engine of HashiCorp Vault or OpenBao.
    Vault(VaultKey),
}

/// A key of AWS KMS.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AwsKmsKey {
    /// The ARN of a key or alias, whose region is the one that is asked.
    pub arn: String,
    /// The role that is assumed first; empty for none.
    pub role: String,
    /// The encryption context: what KMS authenticates with the data key.
    pub context: Vec<(String, String)>,
    /// The profile of the AWS configuration; empty for the usual one.
    pub profile: String,
}

/// A key of Azure Key Vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AzureKey {
    /// `https://NAME.vault.azure.net`.
    pub vault_url: String,
    /// The key's name.
    pub name: String,
    /// The key's version; empty for the latest, which wrapping fills in.
    pub version: String,
}

/// A key of a transit engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VaultKey {
    /// `https://vault.example.org:8200`.
    pub address: String,
    /// Where the engine is mounted: `transit`.
    pub engine_path: String,
    /// The key's name.
    pub name: String,
}

/// The data key (or a part of it) as one master key has wrapped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Who can unwrap it.
    pub key: MasterKey,
    /// The wrapped key, as the file has it.
    pub enc: String,
    /// When it was wrapped, in RFC 3339; empty for age, which keeps no time.
    pub created_at: String,
    /// Where in the file.
    pub span: Span,
}

impl MasterKey {
    /// Returns the kind of key in the field's words.
    pub fn kind(&self) -> &'static str {
        match self {
            MasterKey::Age(_) => "age recipient",
            MasterKey::Pgp(_) => "OpenPGP key",
            MasterKey::AwsKms(_) => "AWS KMS key",
            MasterKey::GcpKms(_) => "Google Cloud KMS key",
            MasterKey::HuaweiKms(_) => "Huawei Cloud KMS key",
            MasterKey::AzureKeyVault(_) => "Azure Key Vault key",
            MasterKey::Vault(_) => "Vault transit key",
        }
    }

    /// Returns the name of the kind in SOPS's metadata and in `--decryption-order`.
    pub fn identifier(&self) -> &'static str {
        match self {
            MasterKey::Age(_) => "age",
            MasterKey::Pgp(_) => "pgp",
            MasterKey::AwsKms(_) => "kms",
            MasterKey::GcpKms(_) => "gcp_kms",
            MasterKey::HuaweiKms(_) => "hckms",
            MasterKey::AzureKeyVault(_) => "azure_kv",
            MasterKey::Vault(_) => "hc_vault",
        }
    }

    /// Returns whether the key is one that people hold themselves, and not one of a service.
    pub fn is_held_here(&self) -> bool {
        matches!(self, MasterKey::Age(_) | MasterKey::Pgp(_))
    }

    /// Returns what the key is called where keys are listed.
    pub fn name(&self) -> String {
        match self {
            MasterKey::Age(name)
            | MasterKey::Pgp(name)
            | MasterKey::GcpKms(name)
            | MasterKey::HuaweiKms(name) => name.clone(),
            MasterKey::AwsKms(key) if key.role.is_empty() => key.arn.clone(),
            MasterKey::AwsKms(key) => format!("{}+{}", key.arn, key.role),
            MasterKey::AzureKeyVault(key) if key.version.is_empty() => {
                format!("{}/keys/{}", key.vault_url, key.name)
            }
            MasterKey::AzureKeyVault(key) => format!("{}/keys/{}/{}", key.vault_url, key.name, key.version),
            MasterKey::Vault(key) => format!("{}/v1/{}/keys/{}", key.address, key.engine_path, key.name),
        }
    }
}

impl MasterKey {
    /// Returns the name with all that makes the key another one: the encryption context and the profile of AWS, too.
    pub fn full_name(&self) -> String {
        let mut name = self.name();
        if let MasterKey::AwsKms(key) = self {
            let context: Vec<String> =
                key.context.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            if !context.is_empty() {
                name.push_str(&format!(" with the context {}", context.join(",")));
            }
            if !key.profile.is_empty() {
                name.push_str(&format!(" by the profile {}", key.profile));
            }
        }
        name
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind(), self.name())
    }
}

/// The seam: wraps and unwraps data keys with whatever identities, agents and services there are. Several may be asked for at once.
pub trait Keyring: Sync {
    /// Returns what `key` has wrapped, or everything that was tried.
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure>;

    /// Returns what `key` has wrapped without asking anybody beyond this machine.
    fn unwrap_key_here(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        match key.key.is_held_here() {
            true => self.unwrap_key(key),
            false => Err(KeyFailure::offline(&key.key)),
        }
    }

    /// Returns what `key` has wrapped, and by no other key than the one that it names: whose name stands in a file is up to who wrote
    /// it, so whoever grants the use of a key asks this way. A keyring that cannot tell which key it uses refuses.
    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        Err(KeyFailure::unbound(key.key.kind()))
    }

    /// Returns the data key as `key` wraps it. A service completes the key's name where it has a part of it, as
    /// Azure's version, that must be known later.
    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure>;

    /// Returns the kinds of keys that are tried first, by [`MasterKey::identifier`]; the others follow in the order
    /// of the file. Local keys come first unless the user says otherwise.
    fn order(&self) -> Vec<String> {
        vec!["age".into(), "pgp".into()]
    }

    /// Returns whether anybody beyond this machine is asked; where nobody is, there is nothing to gain by asking ahead.
    fn asks_services(&self) -> bool {
        true
    }
}

/// Why a master key could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFailure {
    /// What was tried, and what came of it.
    pub tried: Vec<Attempt>,
}

impl KeyFailure {
    /// Returns the failure of a key that only somebody beyond this machine could use.
    pub fn offline(key: &MasterKey) -> KeyFailure {
        KeyFailure::new(key.kind(), "is not asked: this run is offline")
    }

    /// Returns the failure of a source that uses whatever key fits, where only the one that the file names may be used.
    pub fn unbound(source: impl Into<String>) -> KeyFailure {
        KeyFailure::new(
            source,
            "is not asked: whether it uses just the key that the file names cannot be told",
        )
    }

    /// Returns the failure of what was tried already, and of one more attempt.
    pub fn and(mut self, attempt: Attempt) -> KeyFailure {
        self.tried.push(attempt);
        self
    }

    /// Returns the failure of one attempt.
    pub fn new(source: impl Into<String>, reason: impl Into<String>) -> KeyFailure {
        KeyFailure { tried: vec![Attempt::new(source, reason)] }
    }
}

/// One attempt to use a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where the identity came from: `SOPS_AGE_KEY_FILE (keys.txt)`.
    pub source: String,
    /// Why it did not help.
    pub reason: String,
}

impl Attempt {
    /// Returns an attempt.
    pub fn new(source: impl Into<String>, reason: impl Into<String>) -> Attempt {
        Attempt { source: source.into(), reason: reason.into() }
    }
}
