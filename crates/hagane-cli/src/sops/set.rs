//! `sops set` and `sops unset`.

use hagane::sops::{KeyPath, NewValue, PathError};
use hagane_host::{Access, now};

use super::arguments::{Change, Set, Unset};
use super::failure::{BAD_VALUE, Failure, GENERIC};
use super::file::{self, Bytes, Input};
use super::session::{configuration, keyring, layout, sealing};
use crate::Surroundings;

pub(super) fn set(arguments: &Set, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let path = parsed(&arguments.path)?;
    let text = match (&arguments.value, arguments.value_stdin, arguments.value_file) {
        (None, true, _) => file::read_stdin()?,
        (Some(name), false, true) => file::read(&surroundings.directory.join(name), surroundings)?,
        (Some(value), false, false) => Bytes::of(value.as_encoded_bytes()),
        (Some(_), true, _) => {
            return Err(Failure::new(GENERIC, "there are two values: one on standard input"));
        }
        (None, false, _) => return Err(Failure::new(GENERIC, "there is no value")),
    };
    let value = NewValue::of_json(&text).map_err(|_| {
        Failure::new(BAD_VALUE, "the value is not JSON").hinted("a text is in quotes: `'\"text\"'`")
    })?;
    change(&arguments.file, &arguments.change, surroundings, |contents| contents.set(&path, value.clone()))
}

pub(super) fn unset(arguments: &Unset, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let path = parsed(&arguments.path)?;
    let idempotent = arguments.idempotent;
    change(&arguments.file, &arguments.change, surroundings, |contents| match contents.unset(&path) {
        Err(PathError::NotFound(_)) if idempotent => Ok(()),
        done => done,
    })
}

fn parsed(path: &str) -> Result<KeyPath, Failure> {
    KeyPath::parse(path).map_err(|error| Failure::new(BAD_VALUE, error.to_string()))
}

/// Changes the contents of a file. Where they are the same afterwards, the file is not touched.
fn change(
    file: &std::path::Path,
    arguments: &Change,
    surroundings: &mut Surroundings,
    change: impl Fn(&mut hagane::sops::Contents) -> Result<(), PathError>,
) -> Result<u8, Failure> {
    let input = Input::read(Some(file), &arguments.types, surroundings)?;
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let opened = input.open(&keys, arguments.ignore_mac, surroundings)?;
    let mut contents = opened.contents().clone();
    change(&mut contents)?;
    if contents == *opened.contents() && !arguments.ignore_mac {
        return Ok(0);
    }
    let time = now();
    let sealing = sealing(&keys, &time, layout(&arguments.common, configuration.as_ref()));
    let text = opened.reseal(&contents, input.output, &sealing)?;
    file::write(input.place()?, &text, Access::Usual, surroundings)?;
    Ok(0)
}
