//! `sops filestatus`.

use hagane::sops::read_metadata;

use super::arguments::FileStatus;
use super::failure::Failure;
use super::file::{Input, types};
use crate::{Surroundings, output};

pub(super) fn run(arguments: &FileStatus, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let input = Input::read(Some(&arguments.file), &types(arguments.input_type.as_ref()), surroundings)?;
    let metadata = read_metadata(&input.text, input.format, Default::default());
    let encrypted = metadata.is_ok_and(|metadata| metadata.has_mac());
    output::print(format!("{{\"encrypted\":{encrypted}}}\n").as_bytes(), surroundings)?;
    Ok(0)
}
