//! `hagane migrate`: files of other programs to SOPS files, in memory from one ciphertext to the other.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hagane::sops::kubesec::{self, WithoutMac};
use hagane::sops::{Contents, EncryptError, Format, Selector, encrypt_file};
use hagane::{Diagnostic, MasterKey, SourceMap, Span};
use hagane_host::{Access, now};

use super::arguments::{Common, Services};
use super::failure::{Failure, GENERIC};
use super::file;
use super::recipe::{refuse_left_plain, rule};
use super::session::{configuration_above, keyring, layout, sealing, shown};
use crate::message::{self, MessageFormat, one_line};
use crate::secrets::tree::Tree;
use crate::{Surroundings, output};

/// What of a Secret kubesec encrypts, and so what is encrypted where no rule says more.
const ENCRYPTED: &str = "^(data|stringData)$";

/// Turn what other programs encrypted into SOPS files
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  hagane migrate kubesec --dry-run clusters         which files, and for whom they will be
  hagane migrate kubesec clusters"
)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Kubesec(Kubesec),
}

/// Turn every kubesec file of a tree into a SOPS file
///
/// Each file is decrypted with the keys that it names, its MAC is verified, and it is encrypted for whom the nearest `.sops.yaml` above
/// it says, under a new data key. Nothing plain is written: where the rule's selector would leave a value that kubesec encrypts in the
/// clear, the file is refused. A file that is not migrated stays as it is, and the others are migrated all the same. Where the rule
/// has no selector, `encrypted_regex: ^(data|stringData)$` is taken.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane migrate kubesec --dry-run clusters
  hagane migrate kubesec clusters/production/secret.yaml

Keys: gpg, and the credentials of AWS and Google Cloud. Exit codes: 0, or 1 where a file could not be migrated.")]
struct Kubesec {
    /// Files and directories
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// Open the files and say for whom they would be; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Open files of kubesec's versions 1 and 2, too, which have no MAC
    ///
    /// Nobody knows whether values of such a file are missing, or older than the others, nor whether it was of a later version and
    /// somebody took the MAC away. Look at the history of each file first.
    #[arg(long)]
    without_mac: bool,
}

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Migrate, surroundings: &mut Surroundings) -> u8 {
    match &arguments.command {
        Verb::Kubesec(arguments) => kubesec(arguments, surroundings),
    }
}

fn kubesec(arguments: &Kubesec, surroundings: &mut Surroundings) -> u8 {
    let found = match Tree::below(&arguments.paths, surroundings) {
        Ok(found) => found,
        Err(problem) => {
            let error = Diagnostic::error(Span::default(), problem);
            message::tell(&[error], &SourceMap::new(), MessageFormat::Human, surroundings);
            return 2;
        }
    };
    let mut code = 0;
    for path in &found.paths {
        let Some(file) = found.read_or_tell(path, surroundings) else {
            code = 1;
            continue;
        };
        if !kubesec::is_kubesec(&file.content) {
            continue;
        }
        if let Err(failure) = migrate(&file.path, &file.content, arguments, surroundings) {
            message::tell(&failure.diagnostics, &failure.source_map, MessageFormat::Human, surroundings);
            code = 1;
        }
    }
    code
}

fn migrate(
    path: &Path,
    content: &[u8],
    arguments: &Kubesec,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let dry_run = arguments.dry_run;
    let (services, common) = (Services::default(), Common::default());
    let absolute = surroundings.directory.join(path);
    let name = shown(&absolute, surroundings);
    let no_rule = || {
        Failure::new(GENERIC, format!("nothing says for whom `{name}` is to be encrypted"))
            .hinted("`creation_rules` of a `.sops.yaml` above the file say it")
    };
    let configuration = configuration_above(&absolute, &common, surroundings)?.ok_or_else(no_rule)?;
    let mut recipe = rule(&absolute, Some(&configuration))?.ok_or_else(no_rule)?;
    if recipe.key_groups.iter().all(Vec::is_empty) {
        return Err(no_rule());
    }
    let selector = match recipe.selector.take() {
        Some(selector) => selector,
        None => Selector::of_field("encrypted_regex", ENCRYPTED).unwrap_or_default(),
    };
    if selector.is_broken() {
        let failure = Failure::from(EncryptError::BrokenSelector(selector.field().0));
        return Err(failure.noted(format!("the rule for `{name}` says so")));
    }
    recipe.selector = Some(selector.clone());
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&services, files, &directory)?;
    let contents = open(&name, content, arguments, &keys, surroundings)?;
    let hint =
        format!("a rule of `.sops.yaml` with `encrypted_regex: {ENCRYPTED}` encrypts what kubesec does");
    refuse_left_plain(&contents, &selector, &name, hint)?;
    let mut said = format!("{}: {}\n", one_line(&name), if dry_run { "would be for" } else { "now for" });
    for key in recipe.key_groups.iter().flatten() {
        said.push_str(&format!("    {}\n", one_line(&MasterKey::to_string(key))));
    }
    if !dry_run {
        let time = now();
        let sealing = sealing(&keys, &time, layout(&common, Some(&configuration)));
        let text = encrypt_file(&contents, &recipe, Format::Yaml, &sealing)?;
        file::write(&absolute, &text, Access::Usual, surroundings)?;
    }
    output::print(said.as_bytes(), surroundings).map_err(Failure::from)
}

fn open(
    name: &str,
    content: &[u8],
    arguments: &Kubesec,
    keys: &dyn hagane::Keyring,
    surroundings: &mut Surroundings,
) -> Result<Contents, Failure> {
    let mut map = SourceMap::new();
    let file = map.add(name, String::from_utf8_lossy(content).into());
    let without_mac = if arguments.without_mac { WithoutMac::Opened } else { WithoutMac::Refused };
    match kubesec::decrypt(content, file, keys, without_mac) {
        Ok(contents) => {
            let warnings: Vec<_> =
                contents.warnings().iter().map(|w| Diagnostic::warning(w.span, w.message)).collect();
            message::tell(&warnings, &map, MessageFormat::Human, surroundings);
            Ok(contents)
        }
        Err(error) => Err(Failure::decrypting(&error, map)),
    }
}
