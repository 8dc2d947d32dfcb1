//! Master keys: who can open a file, and what their service must unwrap.

use std::fmt;

use hagane_yaml::Span;

use crate::SecretBytes;

/// A master key of a file, by the kind of service that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterKey {
    /// An age recipient.
    Age(WrappedKey),
    /// An OpenPGP key; its name is the fingerprint.
    Pgp(WrappedKey),
    /// AWS KMS; its name is the ARN.
    AwsKms(WrappedKey),
    /// Google Cloud KMS; its name is the resource id.
    GcpKms(WrappedKey),
    /// Huawei Cloud KMS; its name is `region:uuid`.
    HuaweiKms(WrappedKey),
    /// Azure Key Vault; its name is the URL of the key.
    AzureKeyVault(WrappedKey),
    /// HashiCorp Vault's transit engine; its name is the URL of the key.
    Vault(WrappedKey),
}

/// The data key (or a part of it) as one master key has wrapped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// What the service calls the key.
    pub name: String,
    /// The wrapped key, as the file has it.
    pub enc: String,
    /// Where in the file.
    pub span: Span,
}

impl MasterKey {
    /// Returns the wrapped key.
    pub fn wrapped(&self) -> &WrappedKey {
        match self {
            MasterKey::Age(key)
            | MasterKey::Pgp(key)
            | MasterKey::AwsKms(key)
            | MasterKey::GcpKms(key)
            | MasterKey::HuaweiKms(key)
            | MasterKey::AzureKeyVault(key)
            | MasterKey::Vault(key) => key,
        }
    }

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

    /// Returns the place in the order in which the keys of a group are tried: local ones first.
    pub(crate) fn order(&self) -> u8 {
        match self {
            MasterKey::Age(_) => 0,
            MasterKey::Pgp(_) => 1,
            _ => 2,
        }
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind(), self.wrapped().name)
    }
}

/// The seam: unwraps data keys with whatever identities, agents and services there are.
pub trait Keyring {
    /// Returns what `key` has wrapped, or everything that was tried.
    fn unwrap_key(&self, key: &MasterKey) -> Result<SecretBytes, KeyFailure>;
}

/// Why a master key could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFailure {
    /// What was tried, and what came of it.
    pub tried: Vec<Attempt>,
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
