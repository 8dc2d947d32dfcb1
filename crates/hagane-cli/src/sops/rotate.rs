//! `sops rotate`.

use hagane_host::{Access, now};

use super::arguments::Rotate;
use super::failure::Failure;
use super::file::Input;
use super::keys::{Lists, of_lists};
use super::session::{configuration, keyring, layout, sealing};
use crate::Surroundings;

pub(super) fn run(arguments: &Rotate, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let input = Input::read(Some(&arguments.file), &arguments.types, surroundings)?;
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let (added, removed) = Lists::turnover(&arguments.turnover);
    let (added, removed) = (of_lists(&added)?, of_lists(&removed)?);
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let opened = input.open(&keys, arguments.ignore_mac, surroundings)?;
    let mut groups = opened.master_keys();
    for group in &mut groups {
        group.retain(|key| {
            !removed.iter().any(|gone| gone.identifier() == key.identifier() && gone.name() == key.name())
        });
    }
    // New keys open the first group.
    if let Some(group) = groups.first_mut() {
        for key in added {
            if !group.iter().any(|known| known.name() == key.name()) {
                group.push(key);
            }
        }
    }
    let threshold = opened.metadata().shamir_threshold();
    let time = now();
    let sealing = sealing(&keys, &time, layout(&arguments.common, configuration.as_ref()));
    let text = opened.rotate(&groups, threshold, input.output, &sealing)?;
    input.write(&text, &arguments.destination, Access::Usual, surroundings)?;
    Ok(0)
}
