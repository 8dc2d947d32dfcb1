//! The flags of SOPS.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

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
pub(super) struct Decrypt {
    /// The file; standard input unless stated
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Print what stands at one place: `[\"key\"][0]`
    #[arg(long, value_name = "PATH")]
    pub(super) extract: Option<String>,
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(super) ignore_mac: bool,
    #[command(flatten)]
    pub(super) destination: Destination,
    #[command(flatten)]
    pub(super) types: Types,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Encrypt a file and print it
///
/// For whom, and what in it, `.sops.yaml` says; flags go before it. Where `--output` names a file that is encrypted for the same
/// keys already, values that are the same keep their ciphertexts.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops encrypt --in-place secret.yaml
  hagane sops encrypt --age age1… --encrypted-regex '^(data|stringData)$' --output secret.enc.yaml secret.yaml
  kubectl create secret … | hagane sops encrypt --filename-override secret.yaml > secret.yaml")]
pub(super) struct Encrypt {
    /// The file; standard input unless stated
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) destination: Destination,
    #[command(flatten)]
    pub(super) types: Types,
    #[command(flatten)]
    pub(super) recipients: Recipients,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
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
pub(super) struct Edit {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(super) ignore_mac: bool,
    #[arg(short, long, hide = true)]
    pub(super) show_master_keys: bool,
    #[command(flatten)]
    pub(super) types: Types,
    #[command(flatten)]
    pub(super) recipients: Recipients,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Set a value of an encrypted file
///
/// Other values keep their ciphertexts. A value that is there already leaves the file untouched.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops set secret.yaml '[\"stringData\"][\"password\"]' '\"new\"'
  hagane sops set --value-stdin secret.yaml '[\"users\"][0]' < user.json")]
pub(super) struct Set {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The place: `[\"key\"][0]`
    #[arg(value_name = "PATH")]
    pub(super) path: String,
    /// The value, in JSON
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(super) value: Option<OsString>,
    /// The value is the name of the file that holds it
    #[arg(long, conflicts_with = "value_stdin")]
    pub(super) value_file: bool,
    /// The value comes from standard input
    #[arg(long)]
    pub(super) value_stdin: bool,
    /// A value that is there already is no change; it is none without this flag, too
    #[arg(long = "idempotent")]
    _idempotent: bool,
    #[command(flatten)]
    pub(super) change: Change,
}

/// Take a value out of an encrypted file
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops unset secret.yaml '[\"stringData\"][\"password\"]'")]
pub(super) struct Unset {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The place: `[\"key\"][0]`
    #[arg(value_name = "PATH")]
    pub(super) path: String,
    /// A value that is not there is no error
    #[arg(long)]
    pub(super) idempotent: bool,
    #[command(flatten)]
    pub(super) change: Change,
}

/// What a change of a file takes.
#[derive(Args)]
pub(super) struct Change {
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(super) ignore_mac: bool,
    #[arg(long = "shamir-secret-sharing-threshold", value_name = "COUNT", default_value_t = 0, hide = true)]
    _shamir_secret_sharing_threshold: usize,
    #[command(flatten)]
    pub(super) types: Types,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Encrypt a file anew under a new data key
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops rotate --in-place secret.yaml
  hagane sops rotate --in-place --add-age age1… --rm-pgp FINGERPRINT secret.yaml")]
pub(super) struct Rotate {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) destination: Destination,
    /// Do not verify the MAC: values may be missing or moved
    #[arg(long)]
    pub(super) ignore_mac: bool,
    #[command(flatten)]
    pub(super) turnover: Turnover,
    #[command(flatten)]
    pub(super) types: Types,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Keys that come and go, each flag with commas.
#[derive(Args)]
#[command(next_help_heading = "Keys that are added or removed, with commas")]
pub(super) struct Turnover {
    #[arg(long, value_name = "RECIPIENTS")]
    pub(super) add_age: Vec<String>,
    #[arg(long, value_name = "RECIPIENTS")]
    pub(super) rm_age: Vec<String>,
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(super) add_pgp: Vec<String>,
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(super) rm_pgp: Vec<String>,
    #[arg(long, value_name = "ARNS")]
    pub(super) add_kms: Vec<String>,
    #[arg(long, value_name = "ARNS")]
    pub(super) rm_kms: Vec<String>,
    #[arg(long, value_name = "IDS")]
    pub(super) add_gcp_kms: Vec<String>,
    #[arg(long, value_name = "IDS")]
    pub(super) rm_gcp_kms: Vec<String>,
    #[arg(long, value_name = "IDS")]
    pub(super) add_hckms: Vec<String>,
    #[arg(long, value_name = "IDS")]
    pub(super) rm_hckms: Vec<String>,
    #[arg(long, value_name = "URLS")]
    pub(super) add_azure_kv: Vec<String>,
    #[arg(long, value_name = "URLS")]
    pub(super) rm_azure_kv: Vec<String>,
    #[arg(long, value_name = "URLS")]
    pub(super) add_hc_vault_transit: Vec<String>,
    #[arg(long, value_name = "URLS")]
    pub(super) rm_hc_vault_transit: Vec<String>,
    /// The KMS encryption context of added keys: `KEY:VALUE`, with commas
    #[arg(long, value_name = "CONTEXT")]
    pub(super) encryption_context: Option<String>,
}

/// Make files readable for whom `.sops.yaml` says, and nobody else
///
/// The data key stays, and with it every value. Keys that stay are not wrapped anew.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops updatekeys secret.yaml                shows what changes, and asks
  hagane sops updatekeys --yes secrets/*.yaml")]
pub(super) struct UpdateKeys {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(super) input_type: Option<String>,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Add and remove key groups
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops groups add --in-place --file secret.yaml --age age1… --pgp FINGERPRINT
  hagane sops groups delete --in-place --file secret.yaml 0")]
pub(super) struct Groups {
    #[command(subcommand)]
    pub(super) command: GroupsCommand,
}

#[derive(Subcommand)]
pub(super) enum GroupsCommand {
    /// Add a group of keys
    Add(Box<GroupsAdd>),
    /// Remove a group, counted from 0
    Delete(GroupsDelete),
}

#[derive(Args)]
pub(super) struct GroupsAdd {
    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Write to the file itself
    #[arg(short, long)]
    pub(super) in_place: bool,
    #[command(flatten)]
    pub(super) recipients: Recipients,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args)]
pub(super) struct GroupsDelete {
    /// The group
    #[arg(value_name = "INDEX")]
    pub(super) index: usize,
    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Write to the file itself
    #[arg(short, long)]
    pub(super) in_place: bool,
    /// How many key groups must be opened
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub(super) shamir_secret_sharing_threshold: usize,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Say whether a file is encrypted, as JSON
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops filestatus secret.yaml                {\"encrypted\":true}")]
pub(super) struct FileStatus {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(super) input_type: Option<String>,
    #[command(flatten)]
    _common: Common,
}

/// Run a command that gets the values of a file as environment variables
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops exec-env secret.env 'psql -h localhost'")]
pub(super) struct ExecEnv {
    /// The file, whose values are all at the top
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The command, for /bin/sh
    #[arg(value_name = "COMMAND")]
    pub(super) command: OsString,
    /// Without the variables of this process
    #[arg(long)]
    pub(super) pristine: bool,
    /// Start the command in place of this process; it is waited for in any case
    #[arg(long = "same-process")]
    _same_process: bool,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(super) input_type: Option<String>,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Run a command that reads the decrypted file
///
/// `{}` in the command is the name of a pipe, or with `--no-fifo` of a file on a file system in memory.
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops exec-file --output-type json secret.yaml 'jq . {}'")]
pub(super) struct ExecFile {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The command, for /bin/sh
    #[arg(value_name = "COMMAND")]
    pub(super) command: String,
    /// A file in memory in place of a pipe: for programs that seek
    #[arg(long)]
    pub(super) no_fifo: bool,
    /// The name of the pipe or file
    #[arg(long, value_name = "NAME", default_value = "tmp-file")]
    pub(super) filename: String,
    #[command(flatten)]
    pub(super) types: Types,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Serve the keys of this machine to others, as `--keyservice` asks them
///
/// There is no encryption and no password: whoever reaches the address uses the keys. Forward it over ssh.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops keyservice --network unix --address /run/user/1000/sops.sock
  ssh -R /tmp/sops.sock:/run/user/1000/sops.sock host
  hagane sops decrypt --keyservice unix:///tmp/sops.sock secret.yaml        on the host")]
pub(super) struct KeyService {
    /// tcp or unix
    #[arg(long, visible_alias = "net", value_name = "NETWORK", default_value = "tcp")]
    pub(super) network: String,
    /// HOST:PORT, or the path of a socket
    #[arg(long, visible_alias = "addr", value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    pub(super) address: String,
    /// Ask at the terminal before each use of a key
    #[arg(long)]
    pub(super) prompt: bool,
    /// Say each use of a key
    #[arg(long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) services: Services,
}

/// Merge two versions of an encrypted file, for git
///
/// What both sides changed since the common version comes together in OURS; values that changed on one side only are no conflict, and
/// `mac` and `lastmodified` are none. Where both changed the same value the exit code is 1 and OURS stays as it is.
#[derive(Args)]
#[command(after_help = "Example:
  git config merge.sops.driver 'hagane sops merge %O %A %B %P'
  echo '*.enc.yaml merge=sops diff=sops' >> .gitattributes")]
pub(super) struct Merge {
    /// The common version
    #[arg(value_name = "BASE")]
    pub(super) base: PathBuf,
    /// Our version, which the result replaces
    #[arg(value_name = "OURS")]
    pub(super) ours: PathBuf,
    /// Their version
    #[arg(value_name = "THEIRS")]
    pub(super) theirs: PathBuf,
    /// The name that says the format
    #[arg(value_name = "PATH")]
    pub(super) path: Option<PathBuf>,
    /// yaml, json, dotenv, ini or binary; by the name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(super) input_type: Option<String>,
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Print an encrypted file so that versions of it can be compared, for git
///
/// Plain values are shown; of encrypted ones a mark that changes when they do. No key is needed, and no value shows.
#[derive(Args)]
#[command(
    name = "textconv",
    after_help = "Example:
  git config diff.sops.textconv 'hagane sops textconv'
  git diff                                          which values changed, and none of them"
)]
pub(super) struct TextConv {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}
