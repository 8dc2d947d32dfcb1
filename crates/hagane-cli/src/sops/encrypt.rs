//! `sops encrypt`.

use std::path::Path;

use hagane::sops::{Contents, Format, MacCheck, Recipe, Sealing, detect, encrypt_file, open_file};
use hagane_host::{Access, now};

use super::arguments::Encrypt;
use super::failure::{EMPTY, Failure};
use super::file::Input;
use super::keys::context;
use super::recipe::recipe;
use super::session::{configuration, keyring, layout, sealing};
use crate::Surroundings;

pub(super) fn run(arguments: &Encrypt, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let input = Input::read(arguments.file.as_deref(), &arguments.types, surroundings)?;
    let context = context(arguments.recipients.encryption_context.as_deref())?;
    let configuration = configuration(&arguments.common, &context, surroundings)?;
    let contents = input.plain(surroundings)?;
    if contents.is_empty() {
        return Err(Failure::new(EMPTY, "the file is empty: there is nothing to encrypt"));
    }
    let recipe = recipe(&input.name, &arguments.recipients, &arguments.selection, configuration.as_ref())?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let time = now();
    let sealing = sealing(&keys, &time, layout(&arguments.common, configuration.as_ref()));
    let before = arguments.destination.output.as_deref();
    let text =
        match before.and_then(|path| over(path, &contents, &recipe, input.output, &sealing, surroundings)) {
            Some(text) => text?,
            None => encrypt_file(&contents, &recipe, input.output, &sealing)?,
        };
    input.write(&text, &arguments.destination, Access::Usual, surroundings)?;
    Ok(0)
}

/// Returns the encrypted file that takes the place of one that is there, if that one can be opened: what did not change
/// keeps its ciphertext.
fn over(
    path: &Path,
    contents: &Contents,
    recipe: &Recipe,
    format: Format,
    sealing: &Sealing,
    surroundings: &Surroundings,
) -> Option<Result<Vec<u8>, Failure>> {
    let before = surroundings.files.read(&surroundings.directory.join(path)).ok()?;
    if detect(&before, format)? != format {
        return None;
    }
    let opened = open_file(&before, format, Default::default(), sealing.keyring, MacCheck::Required).ok()?;
    Some(opened.reseal_as(contents, recipe, format, sealing).map_err(Failure::from))
}
