//! `sops decrypt`.

use hagane::sops::KeyPath;
use hagane_host::Access;

use super::arguments::Decrypt;
use super::failure::{Failure, GENERIC, UNFIT};
use super::file::Input;
use super::session::{configuration, keyring, layout};
use crate::Surroundings;

pub(super) fn run(arguments: &Decrypt, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut input = Input::read(arguments.file.as_deref(), &arguments.types, surroundings)?;
    let path = arguments.extract.as_deref().map(KeyPath::parse).transpose()?;
    if arguments.destination.in_place && path.is_some() {
        return Err(Failure::new(GENERIC, "what is extracted cannot take the place of the file"));
    }
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let layout = layout(&arguments.common, configuration.as_ref());
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let contents = input.decrypt(&keys, arguments.ignore_mac, surroundings)?;
    let plain = match path {
        Some(path) => contents.extract(&path, input.output, layout)?,
        None => {
            let written = contents.to_bytes_as(input.output, layout);
            written.map_err(|unfit| Failure::new(UNFIT, unfit.to_string()))?
        }
    };
    input.write(plain.expose(), &arguments.destination, Access::Owner, surroundings)?;
    Ok(0)
}
