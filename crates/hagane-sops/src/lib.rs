//! SOPS files: metadata, data keys, values, MAC, in all five formats.
//!
//! [`decrypt_file`] opens a file with the keys of a [`Keyring`] and verifies its MAC; [`placeholders`] shows the
//! shape of one without any key. [`detect`] tells a SOPS file by its metadata. The crate touches neither disk
//! nor environment: identities come in as texts, services through the [`Keyring`].
//!
//! ```
//! use hagane_sops::{AgeKeyring, Format, Identities, decrypt_file, detect};
//!
//! let text = include_bytes!("../tests/fixtures/yaml/kubernetes/enc.yaml");
//! let format = detect(text, Format::of_path("secret.yaml")).expect("it has a `sops` block");
//! let mut identities = Identities::new();
//! identities.add_text("keys.txt", include_str!("../tests/fixtures/keys.txt"));
//! let contents = decrypt_file(text, format, Default::default(), &AgeKeyring::new(identities)).unwrap();
//! assert_eq!(contents.documents()[0].at(&["stringData", "user"]).unwrap().as_str(), Some("admin"));
//! ```

mod config;
mod contents;
mod data_key;
mod decrypt;
mod detect;
mod encrypt;
mod error;
mod flat;
mod format;
mod inspect;
mod kept;
mod key_group;
mod key_path;
mod keyring;
pub mod kubesec;
mod mac;
mod master_key;
mod merge;
mod metadata;
mod opened;
mod placeholder;
mod redacted;
mod rewrite;
mod seal;
mod secret;
mod selection;
mod shamir;
mod tree;
mod value;

pub use config::{Bucket, CONFIG_FILE, Config, ConfigError, Destination, Rule, Target, VaultSecrets};
pub use contents::{Contents, Unfit, Warning};
pub use data_key::DataKey;
pub use decrypt::{MacCheck, decrypt_checked, decrypt_file, open_file, read_metadata};
pub use detect::detect;
pub use encrypt::{EncryptError, Recipe, Sealing, encrypt_file};
pub use error::{DecryptError, ErrorClass, GroupFailure, NoKey, ValueProblem};
pub use format::{Format, Indent, Layout};
pub use inspect::{Inspection, first_left_plain, first_to_encrypt, inspect};
pub use key_group::{KeyGroup, unwrap_data_key};
pub use key_path::{KeyPath, NewValue, PathError};
pub use keyring::{AgeKeyring, AgeOutside, AnyIdentity, AnyRecipient, Identities, NoOutside, Remembering};
pub use master_key::{
    Attempt, AwsKmsKey, AzureKey, BadKey, KeyFailure, Keyring, MasterKey, VaultKey, WrappedKey,
};
pub use merge::{MergeError, merge};
pub use metadata::Metadata;
pub use opened::{EditError, OpenedFile};
pub use placeholder::{PLACEHOLDER, placeholders};
pub use redacted::redacted;
pub use secret::SecretBytes;
pub use selection::{Pattern, Selector};
