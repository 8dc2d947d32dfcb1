//! `sops encrypt`.

use hagane::sops::encrypt_file;
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
    // Always under a new data key, even over a file that is there: whoever made that file may know its key.
    let text = encrypt_file(&contents, &recipe, input.output, &sealing)?;
    input.write(&text, &arguments.destination, Access::Usual, surroundings)?;
    Ok(0)
}
