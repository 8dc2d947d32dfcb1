//! `sops groups`.

use std::path::Path;

use hagane::MasterKey;
use hagane_host::{Access, now};

use super::arguments::{Common, Destination, Groups, GroupsCommand, Services};
use super::failure::{Failure, GENERIC};
use super::file::{Input, types};
use super::keys::{Lists, of_lists};
use super::session::{configuration, keyring, layout, sealing};
use crate::Surroundings;

pub(super) fn run(arguments: &Groups, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    match &arguments.command {
        GroupsCommand::Add(add) => {
            let group = of_lists(&Lists::of(&add.recipients, false))?;
            let threshold = add.recipients.shamir_secret_sharing_threshold;
            let target = Target {
                file: &add.file,
                in_place: add.in_place,
                services: &add.services,
                common: &add.common,
            };
            change(&target, threshold, surroundings, |groups| {
                groups.push(group.clone());
                Ok(())
            })
        }
        GroupsCommand::Delete(delete) => {
            let threshold = delete.shamir_secret_sharing_threshold;
            let (services, common) = (&delete.services, &delete.common);
            let target = Target { file: &delete.file, in_place: delete.in_place, services, common };
            change(&target, threshold, surroundings, |groups| {
                if delete.index >= groups.len() {
                    let message =
                        format!("there is no group {}; the file has {}", delete.index, groups.len());
                    return Err(Failure::new(GENERIC, message));
                }
                groups.remove(delete.index);
                Ok(())
            })
        }
    }
}

struct Target<'a> {
    file: &'a Path,
    in_place: bool,
    services: &'a Services,
    common: &'a Common,
}

fn change(
    target: &Target,
    threshold: usize,
    surroundings: &mut Surroundings,
    change: impl Fn(&mut Vec<Vec<MasterKey>>) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let input = Input::read(Some(target.file), &types(None), surroundings)?;
    let configuration = configuration(target.common, &[], surroundings)?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(target.services, files, &directory)?;
    let opened = input.open(&keys, false, surroundings)?;
    let mut groups = opened.master_keys();
    change(&mut groups)?;
    let kept = opened.metadata().shamir_threshold().filter(|kept| *kept <= groups.len());
    let threshold = if threshold > 0 { Some(threshold) } else { kept };
    let time = now();
    let sealing = sealing(&keys, &time, layout(target.common, configuration.as_ref()));
    let text = opened.rewrap(&groups, threshold, &sealing)?;
    let destination = Destination { in_place: target.in_place, output: None };
    input.write(&text, &destination, Access::Usual, surroundings)?;
    Ok(0)
}
