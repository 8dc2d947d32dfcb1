//! What a command works with: its keys, its configuration and its layout.

use std::path::{Path, PathBuf};

use hagane::sops::{CONFIG_FILE, Config, Indent, Layout, Sealing};
use hagane::{Diagnostic, FileKind, Files, Keyring, SourceMap};
use hagane_host::{KeyOptions, LocalKeys};

use super::arguments::{Common, Services};
use super::failure::{DUPLICATE_ORDER, Failure, GENERIC};
use crate::Surroundings;

/// How far up a configuration is looked for.
const MAX_DEPTH: usize = 100;

/// `.sops.yaml`, and where it lies.
pub(super) struct Configuration {
    pub(super) config: Config,
    pub(super) directory: PathBuf,
    /// Where positions in it resolve.
    pub(super) source_map: SourceMap,
}

/// Returns the keys that there are.
pub(super) fn keyring<'k>(
    services: &Services,
    files: &'k dyn Files,
    directory: &'k Path,
) -> Result<LocalKeys<'k>, Failure> {
    let order = services.decryption_order.as_ref().map(|order| {
        order
            .split(',')
            .map(|kind| kind.trim().to_owned())
            .filter(|kind| !kind.is_empty())
            .collect::<Vec<_>>()
    });
    let options =
        KeyOptions { local: services.enable_local_keyservice, services: services.keyservice.clone(), order };
    let keys = LocalKeys::with_options(&hagane_host::environment, files, directory, options);
    let order = keys.order();
    match order.iter().enumerate().find(|(place, kind)| order[..*place].contains(kind)) {
        Some((_, kind)) => {
            Err(Failure::new(DUPLICATE_ORDER, format!("the decryption order names `{kind}` twice")))
        }
        None => Ok(keys),
    }
}

/// Reads the configuration, if there is one. `context` is the encryption context of its KMS keys.
pub(super) fn configuration(
    common: &Common,
    context: &[(String, String)],
    surroundings: &Surroundings,
) -> Result<Option<Configuration>, Failure> {
    let named = common.config.clone().or_else(|| hagane_host::environment("SOPS_CONFIG").map(PathBuf::from));
    let path = match named.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => surroundings.directory.join(path),
        None => match nearest(&surroundings.directory, surroundings) {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    read_configuration(&path, context, surroundings).map(Some)
}

/// Reads the configuration that is nearest above a file, if there is one.
pub(super) fn configuration_above(
    file: &Path,
    common: &Common,
    surroundings: &Surroundings,
) -> Result<Option<Configuration>, Failure> {
    if common.config.is_some() {
        return configuration(common, &[], surroundings);
    }
    let path = file.parent().and_then(|directory| nearest(directory, surroundings));
    path.map(|path| read_configuration(&path, &[], surroundings)).transpose()
}

fn read_configuration(
    path: &Path,
    context: &[(String, String)],
    surroundings: &Surroundings,
) -> Result<Configuration, Failure> {
    let shown = shown(path, surroundings);
    let content = surroundings.files.read(path);
    let content =
        content.map_err(|_| Failure::new(GENERIC, format!("cannot read the configuration `{shown}`")))?;
    let text = std::str::from_utf8(&content)
        .map_err(|_| Failure::new(GENERIC, format!("the configuration `{shown}` is not UTF-8")))?;
    let mut source_map = SourceMap::new();
    let file = source_map.add(shown, text.into());
    match Config::read(text, file, context) {
        Ok(config) => {
            let directory = path.parent().map(Path::to_owned).unwrap_or_default();
            Ok(Configuration { config, directory, source_map })
        }
        Err(error) => {
            Err(Failure::of(GENERIC, Diagnostic::error(error.span, error.message)).within(source_map))
        }
    }
}

fn nearest(directory: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    let above = directory.ancestors().take(MAX_DEPTH).map(|directory| directory.join(CONFIG_FILE));
    above.into_iter().find(|path| matches!(surroundings.files.resolve(path), Ok((_, FileKind::File))))
}

/// Returns a path as messages show it: relative to the working directory where it lies below.
pub(super) fn shown(path: &Path, surroundings: &Surroundings) -> String {
    path.strip_prefix(&surroundings.directory).unwrap_or(path).display().to_string()
}

/// Returns the layout of new files.
pub(super) fn layout(common: &Common, configuration: Option<&Configuration>) -> Layout {
    let configured = configuration.map_or_else(Layout::default, |found| found.config.layout());
    match common.indent {
        0 => configured,
        indent => Layout { yaml: indent, json: Indent::Spaces(indent), ..configured },
    }
}

/// Returns what sealing takes from outside.
pub(super) fn sealing<'a>(keyring: &'a dyn Keyring, time: &'a str, layout: Layout) -> Sealing<'a> {
    Sealing { keyring, random: &hagane_host::random, time, layout }
}
