//! The flags of SOPS: here those that several commands take.

mod contents;
mod exec;
mod keys;

use std::path::PathBuf;

use clap::{ArgAction, Args};

pub(super) use contents::{Change, Decrypt, Edit, Encrypt, Rotate, Set, Turnover, Unset};
pub(super) use exec::{ExecEnv, ExecFile};
pub(super) use keys::{FileStatus, Groups, GroupsCommand, KeyService, Merge, Publish, TextConv, UpdateKeys};

/// What every command takes.
#[derive(Args, Default)]
pub(super) struct Common {
    /// The configuration, in place of the nearest `.sops.yaml` above the working directory
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Spaces a level of YAML and JSON
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub(super) indent: usize,
    #[arg(long = "verbose", hide = true)]
    _verbose: bool,
    #[arg(long = "disable-version-check", hide = true)]
    _disable_version_check: bool,
    #[arg(long = "check-for-updates", hide = true)]
    _check_for_updates: bool,
}

/// Who is asked for keys.
#[derive(Args, Default)]
#[command(next_help_heading = "Keys")]
pub(super) struct Services {
    /// Use the keys of this machine [default: true] [env: SOPS_ENABLE_LOCAL_KEYSERVICE]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, action = ArgAction::Set)]
    pub(super) enable_local_keyservice: Option<bool>,
    /// A key service, as `tcp://HOST:PORT` or `unix://PATH`; once for each [env: SOPS_KEYSERVICE]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) keyservice: Vec<String>,
    /// The kinds of keys that are tried first, with commas [default: age,pgp] [env: SOPS_DECRYPTION_ORDER]
    #[arg(long, value_name = "KINDS")]
    pub(super) decryption_order: Option<String>,
}

/// What files are taken for.
#[derive(Args)]
pub(super) struct Types {
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(super) input_type: Option<String>,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(super) output_type: Option<String>,
    /// The name that standard input or the file is taken for
    #[arg(long, value_name = "FILE")]
    pub(super) filename_override: Option<PathBuf>,
}

/// Where the result goes.
#[derive(Args)]
pub(super) struct Destination {
    /// Write to the file itself
    #[arg(short, long, conflicts_with = "output")]
    pub(super) in_place: bool,
    /// Write to another file
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// For whom a file is.
#[derive(Args)]
#[command(next_help_heading = "For whom the file is, unless `.sops.yaml` says")]
pub(super) struct Recipients {
    /// age recipients, with commas [env: SOPS_AGE_RECIPIENTS]
    #[arg(short, long, value_name = "RECIPIENTS")]
    pub(super) age: Vec<String>,
    /// Fingerprints of OpenPGP keys, with commas [env: SOPS_PGP_FP]
    #[arg(short, long, value_name = "FINGERPRINTS")]
    pub(super) pgp: Vec<String>,
    /// ARNs of AWS KMS keys, each with `+ROLE` behind it where one is assumed [env: SOPS_KMS_ARN]
    #[arg(short, long, value_name = "ARNS")]
    pub(super) kms: Vec<String>,
    /// The profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    pub(super) aws_profile: Option<String>,
    /// The KMS encryption context: `KEY:VALUE`, with commas
    #[arg(long, value_name = "CONTEXT")]
    pub(super) encryption_context: Option<String>,
    /// Resource ids of Google Cloud KMS keys, with commas [env: SOPS_GCP_KMS_IDS]
    #[arg(long, value_name = "IDS")]
    pub(super) gcp_kms: Vec<String>,
    /// Huawei Cloud KMS keys, as `REGION:UUID`, with commas [env: SOPS_HUAWEICLOUD_KMS_IDS]
    #[arg(long, value_name = "IDS")]
    pub(super) hckms: Vec<String>,
    /// URLs of Azure Key Vault keys, with commas [env: SOPS_AZURE_KEYVAULT_URLS]
    #[arg(long, value_name = "URLS")]
    pub(super) azure_kv: Vec<String>,
    /// URLs of Vault transit keys, with commas [env: SOPS_VAULT_URIS]
    #[arg(long, value_name = "URLS")]
    pub(super) hc_vault_transit: Vec<String>,
    /// How many key groups must be opened
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub(super) shamir_secret_sharing_threshold: usize,
}

/// What in a file is encrypted.
#[derive(Args)]
#[command(next_help_heading = "What is encrypted, unless `.sops.yaml` says")]
pub(super) struct Selection {
    /// All but what lies under keys that end so
    #[arg(long, value_name = "SUFFIX")]
    pub(super) unencrypted_suffix: Option<String>,
    /// Only what lies under keys that end so
    #[arg(long, value_name = "SUFFIX")]
    pub(super) encrypted_suffix: Option<String>,
    /// All but what lies under keys that match
    #[arg(long, value_name = "REGEX")]
    pub(super) unencrypted_regex: Option<String>,
    /// Only what lies under keys that match
    #[arg(long, value_name = "REGEX")]
    pub(super) encrypted_regex: Option<String>,
    /// All but what stands below a comment that matches
    #[arg(long, value_name = "REGEX")]
    pub(super) unencrypted_comment_regex: Option<String>,
    /// Only what stands below a comment that matches
    #[arg(long, value_name = "REGEX")]
    pub(super) encrypted_comment_regex: Option<String>,
    /// The MAC covers only what is encrypted
    #[arg(long)]
    pub(super) mac_only_encrypted: bool,
}
