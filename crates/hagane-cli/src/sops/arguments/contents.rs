//! The flags of commands that read and change what files hold.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{Common, Destination, Recipients, Selection, Services, Types};

/// Decrypt a file and print it
///
/// Every value and the MAC are verified before anything is written.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops decrypt secret.yaml
  hagane sops decrypt --in-place secret.yaml
  hagane sops decrypt --output-type json secret.yaml
  hagane sops decrypt --extract '[\"users\"][0][\"name\"]' secret.yaml
  cat secret.yaml | hagane sops decrypt --filename-override secret.yaml")]
pub(in crate::sops) struct Decrypt {
    /// The file; standard input unless stated
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: Option<PathBuf>,
    /// Print what stands at one place: `[\"key\"][0]`
    #[arg(long, value_name = "PATH")]
    pub(in crate::sops) extract: Option<String>,
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(in crate::sops) ignore_mac: bool,
    #[command(flatten)]
    pub(in crate::sops) destination: Destination,
    #[command(flatten)]
    pub(in crate::sops) types: Types,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Encrypt a file and print it
///
/// For whom, and what in it, `.sops.yaml` says; flags go before it. The data key is always a new one: to keep the ciphertexts of
/// values that do not change, use `set` or `edit`.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops encrypt --in-place secret.yaml
  hagane sops encrypt --age age1… --encrypted-regex '^(data|stringData)$' --output secret.enc.yaml secret.yaml
  kubectl create secret … | hagane sops encrypt --filename-override secret.yaml > secret.yaml")]
pub(in crate::sops) struct Encrypt {
    /// The file; standard input unless stated
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::sops) destination: Destination,
    #[command(flatten)]
    pub(in crate::sops) types: Types,
    #[command(flatten)]
    pub(in crate::sops) recipients: Recipients,
    #[command(flatten)]
    pub(in crate::sops) selection: Selection,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Edit an encrypted file
///
/// The editor (SOPS_EDITOR, else EDITOR, else vim, nano or vi) gets the plaintext as a file on a file system in memory that
/// this user alone may read, and that is wiped afterwards. A file that is not there yet is made. Where nothing was changed the exit
/// code is 200 and the file is not touched.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops edit secret.yaml
  EDITOR='code --wait' hagane sops edit secret.yaml")]
pub(in crate::sops) struct Edit {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(in crate::sops) ignore_mac: bool,
    /// Show the keys with the values, and wrap the data key for those that are added
    #[arg(short, long)]
    pub(in crate::sops) show_master_keys: bool,
    #[command(flatten)]
    pub(in crate::sops) types: Types,
    #[command(flatten)]
    pub(in crate::sops) recipients: Recipients,
    #[command(flatten)]
    pub(in crate::sops) selection: Selection,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Set a value of an encrypted file
///
/// Other values keep their ciphertexts. A value that is there already leaves the file untouched.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops set secret.yaml '[\"stringData\"][\"password\"]' '\"new\"'
  hagane sops set --value-stdin secret.yaml '[\"users\"][0]' < user.json")]
pub(in crate::sops) struct Set {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// The place: `[\"key\"][0]`
    #[arg(value_name = "PATH")]
    pub(in crate::sops) path: String,
    /// The value, in JSON
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(in crate::sops) value: Option<OsString>,
    /// The value is the name of the file that holds it
    #[arg(long, conflicts_with = "value_stdin")]
    pub(in crate::sops) value_file: bool,
    /// The value comes from standard input
    #[arg(long)]
    pub(in crate::sops) value_stdin: bool,
    /// A value that is there already is no change; it is none without this flag, too
    #[arg(long = "idempotent")]
    _idempotent: bool,
    #[command(flatten)]
    pub(in crate::sops) change: Change,
}

/// Take a value out of an encrypted file
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops unset secret.yaml '[\"stringData\"][\"password\"]'")]
pub(in crate::sops) struct Unset {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// The place: `[\"key\"][0]`
    #[arg(value_name = "PATH")]
    pub(in crate::sops) path: String,
    /// A value that is not there is no error
    #[arg(long)]
    pub(in crate::sops) idempotent: bool,
    #[command(flatten)]
    pub(in crate::sops) change: Change,
}

/// What a change of a file takes.
#[derive(Args)]
pub(in crate::sops) struct Change {
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(in crate::sops) ignore_mac: bool,
    #[arg(long = "shamir-secret-sharing-threshold", value_name = "COUNT", default_value_t = 0, hide = true)]
    _shamir_secret_sharing_threshold: usize,
    #[command(flatten)]
    pub(in crate::sops) types: Types,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Encrypt a file anew under a new data key
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops rotate --in-place secret.yaml
  hagane sops rotate --in-place --add-age age1… --rm-pgp FINGERPRINT secret.yaml")]
pub(in crate::sops) struct Rotate {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    #[command(flatten)]
    pub(in crate::sops) destination: Destination,
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(in crate::sops) ignore_mac: bool,
    #[command(flatten)]
    pub(in crate::sops) turnover: Turnover,
    #[command(flatten)]
    pub(in crate::sops) types: Types,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Keys that come and go, each flag with commas.
#[derive(Args)]
#[command(next_help_heading = "Keys that are added or removed, with commas")]
pub(in crate::sops) struct Turnover {
    /// Wrap the data key for these age recipients; several with commas between them
    #[arg(long, value_name = "RECIPIENTS")]
    pub(in crate::sops) add_age: Vec<String>,
    /// Leave these age recipients out
    #[arg(long, value_name = "RECIPIENTS")]
    pub(in crate::sops) rm_age: Vec<String>,
    /// Wrap the data key for these OpenPGP keys; several with commas between them
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(in crate::sops) add_pgp: Vec<String>,
    /// Leave these OpenPGP keys out
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(in crate::sops) rm_pgp: Vec<String>,
    /// Wrap the data key for these keys of AWS KMS; several with commas between them
    #[arg(long, value_name = "ARNS")]
    pub(in crate::sops) add_kms: Vec<String>,
    /// Leave these keys of AWS KMS out
    #[arg(long, value_name = "ARNS")]
    pub(in crate::sops) rm_kms: Vec<String>,
    /// Wrap the data key for these keys of Google Cloud KMS; several with commas between them
    #[arg(long, value_name = "IDS")]
    pub(in crate::sops) add_gcp_kms: Vec<String>,
    /// Leave these keys of Google Cloud KMS out
    #[arg(long, value_name = "IDS")]
    pub(in crate::sops) rm_gcp_kms: Vec<String>,
    /// Wrap the data key for these keys of Huawei Cloud KMS; several with commas between them
    #[arg(long, value_name = "IDS")]
    pub(in crate::sops) add_hckms: Vec<String>,
    /// Leave these keys of Huawei Cloud KMS out
    #[arg(long, value_name = "IDS")]
    pub(in crate::sops) rm_hckms: Vec<String>,
    /// Wrap the data key for these keys of Azure Key Vault; several with commas between them
    #[arg(long, value_name = "URLS")]
    pub(in crate::sops) add_azure_kv: Vec<String>,
    /// Leave these keys of Azure Key Vault out
    #[arg(long, value_name = "URLS")]
    pub(in crate::sops) rm_azure_kv: Vec<String>,
    /// Wrap the data key for these keys of Vault; several with commas between them
    #[arg(long, value_name = "URLS")]
    pub(in crate::sops) add_hc_vault_transit: Vec<String>,
    /// Leave these keys of Vault out
    #[arg(long, value_name = "URLS")]
    pub(in crate::sops) rm_hc_vault_transit: Vec<String>,
    /// The KMS encryption context of added keys: `KEY:VALUE`, with commas
    #[arg(long, value_name = "CONTEXT")]
    pub(in crate::sops) encryption_context: Option<String>,
}
