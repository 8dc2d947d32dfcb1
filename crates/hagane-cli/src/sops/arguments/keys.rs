//! The flags of commands about keys, and about files as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, Recipients, Services};

/// Make files readable for whom `.sops.yaml` says
///
/// The data key stays, and with it every value; so a former recipient who has an old version can open the new one, until `rotate`
/// makes another. Keys that stay are not wrapped anew.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops updatekeys secret.yaml                shows what changes, and asks
  hagane sops updatekeys --yes secrets/*.yaml")]
pub(in crate::sops) struct UpdateKeys {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    pub(in crate::sops) files: Vec<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::sops) yes: bool,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::sops) input_type: Option<String>,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Add and remove key groups
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops groups add --in-place --file secret.yaml --age age1… --pgp FINGERPRINT
  hagane sops groups delete --in-place --file secret.yaml 0")]
pub(in crate::sops) struct Groups {
    #[command(subcommand)]
    pub(in crate::sops) command: GroupsCommand,
}

#[derive(Subcommand)]
pub(in crate::sops) enum GroupsCommand {
    /// Add a group of keys
    Add(Box<GroupsAdd>),
    /// Remove a group, counted from 0
    Delete(GroupsDelete),
}

#[derive(Args)]
#[command(after_help = "Example:
  hagane sops groups add --in-place --file secret.yaml --age age1…")]
pub(in crate::sops) struct GroupsAdd {
    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// Write to the file itself
    #[arg(short, long)]
    pub(in crate::sops) in_place: bool,
    #[command(flatten)]
    pub(in crate::sops) recipients: Recipients,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

#[derive(Args)]
#[command(after_help = "Example:
  hagane sops groups delete --in-place --file secret.yaml 1")]
pub(in crate::sops) struct GroupsDelete {
    /// The group
    #[arg(value_name = "INDEX")]
    pub(in crate::sops) index: usize,
    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// Write to the file itself
    #[arg(short, long)]
    pub(in crate::sops) in_place: bool,
    /// How many key groups must be opened
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub(in crate::sops) shamir_secret_sharing_threshold: usize,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Say whether a file is encrypted, as JSON
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops filestatus secret.yaml                {\"encrypted\":true}")]
pub(in crate::sops) struct FileStatus {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::sops) input_type: Option<String>,
    #[command(flatten)]
    _common: Common,
}

/// Serve the keys of this machine to others, as `--keyservice` asks them
///
/// There is no encryption and no password: whoever reaches the address uses the keys. Forward it over ssh.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops keyservice --network unix --address /run/user/1000/sops.sock
  ssh -R /tmp/sops.sock:/run/user/1000/sops.sock host
  hagane sops decrypt --keyservice unix:///tmp/sops.sock secret.yaml        on the host")]
pub(in crate::sops) struct KeyService {
    /// tcp or unix
    #[arg(long, visible_alias = "net", value_name = "NETWORK", default_value = "tcp")]
    pub(in crate::sops) network: String,
    /// HOST:PORT, or the path of a socket
    #[arg(long, visible_alias = "addr", value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    pub(in crate::sops) address: String,
    /// Ask at the terminal before each use of a key
    #[arg(long)]
    pub(in crate::sops) prompt: bool,
    /// Say each use of a key
    #[arg(long)]
    pub(in crate::sops) verbose: bool,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
}

/// Merge two versions of an encrypted file, for git
///
/// What both sides changed since the common version comes together in OURS; values that changed on one side only are no conflict, and
/// `mac` and `lastmodified` are none. Where both changed the same value the exit code is 1 and OURS stays as it is.
#[derive(Args)]
#[command(after_help = "Example:
  git config merge.sops.driver 'hagane sops merge %O %A %B %P'
  echo '*.enc.yaml merge=sops diff=sops' >> .gitattributes")]
pub(in crate::sops) struct Merge {
    /// The common version
    #[arg(value_name = "BASE")]
    pub(in crate::sops) base: PathBuf,
    /// Our version, which the result replaces
    #[arg(value_name = "OURS")]
    pub(in crate::sops) ours: PathBuf,
    /// Their version
    #[arg(value_name = "THEIRS")]
    pub(in crate::sops) theirs: PathBuf,
    /// The name that says the format
    #[arg(value_name = "PATH")]
    pub(in crate::sops) path: Option<PathBuf>,
    /// yaml, json, dotenv, ini or binary; by the name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::sops) input_type: Option<String>,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
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
pub(in crate::sops) struct TextConv {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
}

/// Write the values of a file to the secrets of a Vault, or the file to a bucket, as `destination_rules` of `.sops.yaml` say
///
/// The Vault gets the plain values. The token goes where `VAULT_ADDR` or `SOPS_HC_VAULT_ALLOWLIST` says, and a secret that is the same
/// already is not written. Buckets of Amazon S3 and Google Cloud Storage get the encrypted file as it lies, for which no key is needed, or
/// encrypted anew for whom the `recreation_rule` says.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane sops publish secret.yaml
  hagane sops publish --yes --recursive secrets")]
pub(in crate::sops) struct Publish {
    /// An encrypted file; with `--recursive` a directory of them
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// Ask nobody
    #[arg(short, long)]
    pub(in crate::sops) yes: bool,
    /// Leave out the extension of the file's name
    #[arg(long)]
    pub(in crate::sops) omit_extensions: bool,
    /// All files below a directory
    #[arg(long)]
    pub(in crate::sops) recursive: bool,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}
